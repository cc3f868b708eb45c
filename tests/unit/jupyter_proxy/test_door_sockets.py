"""WebSockets through the real door: who may open one, and that everything in it arrives as it was sent."""

import asyncio
import json
from functools import partial

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import PATIENCE, World, in_world, start, until
from tests.fakes.proxy_upstream import scripted

JUPYTER = Subprotocol("v1.kernel.websocket.jupyter.org")
SOCKET = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: " + "a" * 22 + "==",
)


def opening(world: World, cookie: str | None, *, origin: str | None = "own", path: str = "/user/ada/socket",
            wants: Subprotocol | None = None) -> connect:  # fmt: skip
    """Return what opens a socket; `origin` own is the door's."""
    return connect(
        f"ws://localhost:{world.port}{path}",
        host="127.0.0.1",
        origin=None if origin is None else Origin(world.origin if origin == "own" else origin),
        additional_headers={"Cookie": cookie} if cookie else {},
        subprotocols=[Subprotocol("other"), wants] if wants else None,
        compression=None,
        max_size=None,
        proxy=None,
    )


async def refused(attempt: connect) -> int:
    """Return the status with which an attempt to open is refused."""
    with pytest.raises(InvalidStatus) as error:
        await attempt
    return error.value.response.status_code


async def closing(socket: ClientConnection) -> tuple[int | None, str | None]:
    with pytest.raises(ConnectionClosed):
        await asyncio.wait_for(socket.recv(), PATIENCE)
    return socket.close_code, socket.close_reason


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 12 * 2**20])
def test_messages_arrive_as_they_were_sent(size: int) -> None:
    async def use(world: World) -> None:
        async with opening(world, await world.login("ada")) as socket:
            for message in ("é" * (size // 2), bytes(range(256)) * (size // 256) + b"\xff" * (size % 256)):
                await socket.send(message)
                assert await asyncio.wait_for(socket.recv(), PATIENCE) == message

    in_world(use)


def test_many_messages_both_ways_keep_their_order() -> None:
    async def use(world: World) -> None:
        async with opening(world, await world.login("ada")) as socket:
            for number in range(500):
                await socket.send(str(number))
            assert [await socket.recv() for _ in range(500)] == [str(number) for number in range(500)]

    in_world(use)


def test_the_subprotocol_is_agreed_with_the_container() -> None:
    async def use(world: World) -> None:
        ada = await world.login("ada")
        async with opening(world, ada, wants=JUPYTER) as socket:
            assert socket.subprotocol == JUPYTER
        async with opening(world, ada) as socket:
            assert socket.subprotocol is None

    in_world(use)


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999])
def test_close_codes_arrive_on_both_sides(code: int) -> None:
    async def use(world: World) -> None:
        ada = await world.login("ada")
        async with opening(world, ada) as socket:
            await socket.send(f"close {code}")
            assert await closing(socket) == (code, "as you wish")
        world.container.closed.clear()
        async with opening(world, ada) as socket:
            await socket.close(code, "mine")
        await until(lambda: world.container.closed)
        assert world.container.closed == [(code, "mine")]

    in_world(use)


def test_pings_reach_the_container() -> None:
    async def use(world: World) -> None:
        async with opening(world, await world.login("ada")) as socket:
            await asyncio.wait_for(await socket.ping(b"x"), PATIENCE)

    in_world(use)


def test_the_container_gets_its_token_and_no_session() -> None:
    async def use(world: World) -> None:
        cookie = await world.login("ada")
        async with opening(world, f"{cookie}; _xsrf=1") as socket:
            await socket.send("headers")
            told = {name.lower(): value for name, value in json.loads(await socket.recv())["headers"]}
        assert (told["authorization"], told["cookie"]) == ("token token-of-jupyter", "_xsrf=1")
        assert told["host"] == f"localhost:{world.port}"

    in_world(use)


def test_only_the_owner_opens_a_socket() -> None:
    async def use(world: World) -> None:
        assert await refused(opening(world, await world.login("ken"))) == 403
        assert await refused(opening(world, None)) == 401
        assert await refused(opening(world, "shiva-session=forged")) == 401
        assert await refused(opening(world, await world.login("ken"), path="/user/ken/socket")) == 404
        assert world.container.seen == []

    in_world(use)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "null", "http://localhost", "http://localhost:1", "http://127.0.0.1", "https://localhost",
        "http://localhost.evil.example", None,
    ],
)  # fmt: skip
def test_a_foreign_page_opens_no_socket(origin: str | None) -> None:
    async def use(world: World) -> None:
        assert await refused(opening(world, await world.login("ada"), origin=origin)) == 403
        assert world.container.seen == []

    in_world(use)


def test_sockets_close_when_their_container_ends_and_others_stay() -> None:
    async def use(world: World) -> None:
        ada, ken = await world.login("ada"), await world.login("ken")
        world.broker.routes = [route("ada", world.container.url), route("ken", world.container.url)]
        async with opening(world, ada) as mine, opening(world, ken, path="/user/ken/socket") as other:
            world.broker.routes = [route("ken", world.container.url)]
            assert (await world.ask("GET", "/user/ada/gpu", await world.login("zoe"))).status == 403
            await world.ask("GET", "/user/zoe/x", await world.login("zoe"))  # a miss: the routes are pulled
            assert await closing(mine) == (1006, "")
            await other.send("still there")
            assert await other.recv() == "still there"

    in_world(use)


def test_a_browser_that_vanishes_is_noticed_at_the_container_and_the_other_way_round() -> None:
    async def use(world: World) -> None:
        ada = await world.login("ada")
        socket = await opening(world, ada)
        socket.transport.abort()
        await until(lambda: world.container.closed)
        async with opening(world, ada) as socket:
            await until(lambda: len(world.container.sockets) == 2)
            world.container.hang_up()
            assert (await closing(socket))[0] == 1006

    in_world(use)


def test_data_in_a_socket_is_a_use_of_the_container() -> None:
    seen: list[World] = []

    async def use(world: World) -> None:
        seen.append(world)
        async with opening(world, await world.login("ada")) as socket:
            await socket.send("x")
            await socket.recv()
            metrics = await world.metrics()
            assert "shiva_proxy_open_tunnels 1.0" in metrics

    in_world(use)
    assert set(seen[0].broker.last_access) == {"ada--default"}


@pytest.mark.parametrize("path", ["/user/ken/x", "/user/ada/x", "/api/v1/machines", "/-/health"])
def test_nothing_behind_a_socket_that_was_not_opened_is_read(path: str) -> None:
    async def use(world: World) -> None:
        head = start(world, await world.login("ada"), f"GET {path}", *SOCKET)
        answer, client = await world.send(head + start(world, await world.login("ada"), "GET /user/ada/smuggled"))
        assert answer.status in {200, 403}
        assert answer.value("connection") == "close"
        assert await client.closed() == b""
        assert ("GET", "/user/ada/smuggled") not in world.container.seen

    in_world(use)


def test_what_follows_the_agreement_at_once_arrives() -> None:
    reply = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"

    async def use(world: World) -> None:
        async with scripted(lambda _: reply) as (url, seen):
            world.broker.routes = [route("ken", url)]
            ken, client = await world.login("ken"), await world.client()
            client.writer.write(start(world, ken, "GET /user/ken/x", *SOCKET))
            assert (await client.head()).status == 101
            assert await client.closed() == b"\x81\x02hi"
            assert b"connection: Upgrade\r\nupgrade: websocket\r\n" in seen[0]

    in_world(use)


AGREED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
FLOOD, BOUND = 128 * 2**20, 16 * 2**20


def begun(sender: asyncio.StreamWriter) -> bool:
    """Return whether a part of the flood went out."""
    return sender.transport.get_write_buffer_size() < FLOOD


def test_a_flood_in_a_socket_waits_for_who_reads_slowly() -> None:
    async def use(world: World) -> None:
        ends: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(AGREED)
            ends.append((reader, writer))

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        world.broker.routes = [route("ken", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")]
        ken, client = await world.login("ken"), await world.client()
        client.writer.write(start(world, ken, "GET /user/ken/x", *SOCKET))
        try:
            await client.head()
            await until(lambda: ends)
            reader, writer = ends[0]
            for sender, receiver in ((writer, client.reader), (client.writer, reader)):
                sender.write(bytes(FLOOD))
                await until(partial(begun, sender))
                left = -1
                while left != (left := sender.transport.get_write_buffer_size()):
                    await asyncio.sleep(0.2)
                assert FLOOD - left < BOUND
                assert len(await receiver.readexactly(FLOOD)) == FLOOD
        finally:
            for _, writer in ends:
                writer.close()
            server.close()

    in_world(use)
