"""Routes come from the broker and stay when it is away."""

import asyncio
import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from shiva_jupyter_proxy.adapters import broker_http
from shiva_jupyter_proxy.adapters.broker_http import Broker
from shiva_jupyter_proxy.domain.ports import ReportRefusedError, RoutesUnavailableError
from shiva_jupyter_proxy.domain.routes import Route, RouteTable
from shiva_jupyter_proxy.sync import RouteSync

from tests.fakes.proxy_broker import LOCAL, TOKEN, FakeBroker, broker_standing, with_broker
from tests.fakes.proxy_broker import route as raw
from tests.fakes.proxy_upstream import scripted

START = datetime(2026, 11, 23, 9, 10, tzinfo=UTC)
BAD_TARGETS = [
    "",
    "a:1",
    "https://a:1",
    "http://:1",
    "http://a",
    "http://a:0",
    "http://a:x",
    "http://a:70000",
    "http://[::1",
]
ADA, KEN = raw("ada", "http://a:1"), raw("ken", "http://b:2")


@dataclass
class Watched:
    """A synchronisation, its table, and what it closed."""

    sync: RouteSync
    table: RouteTable
    closed: list[set[str]]

    @property
    def known(self) -> set[str]:
        return {route.container_id for route in self.table.routes()}


def watched(source: Broker) -> Watched:
    table, closed = RouteTable(), list[set[str]]()
    return Watched(RouteSync(source, table, closed.append), table, closed)


# routes over HTTP


def test_routes_are_pulled_and_unchanged_ones_are_not_sent_again() -> None:
    async def use(broker: FakeBroker) -> None:
        broker.routes = [ADA]
        at = watched(Broker(f"{broker.url}/", TOKEN, LOCAL))
        await at.sync.pull()
        await at.sync.pull()
        assert at.table.routes() == (broker_http.route(ADA),)
        broker.routes = [KEN]
        await at.sync.pull()
        await at.sync.pull()
        assert broker.asked == [200, 304, 200, 304]
        assert (at.known, at.closed) == ({"ken--default"}, [{"ada--default"}])
        assert at.sync.answers

    with_broker(use)


def test_of_ten_thousand_routes_one_changes() -> None:
    async def use(broker: FakeBroker) -> None:
        people = [f"person{number}" for number in range(10_000)]
        broker.routes = [raw(name, f"http://10.0.{number >> 8}.{number & 255}:1") for number, name in enumerate(people)]
        at = watched(Broker(broker.url, TOKEN, LOCAL))
        await at.sync.pull()
        before = {name: at.table.route_for(f"/user/{name}/lab/tree/x") for name in people}
        assert [route.owner for route in before.values() if route is not None] == people
        broker.routes = [*broker.routes[:7], raw("person7", "http://10.9.9.9:1"), *broker.routes[8:]]
        await at.sync.pull()
        after = {name: at.table.route_for(f"/user/{name}/lab/tree/x") for name in people}
        assert at.closed == [{"person7--default"}]
        assert [name for name in people if after[name] is not before[name]] == ["person7"]
        assert at.table.route_for("/user/person10000/lab") is None

    with_broker(use)


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503, 302])
def test_a_broker_that_refuses_leaves_the_last_routes(status: int) -> None:
    async def use(broker: FakeBroker) -> None:
        broker.routes = [ADA]
        at = watched(Broker(broker.url, TOKEN, LOCAL))
        await at.sync.pull()
        broker.status = status
        await at.sync.pull()
        assert (at.known, at.closed, at.sync.answers) == ({"ada--default"}, [], False)
        broker.status, broker.routes = 0, [ADA, KEN]
        await at.sync.pull()
        assert (at.known, at.closed, at.sync.answers) == ({"ada--default", "ken--default"}, [], True)

    with_broker(use)


@pytest.mark.parametrize(
    "garbage",
    [
        b"<html>", b"\xff\xfe", b"null", b"[]", b"{}", b'{"routes": null}', b'{"routes": 5}', b'{"routes": [1]}',
        b'{"routes": ["x"]}', b'{"routes": [{"prefix": "/user/ada/"}]}', b'{"routes": [',
        *(json.dumps({"routes": [raw("ada", target)]}).encode() for target in BAD_TARGETS),
    ],
)  # fmt: skip
def test_a_broker_that_talks_nonsense_leaves_the_last_routes(garbage: bytes) -> None:
    async def use(broker: FakeBroker) -> None:
        broker.routes = [ADA]
        at = watched(Broker(broker.url, TOKEN, LOCAL))
        await at.sync.pull()
        broker.garbage = garbage
        await at.sync.pull()
        assert (at.known, at.sync.answers) == ({"ada--default"}, False)
        broker.garbage = b""
        await at.sync.pull()
        assert at.sync.answers

    with_broker(use)


def test_a_broker_that_is_gone_leaves_the_last_routes() -> None:
    async def within() -> None:
        async with broker_standing() as broker:
            broker.routes = [ADA]
            at = watched(Broker(broker.url, TOKEN, LOCAL))
            await at.sync.pull()
            since = at.sync.answered_at
        await at.sync.pull()
        assert (at.known, at.sync.answers, at.sync.answered_at) == ({"ada--default"}, False, since)

    asyncio.run(within())


@pytest.mark.parametrize(
    "reply", [b"", b"\x00noise\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"HTTP/1.1 x\r\n\r\n"]
)
def test_a_broker_that_does_not_speak_http_is_away(reply: bytes) -> None:
    async def within() -> None:
        async with scripted(lambda _: reply) as (url, _):
            broker = Broker(url, TOKEN, LOCAL)
            with pytest.raises(RoutesUnavailableError):
                await broker.routes()
            with pytest.raises(ReportRefusedError):
                await broker.report({"ada--default": START})

    asyncio.run(within())


def test_a_broker_that_never_answers_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_http, "TIMEOUT_SECONDS", 0.05)

    async def within() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            broker = Broker(f"http://127.0.0.1:{silent.getsockname()[1]}", TOKEN, LOCAL)
            with pytest.raises(RoutesUnavailableError):
                await broker.routes()
            with pytest.raises(ReportRefusedError):
                await broker.report({"ada--default": START})

    asyncio.run(within())


# when it pulls


@dataclass
class Slow:
    """A source whose answers a test lets go one by one."""

    answers: asyncio.Queue[Sequence[Route] | None] = field(default_factory=asyncio.Queue)
    asked: int = 0

    async def routes(self) -> Sequence[Route] | None:
        self.asked += 1
        return await self.answers.get()


def test_pulls_at_the_same_time_are_one() -> None:
    async def within() -> None:
        source, table = Slow(), RouteTable()
        sync = RouteSync(source, table, lambda _: None)
        several = asyncio.gather(*(sync.pull() for _ in range(20)))
        source.answers.put_nowait([broker_http.route(ADA)])
        await several
        assert source.asked == 1
        assert len(table.routes()) == 1

    asyncio.run(within())


def test_many_who_miss_at_once_ask_once() -> None:
    async def within() -> None:
        source, table = Slow(), RouteTable()
        sync = RouteSync(source, table, lambda _: None)
        for number in range(3):
            source.answers.put_nowait([broker_http.route(ADA)][:number])
        await sync.pull()
        await asyncio.gather(*(sync.missed() for _ in range(200)))
        assert source.asked == 2

    asyncio.run(within())


def test_who_misses_just_after_a_pull_sees_a_route_that_came_since() -> None:
    async def within() -> None:
        source, table = Slow(), RouteTable()
        sync = RouteSync(source, table, lambda _: None)
        source.answers.put_nowait([])
        await sync.pull()
        source.answers.put_nowait([broker_http.route(ADA)])
        await sync.missed()
        assert table.route_for("/user/ada/lab") is not None

    asyncio.run(within())


def test_who_misses_during_a_pull_sees_a_route_that_came_since() -> None:
    async def within() -> None:
        source, table = Slow(), RouteTable()
        sync = RouteSync(source, table, lambda _: None)
        pulling = asyncio.create_task(sync.pull())
        missing = asyncio.create_task(sync.missed())
        await asyncio.sleep(0)
        source.answers.put_nowait([])  # what the broker knew when it was asked
        source.answers.put_nowait([broker_http.route(ADA)])
        await asyncio.gather(pulling, missing)
        assert table.route_for("/user/ada/lab") is not None

    asyncio.run(within())


def test_a_missed_route_with_a_broker_away_is_just_missed() -> None:
    class Away:
        async def routes(self) -> Sequence[Route] | None:
            raise RoutesUnavailableError("away")

    sync = RouteSync(Away(), RouteTable(), lambda _: None)
    asyncio.run(sync.missed())
    assert not sync.answers


def test_a_mistake_does_not_end_the_pulls(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("shiva_jupyter_proxy.sync.PERIOD_SECONDS", 0)

    class Mistaken:
        calls = 0

        async def routes(self) -> Sequence[Route] | None:
            self.calls += 1
            if self.calls == 1:
                raise ZeroDivisionError
            return [broker_http.route(ADA)]

    async def within() -> None:
        table = RouteTable()
        running = asyncio.create_task(RouteSync(Mistaken(), table, lambda _: None).run())
        async with asyncio.timeout(10):
            while not table.routes():
                await asyncio.sleep(0)
        running.cancel()

    asyncio.run(within())
    assert "ZeroDivisionError" in caplog.text
