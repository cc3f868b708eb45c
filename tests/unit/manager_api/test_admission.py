"""Who may come in: only what the provider vouches for counts, and nobody is admitted by silence."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_manager_api.domain import admission, names
from shiva_manager_api.domain.admission import AccessRules
from shiva_manager_api.domain.people import Claims, Person, Role

NOW = datetime(2026, 11, 29, 23, 59, 59, tzinfo=UTC)
ADA = Claims(
    issuer="https://id.example", subject="1", email="ada@home.example", email_verified=True, hosted_domain="home.example"
)  # fmt: skip
RULES = AccessRules(hosted_domains=frozenset({"home.example"}), home_domain="home.example")
DEV = Claims(issuer="dev", subject="Ada")


def code(claims: Claims, rules: AccessRules = RULES, *, now: datetime = NOW, dev: bool = False) -> str | None:
    """Return why they are refused, or None."""
    refusal = admission.refused(claims, rules, now=now, dev=dev)
    return None if refusal is None else refusal.code


def person(**changes: Any) -> Person:
    """Return ada, who came in."""
    given: dict[str, Any] = {
        "name": "ada", "issuer": ADA.issuer, "subject": "1", "email": "ada@home.example", "hosted_domain": "home.example",
        "groups": frozenset(), "shown_name": "Ada", "picture": None, "first_login_at": NOW, "last_login_at": NOW,
    }  # fmt: skip
    return Person(**given | changes)


@pytest.mark.parametrize(
    "claims", [ADA, DEV, replace(ADA, hosted_domain=None), replace(ADA, groups=frozenset({"admins"}))]
)
def test_empty_rules_admit_nobody(claims: Claims) -> None:
    assert code(claims, AccessRules()) == "not-on-the-list"


def test_people_of_the_company_come_in() -> None:
    assert code(ADA) is None


@pytest.mark.parametrize(
    "domain",
    [None, "", "evil.example", "Home.example", "HOME.EXAMPLE", "home.example.", "sub.home.example", "xhome.example", "home.example@evil.example"],
)  # fmt: skip
def test_the_right_address_with_another_hosted_domain_is_refused(domain: str | None) -> None:
    assert code(replace(ADA, hosted_domain=domain)) == "wrong-domain"


@pytest.mark.parametrize("changes", [{"email": None}, {"email": ""}, {"email_verified": False}])
def test_an_address_that_nobody_confirmed_is_refused(changes: dict[str, Any]) -> None:
    assert code(replace(ADA, **changes), replace(RULES, everybody=True)) == "email-unverified"


GUEST = replace(ADA, email="eve@else.example", hosted_domain=None)


@pytest.mark.parametrize(
    ("now", "refused"),
    [
        (datetime(2026, 11, 29, tzinfo=UTC), None),
        (datetime(2026, 11, 29, 23, 59, 59, 999999, tzinfo=UTC), None),
        (datetime(2026, 11, 30, tzinfo=UTC), "guest-expired"),
    ],
)
def test_a_guest_comes_in_until_the_end_of_the_last_day(now: datetime, refused: str | None) -> None:
    rules = replace(RULES, guests={"eve@else.example": date(2026, 11, 29)})
    assert code(GUEST, rules, now=now) == refused
    assert code(replace(GUEST, email="Eve@Else.Example"), rules, now=now) == refused


def test_a_guest_whose_time_is_over_stays_out_where_everybody_comes_in() -> None:
    rules = AccessRules(everybody=True, guests={"eve@else.example": date(2026, 11, 1)})
    assert code(GUEST, rules) == "guest-expired"
    assert code(replace(GUEST, email="mallory@else.example"), rules) is None


def test_a_guest_who_is_of_the_company_now_needs_no_date() -> None:
    assert code(ADA, replace(RULES, guests={"ada@home.example": date(2026, 1, 1)})) is None


@pytest.mark.parametrize("listed", ["ada@home.example"])
@pytest.mark.parametrize("more", [{}, {"everybody": True}, {"guests": {"ada@home.example": date(2027, 1, 1)}}])
def test_who_is_denied_stays_out_whatever_else_is_said(listed: str, more: dict[str, Any]) -> None:
    refusal = admission.refused(ADA, replace(RULES, denied={listed: "Left."}, **more), now=NOW, dev=False)
    assert refusal is not None
    assert (refusal.code, refusal.parameters) == ("barred", {"reason": "Left."})


def test_who_only_typed_a_name_comes_in_where_that_is_switched_on() -> None:
    assert code(DEV, RULES, dev=False) == "not-on-the-list"
    assert code(DEV, RULES, dev=True) is None
    assert code(replace(ADA, hosted_domain=None), dev=True) == "wrong-domain"


def test_who_is_barred_by_an_admin_or_denied_by_name_is_out_at_once() -> None:
    assert admission.refused_now(person(), RULES, now=NOW, dev=False) is None
    out = admission.refused_now(person(barred="Enough."), RULES, now=NOW, dev=False)
    assert out is not None
    assert out.parameters == {"reason": "Enough."}
    denied = admission.refused_now(person(), replace(RULES, denied={"ada": "Left."}), now=NOW, dev=False)
    assert denied is not None
    assert denied.code == "barred"


def test_who_came_in_once_is_out_when_the_rules_admit_no_more() -> None:
    assert admission.refused_now(person(), AccessRules(), now=NOW, dev=False) is not None
    assert admission.refused_now(person(hosted_domain=None), RULES, now=NOW, dev=False) is not None
    guests = AccessRules(guests={"ada@home.example": NOW.date()})
    assert admission.refused_now(person(hosted_domain=None), guests, now=NOW, dev=False) is None
    assert admission.refused_now(person(hosted_domain=None), guests, now=NOW + timedelta(days=1), dev=False) is not None


@pytest.mark.parametrize(
    ("changes", "role"),
    [
        ({"admins": frozenset({"ada"})}, Role.ADMIN),
        ({"admins": frozenset({"ada@home.example"})}, Role.ADMIN),
        ({"admin_groups": frozenset({"gpu-admins"})}, Role.ADMIN),
        ({"admins": frozenset({"ad", "ada@else.example", "home.example"})}, Role.USER),
        ({"admin_groups": frozenset({"gpu"})}, Role.USER),
        ({}, Role.USER),
    ],
)
def test_admins_are_listed_by_name_or_address_or_by_a_group(changes: dict[str, Any], role: Role) -> None:
    assert admission.role(person(groups=frozenset({"gpu-admins"})), replace(RULES, **changes)) is role


def test_names_are_of_the_address_or_of_what_was_typed() -> None:
    assert admission.user_name(ADA, RULES) == "ada"
    assert admission.user_name(replace(ADA, email="ADA@home.example"), RULES) == "ada"
    assert admission.user_name(ADA, AccessRules()) == "ada_40home.example"
    assert admission.user_name(DEV, RULES) == "_41da"


@pytest.mark.parametrize(
    ("told", "shown"),
    [("Ada Lovelace", "Ada Lovelace"), (None, "ada"), ("\u202eadA\nx\x00", "adA x"), ("\u200b", "ada@home.example"),
     ("a" * 100, "a" * 64)],
)  # fmt: skip
def test_a_shown_name_can_be_read(told: str | None, shown: str) -> None:
    assert admission.polished(replace(ADA, shown_name=told)).shown_name == shown


@pytest.mark.parametrize(
    ("picture", "kept"),
    [("https://id.example/1.png", True), ("http://id.example/1.png", False), ("javascript:alert(1)", False), (None, False)],
)  # fmt: skip
def test_a_picture_is_from_https_or_none(picture: str | None, kept: bool) -> None:
    assert (admission.polished(replace(ADA, picture=picture)).picture is not None) == kept


@given(st.builds(Claims, issuer=st.just("https://id.example"), subject=st.text(min_size=1), email=st.none() | st.text(),
                 email_verified=st.booleans(), hosted_domain=st.none() | st.text()))  # fmt: skip
def test_nobody_comes_in_without_a_confirmed_address_and_the_right_domain(claims: Claims) -> None:
    if code(claims) is None:
        assert claims.email_verified
        assert claims.hosted_domain == "home.example"
        assert names.canonical(claims.email or "")
