"""Held against used GPU time: what is known of it, and what is not."""

from datetime import UTC, datetime, timedelta

import pytest
from shiva_manager_api.domain.held_time import NOTHING, UNKNOWN, GpuTime, HeldTimes, Usage, usage
from shiva_manager_api.domain.machines import MachineReading
from shiva_manager_api.domain.ports import MetricsUnavailableError
from shiva_manager_api.truth import Truth
from shiva_manager_api.usages import Usages

from tests.fakes.manager_ports import FakeBroker, FakeHeldTimes, FakeMetrics, declared

NOW = datetime(2026, 11, 29, 10, 0, 59, tzinfo=UTC)
MACHINES = {"gpu-01": GpuTime(held=5.0, used=2.0), "gone": GpuTime(held=9.0, used=None)}


def told(recorded: bool, people: dict[str, GpuTime] | None = None) -> Usage:
    """Return the usage of a world with three machines, of which one is gone."""
    times = HeldTimes(
        start=NOW - timedelta(days=1), end=NOW, recorded_from=NOW if recorded else None, people=people or {},
        machines=MACHINES if recorded else {},
    )  # fmt: skip
    return usage(times, {"gpu-01": 2, "gpu-02": 4})


def test_use_is_known_where_the_cards_told_of_nine_tenths_of_the_held_time() -> None:
    assert GpuTime.of(100.0, 90.0, 40.0) == GpuTime(held=100.0, used=40.0)
    assert GpuTime.of(100.0, 89.0, 40.0) == GpuTime(held=100.0, used=None)


def test_the_most_held_comes_first_and_equals_by_name() -> None:
    people = {name: GpuTime(held=held, used=None) for name, held in (("c", 1.0), ("b", 2.0), ("a", 1.0))}
    assert [each.name for each in told(True, people).people] == ["b", "a", "c"]


def test_a_machine_that_nobody_held_held_nothing_and_one_that_is_gone_has_no_gpus() -> None:
    machines = [(each.name, each.gpus, each.time) for each in told(True).machines]
    assert machines == [("gone", None, MACHINES["gone"]), ("gpu-01", 2, MACHINES["gpu-01"]), ("gpu-02", 4, NOTHING)]


def test_where_nothing_was_recorded_nothing_is_known_rather_than_zero() -> None:
    assert {each.time for each in told(False).machines} == {UNKNOWN}


def test_sums_are_asked_for_once_a_minute_whoever_looks_and_not_of_who_does_not_answer() -> None:
    now, source, metrics = [NOW], FakeHeldTimes(), FakeMetrics([MachineReading(name="gpu-01", up=True)])
    truth = Truth(metrics, FakeBroker([], [declared()]), clock=lambda: now[0].timestamp(), now=lambda: now[0])
    usages = Usages(source, truth, now=lambda: now[0])
    first = usages.of("7d")
    assert [(each.name, each.gpus) for each in first.machines] == [("gpu-01", 2)]
    assert usages.of("7d").times is first.times
    assert source.asked == [(7 * 86400, NOW.replace(second=0))]
    metrics.failure = MetricsUnavailableError()
    now[0] += timedelta(seconds=30)
    with pytest.raises(MetricsUnavailableError):
        usages.of("7d")
    assert len(source.asked) == 1
