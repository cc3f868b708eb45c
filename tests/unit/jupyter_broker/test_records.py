"""The process launcher's records: taken once, never half written, and found again after a restart."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shiva_jupyter_broker.adapters.process_records import RECORD, Record, Records
from shiva_jupyter_broker.domain.containers import ContainerId, ContainerSpec, GpuUuid, LaunchId

from tests.fakes.launcher import spec

ADAS = ContainerId("ada--default")
ADA = spec("ada", gpus=(GpuUuid("GPU-1"), GpuUuid("GPU-2")))
RUNNING = Record(spec=ADA, pid=4711, created=1.5, started_at=2.5)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "containers"


@pytest.fixture
def records(root: Path) -> Records:
    return Records(root)


def full(_: int) -> None:
    raise OSError(28, "No space left on device")


def test_what_was_claimed_is_read_back_whole(records: Records) -> None:
    assert records.claim(ADA)
    assert records.read(ADAS) == Record(spec=ADA)


def test_a_record_survives_a_restart(records: Records, root: Path) -> None:
    records.claim(ADA)
    records.write(RUNNING)
    records.mark_stopping(ADAS)
    assert list(Records(root).all()) == [replace(RUNNING, stopping=True)]


def test_an_id_is_taken_once(records: Records) -> None:
    assert records.claim(ADA)
    assert not records.claim(replace(ADA, launch_id=LaunchId("other")))
    assert records.read(ADAS) == Record(spec=ADA)


def test_of_many_who_claim_at_once_one_wins(records: Records) -> None:
    wishes = [replace(ADA, launch_id=LaunchId(str(number))) for number in range(16)]

    def claim(wish: ContainerSpec) -> bool:
        return records.claim(wish)

    with ThreadPoolExecutor(8) as pool:
        won = [wish for wish, taken in zip(wishes, pool.map(claim, wishes), strict=True) if taken]
    assert [Record(spec=wish) for wish in won] == [records.read(ADAS)]


def test_tokens_are_for_the_brokers_eyes_alone(records: Records, root: Path) -> None:
    records.claim(ADA)
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (root, root / ADAS, root / ADAS / RECORD)]
    assert modes == [0o700, 0o700, 0o600]


def test_all_are_listed_by_id(records: Records, root: Path) -> None:
    for owner in ("ken", "ada", "mei"):
        records.claim(spec(owner))
    (root / "stray").write_text("no folder", encoding="utf-8")
    assert [each.spec.owner for each in records.all()] == ["ada", "ken", "mei"]


def test_a_container_that_nobody_recorded_is_none(records: Records) -> None:
    assert records.read(ADAS) is None
    assert records.mark_stopping(ADAS) is None
    records.remove(ADAS, ADA.launch_id)


def test_a_removed_one_is_gone_with_its_files(records: Records, root: Path) -> None:
    records.claim(ADA)
    (root / ADAS / "runtime").mkdir()
    records.remove(ADAS, ADA.launch_id)
    assert list(root.parent.iterdir()) == [root]
    assert list(root.iterdir()) == []
    assert records.claim(ADA)


def test_removing_an_earlier_launch_leaves_its_successor_alone(records: Records) -> None:
    records.claim(ADA)
    records.remove(ADAS, LaunchId("an-earlier-one"))
    assert records.read(ADAS) == Record(spec=ADA)


@pytest.fixture
def racing(root: Path) -> Records:
    """Records of one container that somebody else removes right after each look at it."""

    class Racing(Records):
        def read(self, container: ContainerId) -> Record | None:
            found = super().read(container)
            Records(root, tidy=False).remove(container, ADA.launch_id)
            return found

    racing = Racing(root)
    racing.claim(ADA)
    return racing


def test_what_ended_while_it_was_to_be_stopped_is_gone(racing: Records) -> None:
    assert racing.mark_stopping(ADAS) is None


def test_of_two_who_remove_it_at_once_neither_fails(racing: Records, root: Path) -> None:
    racing.remove(ADAS, ADA.launch_id)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("length", [0, 1, 40, 400])
def test_a_torn_record_is_named_and_hides_no_lease(records: Records, root: Path, length: int) -> None:
    records.claim(ADA)
    records.claim(spec("ken"))
    path = root / ADAS / RECORD
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match="the record of ada--default is damaged"):
        list(records.all())


DAMAGES: list[dict[str, Any]] = [
    {"spec": None}, {"spec": {}}, {"pid": "4711"}, {"pid": True}, {"created": "then"}, {"started_at": []},
    {"stopping": "no"},
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_a_damaged_record_is_named(records: Records, root: Path, damage: dict[str, Any]) -> None:
    records.claim(ADA)
    path = root / ADAS / RECORD
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | damage), encoding="utf-8")
    with pytest.raises(ValueError, match="the record of ada--default is damaged"):
        records.read(ADAS)


@pytest.mark.parametrize("damage", [{"limits": 7}, {"gpus": 7}, {"requested_at": "soon"}, {"limits": {"cpus": 0}}])
def test_a_damaged_spec_is_named(records: Records, root: Path, damage: dict[str, Any]) -> None:
    records.claim(ADA)
    path = root / ADAS / RECORD
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["spec"] |= damage
    path.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(ValueError, match="the record of ada--default is damaged"):
        records.read(ADAS)


def test_what_a_killed_broker_left_half_done_is_tidied_at_the_next_start(records: Records, root: Path) -> None:
    records.claim(ADA)
    (root / ADAS / f".{RECORD}.1.1").write_text("{torn dra", encoding="utf-8")
    (root / "ken--default").mkdir()  # claimed, but not written
    (root.parent / "gone-launch").mkdir()  # removed, but not emptied
    again = Records(root)
    assert [each.spec.id for each in again.all()] == [ADAS]
    assert again.claim(spec("ken"))
    assert [each.name for each in root.parent.iterdir()] == ["containers"]


def test_a_mere_reader_tidies_nothing(records: Records, root: Path) -> None:
    records.claim(ADA)
    (root / "ken--default").mkdir()
    assert [each.spec.id for each in Records(root, tidy=False).all()] == [ADAS]
    assert (root / "ken--default").exists()


def test_on_a_full_disk_the_id_stays_free(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            records.claim(ADA)
    assert records.claim(ADA)
