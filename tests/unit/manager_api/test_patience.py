"""Few wait at once for who may not answer, and after one waited in vain nobody does for a moment."""

from contextlib import suppress

import pytest
from shiva_manager_api.adapters.patience import REST_SECONDS, ImpatientError, Patience


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def in_vain(patience: Patience) -> None:
    with pytest.raises(TimeoutError), patience.waiting(3.0):
        raise TimeoutError


def refused(patience: Patience) -> bool:
    try:
        with patience.waiting(3.0):
            return False
    except ImpatientError:
        return True


def test_no_more_wait_than_may() -> None:
    patience = Patience(most_waiting=2, clock=Clock())
    with patience.waiting(3.0), patience.waiting(3.0):
        assert refused(patience)
    assert not refused(patience)


def test_after_one_waited_in_vain_nobody_does_until_a_moment_later() -> None:
    clock = Clock()
    patience = Patience(most_waiting=2, clock=clock)
    in_vain(patience)
    assert refused(patience)
    clock.now += REST_SECONDS
    assert not refused(patience)
    assert not refused(patience)


def test_while_it_is_silent_one_tries_and_the_others_do_not_wait_for_that() -> None:
    clock = Clock()
    patience = Patience(most_waiting=9, clock=clock)
    in_vain(patience)
    clock.now += REST_SECONDS
    with suppress(TimeoutError), patience.waiting(3.0):
        assert refused(patience)
        clock.now += 3.0
        assert refused(patience)
        raise TimeoutError
    assert refused(patience)
    clock.now += REST_SECONDS
    assert not refused(patience)


def test_an_error_that_came_at_once_is_no_reason_to_stop_asking() -> None:
    patience = Patience(most_waiting=2, clock=Clock())
    with pytest.raises(ConnectionError), patience.waiting(3.0):
        raise ConnectionError
    assert not refused(patience)
