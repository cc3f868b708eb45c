"""Tokens: 256 bits of their own, spelled in one way, and nothing of them is kept that they could be made from."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_manager_api.domain import tokens
from shiva_manager_api.domain.tokens import Shown, TokenState

from tests.fakes.remembering import NOW, token

SHOWN = Shown(id="0123456789abcdef", secret="ab" * 32)


def test_a_token_is_read_as_it_is_written() -> None:
    assert str(SHOWN) == f"shiva_0123456789abcdef_{'ab' * 32}"
    assert tokens.parsed(str(SHOWN)) == SHOWN
    assert SHOWN.secret not in repr(SHOWN)


@pytest.mark.parametrize(
    "text",
    ["", "shiva", str(SHOWN)[:-1], f"{SHOWN}0", f" {SHOWN}", f"{SHOWN}\n", str(SHOWN).upper(), str(SHOWN).replace("a", "ａ"),
     str(SHOWN).replace("shiva_", "shiva-"), f"Bearer {SHOWN}", "\ud800", "x" * 5000],
)  # fmt: skip
def test_what_is_spelled_otherwise_is_none(text: str) -> None:
    assert tokens.parsed(text) is None


@given(st.text())
def test_any_text_is_a_token_or_none(text: str) -> None:
    found = tokens.parsed(text)
    assert found is None or str(found) == text
    assert len(tokens.digest(text)) == 32


def test_only_the_very_secret_is_good() -> None:
    kept = token(digest=tokens.digest(SHOWN.secret))
    assert tokens.is_secret_of(kept, SHOWN.secret)
    assert not tokens.is_secret_of(kept, "ab" * 31 + "ac")
    assert not tokens.is_secret_of(kept, "")
    assert SHOWN.secret.encode() not in kept.digest


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"expires_at": NOW + timedelta(microseconds=1)}, TokenState.ACTIVE),
        ({"expires_at": NOW}, TokenState.EXPIRED),
        ({"revoked_at": NOW}, TokenState.REVOKED),
        ({"revoked_at": NOW, "expires_at": NOW}, TokenState.REVOKED),
    ],
)
def test_a_token_is_good_until_it_expires_or_is_revoked(changes: dict[str, object], state: TokenState) -> None:
    assert tokens.state(replace(token(), **changes), now=NOW) is state  # type: ignore[arg-type]
