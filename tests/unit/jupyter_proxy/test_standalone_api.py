"""The REST API: what configurable-http-proxy answers, we answer; where we do not, the reason is here."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from shiva_jupyter_proxy.standalone.store import RouteStore

from tests.fakes.chp_calls import RECORDED, TOKEN, outcomes
from tests.fakes.chp_door import api_standing
from tests.fakes.proxy_door import Answer, Client

DIFFERENT = {
    "a target that is no address": {"status": 400},  # theirs is taken, and breaks every request that it leads
    "a route to nowhere": {"status": 404},
}
Ask = Callable[..., Awaitable[Answer]]


def in_api(test: Callable[[Ask, RouteStore], Awaitable[None]]) -> None:
    """Run a test's body with the API of an empty table."""

    async def within() -> None:
        store = RouteStore(lambda: datetime.now(UTC))
        async with api_standing(store) as port:

            async def ask(method: str, path: str, body: bytes = b"", authorization: str = f"token {TOKEN}") -> Answer:
                client = Client(*await asyncio.open_connection("127.0.0.1", port))
                try:
                    return await client.ask(method, path, {"Host": "h", "Authorization": authorization}, body)
                finally:
                    client.writer.close()

            await test(ask, store)

    asyncio.run(within())


def test_every_call_is_answered_as_configurable_http_proxy_answers_it() -> None:
    async def use() -> dict[str, Any]:
        async with api_standing(RouteStore(lambda: datetime.now(UTC))) as port:
            return await outcomes(port)

    found, wanted = asyncio.run(use()), json.loads(RECORDED.read_text()) | DIFFERENT
    assert found == wanted
    assert [list(one.get("json", ())) for one in found.values()] == [
        list(one.get("json", ())) for one in wanted.values()
    ]


@pytest.mark.parametrize(
    "authorization",
    [
        "", "token", "token ", "token secre", "token secrets", "token secret secret", "secret", "Basic secret",
        "tokensecret", "token \xff", "xtoken secret",
    ],
)  # fmt: skip
def test_whoever_does_not_know_the_token_learns_and_changes_nothing(authorization: str) -> None:
    async def use(ask: Ask, store: RouteStore) -> None:
        store.add("/user/ada", {"target": "http://127.0.0.1:1"})
        for method, body in (
            ("GET", b""),
            ("POST", b'{"target": "http://127.0.0.1:2"}'),
            ("POST", b"{"),
            ("DELETE", b""),
        ):
            answer = await ask(method, "/api/routes/user/ada", body, authorization)
            assert (answer.status, b"127.0.0.1" in answer.body) == (403, False)
        assert (store.get("/user/ada") or {})["target"] == "http://127.0.0.1:1"

    in_api(use)


@pytest.mark.parametrize("authorization", [f"Token {TOKEN}", f"token   {TOKEN}  "])
def test_the_token_may_be_written_as_freely_as_before(authorization: str) -> None:
    async def use(ask: Ask, _: RouteStore) -> None:
        assert (await ask("GET", "/api/routes", authorization=authorization)).status == 200

    in_api(use)


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b'{"target": "http://h:1", "x": NaN}',
        b'{"target": "http://h:1", "x": 1e999}',
        b"[" * 100_000,
        b'{"target": "http://h:1", "x": ' + b"[" * 100_000,
        b'{"target": ["http://h:1"]}',
    ],
)
def test_a_body_that_could_not_be_told_again_is_refused(body: bytes) -> None:
    async def use(ask: Ask, store: RouteStore) -> None:
        assert (await ask("POST", "/api/routes/x", body)).status == 400
        assert store.all() == {}

    in_api(use)


def test_data_of_any_script_comes_back_as_it_went() -> None:
    data = {"target": "http://h:1", "\ud800": ["\u2028", "\x00", "秀", 10**30, -0.0, 1e-300]}

    async def use(ask: Ask, _: RouteStore) -> None:
        assert (await ask("POST", "/api/routes/x", json.dumps(data).encode())).status == 201
        told = (await ask("GET", "/api/routes/x")).facts
        del told["last_activity"]
        assert told == data

    in_api(use)


@pytest.mark.parametrize("path", ["/api/routes/%ff", "/api/routes/a%00b%0d%0ac"])
def test_an_odd_path_is_a_clear_answer(path: str) -> None:
    async def use(ask: Ask, store: RouteStore) -> None:
        answer = await ask("POST", path, b'{"target": "http://h:1"}')
        assert answer.status == (400 if "ff" in path else 201)
        assert set(store.all()) <= {"/a\x00b\r\nc"}

    in_api(use)


def test_an_answer_says_neither_what_serves_it_nor_that_it_may_be_kept() -> None:
    async def use(ask: Ask, _: RouteStore) -> None:
        answer = await ask("GET", "/api/routes")
        assert answer.values("server") == answer.values("etag") == []
        assert answer.value("content-type").startswith("application/json")

    in_api(use)
