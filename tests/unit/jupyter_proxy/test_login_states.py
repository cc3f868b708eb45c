"""Logins on their way: nothing of them is remembered, and a state is good once, for ten minutes, in one browser."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_proxy.adapters.login_states import LOGIN_SECONDS, LoginStates
from shiva_jupyter_proxy.adapters.marks import Marks
from shiva_jupyter_proxy.adapters.signing import Keys

KEY, NEW_KEY = "k" * 32, "n" * 32


class Made:
    """Logins of a door with a clock that a test moves."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_800_000_000.0
        self.folder = folder
        self.logins = self.door()
        self.binding = self.logins.binding(None)

    def door(self, key: str = KEY, *, previous: str = "") -> LoginStates:
        """Return another process's, or one with other keys."""
        clock = lambda: self.now  # noqa: E731
        day = timedelta(days=1)
        marks = Marks(self.folder, lifetime=day, idle=day, on_over=lambda _: None, clock=clock)
        return LoginStates(Keys(key, previous, clock=clock), marks)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def test_what_was_begun_is_recognized_in_any_process(made: Made) -> None:
    attempt = made.logins.begin(made.binding, "/user/ada/lab?x=1")
    assert made.door().attempt(attempt.state, made.binding) == attempt
    assert attempt.wanted == "/user/ada/lab?x=1"
    assert len(attempt.verifier) == 43
    assert len({attempt.nonce, attempt.verifier, attempt.id, attempt.state}) == 4


def test_two_logins_of_one_browser_share_nothing_but_its_binding(made: Made) -> None:
    one, other = made.logins.begin(made.binding, "/a"), made.logins.begin(made.binding, "/b")
    assert not {one.id, one.nonce, one.verifier, one.state} & {other.id, other.nonce, other.verifier, other.state}
    assert made.logins.attempt(one.state, made.binding) == one
    assert made.logins.attempt(other.state, made.binding) == other


def test_a_state_is_nothing_in_another_browser(made: Made) -> None:
    attempt = made.logins.begin(made.binding, "/")
    assert made.logins.attempt(attempt.state, made.logins.binding(None)) is None
    assert made.logins.attempt(attempt.state, None) is None
    assert made.logins.attempt(attempt.state, "") is None


def test_a_state_is_taken_once_by_whichever_process(made: Made) -> None:
    attempt = made.logins.begin(made.binding, "/")
    assert [made.door().take(attempt), made.logins.take(attempt), made.door().take(attempt)] == [True, False, False]


def test_a_state_is_good_for_ten_minutes(made: Made) -> None:
    state = made.logins.begin(made.binding, "/").state
    made.now += LOGIN_SECONDS - 2
    assert made.logins.attempt(state, made.binding) is not None
    made.now += 4
    assert made.logins.attempt(state, made.binding) is None


@pytest.mark.parametrize(
    "state", ["", "x", "2|1:0|", "2|1:0|10:1800000000|17:shiva-login-state|4:W10=|00", "é", "a" * 10_000]
)
def test_what_was_not_made_here_is_none(made: Made, state: str) -> None:
    assert made.logins.attempt(state, made.binding) is None


def test_a_value_signed_for_something_else_is_none(made: Made) -> None:
    attempt = made.logins.begin(made.binding, "/")
    other = Keys(KEY, clock=lambda: made.now).signed("shiva-session", ["a", "b", "c"])
    assert made.logins.attempt(other, made.binding) is None
    assert Keys(KEY, clock=lambda: made.now).read("shiva-session", attempt.state, seconds=1e6) is None


@given(where=st.floats(0, 1, exclude_max=True), other=st.sampled_from("0aZ|:="))
def test_a_state_with_one_character_changed_is_none(
    tmp_path_factory: pytest.TempPathFactory, where: float, other: str
) -> None:
    made = Made(tmp_path_factory.getbasetemp() / "changed")
    state = made.logins.begin(made.binding, "/").state
    position = int(where * len(state))
    changed = state[:position] + other + state[position + 1 :]
    assert (made.logins.attempt(changed, made.binding) is None) == (changed != state)


@pytest.mark.parametrize("kept", [None, "", "x", "a" * 42, "a" * 44, "a" * 42 + "!", "a" * 42 + "\n"])
def test_a_browser_that_keeps_nothing_good_gets_something_new(made: Made, kept: str | None) -> None:
    assert made.logins.binding(kept) != kept
    assert len({made.logins.binding(kept) for _ in range(100)}) == 100
    assert made.logins.binding(made.binding) == made.binding


def test_a_form_is_good_in_the_browser_it_was_made_for_alone(made: Made) -> None:
    token = made.logins.form_token(made.binding)
    assert made.door().is_form_token(made.binding, token)
    assert not made.logins.is_form_token(made.logins.binding(None), token)
    assert not made.logins.is_form_token(None, token)
    assert not any(made.logins.is_form_token(made.binding, wrong) for wrong in ("", "é", token[:-1], token + "a"))


def test_logins_and_forms_outlive_one_rotation_of_the_key_and_no_second(made: Made) -> None:
    attempt, token = made.logins.begin(made.binding, "/"), made.logins.form_token(made.binding)
    rotated = made.door(NEW_KEY, previous=KEY)
    assert rotated.attempt(attempt.state, made.binding) == attempt
    assert rotated.is_form_token(made.binding, token)
    later = made.door(NEW_KEY)
    assert later.attempt(attempt.state, made.binding) is None
    assert not later.is_form_token(made.binding, token)
    assert made.logins.attempt(rotated.begin(made.binding, "/").state, made.binding) is None
