"""Rounds at our own pace: a scrape never waits for a driver, and old data is no data."""

import threading
from dataclasses import dataclass, field

import pytest
from shiva_exporters.gpu.sampler import Sampler
from shiva_exporters.gpu.source import GpuReadError, GpuSample, NoDriverError, Reading

READING = Reading(
    driver_version="550", gpus=[GpuSample(index=0, uuid="GPU-1", model="GTX 1080", up=True, utilization_ratio=0.5)]
)


@dataclass
class Driver:
    """A GpuSource that answers as told, and may hang."""

    failure: Exception | None = None
    hangs: threading.Event | None = None
    asked: threading.Event = field(default_factory=threading.Event)

    def read(self) -> Reading:
        self.asked.set()
        if self.hangs is not None:
            self.hangs.wait(10)
        if self.failure is not None:
            raise self.failure
        return READING


class Clock:
    """Seconds that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_before_the_first_round_nothing_is_known() -> None:
    now = Sampler(Driver(), interval_seconds=2).snapshot()
    assert (now.driver_present, now.success, now.reading, now.collected_at) == (None, False, None, None)


def test_a_good_round_has_data_and_its_time() -> None:
    sampler = Sampler(Driver(), interval_seconds=2, clock=Clock())
    sampler.sample()
    now = sampler.snapshot()
    assert (now.driver_present, now.success, now.reading, now.collected_at, now.errors) == (
        True,
        True,
        READING,
        1000.0,
        0,
    )
    assert now.duration_seconds is not None


def test_no_driver_is_a_success_without_data() -> None:
    sampler = Sampler(Driver(NoDriverError()), interval_seconds=2, clock=Clock())
    sampler.sample()
    now = sampler.snapshot()
    assert (now.driver_present, now.success, now.reading, now.errors) == (False, True, None, 0)


@pytest.mark.parametrize("failure", [GpuReadError("driver"), RuntimeError("what no driver did yet")])
def test_a_failed_round_has_no_data_and_is_counted_and_the_next_may_be_good(failure: Exception) -> None:
    driver = Driver()
    sampler = Sampler(driver, interval_seconds=2, clock=Clock())
    sampler.sample()
    driver.failure = failure
    for count in (1, 2):
        sampler.sample()
        now = sampler.snapshot()
        assert (now.success, now.reading, now.errors, now.collected_at) == (False, None, count, 1000.0)
    driver.failure = None
    sampler.sample()
    assert sampler.snapshot().reading == READING


def test_what_is_older_than_three_intervals_is_not_shown() -> None:
    clock = Clock()
    sampler = Sampler(Driver(), interval_seconds=2, clock=clock)
    sampler.sample()
    clock.now += 6
    assert sampler.snapshot().reading == READING
    clock.now += 0.1
    now = sampler.snapshot()
    assert (now.success, now.reading, now.collected_at) == (False, None, 1000.0)


def test_a_hung_driver_holds_up_no_scrape() -> None:
    driver = Driver(hangs=threading.Event())
    sampler = Sampler(driver, interval_seconds=0.01)
    sampler.start()
    assert driver.asked.wait(10)
    assert sampler.snapshot().success is False
    assert driver.hangs is not None
    driver.hangs.set()


def test_a_clock_that_was_set_back_keeps_nothing_fresh() -> None:
    clock = Clock()
    sampler = Sampler(Driver(), interval_seconds=2, clock=clock)
    sampler.sample()
    clock.now -= 3600
    assert sampler.snapshot().reading is None
    sampler.sample()
    assert sampler.snapshot().reading == READING


def test_a_driver_that_hangs_amid_the_run_is_old_soon_and_good_when_it_comes_back() -> None:
    driver, clock = Driver(), Clock()
    sampler = Sampler(driver, interval_seconds=2, clock=clock)
    sampler.sample()
    driver.asked.clear()
    driver.hangs = threading.Event()
    hung = threading.Thread(target=sampler.sample)
    hung.start()
    assert driver.asked.wait(10)
    assert sampler.snapshot().reading == READING
    clock.now += 7
    now = sampler.snapshot()
    assert (now.success, now.reading, now.driver_present) == (False, None, True)
    driver.hangs.set()
    hung.join()
    assert sampler.snapshot().reading == READING


def test_the_thread_takes_round_after_round_through_failures() -> None:
    driver = Driver(RuntimeError("what no driver did yet"))
    sampler = Sampler(driver, interval_seconds=0.001, clock=Clock())
    sampler.start()
    for _ in range(3):
        driver.asked.clear()
        assert driver.asked.wait(10)
    driver.failure = None
    for _ in range(2):
        driver.asked.clear()
        assert driver.asked.wait(10)
    assert sampler.snapshot().reading == READING
    driver.hangs = threading.Event()  # what still samples rests


def test_seconds_of_work_go_on_after_the_driver_was_away() -> None:
    driver, steady = Driver(), Clock()
    sampler = Sampler(driver, interval_seconds=2, clock=Clock(), steady=steady)
    sampler.sample()
    driver.failure = NoDriverError()
    steady.now += 2
    sampler.sample()
    driver.failure = None
    steady.now += 2
    sampler.sample()
    assert sampler.snapshot().activity["GPU-1", None].seconds == 2.0


def test_a_failure_is_logged_when_it_begins_also_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    driver = Driver(GpuReadError("driver"))
    sampler = Sampler(driver, interval_seconds=2, clock=Clock())
    for failure in (GpuReadError("driver"), None, GpuReadError("driver")):
        driver.failure = failure
        sampler.sample()
        sampler.sample()
    assert [each.message for each in caplog.records] == ["the driver does not answer"] * 2


def test_what_follows_a_round_may_break_and_the_rounds_go_on(caplog: pytest.LogCaptureFixture) -> None:
    driver, ended, broken = Driver(), threading.Event(), [ZeroDivisionError(), ZeroDivisionError()]

    def then() -> None:
        if broken:
            raise broken.pop()
        ended.set()

    Sampler(driver, interval_seconds=0.001, clock=Clock()).start(then)
    assert ended.wait(10)
    driver.hangs = threading.Event()  # what still samples rests
    assert [each.message for each in caplog.records] == ["a round broke off"] * 2
