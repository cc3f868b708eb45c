"""The driver's lists of processes become one, each process once; what it does not tell stays None."""

from collections.abc import Callable, Sequence

import pytest
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.processes import BESIDE_US
from shiva_exporters.gpu.source import GpuProcess

from tests.fakes import nvml as fakes
from tests.fakes.nvml import Amount, Busy, Card, FakeNvml, Process

SILENT = fakes.NVMLError_NotSupported("not supported")
STAMP = 1_795_430_000_000_000


def listed(card: Card) -> Sequence[GpuProcess] | None:
    return reader(card)()


def reader(card: Card, *, clock_us: Callable[[], int] = lambda: STAMP) -> Callable[[], Sequence[GpuProcess] | None]:
    source = Nvml(lambda: FakeNvml([card]), clock_us=clock_us)
    return lambda: source.read().gpus[0].processes


def memory(card: Card) -> dict[int, int | None]:
    return {each.pid: each.memory_used_bytes for each in listed(card) or ()}


def active(found: Sequence[GpuProcess] | None) -> dict[int, float | None]:
    assert found is not None
    return {each.pid: each.active_ratio for each in found}


@pytest.mark.parametrize("old", [False, True])
def test_three_lists_are_one_by_pid_in_either_version(old: bool) -> None:
    card = Card(
        old=old, compute=[Process(9, 3), Process(7, 5)], graphics=[Process(7, 5), Process(8, 1)], mps=[Process(6, 2)]
    )
    assert listed(card) == [
        GpuProcess(pid=6, memory_used_bytes=2, active_ratio=0.0),
        GpuProcess(pid=7, memory_used_bytes=5, active_ratio=0.0),
        GpuProcess(pid=8, memory_used_bytes=1, active_ratio=0.0),
        GpuProcess(pid=9, memory_used_bytes=3, active_ratio=0.0),
    ]


def test_memory_that_one_list_does_not_tell_another_may() -> None:
    assert memory(Card(compute=[Process(7, None), Process(8, None)], graphics=[Process(7, 5)])) == {7: 5, 8: None}


def test_memory_that_cannot_be_is_unknown_and_nothing_is_nothing() -> None:
    card = Card(compute=[Process(7, 2**33 + 1), Process(8, -1), Process(9, 0)])
    assert memory(card) == {7: None, 8: None, 9: 0}


def test_a_pid_that_cannot_be_is_none() -> None:
    assert memory(Card(compute=[Process(0), Process(-1), Process(2147483632), Process(7, 5)])) == {7: 5}


def test_a_card_that_cannot_draw_has_none_who_draws() -> None:
    assert memory(Card(compute=[Process(7, 5)], graphics=SILENT, mps=fakes.NVMLError_FunctionNotFound())) == {7: 5}


@pytest.mark.parametrize("error", [SILENT, fakes.NVMLError_FunctionNotFound(), fakes.NVMLError_Unknown()])
def test_without_the_list_of_those_who_compute_nobody_is_known(error: Exception) -> None:
    assert listed(Card(compute=error, graphics=[Process(7)])) is None


@pytest.mark.parametrize("quiet", [fakes.NVMLError_NotFound(), fakes.NVMLError_Success(), []])
def test_who_only_holds_memory_does_nothing(quiet: object) -> None:
    assert active(listed(Card(compute=[Process(7)], busy=quiet))) == {7: 0.0}


@pytest.mark.parametrize("error", [SILENT, fakes.NVMLError_Unknown(), fakes.NVMLError_FunctionNotFound()])
def test_an_error_is_not_idleness(error: Exception) -> None:
    assert active(listed(Card(compute=[Process(7)], busy=error))) == {7: None}


def test_shares_are_by_process_and_garbage_is_unknown() -> None:
    samples = [Busy(7, 60), Busy(8, 101), Busy(9, 2147483632), Busy(0, 50), Busy(55, 50)]
    card = Card(compute=[Process(pid) for pid in (7, 8, 9, 10)], busy=samples)
    assert active(listed(card)) == {7: 0.6, 8: None, 9: None, 10: 0.0}


def test_only_what_is_new_counts_and_the_newest_of_a_process() -> None:
    card = Card(
        compute=[Process(7), Process(8)], busy=[Busy(7, 10, STAMP), Busy(7, 90, STAMP - 5), Busy(8, 40, STAMP - 9)]
    )
    read = reader(card)
    assert active(read()) == {7: 0.1, 8: 0.4}
    card.busy = [Busy(7, 70, STAMP + 5), Busy(8, 40, STAMP - 9)]
    assert active(read()) == {7: 0.7, 8: 0.0}
    card.busy = fakes.NVMLError_NotFound()
    assert active(read()) == {7: 0.0, 8: 0.0}
    read()
    assert card.asked_since == [0, STAMP, STAMP + 5, STAMP + 5]


@pytest.mark.parametrize("stamp", [STAMP, 2**63])
def test_a_stamp_from_the_future_makes_nobody_idle_for_good(stamp: int) -> None:
    now = STAMP
    card = Card(compute=[Process(7)], busy=[Busy(7, 10, stamp)])
    read = reader(card, clock_us=lambda: now)
    read()
    now -= 3600 * 1_000_000
    card.busy = [Busy(7, 70, now)]
    assert active(read()) == {7: 0.7}
    assert card.asked_since == [0, 0]


def test_each_card_has_its_own_past() -> None:
    cards = [Card(busy=[Busy(7, 10)]), Card(uuid="GPU-2")]
    source = Nvml(lambda: FakeNvml(cards), clock_us=lambda: STAMP)
    source.read()
    source.read()
    assert [card.asked_since for card in cards] == [[0, STAMP], [0, 0]]


def test_thousands_are_listed() -> None:
    card = Card(
        memory_v2=Amount(total=2**40, used=2**39), compute=[Process(pid, pid) for pid in range(5000, 0, -1)],
        busy=[Busy(pid, pid % 101) for pid in range(1, 5001)],
    )  # fmt: skip
    found = listed(card)
    assert found is not None
    assert [each.pid for each in found] == list(range(1, 5001))
    assert found[99] == GpuProcess(pid=100, memory_used_bytes=100, active_ratio=1.0)


def test_lists_that_rarely_hold_anybody_are_asked_again_when_memory_in_use_changes_or_after_a_minute() -> None:
    now = STAMP
    card = Card(graphics=[Process(7, 5)], memory_v2=Amount(total=2**33, used=10))
    read = reader(card, clock_us=lambda: now)

    def pids() -> list[int]:
        return [each.pid for each in read() or ()]

    assert pids() == [7]
    card.graphics, card.compute = [Process(8, 5)], [Process(9, 5)]
    assert pids() == [7, 9]
    card.memory_v2 = Amount(total=2**33, used=11)
    assert pids() == [8, 9]
    card.graphics = []
    now += BESIDE_US
    assert pids() == [9]
    card.graphics = [Process(8, 5)]
    now -= 2 * BESIDE_US  # the clock was set back
    assert pids() == [8, 9]


def test_where_memory_in_use_is_not_told_every_list_is_asked_at_every_round() -> None:
    card = Card(graphics=[Process(7, 5)], memory=SILENT, memory_v2=SILENT)
    read = reader(card)
    read()
    card.graphics = []
    assert read() == []
