"""Peers of the real door that break the rules: browsers on one side, containers on the other."""

import asyncio
from datetime import timedelta

import pytest
from shiva_jupyter_proxy.forward.front import Limits

from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import World, in_world, start, until
from tests.fakes.proxy_upstream import scripted

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

# clients that break the rules


SMUGGLED = b"GET /user/ada/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
VECTORS = [
    ("POST /user/ada/x", ("Content-Length: 4", "Transfer-Encoding: chunked"), b"0\r\n\r\n"),
    ("DELETE /user/ada/x", ("Transfer-Encoding: chunked", "Content-Length: 0"), b"0\r\n\r\n"),
    ("OPTIONS /user/ada/x", ("Content-Length: 0", "Content-Length: 44"), b""),
    ("POST /user/ada/x", ("Content-Length: 0x5",), b""),
    ("POST /user/ada/x", ("Content-Length: 0, 44",), b""),
    ("POST /user/ada/x", ("Transfer-Encoding: xchunked",), b"0\r\n\r\n"),
    ("POST /user/ada/x", ("Transfer-Encoding : chunked",), b"0\r\n\r\n"),
    ("POST /user/ada/x", ("X: y", " Transfer-Encoding: chunked"), b"0\r\n\r\n"),
    ("POST /user/ada/x", ("X: y\nTransfer-Encoding: chunked",), b"0\r\n\r\n"),
    ("POST /user/ada/x", ("X: y\rTransfer-Encoding: chunked",), b"0\r\n\r\n"),
    ("POST /user/ada/x", ("X: \x00",), b""),
    ("POST /user/ada/x", ("X: \x0b",), b""),
    ("POST /user/ada/x", ("Host: localhost",), b""),
    ("GET http://localhost/user/ada/x", (), b""),
    ("GET /user/ada/\x01", (), b""),
    ("GET /user/ada/x", ("Connection: Upgrade", "Upgrade: websocket", "Content-Length: 5"), b""),
]


@pytest.mark.parametrize(("line", "more", "body"), VECTORS)
def test_an_ambiguous_head_is_refused_and_nothing_behind_it_is_read(
    line: str, more: tuple[str, ...], body: bytes
) -> None:
    async def use(world: World) -> None:
        head = start(world, await world.login("ada"), line, *more)
        answer, client = await world.send(head + body + SMUGGLED)
        assert (answer.status, answer.value("connection"), await client.closed()) == (400, "close", b"")
        assert world.container.seen == []

    in_world(use)


@pytest.mark.parametrize(
    "body",
    [b"zz\r\n", b"5\r\nabcdeXX", b"-1\r\n", b"5\nabcde\r\n", b"ffffffffffffffffff\r\n", b"5;x\r\nabcde\r\n" + SMUGGLED],
)
def test_a_broken_chunk_ends_the_connection_and_smuggles_nothing(body: bytes) -> None:
    async def use(world: World) -> None:
        head = start(world, await world.login("ada"), "POST /user/ada/x", "Transfer-Encoding: chunked")
        answer, client = await world.send(head + body)
        assert (answer.status, answer.value("connection"), await client.closed()) == (400, "close", b"")
        assert ("GET", "/user/ada/smuggled") not in world.container.seen

    in_world(use)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * Limits().head_bytes,
        b"GET /" + b"a" * Limits().head_bytes,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: 1\r\n" * 101 + b"\r\n",
    ],
)
def test_a_head_that_is_too_large_is_refused(raw: bytes) -> None:
    async def use(world: World) -> None:
        answer, client = await world.send(raw)
        assert (answer.status, await client.closed()) == (431, b"")

    in_world(use)


def test_a_head_that_never_ends_is_given_up() -> None:
    async def use(world: World) -> None:
        answer, client = await world.send(b"GET / HTTP/1.1\r\nHost:")
        assert (answer.status, await client.closed()) == (408, b"")

    in_world(use, head_timeout=timedelta(seconds=0.05))


def test_a_refused_body_is_not_taken_for_the_next_request() -> None:
    async def use(world: World) -> None:
        head = start(world, await world.login("ken"), "POST /user/ada/x", f"Content-Length: {len(SMUGGLED) + 1}")
        answer, client = await world.send(head + SMUGGLED)
        assert (answer.status, answer.value("connection"), await client.closed()) == (403, "close", b"")
        assert world.container.seen == []

    in_world(use)


# containers that break the rules


HOSTILE = {
    "nothing": b"",
    "noise": b"\x00\x01\x02\r\n\r\n",
    "HTTP/0.9": b"<html>hello</html>",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a length in two ways": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhi",
    "a status that is none": b"HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nhi",
    "an endless head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
    "too many interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 11 + OK,
    "another protocol's name": b"SMTP/1.1 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("reply", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_answer_that_is_none_becomes_a_notice(reply: bytes) -> None:
    async def use(world: World) -> None:
        async with scripted(lambda _: reply) as (url, _):
            world.broker.routes = [route("ken", url)]
            client = await world.client()
            answer = await client.ask("GET", "/user/ken/x", world.headers(await world.login("ken")))
            while answer.status < 200:
                answer = await client.answer()
            assert (answer.status, answer.facts["code"]) == (503, "not-answering")

    in_world(use)


CUT = {
    "a counted body": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    "a chunked body": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "a broken chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
}


@pytest.mark.parametrize("reply", CUT.values(), ids=CUT.keys())
def test_half_an_answer_never_looks_like_a_whole_one(reply: bytes) -> None:
    async def use(world: World) -> None:
        async with scripted(lambda _: reply) as (url, _):
            world.broker.routes = [route("ken", url)]
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await world.ask("GET", "/user/ken/x", await world.login("ken"))

    in_world(use)


@pytest.mark.parametrize(
    "reply",
    [
        OK + OK.replace(b"hi", b"no"),
        OK + b"noise",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nno",
    ],
)
def test_surplus_bytes_reach_nobody(reply: bytes) -> None:
    async def use(world: World) -> None:
        ken = await world.login("ken")
        async with scripted(lambda head: OK if b"/second" in head else reply) as (url, _):
            world.broker.routes = [route("ken", url), route("ada", world.container.url)]
            client = await world.client()
            client.writer.write(start(world, ken, "GET /user/ken/first"))
            assert b"no" not in (await client.answer()).body
            assert (await world.ask("GET", "/user/ken/second", ken)).body == b"hi"

    in_world(use)


def test_an_answer_that_ends_with_its_connection_is_whole() -> None:
    async def use(world: World) -> None:
        async with scripted(lambda _: b"HTTP/1.0 200 OK\r\n\r\nall of it") as (url, _):
            world.broker.routes = [route("ken", url)]
            assert (await world.ask("GET", "/user/ken/x", await world.login("ken"))).body == b"all of it"

    in_world(use)


def test_another_protocol_that_nobody_asked_for_is_not_spoken() -> None:
    reply = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nraw bytes"

    async def use(world: World) -> None:
        async with scripted(lambda _: reply) as (url, _):
            world.broker.routes = [route("ken", url)]
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await world.ask("GET", "/user/ken/x", await world.login("ken"))

    in_world(use)


def test_a_container_sets_its_own_cookies_only() -> None:
    async def use(world: World) -> None:
        wanted = "cookie=_xsrf%3D1%3B+Path%3D/user/ada/&cookie=shiva-session%3Dx%3B+Path%3D/&cookie=a%3Db%3B+Domain%3Dlocalhost&cookie=a%3Db%3B+Path%3D/"
        answer = await world.ask("GET", f"/user/ada/x?{wanted}", await world.login("ada"))
        assert answer.values("set-cookie") == ["_xsrf=1; Path=/user/ada/", "a=b; Path=/user/ada/"]

    in_world(use)


def test_a_request_on_a_connection_that_died_meanwhile_is_sent_again() -> None:
    async def use(world: World) -> None:
        ken, asked = await world.login("ken"), []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK)  # it seems to be kept
            await reader.read(1)  # the next request comes, and nobody is there
            writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        world.broker.routes = [route("ken", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")]
        assert [(await world.ask("GET", "/user/ken/x", ken)).body for _ in range(3)] == [b"hi"] * 3
        await until(lambda: len(asked) == 3)
        server.close()

    in_world(use)


def test_a_connection_with_half_a_body_in_it_is_not_used_again() -> None:
    async def use(world: World) -> None:
        ken, carried = await world.login("ken"), list[bytes]()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            carried.append(await reader.readuntil(b"\r\n\r\n"))
            number = len(carried) - 1
            writer.write(OK)  # without waiting for the body
            while piece := await reader.read(1000):
                carried[number] += piece
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        world.broker.routes = [route("ken", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")]
        answer, _ = await world.send(start(world, ken, "PUT /user/ken/x", "Content-Length: 1000") + b"only this")
        assert (answer.body, answer.value("connection")) == (b"hi", "close")
        assert (await world.ask("GET", "/user/ken/next", ken)).body == b"hi"
        assert [one.partition(b" HTTP")[0] for one in carried] == [b"PUT /user/ken/x", b"GET /user/ken/next"]
        assert b"next" not in carried[0]
        server.close()

    in_world(use)


def test_who_still_sends_when_refused_can_read_why() -> None:
    async def use(world: World) -> None:
        client = await world.client()
        head = start(world, await world.login("ken"), "PUT /user/ada/x", f"Content-Length: {32 * 2**20}")
        client.writer.write(head + bytes(32 * 2**20))
        answer = await client.answer()
        assert (answer.status, answer.facts["code"]) == (403, "not-yours")

    in_world(use)


def test_a_route_that_leads_nowhere_is_a_notice() -> None:
    async def use(world: World) -> None:
        world.broker.routes = [route("ken", f"http://{'a' * 70}.example:80")]
        answer = await world.ask("GET", "/user/ken/x", await world.login("ken"))
        assert (answer.status, answer.facts["code"]) == (503, "not-answering")

    in_world(use)
