"""The state that culler and API share: nothing of it is lost by two writers, and no crash leaves half of it."""

import itertools
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from shiva_manager_api.adapters.decision_file import DecisionFile
from shiva_manager_api.adapters.idle_file import IdleFile, decoded, encoded, locked
from shiva_manager_api.domain.attendance import Record
from shiva_manager_api.domain.idle_policy import Rule
from shiva_manager_api.domain.idle_state import IdleState, Launch, Told
from shiva_manager_api.domain.ports import IdleUnavailableError, NoExtensionLeftError

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
FULL = IdleState(
    passed_at=NOW, lasting=timedelta(minutes=3), dry_run=False, stops=(NOW,),
    launches={
        "a" * 32: Launch(
            container_id="ada--default", owner="ada", gpus=2, record=Record(first_warned_at=NOW, judged_at=NOW),
            told=Told(state="warned", reason="warned", sentence="“A warning.”", stop_at=NOW, step=1, idle_seconds=1.5),
            rule=Rule(extension=timedelta(hours=1), extensions_a_day=5), extensions=(NOW, NOW), keep_until=NOW,
            ending_at=NOW,
        ),
        "b" * 32: Launch(container_id="ken--default", owner="ken", gpus=0),
    },
)  # fmt: skip

# Adds one to a launch's GPUs as fast as it can, and says each number that is surely written.
WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from shiva_manager_api.adapters.idle_file import IdleFile
from shiva_manager_api.domain.idle_state import Launch
book, mine = IdleFile(Path(sys.argv[1])), sys.argv[2]
def more(state):
    kept = state.launches.get(mine, Launch(container_id=mine, owner="ada", gpus=0))
    return replace(state, launches={**state.launches, mine: replace(kept, gpus=kept.gpus + 1)})
for number in range(int(sys.argv[3])):
    book.update(more)
    print(number + 1, flush=True)
"""


def writer(folder: Path, launch_id: str, times: int) -> subprocess.Popen[str]:
    """Start a process that writes `times` times."""
    command = [sys.executable, "-c", WRITER, str(folder), launch_id, str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert decoded(encoded(FULL)) == FULL
    book = IdleFile(tmp_path)
    assert book.read() == IdleState()
    book.update(lambda _: FULL)
    assert IdleFile(tmp_path).read() == FULL
    assert (tmp_path / "idle.json").stat().st_mode & 0o777 == 0o600


def test_writers_lose_nothing_of_one_another(tmp_path: Path) -> None:
    names = ["a", "b", "c"]
    writers = [writer(tmp_path, name, 40) for name in names]
    for each in writers:
        each.communicate(timeout=50)
        assert each.returncode == 0
    assert {name: kept.gpus for name, kept in IdleFile(tmp_path).read().launches.items()} == dict.fromkeys(names, 40)


def test_a_writer_that_is_killed_leaves_a_whole_state_and_no_lock(tmp_path: Path) -> None:
    book = IdleFile(tmp_path)
    for times in itertools.count(1):
        process = writer(tmp_path, "a", 10**6)
        assert process.stdout is not None
        written = [process.stdout.readline() for _ in range(3 * times)][-1]
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split()
        process.stdout.close()
        process.wait()
        said = int(rest[-1] if rest and rest[-1].isdecimal() else written)
        found = book.read().launches["a"].gpus
        assert found >= said
        book.update(lambda state: replace(state, launches={}))
        if times == 5:
            break


def test_what_a_change_refuses_leaves_everything_as_it_was(tmp_path: Path) -> None:
    book = IdleFile(tmp_path)
    book.update(lambda _: FULL)

    def refuse(_: IdleState) -> IdleState:
        raise NoExtensionLeftError

    with pytest.raises(NoExtensionLeftError):
        book.update(refuse)
    assert book.read() == FULL
    book.update(lambda state: replace(state, stops=()))  # the lock is free


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b"\xff\x00", b"null", b"[" * 50_000, encoded(FULL).replace(b"+00:00", b""),
     encoded(FULL).replace(b'"lasting": 180.0', b'"lasting": 1e99'), encoded(FULL).replace(b'"sentence"', b'"phrase"')],
)  # fmt: skip
def test_a_damaged_state_is_an_empty_one_and_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "idle.json").write_bytes(content)
    book = IdleFile(tmp_path)
    assert book.read() == IdleState()
    book.update(lambda state: replace(state, passed_at=NOW))
    assert book.read() == IdleState(passed_at=NOW)


def test_without_a_place_nothing_is_kept(tmp_path: Path) -> None:
    nowhere = IdleFile(tmp_path / "nothing")
    assert nowhere.read() == IdleState()
    with pytest.raises(IdleUnavailableError):
        nowhere.update(lambda state: state)
    (tmp_path / "idle.json").mkdir()
    with pytest.raises(IdleUnavailableError):
        IdleFile(tmp_path).read()


def test_a_lock_that_is_held_is_refused_to_whoever_does_not_wait(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path), pytest.raises(BlockingIOError), locked(path, wait=False):
        raise AssertionError("two hold it")
    with locked(path, wait=False):
        pass


def test_decisions_are_kept_in_order_in_two_files_of_bounded_size(tmp_path: Path) -> None:
    decisions = DecisionFile(tmp_path, max_bytes=2000)
    for number in range(200):
        decisions.note({"kind": "keep", "number": number})
    numbers = [each["number"] for each in decisions.read()]
    assert numbers == list(range(numbers[0], 200))
    assert len(numbers) > 50
    assert all(path.stat().st_size < 2100 for path in tmp_path.iterdir())


def test_a_line_that_a_crash_cut_takes_no_other_with_it(tmp_path: Path) -> None:
    decisions = DecisionFile(tmp_path)
    assert list(decisions.read()) == []
    decisions.note({"kind": "warn"})
    with (tmp_path / "decisions.jsonl").open("ab") as file:
        file.write(b'{"kind": "en\n\xff\n[1]\n')
    decisions.note({"kind": "end"})
    assert [each["kind"] for each in decisions.read()] == ["warn", "end"]


def test_a_decision_that_has_no_place_is_logged_all_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        DecisionFile(tmp_path / "nothing").note({"kind": "end", "owner": "ada"})
    assert "idle: end" in caplog.text
    assert "cannot be written" in caplog.text
