"""Sessions in signed cookies: whoever holds the key alone can make one, and none lasts for ever."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_proxy.adapters.sessions import LIFETIME_DAYS, SignedCookies
from shiva_jupyter_proxy.domain.headers import SESSION_COOKIE
from shiva_jupyter_proxy.domain.ports import Person
from tornado.web import create_signed_value

KEY = "k" * 32
CONTENT = '["ada", "Ada"]'
ADA = Person(name="ada", shown_name="Ada")
COOKIES = SignedCookies(KEY)


def aged(days: float) -> str:
    """Return a cookie that was made `days` ago."""
    return create_signed_value(KEY, SESSION_COOKIE, CONTENT, clock=lambda: time.time() - days * 86400).decode()


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_a_cookie_tells_whose_it_is(name: str, shown: str) -> None:
    person = Person(name=name, shown_name=shown)
    assert COOKIES.person(COOKIES.seal(person)) == person


def test_a_cookie_needs_no_quoting_in_a_header() -> None:
    sealed = COOKIES.seal(Person(name="_e7_a7_80", shown_name='秀"; Path=/'))
    assert sealed.isascii()
    assert sealed.isprintable()
    assert not set(sealed) & set(' ";,\\')


@pytest.mark.parametrize("cookie", [None, "", "ada", "2|1:0|", "1|2|3", "|||||", "é", "a" * 10_000, "2|1:0|10:1"])
def test_what_is_no_cookie_is_nobodys(cookie: str | None) -> None:
    assert COOKIES.person(cookie) is None


@given(st.data())
def test_a_cookie_with_one_character_changed_is_nobodys(data: st.DataObject) -> None:
    sealed = COOKIES.seal(ADA)
    position = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.sampled_from("0aZ|:=").filter(lambda character: character != sealed[position]))
    assert COOKIES.person(sealed[:position] + other + sealed[position + 1 :]) is None


def test_a_cookie_cut_short_or_made_longer_is_nobodys() -> None:
    sealed = COOKIES.seal(ADA)
    assert all(COOKIES.person(sealed[:length]) is None for length in range(len(sealed)))
    assert COOKIES.person(sealed + "0") is None


def test_a_cookie_of_another_key_is_nobodys() -> None:
    assert SignedCookies("j" * 32).person(COOKIES.seal(ADA)) is None


def test_a_value_signed_for_another_name_is_nobodys() -> None:
    assert COOKIES.person(create_signed_value(KEY, "_xsrf", CONTENT).decode()) is None


def test_an_older_signature_scheme_is_not_taken() -> None:
    assert COOKIES.person(create_signed_value(KEY, SESSION_COOKIE, CONTENT, version=1).decode()) is None


def test_a_cookie_lasts_two_weeks_and_no_longer() -> None:
    assert COOKIES.person(aged(LIFETIME_DAYS - 0.1)) == ADA
    assert COOKIES.person(aged(LIFETIME_DAYS + 0.1)) is None
