"""The journal and the inventory: files that may be torn, damaged or lost, and what follows."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_broker.adapters.files import InventoryFile, JournalFile, write_atomically
from shiva_jupyter_broker.domain.containers import LaunchId
from shiva_jupyter_broker.domain.lifecycle import Marks

from tests.fakes.launcher import NOW

ONE, OTHER = LaunchId("one"), LaunchId("other")
LATER = NOW + timedelta(seconds=5)
FULL = Marks(listening_at=NOW, ready_at=LATER, last_access_at=LATER, lost_at=LATER)
MOMENTS = st.none() | st.integers(0, 10**6).map(lambda ms: NOW + timedelta(milliseconds=ms))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.json"


def test_what_was_noted_is_there_after_a_restart(path: Path) -> None:
    assert JournalFile(path).note({ONE: FULL})
    assert JournalFile(path).marks(ONE) == FULL


def test_of_an_unknown_launch_nothing_is_known(path: Path) -> None:
    assert JournalFile(path).marks(ONE) == Marks()


def test_the_first_sight_stays_and_the_later_access_wins(path: Path) -> None:
    journal = JournalFile(path)
    journal.note({ONE: Marks(listening_at=NOW, ready_at=NOW, last_access_at=LATER)})
    assert not journal.note({ONE: Marks(listening_at=LATER, ready_at=LATER, last_access_at=NOW)})
    assert journal.marks(ONE) == Marks(listening_at=NOW, ready_at=NOW, last_access_at=LATER)


def test_the_first_sight_of_a_loss_stays_until_it_is_found_again(path: Path) -> None:
    journal = JournalFile(path)
    journal.note({ONE: FULL})
    assert not journal.note({ONE: Marks(lost_at=NOW)})
    journal.found(ONE)
    journal.found(OTHER)
    assert JournalFile(path).marks(ONE) == replace(FULL, lost_at=None)
    assert JournalFile(path).marks(OTHER) == Marks()


def test_a_journal_from_before_losses_were_noted_is_read(path: Path) -> None:
    noted = {"listening_at": None, "ready_at": None, "last_access_at": NOW.isoformat()}
    path.write_text(json.dumps({"launches": {ONE: noted}}), encoding="utf-8")
    assert JournalFile(path).marks(ONE) == Marks(last_access_at=NOW)


@given(st.lists(MOMENTS, max_size=5))
def test_accesses_in_any_order_end_at_the_latest(tmp_path_factory: pytest.TempPathFactory, at: list[datetime]) -> None:
    journal = JournalFile(tmp_path_factory.mktemp("journal") / "journal.json")
    for each in at:
        journal.note({ONE: Marks(last_access_at=each)})
    assert journal.marks(ONE).last_access_at == max((each for each in at if each), default=None)


def test_of_many_who_saw_the_same_one_is_told_that_it_was_first(path: Path) -> None:
    journal = JournalFile(path)
    with ThreadPoolExecutor(8) as pool:
        news = list(pool.map(lambda n: journal.note({ONE: Marks(ready_at=NOW + timedelta(seconds=n))}), range(16)))
    assert news.count({ONE}) == 1


def test_what_is_gone_is_forgotten_for_good(path: Path) -> None:
    journal = JournalFile(path)
    journal.note({ONE: FULL})
    journal.note({OTHER: FULL})
    journal.forget_all_but({OTHER})
    assert [JournalFile(path).marks(each) for each in (ONE, OTHER)] == [Marks(), FULL]


def test_nothing_is_written_where_nothing_changed(path: Path) -> None:
    journal = JournalFile(path)
    journal.note({ONE: FULL})
    path.unlink()
    journal.note({ONE: FULL})
    journal.forget_all_but({ONE})
    assert not path.exists()


@given(st.integers(0, 200))
def test_a_torn_file_is_set_aside_and_begun_anew(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.json"
    JournalFile(path).note({ONE: FULL})
    whole = path.read_bytes()
    torn = whole[: min(length, len(whole) - 1)]
    path.write_bytes(torn)
    journal = JournalFile(path)
    assert journal.marks(ONE) == Marks()
    assert path.with_suffix(".unreadable").read_bytes() == torn
    assert journal.note({ONE: FULL})
    assert JournalFile(path).marks(ONE) == FULL


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "7", "{}", '{"launches": 7}', '{"launches": {"one": 7}}', '{"launches": {"one": {"ready_at": 7}}}', "\xff\xfe", "[" * 99999,
     '{"launches": {"one": {"listening_at": 7, "ready_at": null, "last_access_at": null}}}',
     '{"launches": {"one": {"listening_at": "soon", "ready_at": null, "last_access_at": null}}}',
     '{"launches": {"one": {"listening_at": null, "ready_at": null, "last_access_at": "2026-11-23T09:10:00"}}}'],
)  # fmt: skip
def test_a_file_that_is_no_journal_is_set_aside(path: Path, text: str) -> None:
    path.write_text(text, encoding="latin-1")
    journal = JournalFile(path)
    assert journal.marks(ONE) == Marks()
    assert not path.exists()
    assert path.with_suffix(".unreadable").exists()
    assert journal.note({ONE: FULL})


def test_on_a_full_disk_it_goes_on_in_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = JournalFile(path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert journal.note({ONE: FULL})
    assert journal.marks(ONE) == FULL
    journal.note({OTHER: FULL})
    assert JournalFile(path).marks(ONE) == FULL


def test_a_writer_that_dies_half_way_leaves_the_old_text(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_atomically(path, "old")

    def die(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", die)
        with pytest.raises(OSError, match="Input/output"):
            write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(path.parent.iterdir()) == [path]
    write_atomically(path, "newer")
    assert path.read_text(encoding="utf-8") == "newer"


def test_what_is_written_is_readable_by_its_owner_alone(path: Path) -> None:
    write_atomically(path, "hush")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


GPU = {"uuid": "GPU-1", "index": 0, "model": "GTX 1080", "memory_bytes": 8}
GOOD = {"name": "gpu-01", "address": "127.0.0.1", "cpus": 8, "memory_bytes": 2**35, "gpus": [GPU]}


def inventory(folder: Path, content: object) -> InventoryFile:
    path = folder / "machines.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return InventoryFile(path)


def test_the_inventory_is_read_by_name(tmp_path: Path) -> None:
    read = inventory(tmp_path, {"machines": [GOOD | {"name": "b", "gpus": []}, GOOD]}).machines()
    assert [each.name for each in read] == ["b", "gpu-01"]
    assert [(gpu.uuid, gpu.index, gpu.model) for gpu in read[1].gpus] == [("GPU-1", 0, "GTX 1080")]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", {}, {"machines": 7}, {"machines": [7]}, {"machines": [{}]}, {"machines": [GOOD | {"cpus": "many"}]},
     {"machines": [GOOD | {"gpus": 7}]}, {"machines": [GOOD | {"gpus": [7]}]}, {"machines": [GOOD | {"gpus": [{}]}]}],
)  # fmt: skip
def test_a_file_that_is_no_inventory_ends_the_start_and_is_named(tmp_path: Path, content: object) -> None:
    with pytest.raises(ValueError, match=r"machines\.json is not an inventory"):
        inventory(tmp_path, content)


def test_without_the_file_there_is_no_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"machines\.json cannot be read: No such file or directory$"):
        InventoryFile(tmp_path / "machines.json")


def test_a_machine_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names a machine twice"):
        inventory(tmp_path, {"machines": [GOOD, GOOD | {"gpus": []}]})


def test_a_gpu_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names a GPU twice"):
        inventory(tmp_path, {"machines": [GOOD, GOOD | {"name": "gpu-02"}]})
