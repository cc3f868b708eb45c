"""How often an address may try: a minute's worth at once, then evenly, and never more memory than so much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_proxy.domain.limits import MOST, Limiter


class Clock:
    """Time that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_minutes_tries_are_let_through_at_once_and_the_next_one_has_to_wait(clock: Clock) -> None:
    limiter = Limiter(6, clock=clock)
    assert [limiter.take("192.0.2.1") for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]
    assert limiter.take("192.0.2.2") == 0
    clock.now += 10
    assert [limiter.take("192.0.2.1") for _ in range(2)] == [0, 10]
    clock.now += 60
    assert [limiter.take("192.0.2.1") for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]


def test_to_look_is_no_try(clock: Clock) -> None:
    limiter = Limiter(1, clock=clock)
    assert [limiter.wait("192.0.2.1"), limiter.wait("192.0.2.1"), limiter.take("192.0.2.1")] == [0, 0, 0]
    assert [limiter.wait("192.0.2.1"), limiter.wait("192.0.2.1")] == [60, 60]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True), ("2001:db8:0:1::1", "2001:db8:0:2::1", False), ("::ffff:192.0.2.1", "192.0.2.1", False),
        ("192.0.2.1", "192.0.2.2", False), ("fe80::1%eth0", "fe80::2", True), ("", "", True),
    ],
)  # fmt: skip
def test_an_ipv6_network_is_one_address(clock: Clock, one: str, other: str, same: bool) -> None:
    limiter = Limiter(1, clock=clock)
    assert limiter.take(one) == 0
    assert (limiter.take(other) > 0) == same


def test_who_tried_longest_ago_is_forgotten_when_too_many_try(clock: Clock) -> None:
    limiter = Limiter(1, clock=clock)
    for number in range(MOST + 2):
        limiter.take(f"address {number}")
    assert limiter.take("address 0") == 0
    assert limiter.take(f"address {MOST}") > 0


@given(st.lists(st.floats(0, 30), max_size=60))
def test_no_minute_has_more_than_two_minutes_worth(pauses: list[float]) -> None:
    clock = Clock()
    limiter, let_through = Limiter(5, clock=clock), list[float]()
    for pause in pauses:
        clock.now += pause
        if limiter.take("192.0.2.1") == 0:
            let_through.append(clock.now)
    assert all(len([each for each in let_through if at <= each < at + 60]) <= 10 for at in let_through)
