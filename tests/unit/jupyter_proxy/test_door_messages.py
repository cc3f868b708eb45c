"""Messages through the real door: framing and streaming, with peers that are fast, slow, or gone."""

import asyncio
import hashlib

import pytest

from tests.fakes.proxy_door import Client, World, in_world, start
from tests.fakes.proxy_upstream import PIECE

BOUND = 16 * 2**20  # far above what the kernel's buffers take in, far below what is sent


# framing


def test_a_connection_carries_many_requests_and_closes_when_asked() -> None:
    async def use(world: World) -> None:
        ada, client = world.headers(await world.login("ada")), await world.client()
        for number in range(20):
            answer = await client.ask("GET", f"/user/ada/{number}", ada)
            assert (answer.facts["target"], answer.value("connection")) == (f"/user/ada/{number}", "")
        last = await client.ask("GET", "/user/ada/last", ada | {"Connection": "close"})
        assert (last.status, last.value("connection"), await client.closed()) == (200, "close", b"")

    in_world(use)


def test_requests_sent_ahead_are_answered_in_order() -> None:
    async def use(world: World) -> None:
        ada, client = await world.login("ada"), await world.client()
        client.writer.write(b"".join(start(world, ada, f"GET /user/ada/{number}") for number in range(10)))
        assert [(await client.answer()).facts["target"] for _ in range(10)] == [f"/user/ada/{n}" for n in range(10)]

    in_world(use)


def test_a_head_may_arrive_byte_by_byte() -> None:
    async def use(world: World) -> None:
        client = await world.client()
        for byte in start(world, await world.login("ada"), "GET /user/ada/x"):
            client.writer.write(bytes([byte]))
            await client.writer.drain()
            await asyncio.sleep(0)
        assert (await client.answer()).facts["target"] == "/user/ada/x"

    in_world(use)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET"])
def test_bodies_arrive_whole_counted_and_chunked(method: str) -> None:
    async def use(world: World) -> None:
        ada, client = await world.login("ada"), await world.client()
        body = bytes(range(256)) * 1000
        answer = await client.ask(method, "/user/ada/x", world.headers(ada), body)
        assert (answer.facts["size"], answer.facts["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
        client.writer.write(start(world, ada, f"{method} /user/ada/x", "Transfer-Encoding: chunked"))
        for at in range(0, len(body), 10_001):
            piece = body[at : at + 10_001]
            client.writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        client.writer.write(b"0\r\nX-Trailer: 1\r\n\r\n")
        answer = await client.answer()
        assert (answer.facts["size"], answer.facts["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
        assert (await client.ask("GET", "/user/ada/after", world.headers(ada))).facts["target"] == "/user/ada/after"

    in_world(use)


def test_answers_without_a_body_leave_the_connection_usable() -> None:
    async def use(world: World) -> None:
        ada, client = world.headers(await world.login("ada")), await world.client()
        for method, path, status in [
            ("HEAD", "/user/ada/x", 200),
            ("GET", "/user/ada/status/204", 204),
            ("GET", "/user/ada/status/304", 304),
            ("HEAD", "/user/ken/x", 403),
            ("GET", "/user/ada/x", 200),
        ]:
            answer = await client.ask(method, path, ada)
            assert (answer.status, bool(answer.body)) == (status, status == 200 and method == "GET")
            assert not (status in {204, 304} and answer.values("content-length"))

    in_world(use)


def test_an_old_client_gets_an_answer_that_ends_with_the_connection() -> None:
    async def use(world: World) -> None:
        head = start(world, await world.login("ada"), "GET /user/ada/big?pieces=2").replace(b"HTTP/1.1", b"HTTP/1.0")
        answer, client = await world.send(head)
        assert (len(answer.body), answer.values("transfer-encoding")) == (2 * len(PIECE), [])
        assert await client.closed() == b""

    in_world(use)


def test_who_waits_for_permission_to_send_gets_the_answer_anyway() -> None:
    async def use(world: World) -> None:
        ada, client = await world.login("ada"), await world.client()
        client.writer.write(start(world, ada, "PUT /user/ada/x", "Content-Length: 3", "Expect: 100-continue"))
        assert (await client.head()).status == 100
        client.writer.write(b"abc")
        assert (await client.answer()).facts["size"] == 3

    in_world(use)


# streaming


async def sum_of(client: Client, pieces: int) -> int:
    """Read a chunked body without keeping it."""
    total = 0
    while size := int(await client.reader.readuntil(b"\r\n"), 16):
        total += len(await client.reader.readexactly(size + 2)) - 2
        assert total <= pieces * len(PIECE)
    return total


def test_a_large_answer_streams_and_a_slow_reader_makes_the_container_wait() -> None:
    async def use(world: World) -> None:
        pieces = 2000  # 125 MiB
        answer_at, client = (
            start(world, await world.login("ada"), f"GET /user/ada/big?pieces={pieces}"),
            await world.client(),
        )
        client.writer.write(answer_at)
        assert (await client.head()).value("transfer-encoding") == "chunked"
        sent = -1
        while sent != world.container.sent:  # until it stands still
            sent = world.container.sent
            await asyncio.sleep(0.2)
        assert 0 < sent < BOUND
        assert (await world.ask("GET", "/-/health")).status == 200
        assert await sum_of(client, pieces) == pieces * len(PIECE)

    in_world(use)


def test_a_container_that_reads_slowly_makes_the_browser_wait() -> None:
    async def use(world: World) -> None:
        ada, client, size = await world.login("ada"), await world.client(), 64 * 2**20
        world.container.taking.clear()
        client.writer.write(start(world, ada, "PUT /user/ada/x", f"Content-Length: {size}"))
        client.writer.write(bytes(size))
        left = -1
        while left != (left := client.writer.transport.get_write_buffer_size()):
            await asyncio.sleep(0.2)
        assert size - left < BOUND
        assert world.container.received < BOUND
        world.container.taking.set()
        assert (await client.answer()).facts["size"] == size

    in_world(use)


def test_a_reader_who_leaves_ends_the_answer_at_the_container() -> None:
    async def use(world: World) -> None:
        client = await world.client()
        client.writer.write(start(world, await world.login("ada"), "GET /user/ada/big?pieces=100000"))
        await client.head()
        client.writer.transport.abort()
        sent = -1
        while sent != (sent := world.container.sent):
            await asyncio.sleep(0.1)
        assert sent < 100_000 * len(PIECE)

    in_world(use)
