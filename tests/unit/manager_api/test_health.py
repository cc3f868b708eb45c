"""Which GPU is in quarantine, for which cause, and that silence is neither a cause nor a word of health."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_manager_api.domain.health import CRITICAL_XIDS, GpuHealth, quarantine

NOW = 1_795_600_000.0
BOOTED = NOW - 5 * 86400


def health(**told: Any) -> GpuHealth:
    return GpuHealth(asked_at=NOW, **{"booted_at": BOOTED, **told})


SICK = [
    ({"up": False}, "lost this GPU"),
    ({"xids": {79: NOW - 60}}, "XID 79"),
    ({"xids": {119: BOOTED + 1}}, "XID 119"),
    ({"row_remap_failure": True}, "could not replace bad memory"),
    ({"row_remap_pending": True}, "bad memory to replace"),
    ({"recovery_action": 1}, "asks to reset the GPU"),
    ({"recovery_action": 2}, "asks to reboot the machine"),
    ({"recovery_action": 99}, "asks to end what runs there"),
    ({"uncorrected_errors": 3}, "could not be corrected: 3"),
]
WELL: list[dict[str, Any]] = [
    {},
    {"up": True, "row_remap_failure": False, "row_remap_pending": False, "recovery_action": 0, "uncorrected_errors": 0},
    {"xids": {13: NOW, 31: NOW, 43: NOW, 45: NOW, 94: NOW}},  # a program's own
    {"xids": {79: BOOTED - 1}},  # before the reboot
]


@pytest.mark.parametrize(("told", "words"), SICK)
def test_a_cause_is_a_sentence_with_what_is_safe_what_to_do_and_how_it_ends(told: dict[str, Any], words: str) -> None:
    sentence = quarantine(health(**told))
    assert sentence is not None
    for part in (words, "Homes and files are safe", "For an admin: ", "It is given out again when "):
        assert part in sentence
    assert ".." not in sentence


@pytest.mark.parametrize("told", WELL)
def test_what_is_no_cause_or_is_not_told_is_no_quarantine(told: dict[str, Any]) -> None:
    assert quarantine(health(**told)) is None


def test_a_time_that_no_calendar_has_is_left_out_of_the_sentence() -> None:
    sentence = quarantine(health(xids={79: 1e30}))
    assert sentence is not None
    assert "card that fell off the bus. Homes" in sentence


@pytest.mark.parametrize("xid", CRITICAL_XIDS)
def test_every_critical_code_is_one_and_has_its_words_and_its_time(xid: int) -> None:
    sentence = quarantine(health(xids={xid: NOW - 3600}))
    assert sentence is not None
    assert f"XID {xid}, a" in sentence
    assert "on 2026-11-25 at " in sentence


def test_of_several_codes_the_last_is_told() -> None:
    sentence = quarantine(health(xids={48: NOW - 10, 95: NOW - 5, 13: NOW}))
    assert sentence is not None
    assert "XID 95" in sentence


@pytest.mark.parametrize(("age", "kept"), [(86399, True), (86401, False)])
def test_where_no_boot_is_known_a_code_counts_for_a_day(age: float, kept: bool) -> None:
    assert (quarantine(GpuHealth(asked_at=NOW, xids={79: NOW - age})) is not None) is kept


def test_the_gravest_cause_is_told() -> None:
    assert "lost" in str(quarantine(health(up=False, xids={79: NOW}, uncorrected_errors=1)))
    assert "XID" in str(quarantine(health(up=True, xids={79: NOW}, uncorrected_errors=1)))


MAYBE = st.none() | st.booleans()


@given(
    up=MAYBE, pending=MAYBE, failure=MAYBE, errors=st.none() | st.integers(0, 3), action=st.none() | st.integers(0, 4),
    xids=st.dictionaries(st.sampled_from([13, 48, 79]), st.floats(NOW - 10 * 86400, NOW)), booted=st.booleans(),
)  # fmt: skip
def test_forgetting_a_fact_never_adds_a_cause(
    up: bool | None, pending: bool | None, failure: bool | None, errors: int | None, action: int | None,
    xids: dict[int, float], booted: bool,
) -> None:  # fmt: skip
    known = GpuHealth(
        asked_at=NOW, booted_at=NOW - 86400 if booted else None, up=up, row_remap_pending=pending,
        row_remap_failure=failure, uncorrected_errors=errors, recovery_action=action, xids=xids,
    )  # fmt: skip
    causes = [
        up is False,
        pending,
        failure,
        errors,
        action,
        any(c != 13 and at > NOW - 86400 for c, at in xids.items()),
    ]
    assert (quarantine(known) is not None) == any(causes)
