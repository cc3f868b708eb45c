"""A machine's curves are asked for once in a step, few at a time, and of machines that there are."""

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from shiva_manager_api.domain.machine_history import RANGES, MachineCurves, Range
from shiva_manager_api.domain.machines import MachineReading
from shiva_manager_api.domain.ports import BrokerUnavailableError, MetricsUnavailableError, RefusedError
from shiva_manager_api.histories import Histories
from shiva_manager_api.once import MOST_ASKING, MOST_KEPT, MOST_WAITING
from shiva_manager_api.truth import Truth

from tests.fakes.manager_ports import FakeBroker, FakeContainerCurves, FakeCurves, FakeMetrics, container, declared

WAIT = 10.0


@dataclass
class World:
    """Histories of two machines and of many that the broker knows."""

    curves: FakeCurves = field(default_factory=FakeCurves)
    container_curves: FakeContainerCurves = field(default_factory=FakeContainerCurves)
    metrics: FakeMetrics = field(default_factory=lambda: FakeMetrics([MachineReading(name="a", up=True)]))
    broker: FakeBroker = field(
        default_factory=lambda: FakeBroker([], [declared("b"), *map(declared, map(str, range(999)))])
    )
    now: datetime = datetime(2026, 11, 29, 10, 0, 7, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.truth = Truth(self.metrics, self.broker, clock=lambda: self.now.timestamp(), now=lambda: self.now)
        self.histories = Histories(self.curves, self.container_curves, self.truth, now=lambda: self.now)


def test_curves_are_asked_for_once_in_a_step_whoever_looks() -> None:
    world = World()
    first = world.histories.of("a", "1h")
    world.now += timedelta(seconds=7)
    assert world.histories.of("a", "1h") is first
    world.now += timedelta(seconds=1)
    assert world.histories.of("a", "1h") is not first
    ends = [until.time().isoformat() for _, _, until in world.curves.asked]
    assert ends == ["10:00:00", "10:00:15"]


def test_machines_and_ranges_have_curves_of_their_own() -> None:
    world = World()
    for machine, wanted in (("a", "1h"), ("b", "1h"), ("a", "7d"), ("a", "1h")):
        assert world.histories.of(machine, wanted).machine == machine
    assert [(machine, asked.span) for machine, asked, _ in world.curves.asked] == [
        ("a", 3600),
        ("b", 3600),
        ("a", 604800),
    ]


def test_no_range_has_more_than_three_hundred_points() -> None:
    assert {name: each.points for name, each in RANGES.items()} == {"1h": 241, "6h": 241, "24h": 289, "7d": 289}


def test_containers_have_curves_of_their_own_by_the_cpus_they_may_use_and_the_gpus_they_hold() -> None:
    world = World()
    own, other = container("ada"), container("ken", gpus=["GPU-2"])
    for each in (own, other, own):
        told = world.histories.of_container(each, "1h")
        assert (told.container_id, [gpu.uuid for gpu in told.gpus]) == (each["id"], each["gpus"])
    assert world.container_curves.asked == [("ada--default", 2.0), ("ken--default", 2.0)]
    assert [gpu.index for gpu in world.histories.of_container(other, "1h").gpus] == [1]  # as the broker numbers it
    world.histories.of_container(own | {"limits": {"cpus": 4.0}}, "1h")
    assert world.container_curves.asked[-1] == ("ada--default", 4.0)


@pytest.mark.parametrize("name", ["c", "", "a ", 'a"} or up{host="b', "A"])
def test_a_name_of_no_machine_reaches_nobody(name: str) -> None:
    world = World()
    with pytest.raises(RefusedError, match="machine-not-found"):
        world.histories.of(name, "1h")
    assert world.curves.asked == []


def test_where_nobody_knows_any_machine_there_are_no_numbers_rather_than_no_machine() -> None:
    world = World()
    world.metrics.failure, world.broker.failure = MetricsUnavailableError(), BrokerUnavailableError()
    with pytest.raises(MetricsUnavailableError):
        world.histories.of("a", "1h")


def test_a_prometheus_that_did_not_answer_a_moment_ago_is_not_waited_for() -> None:
    world = World()
    kept = world.histories.of("a", "1h")
    world.metrics.failure = MetricsUnavailableError()
    world.now += timedelta(seconds=3)
    assert world.histories.of("a", "1h") is kept
    with pytest.raises(MetricsUnavailableError):
        world.histories.of("a", "6h")
    assert len(world.curves.asked) == 1


def test_a_failure_is_told_and_tried_again() -> None:
    world = World()
    world.curves.failure = MetricsUnavailableError()
    for _ in range(2):
        with pytest.raises(MetricsUnavailableError):
            world.histories.of("a", "1h")
    world.curves.failure = None
    assert world.histories.of("a", "1h").machine == "a"


def test_what_is_kept_is_bounded_and_what_was_looked_at_last_stays() -> None:
    world = World()
    first = world.histories.of("a", "24h")
    for number in range(MOST_KEPT - 1):
        world.histories.of(str(number), "24h")
    assert world.histories.of("a", "24h") is first
    world.histories.of("b", "24h")
    asked = len(world.curves.asked)
    world.histories.of("a", "24h")
    assert len(world.curves.asked) == asked
    world.histories.of("0", "24h")
    assert len(world.curves.asked) == asked + 1


class Slow(FakeCurves):
    """Answers when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = threading.Event()
        self.entered = threading.Semaphore(0)

    def read(self, machine: str, asked: Range, until: datetime) -> MachineCurves:
        """Return curves."""
        self.entered.release()
        assert self.answer.wait(WAIT)
        return super().read(machine, asked, until)


def test_who_asks_for_what_somebody_asks_for_waits_for_that_answer_and_few_ask_at_once() -> None:
    slow = Slow()
    world = World(curves=slow)
    with ThreadPoolExecutor(MOST_ASKING + 3) as pool:
        first = [pool.submit(world.histories.of, str(number), "1h") for number in range(MOST_ASKING)]
        for _ in first:
            assert slow.entered.acquire(timeout=WAIT)
        same = [pool.submit(world.histories.of, "0", "1h") for _ in range(3)]
        with pytest.raises(MetricsUnavailableError):
            world.histories.of("99", "1h")
        slow.answer.set()
        curves = first[0].result(WAIT)
        assert {id(each.result(WAIT)) for each in same} == {id(curves)}
        assert all(each.result(WAIT) for each in first)
    assert len(slow.asked) == MOST_ASKING


def test_of_those_who_want_what_is_asked_for_only_some_wait_for_it() -> None:
    slow = Slow()
    world = World(curves=slow)
    with ThreadPoolExecutor(MOST_WAITING + 2) as pool:
        first = pool.submit(world.histories.of, "0", "1h")
        assert slow.entered.acquire(timeout=WAIT)
        others = [pool.submit(world.histories.of, "0", "1h") for _ in range(MOST_WAITING + 1)]
        told_off = next(as_completed(others, timeout=WAIT))
        assert isinstance(told_off.exception(WAIT), MetricsUnavailableError)
        slow.answer.set()
        assert all(each.result(WAIT) is first.result(WAIT) for each in others if each is not told_off)
