"""Problems: every code that can reach people is in the catalogue, worded in three languages, and comes about."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from shiva_jupyter_broker.api.problems import PROBLEMS as OF_THE_BROKER
from shiva_manager_api.api.problems import CATALOGUE, PLACE, filled
from shiva_manager_api.domain.ports import PortError, StartUnansweredError, StoreUnavailableError, TooManyWaitingError
from werkzeug.test import TestResponse

from tests.contract import manager_answers as how
from tests.contract.described import PROBLEM
from tests.contract.manager_answers import CASES, How
from tests.contract.test_problems_of_the_door import PRODUCED as AT_THE_DOOR
from tests.fakes.manager_world import ADA, CONTRACT, KEN, NOBODY, ROOT, World, worlds

ROOT_FOLDER = Path(__file__).resolve().parents[2]
MANAGER = ROOT_FOLDER / "services/manager-api/src/shiva_manager_api"
DOOR = ROOT_FOLDER / "services/jupyter-proxy/src/shiva_jupyter_proxy"
LANGUAGES = ("en", "ja", "zh-CN")
NEVER_PASSED_ON = {"jupyter-unknown"}  # told to the culler alone


# the catalogue


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_code_is_worded_in_three_languages_with_its_own_parameters(code: str) -> None:
    entry = CATALOGUE[code]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
    assert set(entry) == {"status", "parameters", *LANGUAGES}
    for language in LANGUAGES:
        worded = entry[language]
        assert set(worded) == {"title", "detail"}
        assert all(text.strip() == text and text for text in worded.values())
        places = set(PLACE.findall(worded["title"] + worded["detail"]))
        assert places <= set(entry["parameters"]), language
        assert places == set(PLACE.findall(entry["en"]["title"] + entry["en"]["detail"])), language


def test_places_are_filled_once_and_what_is_not_told_is_left_out() -> None:
    assert filled("{a} and {b}", {"a": "{b}", "b": 2}) == "{b} and 2"
    assert filled("{why} Nothing.", {}) == "Nothing."


# what the code says


def literals(folder: Path, *callees: str, keyword: str = "code") -> Iterator[tuple[str, Path]]:
    """Yield the texts that calls of `callees` are given as code: the first argument, the second, or by keyword."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in callees:
                given = [*node.args[:2], *(each.value for each in node.keywords if each.arg == keyword)]
                for each in given:
                    if isinstance(each, ast.Constant) and isinstance(each.value, str):
                        yield each.value, path


def test_every_code_of_the_managers_rules_is_in_the_catalogue() -> None:
    found = {code for code, _ in literals(MANAGER, "RefusedError", "Refusal", "answer", "_refuse")}
    assert len(found) > 15
    assert found - CATALOGUE.keys() == set()


def test_every_error_of_ours_is_one_code_of_the_catalogue() -> None:
    codes = [vars(each)["code"] for each in (*PortError.__subclasses__(), StartUnansweredError) if "code" in vars(each)]
    assert len(codes) == len(set(codes)) > 8
    assert set(codes) <= CATALOGUE.keys()


def test_every_code_of_the_contract_is_in_the_catalogue_with_its_status() -> None:
    for name, status in CONTRACT.cases():
        if PROBLEM in CONTRACT.answer(name, status).get("content", {}):
            for code in CONTRACT.codes(name, status):
                same = status == CATALOGUE[code]["status"] or (name, code) == ("login", "bad-name")
                assert same, f"{name} {status} {code}"


def test_every_refusal_of_the_broker_that_is_passed_on_is_in_the_catalogue_with_its_status() -> None:
    passed = {kind.code: kind.status for kind in OF_THE_BROKER.values() if kind.code not in NEVER_PASSED_ON}
    assert passed.items() <= {code: entry["status"] for code, entry in CATALOGUE.items()}.items()


def test_every_code_of_the_door_is_in_the_catalogue() -> None:
    found = {code for code, _ in literals(DOOR, "refusal", "Notice") if re.fullmatch(r"[a-z]+(-[a-z]+)*", code)}
    assert {"csrf", "not-running", "cross-site", "manager-unavailable"} <= found
    assert found - CATALOGUE.keys() == set()


# each comes about


def refusing(status: int, code: str, operation: str = "start") -> How:
    """Return how a refusal of the broker is passed on."""
    return lambda w: w.refusing(status, code).call(operation)


def failing(method: str, error: PortError, operation: str, **given: Any) -> How:
    """Return how it is when a method of the store fails."""

    def use(world: World) -> TestResponse:
        world.store.failing[method] = error
        return world.call(operation, **given)

    return use


def broken(world: World) -> TestResponse:
    world.broker.failure = RuntimeError("a mistake of ours")
    return world.call("containers")


def unanswered(world: World) -> TestResponse:
    world.broker.failure = StartUnansweredError()
    return world.call("start")


def above_the_quota(world: World) -> TestResponse:
    world.call("set_quota", ROOT, path={"name": "ada"}, json={"containers": 0, "gpus": 0})
    return world.call("start", json={"name": "second"})


def ended(world: World) -> TestResponse:
    how.start(world, "k1")
    world.broker.held.pop()
    return how.start(world, "k1")


def guest(world: World) -> TestResponse:
    world.rules = replace(world.rules, guests={"eve@else.example": date(2026, 1, 1)})
    return how.login(world, email="eve@else.example", hosted_domain=None)


def barred(world: World) -> TestResponse:
    world.call("bar", ROOT, path={"name": "ken"})
    return how.login(world, subject="s-ken", email="ken@example.org")


def asks(world: World, *, times: int = 1, answer: bool | None = None) -> TestResponse:
    """Let a program ask for its token, after its person answered."""
    secret, typed = how.device(world)
    if answer is not None:
        world.call("decide_device", path={"user_code": typed}, json={"approve": answer})
    answers = [world.call("device_token", NOBODY, json={"device_code": secret}) for _ in range(times)]
    return answers[-1]


PRODUCED: dict[str, How] = {
    "bad-request": CASES["start", 400],
    "bad-name": lambda w: how.login(w, email="@example.org"),
    "not-logged-in": CASES["me", 401],
    "token-refused": lambda w: w.call("verify_token"),
    "unauthorized": CASES["metrics", 401],
    "scope-missing": CASES["me", 403],
    "session-needed": CASES["create_token", 403],
    "admins-only": CASES["audit", 403],
    "not-yours": lambda w: w.call("stop", KEN),
    "not-yourself": CASES["bar", 409],
    "not-found": lambda w: w.client.get("/api/v1/nothing"),
    "method-not-allowed": lambda w: w.client.put("/api/v1/me"),
    "too-large": CASES["start", 413],
    "json-needed": CASES["start", 415],
    "internal": broken,
    "metrics-unavailable": CASES["machine_history", 503],
    "broker-unavailable": CASES["start", 503],
    "start-unanswered": unanswered,
    "store-unavailable": CASES["tokens", 503],
    "idle-unavailable": CASES["extend", 503],
    "too-many-waiting": failing("add_login", TooManyWaitingError(), "device_code", who=NOBODY),
    "no-extension-left": CASES["extend", 409],
    "container-stopping": CASES["start", 409],
    "quota-exceeded": above_the_quota,
    "start-ended": ended,
    "key-reused": CASES["start", 422],
    "container-not-found": CASES["container", 404],
    "image-not-found": refusing(404, "image-not-found"),
    "image-withdrawn": refusing(404, "image-withdrawn"),
    "machine-not-found": CASES["drain", 404],
    "gpu-not-found": CASES["disable", 404],
    "launch-refused": refusing(409, "launch-refused"),
    "no-capacity": refusing(409, "no-capacity"),
    "quota": refusing(409, "quota"),
    "image-needs-gpu": refusing(409, "image-needs-gpu"),
    "launcher-unavailable": refusing(503, "launcher-unavailable", "images"),
    "home-unavailable": refusing(503, "home-unavailable"),
    "switch-not-kept": lambda w: w.refusing(503, "switch-not-kept").call("drain", ROOT),
    "wrong-domain": lambda w: how.login(w, hosted_domain=None),
    "email-unverified": lambda w: how.login(w, email_verified=False),
    "not-on-the-list": lambda w: how.login(w, issuer="dev"),
    "guest-expired": guest,
    "barred": barred,
    "name-taken": lambda w: how.login(w, email="ada@example.org"),
    "person-not-found": CASES["set_quota", 404],
    "token-not-found": CASES["revoke_token", 404],
    "too-many-tokens": CASES["create_token", 409],
    "device-not-found": CASES["device", 404],
    "device-decided": CASES["decide_device", 409],
    "authorization-pending": asks,
    "slow-down": lambda w: asks(w, times=2),
    "device-expired": lambda w: asks(w, answer=True, times=2),
    "device-denied": lambda w: asks(w, answer=False),
}


def test_every_code_of_the_catalogue_comes_about() -> None:
    assert PRODUCED.keys() | AT_THE_DOOR.keys() == CATALOGUE.keys()
    assert not PRODUCED.keys() & AT_THE_DOOR.keys()


@pytest.mark.parametrize("code", PRODUCED)
def test_the_code_is_what_is_answered(code: str) -> None:
    with worlds() as world:
        answer = PRODUCED[code](world)
        told = answer.get_json()
        assert told["code"] == code
        login = code == "bad-name"  # every refusal of a login is a 403
        assert answer.status_code == told["status"] == (403 if login else CATALOGUE[code]["status"])
        assert (answer.content_type, answer.headers["Cache-Control"]) == (PROBLEM, "no-store")
        if told["title"] != "A title":  # of our own
            assert told["detail"] == filled(CATALOGUE[code]["en"]["detail"], told["parameters"])
            assert set(told["parameters"]) <= set(CATALOGUE[code]["parameters"])


def test_what_a_database_says_of_itself_is_not_told() -> None:
    with worlds() as world:
        world.store.failing["tokens"] = StoreUnavailableError("postgresql://shiva:secret@db/shiva: no route to host")
        assert "secret" not in world.call("tokens", ADA).text
