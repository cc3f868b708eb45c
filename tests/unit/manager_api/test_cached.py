"""The last good answer: one question at a time, kept through failures with its age."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from shiva_manager_api.cached import Answer, Cached
from shiva_manager_api.domain.ports import MetricsUnavailableError


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Answers 1, 2, 3…, or fails."""

    def __init__(self) -> None:
        self.asked = 0
        self.failing = False

    def __call__(self) -> int:
        self.asked += 1
        if self.failing:
            raise MetricsUnavailableError
        return self.asked


def test_an_answer_is_kept_for_its_time_and_asked_anew_after_it() -> None:
    clock, source = Clock(), Source()
    cached = Cached(source, keep_seconds=2.0, clock=clock)
    assert cached.get() == Answer(value=1, fresh=True, age_seconds=0.0)
    clock.now += 1.9
    assert cached.get().value == 1
    clock.now += 0.2
    assert cached.get() == Answer(value=2, fresh=True, age_seconds=0.0)


def test_twenty_threads_at_once_ask_once_and_all_get_the_answer() -> None:
    entered, release, asked = threading.Event(), threading.Event(), []

    def slow() -> str:
        asked.append(1)
        entered.set()
        release.wait(10)
        return "answer"

    cached = Cached(slow, keep_seconds=60.0, clock=Clock())
    started = threading.Barrier(21)

    def get() -> str | None:
        started.wait(10)
        return cached.get(wait_seconds=10).value

    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(get) for _ in range(20)]
        started.wait(10)
        assert entered.wait(10)
        release.set()
        assert [each.result(10) for each in waiting] == ["answer"] * 20
    assert len(asked) == 1


def test_who_cannot_wait_longer_gets_what_is_known() -> None:
    entered, release, clock, answers = threading.Event(), threading.Event(), Clock(), iter(["old", "new"])

    def ask() -> str:
        answer = next(answers)
        if answer == "new":
            entered.set()
            release.wait(10)
        return answer

    cached = Cached(ask, keep_seconds=1.0, clock=clock)
    cached.get()
    clock.now += 5
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(cached.get)
        assert entered.wait(10)
        assert cached.get(wait_seconds=0.01) == Answer(value="old", fresh=True, age_seconds=5.0)
        release.set()
        assert asking.result(10).value == "new"


def test_the_last_good_value_outlives_failures_and_its_age_grows() -> None:
    clock, source = Clock(), Source()
    cached = Cached(source, keep_seconds=2.0, clock=clock)
    cached.get()
    source.failing = True
    ages = []
    for _ in range(3):
        clock.now += 10
        answer = cached.get()
        assert (answer.value, answer.fresh) == (1, False)
        ages.append(answer.age_seconds)
    assert ages == [10.0, 20.0, 30.0]
    source.failing = False
    clock.now += 10
    assert cached.get() == Answer(value=5, fresh=True, age_seconds=0.0)


def test_a_failure_is_kept_for_its_time_too_so_that_a_dead_source_is_not_hammered() -> None:
    clock, source = Clock(), Source()
    source.failing = True
    cached = Cached(source, keep_seconds=2.0, clock=clock)
    for _ in range(50):
        cached.get()
    assert source.asked == 1


def test_before_the_first_answer_there_is_no_value_and_no_age() -> None:
    source = Source()
    source.failing = True
    cached = Cached(source, keep_seconds=2.0, clock=Clock())
    assert cached.last() == Answer(value=None, fresh=False, age_seconds=None)
    assert cached.get() == Answer(value=None, fresh=False, age_seconds=None)
    assert source.asked == 1


def test_an_unexpected_error_leaves_the_lock_free() -> None:
    failures = iter([ZeroDivisionError()])

    def ask() -> str:
        for failure in failures:
            raise failure
        return "answer"

    cached = Cached(ask, keep_seconds=2.0, clock=Clock())
    with pytest.raises(ZeroDivisionError):
        cached.get()
    assert cached.get(wait_seconds=0.1).value == "answer"
