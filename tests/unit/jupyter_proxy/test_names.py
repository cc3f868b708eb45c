"""What is spelled like a user name; who gets which is the manager's to say."""

import pytest
from shiva_jupyter_proxy.domain import names


@pytest.mark.parametrize(
    "text", ["ada", "kazuki.morozumi", "_41da", "a-_2db", "_2e_2e", "a.-b", "_e7_a7_80_e6_a8_b9", "a" * 63, "0"]
)
def test_what_is_spelled_like_a_user_name(text: str) -> None:
    assert names.is_user_name(text)


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "-a", "a-", "a.", "a--b", "a..b", "Ada", "a/b", "a%2fb", "_4", "_4G", "_4A", "a" * 64, "é", "a\n"],
)
def test_what_is_not_spelled_like_a_user_name(text: str) -> None:
    assert not names.is_user_name(text)
