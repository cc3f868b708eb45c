"""Logins, sessions that are over, tokens and programs that log in, as the door and people meet them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from shiva_common.identity import Identity
from shiva_manager_api.domain.admission import AccessRules
from shiva_manager_api.domain.people import Scope
from shiva_manager_api.domain.ports import StoreUnavailableError, TooManyWaitingError
from werkzeug.test import TestResponse

from tests.contract.manager_answers import device, login, token, token_of
from tests.fakes.manager_world import ADA, CONTRACT, KEN, NOBODY, ROOT, RULES, World, worlds

DAY = timedelta(days=1)
DEV: dict[str, Any] = {
    "issuer": "dev",
    "email": None,
    "email_verified": False,
    "hosted_domain": None,
    "shown_name": None,
}


@pytest.fixture
def world() -> Iterator[World]:
    with worlds() as made:
        yield made


def code(answer: TestResponse) -> str | None:
    """Return the code of a documented refusal, or None."""
    CONTRACT.check(answer)
    return str(answer.get_json()["code"]) if answer.status_code >= 400 else None


# logins


def test_a_first_login_makes_a_person_of_the_address(world: World) -> None:
    answer = login(world, shown_name="Eve \u202e\n", picture="https://id.example/eve.png")
    assert answer.get_json() == {
        "name": "eve",
        "shown_name": "Eve",
        "picture": "https://id.example/eve.png",
        "role": "user",
    }
    assert world.acts() == [("eve", "login", "eve", "done")]


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"hosted_domain": "else.example"}, "wrong-domain"),
        ({"email_verified": False}, "email-unverified"),
        ({"email": '"a@b"@example.org'}, "bad-name"),
        ({"email": "ada@example.org"}, "name-taken"),
        (DEV | {"subject": "Eve"}, "not-on-the-list"),
    ],
)
def test_a_refusal_says_why_and_is_noted(world: World, changes: dict[str, Any], refused: str) -> None:
    answer = login(world, **changes)
    assert (answer.status_code, code(answer)) == (403, refused)
    [(actor, action, target, outcome)] = world.acts()
    assert (actor, action, outcome) == ("", "login.refused", "failed")
    assert target == (changes.get("email", "eve@example.org") or changes.get("subject"))


def test_a_person_keeps_the_first_name_whatever_the_address_becomes(world: World) -> None:
    assert login(world, subject="s-ada", email="ada.king@example.org").get_json()["name"] == "ada"
    assert code(login(world, subject="s-new", email="ada@example.org")) == "name-taken"


def test_the_same_subject_of_another_provider_is_somebody_else(world: World) -> None:
    assert code(login(world, issuer="https://other.example", subject="s-ada", email="ada@example.org")) == "name-taken"


def test_who_typed_a_name_comes_in_where_that_is_switched_on() -> None:
    with worlds(dev=True, rules=replace(RULES, admins=frozenset({"admin"}))) as world:
        assert login(world, **DEV, subject="Eve").get_json() == {
            "name": "_45ve", "shown_name": "Eve", "picture": None, "role": "user"
        }  # fmt: skip
        assert login(world, **DEV, subject="admin").get_json()["role"] == "admin"
        assert code(login(world, **DEV, subject="e\u200bve")) == "bad-name"


def test_nobody_comes_in_while_the_database_is_away(world: World) -> None:
    assert code(login(world.without_store())) == "store-unavailable"


def test_a_login_that_cannot_be_noted_does_not_take_place(world: World) -> None:
    world.store.failing["append"] = StoreUnavailableError()
    assert code(login(world)) == "store-unavailable"


# sessions that are over


def revoked(world: World) -> dict[str, tuple[str | None, bool]]:
    told = world.call("revocations").get_json()["people"]
    return {each["name"]: (each["ended_before"], each["barred"]) for each in told}


def test_nobody_is_over_at_first(world: World) -> None:
    assert revoked(world) == {}


def test_log_out_everywhere_ends_what_began_until_now(world: World) -> None:
    assert world.call("logout_everywhere", path={"name": "ada"}).status_code == 204
    assert revoked(world) == {"ada": ("2026-11-23T10:00:00.000000Z", False)}
    assert world.acts() == [("ada", "logout", "ada", "asked"), ("ada", "logout", "ada", "done")]


def test_who_is_barred_is_out_until_admitted_again(world: World) -> None:
    shown, _ = token(world, KEN)
    verify = {"token": shown, "client": "192.0.2.8"}
    assert world.call("bar", ROOT, json={"barred": True, "reason": "Broke a fan."}).status_code == 204
    assert revoked(world) == {"ken": (None, True)}
    assert code(world.call("verify_token", json=verify)) == "token-refused"
    refused = login(world, subject="s-ken", email="ken@example.org")
    assert (code(refused), refused.get_json()["parameters"]) == ("barred", {"reason": "Broke a fan."})
    assert world.call("bar", ROOT, json={"barred": False}).status_code == 204
    assert revoked(world) == {}
    assert code(world.call("verify_token", json=verify)) is None


def test_a_guest_whose_time_is_over_is_out_by_the_clock_alone(world: World) -> None:
    world.rules = replace(world.rules, guests={"eve@else.example": date(2026, 11, 23)})
    assert code(login(world, email="eve@else.example", hosted_domain=None)) is None
    eve = Identity(name="eve_40else.example", shown_name="Eve")
    shown, _ = token(world, eve)
    assert revoked(world) == {}
    world.later(DAY)
    assert revoked(world) == {"eve_40else.example": (None, True)}
    assert code(world.call("verify_token", json={"token": shown, "client": ""})) == "token-refused"
    assert code(login(world, email="eve@else.example", hosted_domain=None)) == "guest-expired"


def test_who_the_access_file_admits_no_more_is_out(world: World) -> None:
    shown, _ = token(world)
    world.rules = AccessRules(admins=frozenset({"root@example.org"}))
    assert set(revoked(world)) == {"ada", "ken", "root"}
    assert code(world.call("verify_token", json={"token": shown, "client": ""})) == "token-refused"
    assert code(world.call("people", ROOT)) == "admins-only"


def test_unchanged_revocations_are_not_sent_again(world: World) -> None:
    tag = world.call("revocations").headers["ETag"]
    assert world.call("revocations", headers={"If-None-Match": tag}).status_code == 304
    world.call("logout_everywhere", path={"name": "ada"})
    changed = world.call("revocations", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


# tokens


def verified(world: World, shown: str) -> TestResponse:
    return world.call("verify_token", json={"token": shown, "client": "192.0.2.7"})


def test_a_token_is_shown_once_and_is_its_owners(world: World) -> None:
    made = world.call("create_token", json={"label": "laptop", "scopes": ["read"], "expires_in_days": 1}).get_json()
    told = verified(world, made["token"]).get_json()
    assert told == {
        "name": "ada", "shown_name": "Ada", "token_id": made["id"], "scopes": ["read"],
        "expires_at": "2026-11-24T10:00:00.000Z",
    }  # fmt: skip
    [listed] = world.call("tokens").get_json()["tokens"]
    assert made["token"] not in str(listed)
    assert (listed["label"], listed["state"], listed["owner"]) == ("laptop", "active", "ada")
    assert world.call("tokens", KEN).get_json()["tokens"] == []


def test_the_last_use_is_shown_to_the_minute(world: World) -> None:
    shown, _ = token(world)
    world.later(timedelta(seconds=95))
    verified(world, shown)
    [listed] = world.call("tokens").get_json()["tokens"]
    assert (listed["last_used_at"], listed["last_used_from"]) == ("2026-11-23T10:01:00.000Z", "192.0.2.7")


def test_a_token_is_good_although_its_use_cannot_be_noted(world: World) -> None:
    shown, _ = token(world)
    world.store.failing["used"] = StoreUnavailableError()
    assert code(verified(world, shown)) is None


def test_every_token_that_is_not_good_is_refused_alike(world: World) -> None:
    (good, good_id), (ended, ended_id) = token(world), token(world)
    world.call("revoke_token", path={"token_id": ended_id})
    wrong = [
        ended,
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        good.replace(good_id, "0" * 16),
        "",
        "shiva_",
        good.upper(),
    ]
    answers = {verified(world, shown).data for shown in wrong}
    assert len(answers) == 1
    assert code(verified(world, good)) is None
    world.later(30 * DAY)
    answers.add(verified(world, good).data)
    assert len(answers) == 1


def test_only_its_owner_or_an_admin_ends_a_token(world: World) -> None:
    shown, token_id = token(world)
    assert code(world.call("revoke_token", KEN, path={"token_id": token_id})) == "token-not-found"
    assert code(world.call("revoke_token", ROOT, path={"token_id": token_id})) == "token-not-found"
    assert code(verified(world, shown)) is None
    for _ in range(2):
        assert world.call("revoke_any_token", ROOT, path={"token_id": token_id}).status_code == 204
    assert code(verified(world, shown)) == "token-refused"
    assert ("root", "token.revoke", token_id, "done") in world.acts()


def test_the_scope_admin_is_for_admins(world: World) -> None:
    wish = {"label": "x", "scopes": ["admin"], "expires_in_days": 1}
    assert code(world.call("create_token", json=wish)) == "admins-only"
    assert code(world.call("create_token", ROOT, json=wish)) is None


@pytest.mark.parametrize("scopes", [[], ["read", "read"], ["write"], ["read", "all"], "read", None, [1], [["read"]]])
def test_a_token_has_scopes_that_there_are(world: World, scopes: object) -> None:
    wish = {"label": "x", "scopes": scopes, "expires_in_days": 1}
    assert code(world.call("create_token", json=wish)) == "bad-request"
    assert world.call("tokens").get_json()["tokens"] == []


@pytest.mark.parametrize("days", [0, -1, 366, 1.5, "1", None, True])
def test_a_token_ends_within_a_year(world: World, days: object) -> None:
    wish = {"label": "x", "scopes": ["read"], "expires_in_days": days}
    assert code(world.call("create_token", json=wish)) == "bad-request"


def test_me_tells_a_token_of_itself_and_of_no_session(world: World) -> None:
    _, token_id = token(world)
    told = world.call("me", replace(token_of(ADA, "read"), token_id=token_id)).get_json()
    assert told["csrf_token"] is None
    assert told["token"] == {
        "id": token_id,
        "label": "laptop",
        "scopes": ["read"],
        "expires_at": "2026-12-23T10:00:00.000Z",
    }
    own = world.call("me").get_json()
    assert (own["csrf_token"], own["token"], own["user"]["email"]) == ("c" * 64, None, "ada@example.org")


# programs that log in


def ask(world: World, secret: str) -> TestResponse:
    return world.call("device_token", NOBODY, json={"device_code": secret})


def test_a_program_gets_a_token_of_who_let_it_in_once(world: World) -> None:
    asked = world.call("device_code", NOBODY, json={"client": "shiva on a laptop", "scopes": ["read"]}).get_json()
    secret, typed = asked["device_code"], asked["user_code"]
    assert asked["verification_uri_complete"].endswith(typed)
    assert code(ask(world, secret)) == "authorization-pending"
    seen = world.call("device", path={"user_code": typed}).get_json()
    assert (seen["client"], seen["asked_from"], seen["scopes"]) == ("shiva on a laptop", "192.0.2.10", ["read"])
    given = {"approve": True, "expires_in_days": 7}
    assert world.call("decide_device", path={"user_code": typed}, json=given).status_code == 204
    told = ask(world.later(timedelta(seconds=2)), secret).get_json()
    assert (told["user"]["name"], told["scopes"], told["expires_at"]) == ("ada", ["read"], "2026-11-30T10:00:02.000Z")
    assert verified(world, told["token"]).get_json()["token_id"] == told["token_id"]
    assert code(ask(world, secret)) == "device-expired"
    assert [each["label"] for each in world.call("tokens").get_json()["tokens"]] == ["shiva on a laptop"]
    assert ("ada", "device.approve", "shiva on a laptop", "done") in world.acts()


def test_a_program_that_is_refused_or_waits_too_long_gets_nothing(world: World) -> None:
    secret, typed = device(world)
    world.call("decide_device", path={"user_code": typed}, json={"approve": False})
    assert code(ask(world, secret)) == "device-denied"
    late, typed = device(world)
    world.later(timedelta(minutes=10))
    assert code(ask(world, late)) == "device-expired"
    assert code(world.call("device", path={"user_code": typed})) == "device-not-found"
    assert code(world.call("decide_device", path={"user_code": typed})) == "device-not-found"


def test_a_program_that_asks_too_often_is_told_to_slow_down(world: World) -> None:
    secret, _ = device(world)
    assert [code(ask(world, secret)) for _ in range(2)] == ["authorization-pending", "slow-down"]
    assert code(ask(world.later(timedelta(seconds=2)), secret)) == "authorization-pending"


def test_no_more_than_what_was_asked_is_given_and_admin_to_admins_alone(world: World) -> None:
    scopes = (Scope.READ, Scope.ADMIN)
    for who, given in ((ADA, ["read"]), (ROOT, ["admin", "read"])):
        secret, typed = device(world, scopes=scopes)
        world.call("decide_device", who, path={"user_code": typed})
        assert ask(world, secret).get_json()["scopes"] == given
    _, typed = device(world, scopes=(Scope.ADMIN,))
    assert code(world.call("decide_device", path={"user_code": typed})) == "admins-only"


def test_who_was_shut_out_meanwhile_lets_nothing_in(world: World) -> None:
    secret, typed = device(world)
    world.call("decide_device", KEN, path={"user_code": typed})
    world.call("bar", ROOT, json={"barred": True, "reason": "Broke a fan."})
    assert code(ask(world, secret)) == "device-denied"


def test_too_many_programs_that_wait_are_told_to_come_back(world: World) -> None:
    world.store.failing["add_login"] = TooManyWaitingError()
    assert code(world.call("device_code", NOBODY)) == "too-many-waiting"


@pytest.mark.parametrize("name", ["\u202e\u200b", " ", "\x00\x00".replace("\x00", "\u0007")])
def test_a_program_that_calls_itself_nothing_visible_is_unnamed(world: World, name: str) -> None:
    asked = world.call("device_code", NOBODY, json={"client": name, "scopes": ["read"]}).get_json()
    assert world.call("device", path={"user_code": asked["user_code"]}).get_json()["client"] == "unnamed"


# while the database is away


def test_a_role_holds_for_a_minute_while_the_database_is_away(world: World) -> None:
    assert world.call("container", ROOT, id="ken--default").status_code == 200
    world.store.away = True
    assert world.call("container", ROOT, id="ken--default").status_code == 200
    assert code(world.call("people", ROOT)) == "store-unavailable"
    assert world.call("me", ROOT).get_json()["user"]["role"] == "admin"
    world.later(timedelta(seconds=61))
    assert code(world.call("container", ROOT, id="ken--default")) == "store-unavailable"
    assert world.call("me", ROOT).get_json()["user"] == {
        "name": "root", "shown_name": "Root", "email": None, "picture": None, "role": "user"
    }  # fmt: skip


@pytest.mark.parametrize(
    "operation", ["me", "machines", "images", "containers", "container", "stop", "events", "extend"]
)
def test_ones_own_containers_and_machines_go_on_while_the_database_is_away(world: World, operation: str) -> None:
    assert world.without_store().call(operation).status_code < 300


def test_the_page_keeps_the_last_announcement_and_quota_while_the_database_is_away(world: World) -> None:
    world.call("set_quota", ROOT, path={"name": "ada"}, json={"containers": 2, "gpus": None})
    world.call("announce", ROOT, json={"text": "A new disk.", "level": "info"})
    before = world.call("me").get_json()
    after = world.without_store().call("me").get_json()
    assert (after["quota"], after["announcement"]) == (before["quota"], before["announcement"])
    assert before["quota"] == {"containers": 2, "gpus": None}
