"""A tunnel whose one end takes nothing, while the other one is dead or waits, does not stay open for ever."""

import asyncio
from datetime import UTC, datetime
from typing import cast

import pytest
from shiva_jupyter_proxy.domain.messages import Forward, Reply, RequestHead, Upstream
from shiva_jupyter_proxy.domain.targets import Targets
from shiva_jupyter_proxy.forward.downstream import Downstream
from shiva_jupyter_proxy.forward.front import Front, Limits
from shiva_jupyter_proxy.forward.heads import Reader
from shiva_jupyter_proxy.forward.pool import Pool
from shiva_jupyter_proxy.observing import Traffic
from shiva_jupyter_proxy.standalone.store import RouteStore

from tests.fakes.proxy_door import PATIENCE, until
from tests.fakes.raw_door import turns

ASK = b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@pytest.mark.parametrize("ahead", [False, True], ids=["after the 101", "ahead of it"])
@pytest.mark.parametrize("client", ["resets", "waits"])
def test_a_container_that_stops_reading_ends_the_tunnel(client: str, ahead: bool) -> None:
    async def use() -> None:
        taken: list[asyncio.Transport] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            transport = cast(asyncio.Transport, writer.transport)
            transport.pause_reading()
            taken.append(transport)
            writer.write(SWITCH)

        async def away(head: RequestHead) -> Reply:
            raise AssertionError(head)

        container = await asyncio.start_server(serve, "127.0.0.1", 0)
        upstream = Upstream(host="127.0.0.1", port=container.sockets[0].getsockname()[1])
        traffic = Traffic(RouteStore(lambda: datetime.now(UTC)))
        pool = Pool(Reader(), Targets(allowed=(), control=frozenset()))
        front = Front(lambda *_: Forward(upstream, b"host: x\r\n", away), pool, traffic, Limits(stalled_seconds=1.0))
        server = await asyncio.get_running_loop().create_server(lambda: Downstream(front), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            writer.write(ASK + b"x" * 2**26 if ahead else ASK)
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            writer.write(b"x" * 2**26)
            left = -1
            while left != (left := writer.transport.get_write_buffer_size()):
                await asyncio.sleep(0.05)
            assert (left > 0, traffic.numbers.tunnels) == (True, 1), "nobody waits"
            if client == "resets":
                writer.transport.abort()
            await until(lambda: (traffic.numbers.tunnels, traffic.numbers.connections) == (0, 0))
        finally:
            for each in (writer.transport, *taken):
                each.abort()
            await front.drain(0)
            server.close()
            container.close()
            await turns()

    asyncio.run(use())
