"""The door's own cookies: what they are called, and that two of one name are a trick."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_proxy.domain.cookies import CookieNames, cookie_names, is_reserved, own_cookie
from shiva_jupyter_proxy.domain.messages import RequestHead


def cookie(*values: str) -> str | None:
    head = RequestHead(
        method="GET", target="/", version="1.1", headers=[("cookie", value) for value in values], body_length=0,
        keep_alive=True, upgrade=None,
    )  # fmt: skip
    return own_cookie(head, "shiva-session")


def test_with_https_the_browser_keeps_them_from_every_other_host() -> None:
    assert cookie_names("http") == CookieNames(
        session="shiva-session", notebook="shiva-notebook", state="shiva-state", login="shiva-login"
    )
    assert cookie_names("https") == CookieNames(
        session="__Host-shiva-session",
        notebook="__Host-shiva-notebook",
        state="__Host-shiva-state",
        login="__Host-shiva-login",
    )


@pytest.mark.parametrize("name", ["shiva-session", "shiva-notebook", "shiva-state", "shiva-login"])
@pytest.mark.parametrize(
    "prefix", ["", "__Host-", "__Secure-", "__HOST-", "__secure-", "__Http-", "__Host-Http-", " ", "__Secure-__Host-"]
)
def test_every_spelling_of_ours_is_reserved(prefix: str, name: str) -> None:
    assert is_reserved(prefix + name)
    assert is_reserved(prefix + name.upper() + " ")


@pytest.mark.parametrize(
    "name",
    ["", "_xsrf", "shiva", "shiva-sessions", "my-shiva-session", "__Host-", "__Host-x", "username-localhost-8888"],
)
def test_a_containers_names_are_its_own(name: str) -> None:
    assert not is_reserved(name)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["shiva-session=a|b=="], "a|b=="), (['x=1; shiva-session="a="; y=2'], "a="), ([" shiva-session = a "], "a"),
        (["x=1", "shiva-session=a"], "a"), (["shiva-session=a; shiva-session=a"], None), (["shiva-session=a", "shiva-session=b"], None),
        (["shiva-session=a; shiva-session"], None), (["Shiva-Session=a"], None), (["__Host-shiva-session=a"], None), ([], None), (["shiva-session"], ""),
    ],
)  # fmt: skip
def test_one_cookie_counts_and_two_are_none(values: list[str], found: str | None) -> None:
    assert cookie(*values) == found


@given(st.lists(st.text(max_size=30), max_size=4))
def test_whatever_a_browser_sends_is_read(values: list[str]) -> None:
    assert cookie(*values) is None or any("shiva-session" in value for value in values)
