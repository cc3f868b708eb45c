"""Seconds of work: shares of time are added up, a gap is no work, and what nobody told is not shown as idle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_exporters.gpu.activity import FORGET_SECONDS, Activity, Key, Meter
from shiva_exporters.gpu.source import GpuProcess, GpuSample, Kind, Owner, Reading

OWNERS = {7: Owner(kind=Kind.CONTAINER, launch_id="a"), 8: Owner(kind=Kind.CONTAINER, launch_id="b")}
GPU: Key = ("GPU-1", None)
A: Key = ("GPU-1", "a")
B: Key = ("GPU-1", "b")


def reading(
    ratio: float | None, shares: dict[int, float | None] | None = None, *, uuid: str | None = "GPU-1"
) -> Reading:
    """Read one card; None lists no processes, which is not nobody."""
    processes = None if shares is None else [GpuProcess(pid=pid, active_ratio=share) for pid, share in shares.items()]
    card = GpuSample(index=0, uuid=uuid, model="", up=True, utilization_ratio=ratio, processes=processes)
    return Reading(driver_version="550", gpus=[card], owners=OWNERS)


def seconds_of(told: Activity) -> dict[Key, float]:
    return {key: work.seconds for key, work in told.items()}


def metered(*readings: Reading, seconds: float = 2.0) -> dict[Key, float]:
    """Return what has been counted after the readings, one every `seconds`."""
    meter = Meter(longest_seconds=6.0)
    told: Activity = {}
    for number, each in enumerate(readings):
        told = meter.add(each, 100 + number * seconds)
    return seconds_of(told)


def test_it_begins_at_zero_and_adds_each_share_of_the_time_since() -> None:
    assert metered(reading(0.5, {7: 0.4})) == {GPU: 0.0, A: 0.0}
    told = metered(reading(0.5, {7: 0.4}), reading(0.5, {7: 0.4}), reading(1.0, {7: 0.1, 8: 0.2}))
    assert told == pytest.approx({GPU: 3.0, A: 1.0, B: 0.0})


def test_a_gap_counts_for_three_intervals_only() -> None:
    assert metered(reading(1.0), reading(1.0), seconds=3600) == {GPU: 6.0}


def test_what_is_not_told_has_no_count_and_goes_on_later() -> None:
    before = [reading(0.5, {7: 0.5, 8: 0.5})] * 2
    assert metered(*before, reading(None, None)) == {}
    assert metered(*before, reading(0.5, {7: None, 8: 0.5})) == {GPU: 2.0, B: 2.0}
    after = metered(*before, reading(None, None), reading(0.5, {7: 0.5, 8: 0.5}))
    assert after == {GPU: 3.0, A: 3.0, B: 3.0}


def test_a_container_that_left_the_gpu_stands_still_and_is_forgotten() -> None:
    busy, left = reading(1.0, {7: 1.0}), reading(0.0, {})
    assert metered(busy, busy, left, left) == {GPU: 2.0, A: 2.0}
    meter = Meter(longest_seconds=6.0)
    meter.add(busy, 0.0)
    assert A in meter.add(left, FORGET_SECONDS)
    assert A in meter.add(left, FORGET_SECONDS + 1)
    assert A not in meter.add(left, FORGET_SECONDS + 2)


def test_a_container_that_stays_is_not_forgotten_while_nobody_tells_what_it_does() -> None:
    busy, silent = reading(1.0, {7: 1.0, 8: 0.0}), reading(None, {7: None, 8: 0.0})
    assert metered(busy, busy, *[silent] * 4, busy, seconds=FORGET_SECONDS / 3)[A] == 12.0


def test_a_container_that_comes_back_goes_on() -> None:
    busy, left = reading(1.0, {7: 1.0}), reading(0.0, {})
    assert metered(busy, busy, left, busy)[A] == 4.0


def test_cards_that_are_nobody_in_particular_are_not_counted() -> None:
    assert metered(reading(1.0, {7: 1.0}, uuid=None)) == {}


def test_each_card_counts_for_itself() -> None:
    meter = Meter(longest_seconds=6.0)
    meter.add(reading(1.0, {7: 1.0}), 0.0)
    other = meter.add(reading(1.0, {7: 1.0}, uuid="GPU-2"), 1.0)
    assert seconds_of(other) == {("GPU-2", None): 0.0, ("GPU-2", "a"): 0.0}
    assert seconds_of(meter.add(reading(1.0, {}), 2.0)) == {GPU: 2.0, A: 0.0}


def test_the_last_work_has_its_time_and_none_that_was_seen_has_none() -> None:
    now = 1000.0
    meter = Meter(longest_seconds=6.0, clock=lambda: now)
    assert {work.last_at for work in meter.add(reading(0.0, {7: 0.0}), 0.0).values()} == {None}
    told = meter.add(reading(0.5, {7: 0.5, 8: 0.0}), 2.0)
    assert (told[GPU].last_at, told[A].last_at, told[B].last_at) == (1000.0, 1000.0, None)
    now = 1002.0
    assert meter.add(reading(0.5, {7: 0.0, 8: 0.5}), 4.0)[A].last_at == 1000.0
    assert meter.add(reading(None, None), 6.0) == {}
    assert meter.add(reading(0.0, {}), 8.0)[A].last_at == 1000.0


SHARES = st.none() | st.dictionaries(st.sampled_from([7, 8, 9]), st.none() | st.floats(0, 1))


@given(st.lists(st.tuples(st.none() | st.floats(0, 1), SHARES, st.floats(0, 25)), max_size=20))
def test_no_count_goes_back_or_faster_than_time(
    rounds: list[tuple[float | None, dict[int, float | None] | None, float]],
) -> None:
    meter, now, last = Meter(longest_seconds=6.0), 0.0, dict[Key, float]()
    for ratio, shares, step in rounds:
        now += step
        told = seconds_of(meter.add(reading(ratio, shares), now))
        assert all(last.get(key, 0.0) <= seconds <= now + 1e-6 for key, seconds in told.items())
        last |= told
