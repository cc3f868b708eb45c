"""Decisions as lines of files, and the lock that keeps a second culler away."""

from pathlib import Path

import pytest
from shiva_manager_api.adapters.decision_file import DecisionFile
from shiva_manager_api.adapters.lock_file import locked


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
