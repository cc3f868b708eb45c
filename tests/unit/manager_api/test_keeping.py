"""A source is asked at the pace of who looks, given a rest when it labors, and asked again soon after a failure."""

import pytest
from shiva_manager_api.cached import Cached
from shiva_manager_api.domain.ports import MetricsUnavailableError
from shiva_manager_api.keeping import ATTENTION_SECONDS, RETRY_SECONDS, Attention, Keeper, Pace

PACE = Pace(watched=5.0, idle=10.0)


class Source:
    """Takes `took` seconds of its clock; fails while it has a failure."""

    def __init__(self) -> None:
        self.now, self.took, self.told = 100.0, 0.0, 0
        self.failure: Exception | None = None
        self.cached = Cached(self.ask, keep_seconds=1.0, clock=self.clock)
        self.attention = Attention(self.clock)
        self.keeper = Keeper(self.cached, self.tell, pace=PACE, attention=self.attention, clock=self.clock)

    def clock(self) -> float:
        return self.now

    def tell(self) -> None:
        self.told += 1

    def ask(self) -> str:
        self.now += self.took
        if self.failure:
            raise self.failure
        return "answer"


def test_it_is_asked_at_its_pace_while_somebody_looks_and_more_seldom_else() -> None:
    source = Source()
    assert source.keeper.step() == PACE.watched
    source.now += ATTENTION_SECONDS + 1
    assert source.keeper.step() == PACE.idle
    source.attention.look()
    assert source.keeper.step() == PACE.watched
    assert source.told == 3


@pytest.mark.parametrize(("took", "rest"), [(0.5, 4.5), (1.1, 4.4), (60.0, 5.0)])
def test_a_source_that_labors_has_a_rest_and_no_endless_one(took: float, rest: float) -> None:
    source = Source()
    source.took = took
    assert source.keeper.step() == rest


def test_a_failure_is_shown_at_once_and_tried_again_soon() -> None:
    source = Source()
    source.failure = MetricsUnavailableError("away")
    assert (source.keeper.step(), source.told) == (RETRY_SECONDS, 1)
    assert source.cached.trouble == "MetricsUnavailableError('away')"
    source.failure = None
    assert source.keeper.step() == PACE.watched
    assert source.cached.trouble is None


def test_a_mistake_of_ours_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    source = Source()
    source.failure = ZeroDivisionError()
    assert source.keeper.step() == RETRY_SECONDS
    assert "a mistake of ours" in caplog.text
    assert not source.cached.last().fresh
    source.failure = None
    assert source.keeper.step() == PACE.watched


def test_who_looks_after_a_while_wakes_every_keeper() -> None:
    source = Source()
    (alarm,) = source.attention.alarms
    source.attention.look()
    assert not alarm.is_set()
    source.now += ATTENTION_SECONDS + 1
    source.attention.look()
    assert alarm.is_set()
