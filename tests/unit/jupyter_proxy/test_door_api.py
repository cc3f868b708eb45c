"""The way to the API, through the real door: CSRF tokens of sessions, API tokens, and devices that log in."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from shiva_common import identity

from tests.fakes.proxy_door import IDENTITY_KEY, Answer, World, in_world, until, world

GOOD, OTHER = "shiva_5e55_" + "a" * 43, "shiva_0the_" + "b" * 43
KNOWN = {
    "name": "ada", "shown_name": "Ada", "token_id": "5e55", "scopes": ["read", "containers"], "expires_at": "2099-01-01T00:00:00.000Z",
}  # fmt: skip
UNSAFE = pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])


def who(answer: Answer) -> identity.Identity:
    """Return who the manager was told is asking."""
    (signed,) = [value for name, value in answer.facts["headers"] if name.lower() == "x-shiva-identity"]
    return identity.verify(signed, key=IDENTITY_KEY.encode(), now=datetime.now(UTC))


async def ask(around: World, method: str, path: str, headers: Mapping[str, str]) -> Answer:
    """Ask with exactly these headers, and our name."""
    own = {"Host": f"localhost:{around.port}"} | dict(headers)
    return await (await around.client()).ask(method, path, own)


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.facts.get("code", "")


# sessions


@UNSAFE
def test_a_change_needs_the_token_of_the_session_it_is_made_in(method: str) -> None:
    async def use(around: World) -> None:
        ada, ken = await around.login("ada"), await around.login("ken")
        own = around.csrf_token(ada)
        for wrong in ("", "x", around.csrf_token(ken), own[:-1], f"{own}x", f"{own}, {own}"):
            assert code(await around.ask(method, "/api/v1/x", ada, x_csrf_token=wrong)) == (403, "csrf")
        assert code(await around.ask(method, "/api/v1/x", ada)) == (403, "csrf")
        assert code(await around.ask(method, f"/api/v1/x?csrf_token={own}", ada)) == (403, "csrf")
        assert around.manager.seen == []
        assert who(await around.ask(method, "/api/v1/x", ada, x_csrf_token=own)).csrf_token == own

    in_world(use)


def test_two_csrf_tokens_are_none() -> None:
    async def use(around: World) -> None:
        ada = await around.login("ada")
        line = f"X-CSRF-Token: {around.csrf_token(ada)}\r\n"
        head = f"DELETE /api/v1/x HTTP/1.1\r\nHost: localhost:{around.port}\r\nOrigin: {around.origin}\r\nCookie: {ada}\r\n"
        answer, _ = await around.send(f"{head}{line}{line}\r\n".encode())
        assert code(answer) == (403, "csrf")

    in_world(use)


def test_what_changes_nothing_needs_no_token_and_tells_it() -> None:
    async def use(around: World) -> None:
        ada = await around.login("ada")
        assert who(await around.ask("GET", "/api/v1/me", ada)) == identity.Identity(
            name="ada", shown_name="ada", client="127.0.0.1", csrf_token=around.csrf_token(ada)
        )
        assert (await around.ask("HEAD", "/api/v1/me", ada)).status == 200

    in_world(use)


@UNSAFE
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"X-Shiva-Client": "1"},
        {"Sec-Fetch-Mode": "no-cors"},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_token_opens_nothing_to_another_page_or_to_who_does_not_say_where_it_comes_from(
    method: str, said: dict[str, str]
) -> None:
    async def use(around: World) -> None:
        ada = await around.login("ada")
        headers = {"Cookie": ada, "X-CSRF-Token": around.csrf_token(ada)} | said
        assert code(await ask(around, method, "/api/v1/x", headers)) == (403, "cross-site")
        assert around.manager.seen == []

    in_world(use)


def test_a_csrf_token_outlives_one_rotation_of_the_key_and_no_second(tmp_path: Path) -> None:
    async def use() -> None:
        async with world(state_dir=tmp_path) as before:
            ada, token = await before.login("ada"), before.csrf_token(await before.login("x"))
            token = before.csrf_token(ada)
        async with world(state_dir=tmp_path, session_key="n" * 32, previous_session_key="s" * 32) as after:
            told = who(await after.ask("POST", "/api/v1/x", ada, x_csrf_token=token)).csrf_token
            assert told not in {token, None}
            assert (await after.ask("POST", "/api/v1/x", ada, x_csrf_token=str(told))).status == 200

    asyncio.run(use())


def test_logging_out_needs_the_token_too() -> None:
    async def use(around: World) -> None:
        ada = await around.login("ada")
        for form in (b"", b"csrf_token=x", f"csrf_token={around.csrf_token(await around.login('ken'))}".encode()):
            answer = await around.post("/-/logout", form, ada)
            assert (answer.status, b"You are still logged in" in answer.body) == (403, True)
        assert (await around.ask("GET", "/api/v1/me", ada)).status == 200
        assert (await around.ask("POST", "/-/logout", ada, x_csrf_token=around.csrf_token(ada))).status == 303
        assert (await around.ask("GET", "/api/v1/me", ada)).status == 401
        assert (await around.ask("POST", "/-/logout", ada)).status == 303

    in_world(use)


def test_the_page_that_starts_a_container_has_the_token() -> None:
    async def use(around: World) -> None:
        ken = await around.login("ken")
        page = await around.ask("GET", "/user/ken/lab", ken, page=True)
        assert f'data-csrf="{around.csrf_token(ken)}"'.encode() in page.body

    in_world(use)


# API tokens


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_program_shows_its_token_and_needs_nothing_else(method: str) -> None:
    async def use(around: World) -> None:
        around.manager.tokens[GOOD] = KNOWN
        headers = {"Authorization": f"Bearer {GOOD}"}
        told = who(await ask(around, method, "/api/v1/x", headers))
        assert told == identity.Identity(
            name="ada", shown_name="Ada", client="127.0.0.1", token_id="5e55", scopes=frozenset({"read", "containers"})
        )
        again = await ask(around, method, "/api/v1/x", {"Authorization": f"bEARER  {GOOD} "})
        assert {name.lower() for name, _ in again.facts["headers"]} & {"authorization", "cookie"} == set()
        assert around.manager.asked == [GOOD]

    in_world(use)


def test_a_cookie_beside_a_token_counts_for_nothing() -> None:
    async def use(around: World) -> None:
        around.manager.tokens[GOOD] = KNOWN
        ken = await around.login("ken")
        headers = {"Cookie": ken, "X-CSRF-Token": around.csrf_token(ken)}
        assert who(await ask(around, "POST", "/api/v1/x", headers | {"Authorization": f"Bearer {GOOD}"})).name == "ada"
        answer = await ask(around, "GET", "/api/v1/x", headers | {"Authorization": f"Bearer {OTHER}"})
        assert code(answer) == (401, "token-refused")

    in_world(use)


@pytest.mark.parametrize(
    "token",
    [OTHER, "shiva_", "x", "", "shiva_é", "shiva_a b", "shiva_" + "a" * 300, "2|1:0|10:1|3:x|", "shiva_a,shiva_b"],
)
def test_a_token_that_is_none_is_refused(token: str) -> None:
    async def use(around: World) -> None:
        answer = await ask(around, "GET", "/api/v1/x", {"Authorization": f"Bearer {token}"})
        assert code(answer) == (401, "token-refused")
        assert around.manager.seen == []
        assert around.manager.asked == ([OTHER] if token == OTHER else [])

    in_world(use)


@pytest.mark.parametrize("authorization", ["token x", "Basic YTpi", "Bearer", GOOD])
def test_another_authorization_is_nothing_to_us(authorization: str) -> None:
    async def use(around: World) -> None:
        around.manager.tokens[GOOD] = KNOWN
        answer = await ask(around, "GET", "/api/v1/x", {"Authorization": authorization})
        assert code(answer) == (401, "not-logged-in")

    in_world(use)


def test_two_tokens_are_a_trick() -> None:
    async def use(around: World) -> None:
        around.manager.tokens[GOOD] = KNOWN
        head = f"GET /api/v1/x HTTP/1.1\r\nHost: localhost:{around.port}\r\n"
        answer, _ = await around.send(
            f"{head}Authorization: Bearer {GOOD}\r\nAuthorization: Bearer {GOOD}\r\n\r\n".encode()
        )
        assert answer.status in {400, 401}
        assert around.manager.seen == []

    in_world(use)


@pytest.mark.parametrize(
    "said",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_page_gets_nothing_with_a_token_either(method: str, said: dict[str, str]) -> None:
    async def use(around: World) -> None:
        around.manager.tokens[GOOD] = KNOWN
        answer = await ask(around, method, "/api/v1/x", {"Authorization": f"Bearer {GOOD}"} | said)
        assert code(answer) == (403, "cross-site")
        assert around.manager.asked == []

    in_world(use)


@pytest.mark.parametrize("path", ["/user/ada/api", "/", "/-/login", "/-/metrics"])
def test_a_token_opens_the_api_and_nothing_else(path: str) -> None:
    async def use(around: World) -> None:
        around.manager.tokens[GOOD] = KNOWN
        answer = await ask(around, "GET", path, {"Authorization": f"Bearer {GOOD}"})
        assert answer.status in {302, 401} or b"Log in" in answer.body
        assert around.container.seen == []
        assert around.manager.asked == []

    in_world(use)


@pytest.mark.parametrize(
    ("status", "garbage"), [(500, b""), (503, b""), (401, b"{}"), (0, b"<html>"), (0, b'{"name": "ada"}'), (200, b"")]
)
def test_while_the_manager_is_away_a_token_that_is_remembered_is_good_and_others_are_told_so(
    status: int, garbage: bytes
) -> None:
    async def use(around: World) -> None:
        around.manager.tokens |= {GOOD: KNOWN, OTHER: KNOWN}
        assert (await ask(around, "GET", "/api/v1/x", {"Authorization": f"Bearer {GOOD}"})).status == 200
        around.manager.status, around.manager.garbage = status, garbage
        assert (await ask(around, "GET", "/api/v1/x", {"Authorization": f"Bearer {GOOD}"})).status == 200
        away = await ask(around, "GET", "/api/v1/x", {"Authorization": f"Bearer {OTHER}"})
        assert (*code(away), away.value("retry-after")) == (503, "manager-unavailable", "2")

    in_world(use)


def test_an_address_that_guesses_tokens_has_to_wait_and_who_is_known_has_not() -> None:
    async def use(around: World) -> None:
        around.manager.tokens |= {GOOD: KNOWN, OTHER: KNOWN}
        good = {"Authorization": f"Bearer {GOOD}"}
        assert (await ask(around, "GET", "/api/v1/x", good)).status == 200
        guessed = [await ask(around, "GET", "/api/v1/x", {"Authorization": f"Bearer shiva_{n}"}) for n in range(5)]
        assert [code(each) for each in guessed] == [(401, "token-refused")] * 3 + [(429, "too-many-requests")] * 2
        assert (guessed[-1].value("retry-after"), guessed[-1].facts["parameters"]) == ("20", {"seconds": 20})
        assert around.manager.asked == [GOOD, *(f"shiva_{n}" for n in range(3))]
        assert (await ask(around, "GET", "/api/v1/x", good)).status == 200
        assert (await ask(around, "GET", "/api/v1/x", {"Authorization": f"Bearer {OTHER}"})).status == 429
        assert (await around.ask("GET", "/api/v1/x", await around.login("ada"))).status == 200

    in_world(use, attempts_per_minute=3)


# devices


@pytest.mark.parametrize("path", ["/api/v1/device/code", "/api/v1/device/token"])
def test_a_device_that_logs_in_is_nobody_yet(path: str) -> None:
    async def use(around: World) -> None:
        ada = await around.login("ada")
        for headers in ({}, {"Cookie": ada}, {"Authorization": f"Bearer {GOOD}"}):
            told = who(await ask(around, "POST", path, headers))
            assert told == identity.Identity(name="", shown_name="", client="127.0.0.1")
        assert code(await ask(around, "POST", path, {"Origin": "http://evil.example"})) == (403, "cross-site")
        assert around.manager.asked == []

    in_world(use)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/device/code"), ("PUT", "/api/v1/device/token"), ("POST", "/api/v1/device/code/"), ("POST", "/api/v1/device/code?x"),
        ("POST", "/api/v1/device"), ("POST", "/api/v1/device/ABCD-EFGH"), ("GET", "/api/v1/device/ABCD-EFGH"), ("POST", "/api//v1/device/code"),
        ("POST", "/api/v1/device/%63ode"), ("POST", "/api/v1/containers"),
    ],
)  # fmt: skip
def test_nothing_else_is_open_to_nobody(method: str, path: str) -> None:
    async def use(around: World) -> None:
        assert (await ask(around, method, path, {})).status in {401, 403}
        assert around.manager.seen == []

    in_world(use)


def test_devices_of_one_address_have_to_wait_when_they_ask_too_often() -> None:
    async def use(around: World) -> None:
        asked = [await ask(around, "POST", "/api/v1/device/token", {}) for _ in range(4)]
        assert [each.status for each in asked] == [200] * 3 + [429]
        assert code(asked[-1]) == (429, "too-many-requests")

    in_world(use, attempts_per_minute=3)


@pytest.mark.parametrize(
    "path",
    ["/internal/v1/revocations", "/internal/v1/logins", "/api/../internal/v1/logins", "/api/%2e%2e/internal/v1/logins"],
)
def test_the_managers_internal_api_is_not_reached_through_the_door(path: str) -> None:
    async def use(around: World) -> None:
        ada = await around.login("ada")
        answer = await around.ask("GET", path, ada, authorization="Bearer x")
        assert answer.status in {200, 302, 400, 404}
        assert b"people" not in answer.body

    in_world(use)


# where requests come from


@pytest.mark.parametrize(("proxies", "client"), [((), "127.0.0.1"), (("127.0.0.0/8",), "192.0.2.7")])
def test_the_manager_hears_of_the_address_behind_a_proxy_that_is_trusted(proxies: tuple[str, ...], client: str) -> None:
    async def use(around: World) -> None:
        more: dict[str, Any] = {"x_forwarded_for": "203.0.113.9, 192.0.2.7"}
        ada = await around.login("ada", **more)
        assert around.manager.logins[-1]["client"] == client
        assert who(await around.ask("GET", "/api/v1/me", ada, **more)).client == client
        assert (await around.ask("POST", "/-/logout", ada, x_csrf_token=around.csrf_token(ada), **more)).status == 303

    in_world(use, trusted_proxies=proxies)


# revocations


def test_revocations_are_pulled_with_an_etag_and_end_sessions_and_tokens() -> None:
    async def use(around: World) -> None:
        around.manager.tokens[GOOD] = KNOWN
        ada, ken = await around.login("ada"), await around.login("ken")
        token = {"Authorization": f"Bearer {GOOD}"}
        assert (await ask(around, "GET", "/api/v1/me", token)).status == 200
        await until(lambda: 304 in around.manager.pulls)
        around.manager.people = [
            {"name": "ada", "ended_before": None, "barred": True},
            {"name": "ken"},
            "x",
            {"name": "../x", "ended_before": None, "barred": True},
        ]
        await until(lambda: around.manager.pulls.count(200) > 1 and around.manager.pulls[-1] == 304)  # it was read
        assert (await around.ask("GET", "/api/v1/me", ada)).status == 401
        assert code(await ask(around, "GET", "/api/v1/me", token)) == (401, "token-refused")
        assert (await around.ask("GET", "/api/v1/me", ken)).status == 200
        around.manager.status = 500
        assert (await around.ask("GET", "/api/v1/me", ada)).status == 401

    in_world(use)
