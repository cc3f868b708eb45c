"""Numbers of several workers are one, and never go back."""

from pathlib import Path

import pytest
from shiva_jupyter_proxy.adapters.shared_numbers import SharedNumbers, from_json, to_json
from shiva_jupyter_proxy.observing import Numbers


def counted(answers: int, *, connections: int = 0) -> Numbers:
    numbers = Numbers()
    numbers.container.answers[2] = numbers.container.durations[3] = answers
    numbers.container.seconds = numbers.shiva.upstream_errors = answers
    numbers.connections = numbers.tunnels = connections
    return numbers


def test_numbers_survive_being_written() -> None:
    assert from_json(to_json(counted(7, connections=2))) == counted(7, connections=2)


def test_a_scrape_of_one_worker_tells_of_all(tmp_path: Path) -> None:
    workers = [SharedNumbers(tmp_path, number, counted(number + 1, connections=1)) for number in range(3)]
    for worker in workers:
        worker.save()
    assert [worker.together() for worker in workers] == [counted(6, connections=3)] * 3


def test_a_worker_that_died_goes_on_from_what_its_predecessor_counted(tmp_path: Path) -> None:
    SharedNumbers(tmp_path, 0, counted(5, connections=4)).save()
    again = SharedNumbers(tmp_path, 0, counted(0))
    assert again.together() == counted(5)


@pytest.mark.parametrize("content", ["", "{", "[]", "[1, 2]", "null"])
def test_a_damaged_file_costs_its_numbers_and_nothing_else(tmp_path: Path, content: str) -> None:
    (tmp_path / "numbers-1.json").write_text(content)
    assert SharedNumbers(tmp_path, 0, counted(5)).together() == counted(5)
    assert SharedNumbers(tmp_path, 1, counted(2)).together() == counted(2)
