"""The signed header: whoever changes a byte, waits too long or has another key is nobody."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_common import identity
from shiva_common.identity import Identity, IdentityError

KEY = identity.check_key("k" * 32)
NOW = datetime(2026, 11, 23, 9, 10, tzinfo=UTC)
ADA = Identity(
    name="ada.lovelace", shown_name="Ada Lovelace 阿", client="192.0.2.7", token_id="t1", scopes=frozenset({"read"})
)
FACTS: dict[str, object] = {"name": "a", "shown": "A", "client": "", "token": None, "scopes": [], "csrf": None}
HEADER = identity.sign(ADA, key=KEY, now=NOW)


def sealed(body: str) -> str:
    """Return `body` under a true signature, as only a holder of the key could make it."""
    seal = hmac.new(KEY, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(seal).decode()}"


def payload(facts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(facts).encode()).decode()


def refusal(value: str | None, *, key: bytes = KEY, now: datetime = NOW) -> str:
    with pytest.raises(IdentityError) as refused:
        identity.verify(value, key=key, now=now)
    return str(refused.value)


def test_what_was_signed_is_who_is_asking() -> None:
    assert identity.verify(HEADER, key=KEY, now=NOW) == ADA


def test_the_header_is_plain_ascii_on_one_line() -> None:
    assert HEADER.isascii()
    assert HEADER.isprintable()
    assert " " not in HEADER


@pytest.mark.parametrize("value", [None, ""])
def test_no_header_is_nobody(value: str | None) -> None:
    assert refusal(value) == "there is no identity header"


def test_another_key_is_refused() -> None:
    assert refusal(HEADER, key=identity.check_key("x" * 32)) == "the signature does not match"


@given(at=st.integers(0, len(HEADER) - 1), other=st.characters())
def test_no_character_can_be_changed(at: int, other: str) -> None:
    forged = HEADER[:at] + other + HEADER[at + 1 :]
    if forged != HEADER:
        refusal(forged)


@given(st.integers(0, len(HEADER) - 1))
def test_a_header_that_was_cut_is_refused(length: int) -> None:
    refusal(HEADER[:length])


@given(st.text())
def test_no_text_is_somebody_and_none_breaks_the_check(text: str) -> None:
    refusal(text)
    refusal(f"v2.{text}.{text}")


def test_half_a_character_is_refused_like_any_forgery() -> None:
    assert refusal("v2.\ud800.\ud800") == "the signature does not match"


@pytest.mark.parametrize("age", [timedelta(seconds=30), timedelta(0), timedelta(seconds=-5)])
def test_it_is_good_for_half_a_minute_and_for_a_clock_that_is_a_little_behind(age: timedelta) -> None:
    assert identity.verify(HEADER, key=KEY, now=NOW + age) == ADA


@pytest.mark.parametrize("age", [timedelta(seconds=30.1), timedelta(days=1), timedelta(seconds=-5.1)])
def test_an_old_header_and_one_of_the_future_are_refused(age: timedelta) -> None:
    assert refusal(HEADER, now=NOW + age) == "the header has expired"


def test_a_header_of_another_version_is_refused_even_if_signed() -> None:
    other = sealed("v3." + HEADER.split(".")[1])
    assert refusal(other) == "the header has an unknown version"


@pytest.mark.parametrize(
    "body",
    [
        "v2", "v2.", "v2.!", "v2.a.b", "v2." + payload([]), "v2." + payload("x"), "v2." + payload({}),
        "v2." + payload(FACTS | {"at": None}),
        "v2." + payload(FACTS | {"at": "soon"}), "v2." + payload(FACTS | {"scopes": None, "at": 0}),
    ],
)  # fmt: skip
def test_a_malformed_body_is_refused_even_if_signed(body: str) -> None:
    assert refusal(sealed(body)) == "the header is malformed"


@pytest.mark.parametrize("at", [float("nan"), float("inf"), float("-inf")])
def test_a_time_that_is_no_time_never_lasts(at: float) -> None:
    assert refusal(sealed("v2." + payload(FACTS | {"at": at}))) == ("the header has expired")


def test_a_short_key_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes") as refused:
        identity.check_key("short-secret")
    assert "short-secret" not in str(refused.value)


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_every_name_comes_through_as_it_was(name: str, shown: str) -> None:
    person = Identity(name=name, shown_name=shown)
    assert identity.verify(identity.sign(person, key=KEY, now=NOW), key=KEY, now=NOW) == person
