"""After an answer that was passed on unread, the connection is as after any other."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from shiva_jupyter_proxy.domain.messages import Reply
from shiva_jupyter_proxy.domain.targets import Targets
from shiva_jupyter_proxy.forward.downstream import Downstream
from shiva_jupyter_proxy.forward.front import Front, Limits
from shiva_jupyter_proxy.forward.heads import Reader
from shiva_jupyter_proxy.forward.pool import Pool
from shiva_jupyter_proxy.observing import Traffic
from shiva_jupyter_proxy.standalone.store import RouteStore

from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import World, in_world, start, until
from tests.fakes.raw_door import RawDoor, Stage, turns
from tests.fakes.raw_upstream import raw_upstream

SOCKET = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: " + "a" * 22 + "==",
)


def test_a_slow_head_after_one_in_two_packets_is_late() -> None:
    async def use(world: World) -> None:
        async with raw_upstream() as ken:
            world.broker.routes = [route("ken", ken.url)]
            cookie = await world.login("ken")
            assert (await world.ask("GET", "/user/ken/x", cookie)).status == 200
            client, head = await world.client(), start(world, cookie, "GET /user/ken/x")
            client.writer.write(head[:20])
            await turns()
            client.writer.write(head[20:])
            assert (await client.answer()).status == 200
            client.writer.write(head[:20])
            assert (await client.answer()).status == 408

    in_world(use, head_timeout=timedelta(seconds=0.3))


def test_nothing_behind_a_refused_upgrade_is_read_though_its_answer_is_known(stage: Stage) -> None:
    async def use(door: RawDoor) -> None:
        found, _ = await door.talk(door.head("GET /user/ken/known HTTP/1.1"), methods="G")
        assert found[0].status == 200
        found, closes = await door.talk(door.head("GET /user/ken/known HTTP/1.1", *SOCKET), methods="G")
        assert (found[0].status, closes) == (200, True)

    stage.run(use)


@pytest.mark.parametrize("half_closed", [False, True])
def test_who_never_takes_the_answer_is_let_go(half_closed: bool) -> None:
    async def use() -> None:
        traffic = Traffic(RouteStore(lambda: datetime.now(UTC)))
        pool = Pool(Reader(), Targets(allowed=(), control=frozenset()))
        limits = Limits(idle_seconds=0.05, stalled_seconds=0.05)
        front = Front(lambda *_: Reply(status=200, headers=[], body=b"x" * 2**24), pool, traffic, limits)
        server = await asyncio.get_running_loop().create_server(lambda: Downstream(front), "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=1)
        writer.write(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
        if half_closed:
            writer.write_eof()
        try:
            await until(lambda: traffic.numbers.connections == 1)
            await until(lambda: traffic.numbers.connections == 0)
        finally:
            server.close()
            writer.transport.abort()
            await front.drain(0)
            await turns()

    asyncio.run(use())
