"""What everybody sees is made when something changed, grows old by its own rule, and is waited for only once."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from shiva_manager_api.domain.machines import MachineReading, MachineState
from shiva_manager_api.domain.ports import BrokerUnavailableError, MetricsUnavailableError
from shiva_manager_api.truth import METRICS_LATE_SECONDS, Truth

from tests.fakes.manager_ports import FakeBroker, FakeMetrics, container, declared

BEGAN = datetime(2026, 11, 29, 10, tzinfo=UTC)
WAIT = 10.0


@dataclass
class World:
    """A truth over ports in memory, whose clock a test moves."""

    metrics: FakeMetrics = field(
        default_factory=lambda: FakeMetrics([MachineReading(name="gpu-01", up=True, sample_age_seconds=3.0)])
    )
    broker: FakeBroker = field(default_factory=lambda: FakeBroker([container("ada")], [declared()]))
    time: float = 1000.0

    def __post_init__(self) -> None:
        self.truth = Truth(self.metrics, self.broker, clock=lambda: self.time, now=self.now)

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.time)

    def word(self) -> tuple[MachineState, float | None]:
        """Return the machine's word and the age of its readings."""
        (view,) = self.truth.shown().overview.machines
        age = view.sample_age_seconds
        return view.state, None if age is None else round(age, 3)


class Kept(World):
    """The same with keepers that a test moves."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.truth.keep(start=False)

    def round(self) -> None:
        """Let both keepers ask once."""
        for keeper in self.truth.keepers:
            keeper.step()


def test_an_overview_stays_the_same_one_until_something_changes() -> None:
    world = Kept()
    world.round()
    first = world.truth.shown()
    world.time += 1
    assert world.truth.shown() is first
    world.broker.held.append(container("ken"))
    world.round()
    second = world.truth.shown()
    assert second is not first
    assert second.overview.as_of == world.now()
    assert world.truth.age(first) == 1.0


def test_a_broker_that_tells_the_same_again_is_no_change() -> None:
    world = Kept()
    world.round()
    first = world.truth.shown()
    world.time += 1
    world.broker.inventory = [declared()]
    world.truth.keepers[1].step()
    assert world.truth.shown() is first


def test_nobody_asks_a_source_who_only_looks() -> None:
    world = Kept()
    world.round()
    world.metrics.failure = AssertionError("nobody may ask")  # type: ignore[assignment]
    world.broker.failure = AssertionError("nobody may ask")
    for _ in range(100):
        world.time += 0.1
        assert world.word()[0] is MachineState.FREE


def test_words_grow_stale_by_their_own_rule_while_nobody_tells_anything() -> None:
    world = Kept()
    world.round()
    assert world.word() == (MachineState.FREE, 3.0)
    world.time += 11.9  # a reading that is 14.9 s old
    assert world.word()[0] is MachineState.FREE
    world.time += 0.2
    assert world.word() == (MachineState.STALE, 15.1)
    world.time += 60
    assert world.word() == (MachineState.STALE, 75.1)
    assert not world.truth.shown().overview.metrics.fresh


def test_a_source_that_answers_nothing_any_more_is_not_fresh_though_it_did_not_fail() -> None:
    world = Kept()
    world.round()
    world.time += METRICS_LATE_SECONDS - 1
    assert world.truth.sources()[0].fresh
    world.time += 2
    metrics, _ = world.truth.sources()
    assert (metrics.fresh, metrics.value is None) == (False, False)


@pytest.mark.parametrize("away", ["metrics", "broker"])
def test_a_source_that_failed_is_back_at_its_next_answer(away: str) -> None:
    world = Kept()
    world.round()
    world.metrics.failure = MetricsUnavailableError() if away == "metrics" else None
    world.broker.failure = BrokerUnavailableError() if away == "broker" else None
    world.round()
    seen = world.truth.shown().overview
    assert [view.state for view in seen.machines] == [MachineState.STALE]
    assert (seen.metrics.fresh, seen.broker.fresh) == (away != "metrics", away != "broker")
    world.metrics.failure = world.broker.failure = None
    world.round()
    assert world.word()[0] is MachineState.FREE


def test_with_the_broker_away_from_the_start_machines_are_there_and_holders_are_not_known() -> None:
    world = Kept()
    world.broker.failure = BrokerUnavailableError()
    world.round()
    (view,) = world.truth.shown().overview.machines
    assert (view.state, view.holders_known, view.gpus_free) == (MachineState.STALE, False, None)


@dataclass
class Slow:
    """MetricsSource that does not answer before a test says so."""

    answer: threading.Event = field(default_factory=threading.Event)

    def machines(self) -> Sequence[MachineReading]:
        assert self.answer.wait(WAIT)
        return [MachineReading(name="gpu-01", up=True, sample_age_seconds=0.0)]


def kept(metrics: Slow, patience: float) -> Truth:
    truth = Truth(metrics, FakeBroker([], [declared()]), now=lambda: BEGAN, first_seconds=patience)
    truth.keep()
    return truth


def timed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def test_the_first_answer_is_waited_for_by_all_who_look_and_is_whole() -> None:
    slow = Slow()
    truth = kept(slow, WAIT)
    with ThreadPoolExecutor(8) as pool:
        looking = [pool.submit(truth.shown) for _ in range(8)]
        slow.answer.set()
        seen = [each.result(WAIT).overview for each in looking]
    assert {overview.metrics.fresh for overview in seen} == {True}
    assert {overview.machines[0].state for overview in seen} == {MachineState.FREE}


def test_a_first_answer_that_does_not_come_is_not_waited_for_long() -> None:
    slow = Slow()
    truth = kept(slow, 0.1)
    assert timed(truth.shown) < WAIT / 2
    (view,) = truth.shown().overview.machines
    assert (view.state, view.holders_known) == (MachineState.STALE, True)
    slow.answer.set()
