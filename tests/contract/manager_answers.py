"""How each documented answer of the manager comes about: operation and status → what to do in a world."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shiva_common.identity import Identity
from shiva_manager_api.domain.people import Scope
from werkzeug.test import TestResponse

from tests.contract.described import Case
from tests.fakes.manager_world import ADA, CONTRACT, NOBODY, ROOT, World

How = Callable[[World], TestResponse]

HOUR = timedelta(hours=1)
DENIED = frozenset({"read", "containers", "admin"})  # scopes
FOREIGN = "ken--default"


def access(name: str) -> str:
    """Return what an operation asks of who uses it."""
    return str(CONTRACT.operations[name][2]["x-shiva-access"])


def documents(status: int) -> list[str]:
    """Return the operations that describe an answer of this status."""
    return sorted(
        name for name, (_, _, operation) in CONTRACT.operations.items() if str(status) in operation["responses"]
    )


def user_of(name: str) -> Identity:
    """Return somebody who may use an operation, with a session."""
    return ROOT if access(name) == "admin" else NOBODY if access(name) == "open" else ADA


def token_of(who: Identity, *scopes: str) -> Identity:
    """Return the person with a token of these scopes."""
    return replace(who, token_id="feedfeedfeedfeed", scopes=frozenset(scopes), csrf_token=None)


def device(world: World, *, scopes: tuple[Scope, ...] = (Scope.READ,)) -> tuple[str, str]:
    """Let a program wait; return its secret code, and what its person types."""
    code, login = world.use.devices.ask(client="shiva on a laptop", scopes=frozenset(scopes), asked_from="192.0.2.10")
    return code, login.user_code


def approved(world: World, **more: Any) -> str:
    """Return the secret code of a program that ada let in."""
    code, typed = device(world, **more)
    world.use.devices.decide(ADA, typed, approve=True, days=30)
    return code


def token(world: World, who: Identity = ADA, *scopes: Scope) -> tuple[str, str]:
    """Return a new token of `who`, and its id."""
    made, shown = world.use.tokens.create(who, label="laptop", scopes=frozenset(scopes or {Scope.READ}), days=30)
    return str(shown), made.id


def _401(name: str) -> How:
    if access(name) in {"door", "metrics"}:
        return lambda w: w.call(name, bearer="wrong" * 10)
    return lambda w: w.call(name, None)


def _403(name: str) -> How:
    if access(name) == "session":
        return lambda w: w.call(name, token_of(ADA, *DENIED))
    if access(name) == "admin":
        return lambda w: w.call(name, ADA)
    return lambda w: w.call(name, token_of(ADA, *DENIED - {access(name)}))


def _400(name: str) -> How:
    return lambda w: w.call(name, _user(name), json={"no such member": 1})


def _413(name: str) -> How:
    large = '{"label": "' + "x" * 70_000 + '"}'
    return lambda w: w.call(name, _user(name), data=large, content_type="application/json")


def _415(name: str) -> How:
    return lambda w: w.call(name, _user(name), data="{}", content_type="text/plain")


def _503(name: str) -> How:
    return lambda w: w.without_store().call(name, _user(name))


def _user(name: str) -> Identity:
    return user_of(name)


GENERAL = {401: _401, 403: _403, 400: _400, 413: _413, 415: _415, 503: _503}
CASES: dict[Case, How] = {
    (name, status): how(name) for status, how in GENERAL.items() for name in documents(status)
} | {
    ("me", 200): lambda w: w.without_store().call("me"),
    ("me", 503): lambda w: w.without_store().call("me", token_of(ADA, "read")),
    ("machines", 200): lambda w: w.call("machines"),
    ("machine_history", 200): lambda w: w.call("machine_history"),
    ("machine_history", 400): lambda w: w.call("machine_history", query_string={"range": "1y"}),
    ("machine_history", 404): lambda w: w.call("machine_history", path={"machine": "gpu-99"}),
    ("machine_history", 503): lambda w: w.without_memory().call("machine_history"),
    ("machines", 304): lambda w: w.still().call("machines", headers={"If-None-Match": w.call("machines").headers["ETag"]}),
    ("images", 200): lambda w: w.call("images"),
    ("images", 503): lambda w: w.without_broker().call("images"),
    ("containers", 200): lambda w: w.without_store().call("containers"),
    ("containers", 400): lambda w: w.call("containers", query_string="scope=some"),
    ("containers", 503): lambda w: w.without_broker().call("containers"),
    ("start", 200): lambda w: w.call("start"),
    ("start", 201): lambda w: w.call("start", json={"name": "second", "gpus": 1}),
    ("start", 400): lambda w: w.call("start", json={"gpus": "many"}),
    ("start", 404): lambda w: w.refusing(404, "machine-not-found").call("start"),
    ("start", 409): lambda w: w.refusing(409, "container-stopping").call("start"),
    ("start", 422): lambda w: reused(w),
    ("start", 503): lambda w: w.without_broker().call("start"),
    ("explain", 200): lambda w: w.call("explain"),
    ("explain", 404): lambda w: w.refusing(404, "image-not-found").call("explain"),
    ("container", 200): lambda w: w.without_store().call("container"),
    ("container", 404): lambda w: w.call("container", id="ada--third"),
    ("container", 503): lambda w: w.without_store().call("container", ROOT),
    ("stop", 204): lambda w: w.without_store().call("stop"),
    ("stop", 503): lambda w: w.without_broker().call("stop"),
    ("container_history", 200): lambda w: w.call("container_history", query_string="range=7d"),
    ("container_history", 400): lambda w: w.call("container_history", query_string="range=1y"),
    ("container_history", 404): lambda w: w.call("container_history", id="ada--third"),
    ("container_history", 503): lambda w: w.without_memory().call("container_history"),
    ("container_log", 200): lambda w: w.call("container_log", query_string="lines=1"),
    ("container_log", 400): lambda w: w.call("container_log", query_string="lines=1001"),
    ("container_log", 404): lambda w: w.call("container_log", id="ada--third"),
    ("container_log", 503): lambda w: w.without_store().call("container_log", ROOT),
    ("usage", 200): lambda w: w.call("usage", query_string="range=30d"),
    ("usage", 400): lambda w: w.call("usage", query_string="range=1h"),
    ("usage", 503): lambda w: w.without_memory().call("usage"),
    ("extend", 200): lambda w: w.call("extend"),
    ("extend", 404): lambda w: w.call("extend", id="ada--third"),
    ("extend", 409): lambda w: w.extended(HOUR, 2 * HOUR).call("extend"),
    ("extend", 503): lambda w: w.without_book().call("extend"),
    ("events", 200): lambda w: w.without_store().call("events"),
    ("events", 400): lambda w: w.call("events", query_string="after=yesterday"),
    ("events", 503): lambda w: w.without_broker().call("events"),
    ("tokens", 200): lambda w: w.call("tokens"),
    ("create_token", 201): lambda w: w.call("create_token"),
    ("create_token", 409): lambda w: many_tokens(w).call("create_token"),
    ("revoke_token", 204): lambda w: w.call("revoke_token", path={"token_id": token(w)[1]}),
    ("revoke_token", 404): lambda w: w.call("revoke_token"),
    ("device_code", 200): lambda w: w.call("device_code", NOBODY),
    ("device_token", 200): lambda w: w.call("device_token", NOBODY, json={"device_code": approved(w)}),
    ("device", 200): lambda w: w.call("device", path={"user_code": device(w)[1].lower()}),
    ("device", 404): lambda w: w.call("device"),
    ("decide_device", 204): lambda w: w.call("decide_device", path={"user_code": device(w)[1]}),
    ("decide_device", 404): lambda w: w.call("decide_device"),
    ("decide_device", 409): lambda w: decided_twice(w),
    ("people", 200): lambda w: w.without_broker().call("people", ROOT),
    ("set_quota", 204): lambda w: w.call("set_quota", ROOT),
    ("set_quota", 404): lambda w: w.call("set_quota", ROOT, path={"name": "eve"}),
    ("reset_quota", 204): lambda w: w.call("reset_quota", ROOT),
    ("reset_quota", 404): lambda w: w.call("reset_quota", ROOT, path={"name": "eve"}),
    ("bar", 204): lambda w: w.call("bar", ROOT),
    ("bar", 404): lambda w: w.call("bar", ROOT, path={"name": "no%20name"}),
    ("bar", 409): lambda w: w.call("bar", ROOT, path={"name": "root"}),
    ("end_sessions", 204): lambda w: w.call("end_sessions", ROOT),
    ("end_sessions", 404): lambda w: w.call("end_sessions", ROOT, path={"name": "eve"}),
    ("all_tokens", 200): lambda w: w.call("all_tokens", ROOT),
    ("revoke_any_token", 204): lambda w: w.call("revoke_any_token", ROOT, path={"token_id": token(w)[1]}),
    ("revoke_any_token", 404): lambda w: w.call("revoke_any_token", ROOT),
    ("drain", 204): lambda w: w.call("drain", ROOT),
    ("drain", 404): lambda w: w.call("drain", ROOT, path={"machine": "gpu-99"}),
    ("disable", 204): lambda w: w.call("disable", ROOT),
    ("disable", 404): lambda w: w.call("disable", ROOT, path={"uuid": "GPU-99"}),
    ("pull_image", 202): lambda w: w.call("pull_image", ROOT),
    ("pull_image", 404): lambda w: w.call("pull_image", ROOT, path={"image": "none"}),
    ("announce", 204): lambda w: w.call("announce", ROOT),
    ("unannounce", 204): lambda w: w.call("unannounce", ROOT),
    ("audit", 200): lambda w: w.call("audit", ROOT),
    ("audit", 400): lambda w: w.call("audit", ROOT, query_string="limit=0"),
    ("openapi_json", 200): lambda w: w.call("openapi_json"),
    ("openapi_yaml", 200): lambda w: w.call("openapi_yaml"),
    ("login", 200): lambda w: w.call("login"),
    ("login", 403): lambda w: login(w, hosted_domain=None),
    ("verify_token", 200): lambda w: w.call("verify_token", json={"token": token(w)[0], "client": "192.0.2.7"}),
    ("verify_token", 503): lambda w: unverified(w),
    ("revocations", 200): lambda w: w.call("revocations"),
    ("revocations", 304): lambda w: w.call("revocations", headers={"If-None-Match": w.call("revocations").headers["ETag"]}),
    ("logout_everywhere", 204): lambda w: w.call("logout_everywhere"),
    ("health", 200): lambda w: w.without_broker().call("health"),
    ("metrics", 200): lambda w: w.call("metrics"),
}  # fmt: skip


def login(world: World, **changes: object) -> TestResponse:
    """Let the door ask about somebody of whom the provider says this."""
    example = CONTRACT.operations["login"][2]["requestBody"]["content"]["application/json"]["example"]
    own = {
        "issuer": "https://id.example",
        "subject": "s-eve",
        "email": "eve@example.org",
        "hosted_domain": "example.org",
    }
    return world.call("login", json={**example, **own, **changes})


def start(world: World, key: str, *, who: Identity = ADA, **wish: object) -> TestResponse:
    """Start under a key."""
    return world.call("start", who, json={"name": "second", **wish}, headers={"Idempotency-Key": key})


def reused(world: World) -> TestResponse:
    """Use a key for another wish."""
    start(world, "k1")
    return start(world, "k1", gpus=1)


def many_tokens(world: World) -> World:
    """Let ada have as many tokens as she may."""
    for _ in range(50):
        token(world)
    return world


def decided_twice(world: World) -> TestResponse:
    """Answer a program's question a second time."""
    code = {"user_code": device(world)[1]}
    world.call("decide_device", path=code, json={"approve": False})
    return world.call("decide_device", path=code)


def unverified(world: World) -> TestResponse:
    """Show a token while the database is away."""
    shown, _ = token(world)
    return world.without_store().call("verify_token", json={"token": shown, "client": ""})
