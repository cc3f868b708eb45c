"""XIDs: waited for in a thread, counted by card, kept whatever becomes of the driver; who cannot wait is healthy."""

import time
from collections.abc import Callable, Iterator

import pytest
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.source import GpuReadError, Reading, Xid
from shiva_exporters.gpu.xids import MAX_XID, Xids

from tests.fakes import nvml as fakes
from tests.fakes.nvml import Card, FakeNvml
from tests.fakes.nvml_events import Event

TELLS = {"SupportedEventTypes": 8}


class Machine:
    """Cards that report XIDs, and a clock."""

    def __init__(self, *cards: Card) -> None:
        self.driver = FakeNvml(list(cards))
        self.now = 1000.0
        self._source = Nvml(lambda: self.driver, xids=Xids(clock=lambda: self.now))

    def read(self) -> Reading:
        return self._source.read()

    def counts(self) -> dict[str, dict[int, Xid]]:
        return {uuid: dict(xids) for uuid, xids in self.read().xids.items()}

    def fails(self) -> None:
        """Let one round fail, which lets go of the driver."""
        self.driver.count = fakes.NVMLError_Unknown()
        with pytest.raises(GpuReadError):
            self.read()
        self.driver.count = None


@pytest.fixture
def machine() -> Iterator[Machine]:
    one = Machine(Card(told=TELLS), Card(uuid="GPU-2", told=TELLS))
    one.read()
    yield one
    one.fails()


def until(true: Callable[[], bool]) -> None:
    """Wait for a thread of the exporter."""
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_card_that_is_watched_and_quiet_has_no_xid(machine: Machine) -> None:
    assert machine.counts() == {"GPU-1": {}, "GPU-2": {}}


def test_each_kind_is_counted_by_card_with_its_last_time(machine: Machine) -> None:
    first, second = machine.driver.cards
    machine.driver.happens(first, 31)
    machine.driver.happens(second, 79)
    until(lambda: 79 in machine.counts()["GPU-2"])
    machine.now = 2000.0
    machine.driver.happens(first, 31)
    until(lambda: machine.counts()["GPU-1"][31].count == 2)
    assert machine.counts() == {
        "GPU-1": {31: Xid(count=2, last_at=2000.0)},
        "GPU-2": {79: Xid(count=1, last_at=1000.0)},
    }


def test_counts_survive_a_new_start_of_the_driver(machine: Machine) -> None:
    machine.driver.happens(machine.driver.cards[0], 79)
    until(lambda: machine.counts()["GPU-1"] != {})
    machine.fails()
    assert machine.counts()["GPU-1"] == {79: Xid(count=1, last_at=1000.0)}
    machine.driver.happens(machine.driver.cards[0], 79)
    until(lambda: machine.counts()["GPU-1"][79].count == 2)


def test_the_wait_ends_before_the_driver_is_let_go(machine: Machine) -> None:
    machine.fails()
    assert [each.freed for each in machine.driver.event_sets] == [True]


def test_a_lost_card_is_named_by_what_it_was_and_the_others_are_watched_on(machine: Machine) -> None:
    first, second = machine.driver.cards
    second.handle = second.uuid = fakes.NVMLError_GpuIsLost()
    machine.driver.happens(second, 79)
    until(lambda: machine.counts()["GPU-2"] != {})
    machine.driver.fails(fakes.NVMLError_GpuIsLost())
    until(lambda: machine.read() is not None and machine.driver.event_sets[-1].cards == [first])
    machine.driver.happens(first, 13)
    until(lambda: machine.counts()["GPU-1"] != {})
    assert machine.counts()["GPU-2"] == {79: Xid(count=1, last_at=1000.0)}


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"SupportedEventTypes": 0},
        {"SupportedEventTypes": 1},
        TELLS | {"RegisterEvents": fakes.NVMLError_NotSupported()},
        TELLS | {"RegisterEvents": fakes.NVMLError_Unknown()},
    ],
)
def test_a_card_that_reports_none_to_us_is_healthy_and_unknown(told: dict[str, object]) -> None:
    machine = Machine(Card(told=told))
    reading = machine.read()
    assert (reading.gpus[0].up, reading.xids) == (True, {})
    assert len(machine.driver.event_sets) == ("RegisterEvents" in told)
    machine.fails()


@pytest.mark.parametrize("error", [fakes.NVMLError_Unknown(), fakes.NVMLError_NotSupported()])
def test_a_driver_that_lets_nobody_wait_has_healthy_cards(error: Exception) -> None:
    machine = Machine(Card(told=TELLS))
    machine.driver.event_set = error
    reading = machine.read()
    assert (reading.gpus[0].up, reading.xids) == (True, {})


def test_what_is_no_xid_is_not_counted(machine: Machine) -> None:
    card = machine.driver.cards[0]
    for number, kind in ((0, 8), (MAX_XID + 1, 8), (2**64 - 1, 8), (48, 1)):
        machine.driver.happens(card, number, kind=kind)
    machine.driver.event_sets[0].waiting.put(Event(Card(), 48))  # of a card that nobody registered
    machine.driver.happens(card, 13)
    until(lambda: machine.counts()["GPU-1"] != {})
    assert machine.counts()["GPU-1"].keys() == {13}


def test_a_card_that_changes_its_place_keeps_its_count(machine: Machine) -> None:
    machine.driver.happens(machine.driver.cards[0], 79)
    until(lambda: machine.counts()["GPU-1"] != {})
    machine.driver.cards.reverse()
    assert machine.counts()["GPU-1"] == {79: Xid(count=1, last_at=1000.0)}
