"""A bearer token is good when it is long enough, and is somebody's only when it is the same."""

import pytest
from shiva_common import bearer

TOKEN = "t" * 32


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER   {TOKEN} "])
def test_who_carries_the_token_is_let_in(header: str) -> None:
    assert bearer.is_from(header, TOKEN)


@pytest.mark.parametrize("header", [
    None, "", "Bearer", "Bearer ", TOKEN, f"Basic {TOKEN}", f"token {TOKEN}", f"Bearer {TOKEN}t", f"Bearer {TOKEN[1:]}",
    f"Bearer {TOKEN.upper()}", f"Bearer {TOKEN}, Bearer {TOKEN}", "Bearer é\udcff",
])  # fmt: skip
def test_everybody_else_is_not(header: str | None) -> None:
    assert not bearer.is_from(header, TOKEN)


@pytest.mark.parametrize("token", ["", "t" * 31, f"{TOKEN}é", f"t {TOKEN}", f"{TOKEN}\n"])
def test_a_token_that_protects_nothing_is_refused_by_its_name(token: str) -> None:
    with pytest.raises(ValueError, match="METRICS_TOKEN must have at least 32 characters"):
        bearer.check("METRICS_TOKEN", token)


def test_a_good_one_is_taken() -> None:
    assert bearer.check("METRICS_TOKEN", TOKEN) == TOKEN
