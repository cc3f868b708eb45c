"""The login of a program: codes that nobody misreads, and an answer for each moment of its waiting."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_manager_api.domain import device
from shiva_manager_api.domain.people import DeviceState

from tests.fakes.remembering import NOW
from tests.fakes.remembering import device as waiting

SECOND = timedelta(seconds=1)


def digits(seed: int) -> Callable[[int], int]:
    """Return a source of “random” numbers: the digits of `seed`."""
    left = seed

    def below(most: int) -> int:
        nonlocal left
        left, digit = divmod(left, most)
        return digit

    return below


def test_codes_are_of_letters_that_nobody_misreads_and_make_no_words() -> None:
    assert not set(device.LETTERS) & set("AEIOUY0125")
    assert len(set(device.LETTERS)) == 20
    code = device.user_code(digits(1))
    assert device.CODE.fullmatch(code)
    assert len({device.user_code(digits(seed)) for seed in range(200)}) == 200


@given(st.integers(min_value=0, max_value=20**8 - 1))
def test_a_code_is_read_as_people_type_it(seed: int) -> None:
    code = device.user_code(digits(seed))
    shown = device.shown(code)
    assert shown == f"{code[:4]}-{code[4:]}"
    for typed in (shown, code, shown.lower(), f" {code[:2]} {code[2:]} ", shown.replace("-", " - ")):
        assert device.typed(typed) == code


@given(st.text())
def test_what_is_no_code_is_none(text: str) -> None:
    found = device.typed(text)
    assert found is None or device.CODE.fullmatch(found)


def test_letters_of_another_width_are_the_same_letters() -> None:
    assert device.typed("ＢＣＤＦ－ＧＨＪＫ") == "BCDFGHJK"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "authorization-pending"),
        ({"polled_at": NOW - 2 * SECOND}, "authorization-pending"),
        ({"polled_at": NOW - 1.5 * SECOND}, "authorization-pending"),
        ({"polled_at": NOW - SECOND}, "slow-down"),
        ({"polled_at": NOW + SECOND}, "slow-down"),
        ({"state": DeviceState.APPROVED}, None),
        ({"state": DeviceState.APPROVED, "polled_at": NOW}, "slow-down"),
        ({"state": DeviceState.DENIED}, "device-denied"),
        ({"state": DeviceState.DENIED, "polled_at": NOW}, "device-denied"),
        ({"state": DeviceState.TAKEN}, "device-expired"),
        ({"expires_at": NOW}, "device-expired"),
        ({"expires_at": NOW, "state": DeviceState.APPROVED}, "device-expired"),
    ],
)
def test_a_program_that_waits_is_told_how_things_stand(changes: dict[str, Any], code: str | None) -> None:
    assert device.refusal(replace(waiting(), **changes), now=NOW) == code


def test_an_unknown_program_is_told_nothing_more_than_an_old_one() -> None:
    assert device.refusal(None, now=NOW) == "device-expired"
