"""The problems that the door tells by itself: each comes about, as the catalogue has it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from shiva_manager_api.api.problems import CATALOGUE

from tests.contract.described import PROBLEM
from tests.fakes.proxy_broker import route, unrouted
from tests.fakes.proxy_door import Answer, World, world

TOKEN: dict[str, Any] = {"authorization": "Bearer shiva_5e55_" + "a" * 43}
HOSTS: dict[str, Any] = {
    "origins": "hosts", "hosts": ("app.localhost",), "notebook_hosts": ("nb.localhost",), "public_port": 8000,
}  # fmt: skip
How = Callable[[World], Awaitable[Answer]]


def asking(method: str, path: str, **headers: Any) -> How:
    """Return how it is asked for, by Ken who is logged in."""

    async def use(door: World) -> Answer:
        return await door.ask(method, path, await door.login("ken"), **headers)

    return use


def visiting(*, told: list[dict[str, Any]] | None = None, target: str = "") -> How:
    """Return how Ken visits his container, of which the broker tells this."""

    async def use(door: World) -> Answer:
        door.broker.unrouted = told or []
        door.broker.routes = [route("ken", target)] if target else []
        return await asking("GET", "/user/ken/lab")(door)

    return use


async def nobody_inside(door: World) -> Answer:
    door.inside.unlink()
    return await door.ask("GET", "/-/health")


async def no_manager(door: World) -> Answer:
    door.manager.status = 503
    return await door.ask("GET", "/api/v1/me", **TOKEN)


async def guessing(door: World) -> Answer:
    for _ in range(3):
        assert (await door.ask("GET", "/api/v1/me", **TOKEN)).facts["code"] == "token-refused"
    return await door.ask("GET", "/api/v1/me", **TOKEN)


async def under_the_wrong_name(door: World) -> Answer:
    return await door.ask("GET", "/user/ken/lab", host="app.localhost:8000", origin="http://app.localhost:8000")


PRODUCED: dict[str, tuple[How, dict[str, Any]]] = {
    "bad-path": (asking("GET", "/user/ken/%2e%2e/x"), {}),
    "unknown-host": (asking("GET", "/api/v1/me", host="evil.example"), {}),
    "other-host": (under_the_wrong_name, HOSTS),
    "cross-site": (asking("POST", "/api/v1/x", origin="http://evil.example"), {}),
    "csrf": (asking("POST", "/api/v1/x"), {}),
    "manager-unavailable": (no_manager, {}),
    "starting": (nobody_inside, {}),
    "routes-unknown": (asking("GET", "/user/ken/lab"), {"broker_url": "http://127.0.0.1:9"}),
    "container-starting": (visiting(told=[unrouted("ken", "starting")]), {}),
    "not-running": (visiting(), {}),
    "not-answering": (visiting(target="http://127.0.0.1:9"), {}),
    "machine-unreachable": (visiting(told=[unrouted("ken", "lost")]), {}),
    "too-many-requests": (guessing, {"attempts_per_minute": 3}),
}


@pytest.mark.parametrize("code", PRODUCED)
def test_the_door_answers_the_code_with_its_status(code: str) -> None:
    how, settings = PRODUCED[code]

    async def within() -> Answer:
        async with world(**settings) as door:
            return await how(door)

    answer = asyncio.run(within())
    assert (answer.facts["code"], answer.value("content-type")) == (code, PROBLEM)
    assert answer.status == answer.facts["status"] == CATALOGUE[code]["status"]
    assert set(answer.facts.get("parameters", {})) <= set(CATALOGUE[code]["parameters"])
    assert answer.facts["detail"]
