"""Who may use what: every operation of `openapi.yaml` with everything that one may show. Exactly the documented cells pass."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from shiva_common import identity
from shiva_common.identity import Identity
from shiva_manager_api.domain.permissions import Access
from werkzeug.test import TestResponse

from tests.contract.manager_answers import access, token_of
from tests.fakes.manager_world import ADA, CONTRACT, DOOR, KEN, KEY, METRICS, NOBODY, ROOT, World, worlds

SCOPES = ("read", "containers", "admin")
REFUSED = {"not-logged-in", "unauthorized", "scope-missing", "session-needed", "admins-only"}
BROKER = "m" * 32  # the manager's own token at the broker


@dataclass(frozen=True)
class Shown:
    """What comes with a request."""

    who: Identity | None = None  # signed by the door, now
    signed: Callable[[World], str] | None = None  # another word of the door
    bearer: str | None = None


def forged(world: World) -> str:
    return identity.sign(ROOT, key=b"o" * 32, now=world.clock())


def expired(world: World) -> str:
    return identity.sign(ROOT, key=KEY, now=world.clock() - timedelta(seconds=31))


def of_the_future(world: World) -> str:
    return identity.sign(ROOT, key=KEY, now=world.clock() + timedelta(seconds=6))


def edited(world: World) -> str:
    version, facts, seal = world.sign(ROOT).split(".")
    return f"{version}.{facts[:-4]}AAAA.{seal}"


SHOWN = {
    "nothing": Shown(),
    "an empty header": Shown(signed=lambda _: ""),
    "garbage": Shown(signed=lambda _: "a.b.c"),
    "a forged header": Shown(signed=forged),
    "an edited header": Shown(signed=edited),
    "an expired header": Shown(signed=expired),
    "a header of the future": Shown(signed=of_the_future),
    "the door's word for nobody": Shown(NOBODY),
    "a session": Shown(ADA),
    "another's session": Shown(KEN),
    "a session of who never logged in": Shown(replace(ADA, name="eve")),
    "an admin's session": Shown(ROOT),
    "a token without scopes": Shown(token_of(ADA)),
    **{f"a token for {scope}": Shown(token_of(ADA, scope)) for scope in SCOPES},
    "a token for all": Shown(token_of(ADA, *SCOPES)),
    "an admin's token without admin": Shown(token_of(ROOT, "read", "containers")),
    "an admin's token for admin alone": Shown(token_of(ROOT, "admin")),
    "an admin's token for all": Shown(token_of(ROOT, *SCOPES)),
    "the door's token": Shown(bearer=DOOR),
    "Prometheus' token": Shown(bearer=METRICS),
    "another service's token": Shown(bearer=BROKER),
    "a person's token": Shown(bearer="shiva_" + "0" * 16 + "_" + "0" * 64),
    "an empty bearer token": Shown(bearer=""),
}


def expected(name: str, shown: Shown) -> str | None:
    """Return the code of the refusal, or None: it passes. As `x-shiva-access` and its description say."""
    need, who = Access(access(name)), shown.who
    if need in {Access.NONE, Access.DOOR, Access.METRICS}:
        good = {Access.NONE: shown.bearer, Access.DOOR: DOOR, Access.METRICS: METRICS}[need]
        return None if shown.bearer == good else "unauthorized"
    if who is None or (who.name == "" and need is not Access.OPEN):
        return "not-logged-in"
    if need is Access.OPEN:
        return None
    if need is Access.SESSION:
        return None if who.token_id is None else "session-needed"
    if who.token_id is not None and need.value not in who.scopes:
        return "scope-missing"
    return "admins-only" if need is Access.ADMIN and who.name != "root" else None


@pytest.fixture(scope="module")
def kept() -> Iterator[World]:
    with worlds() as world:
        yield world


@pytest.fixture
def world(kept: World) -> World:
    """The world with nothing started or stopped in it yet."""
    for asked in (
        kept.broker.launched,
        kept.broker.stopped,
        kept.broker.drained,
        kept.broker.disabled,
        kept.broker.pulled,
    ):
        asked.clear()
    return kept


def ask(world: World, name: str, shown: Shown) -> TestResponse:
    signed = None if shown.signed is None else shown.signed(world)
    path = {
        "name": "nobody.here",
        "machine": "gpu-99",
        "uuid": "GPU-99",
        "image": "none",
    }  # what passes changes nothing
    return world.call(name, shown.who, signed=signed, bearer=shown.bearer, path=path)


@pytest.mark.parametrize("name", CONTRACT.operations)
def test_exactly_the_documented_cells_pass(world: World, name: str) -> None:
    wrong = []
    for what, shown in SHOWN.items():
        world.store.store.announce(None)
        answer = ask(world, name, replace_service(name, shown))
        code = answer.get_json()["code"] if answer.status_code >= 400 else None
        told = code if code in REFUSED else None
        if told != expected(name, replace_service(name, shown)):
            wrong.append(f"{what}: {answer.status_code} {code}")
        CONTRACT.check(answer)
        if told is not None:
            assert (world.broker.launched, world.broker.stopped) == ([], []), what
        world.broker.launched.clear()
        world.broker.stopped.clear()
    assert wrong == []


def replace_service(name: str, shown: Shown) -> Shown:
    """A session of ada stands for the right token where World.call would show it by itself."""
    needs_service = access(name) in {"door", "metrics"}
    return replace(shown, bearer="") if needs_service and shown.who is ADA and shown.bearer is None else shown


UNSAFE = sorted(name for name, (method, _, _) in CONTRACT.operations.items() if method != "get")
FORMS = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/json",
         "application/json-patch+json", "application/problem+json", "text/plain; application/json", "*/*"]  # fmt: skip


@pytest.mark.parametrize("name", UNSAFE)
def test_forms_and_plain_text_change_nothing(world: World, name: str) -> None:
    method, _, operation = CONTRACT.operations[name]
    who = ROOT if access(name) == "admin" else ADA
    for kind in FORMS:
        for data in ("{}", "a=1", ""):
            answer = world.call(name, who, data=data, content_type=kind)
            assert (answer.status_code, answer.get_json()["code"]) == (415, "json-needed"), f"{kind} {data!r}"
            CONTRACT.check(answer)
    bare = world.call(name, who, data="")
    assert (bare.status_code == 415) == ("requestBody" in operation), f"{method} without a body"
    assert world.call(name, who, data="{}").status_code == 415


def test_a_token_may_end_itself_and_no_other(world: World) -> None:
    _, own = made(world)
    _, other = made(world)
    who = replace(token_of(ADA), token_id=own)
    assert world.call("revoke_token", who, path={"token_id": other}).get_json()["code"] == "session-needed"
    assert world.call("revoke_token", who, path={"token_id": own}).status_code == 204


def made(world: World) -> tuple[str, str]:
    answer = world.call("create_token").get_json()
    return answer["token"], answer["id"]


CONTAINERS = ["container", "stop", "extend"]
MINE_OR_NOT = [
    (ADA, "ada--default", True),
    (ADA, "ken--default", False),
    (ADA, "ken--nothing-of-that-name", False),
    (ADA, "ada2--default", False),
    (ADA, "ADA--default", False),
    (ROOT, "ken--default", True),
    (token_of(ADA, *SCOPES), "ken--default", False),
    (token_of(ROOT, "read", "containers"), "ken--default", False),
    (token_of(ROOT, *SCOPES), "ken--default", True),
]


@pytest.mark.parametrize("operation", CONTAINERS)
@pytest.mark.parametrize(("who", "container_id", "may"), MINE_OR_NOT)
def test_anothers_container_is_for_admins_alone(
    world: World, operation: str, who: Identity, container_id: str, may: bool
) -> None:
    answer = world.call(operation, who, id=container_id)
    CONTRACT.check(answer)
    told = answer.get_json() if answer.status_code >= 400 else {}
    assert (told.get("code") != "not-yours") == may
    assert (world.broker.stopped != []) == (may and operation == "stop")


@pytest.mark.parametrize(
    ("who", "code"),
    [(ADA, "admins-only"), (token_of(ROOT, "read"), "admins-only"), (ROOT, None), (token_of(ROOT, *SCOPES), None)],
)
def test_everybodys_containers_are_for_admins_alone(world: World, who: Identity, code: str | None) -> None:
    answer = world.call("containers", who, query_string="scope=all")
    assert answer.get_json().get("code") == code
    if code is None:
        assert {each["owner"] for each in answer.get_json()["containers"]} >= {"ada", "ken"}


def test_an_admin_by_a_group_of_the_last_login_is_one_until_the_next(world: World) -> None:
    world.rules = replace(world.rules, admin_groups=frozenset({"operators"}))
    told = {
        "issuer": "https://id.example",
        "subject": "s-ken",
        "email": "ken@example.org",
        "hosted_domain": "example.org",
    }
    example = CONTRACT.operations["login"][2]["requestBody"]["content"]["application/json"]["example"]
    assert world.call("audit", KEN).status_code == 403
    assert world.call("login", json={**example, **told, "groups": ["operators"]}).get_json()["role"] == "admin"
    assert world.call("audit", KEN).status_code == 200
    assert world.call("login", json={**example, **told, "groups": []}).get_json()["role"] == "user"
    assert world.call("audit", KEN).status_code == 403


def test_who_is_no_admin_any_more_has_a_token_that_is_worth_less(world: World) -> None:
    admin_token = token_of(ROOT, *SCOPES)
    assert world.call("people", admin_token).status_code == 200
    before, world.rules = world.rules, replace(world.rules, admins=frozenset())
    try:
        assert world.call("people", admin_token).get_json()["code"] == "admins-only"
        assert world.call("container", admin_token, id="ken--default").get_json()["code"] == "not-yours"
        assert world.call("me", replace(ROOT, token_id=None)).get_json()["user"]["role"] == "user"
    finally:
        world.rules = before
