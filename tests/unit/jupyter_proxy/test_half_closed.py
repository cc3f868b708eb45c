"""A client that has said all and sends no more still gets its answers: `nc -N`, and programs that shut their half down."""

import asyncio

import pytest

from tests.fakes.proxy_door import PATIENCE
from tests.fakes.raw_door import RawDoor, Stage, replies, turns


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("together", [True, False])
def test_every_request_is_answered(stage: Stage, count: int, together: bool) -> None:
    async def use(door: RawDoor) -> None:
        reader, writer = await door.connection()
        for number in range(count):
            writer.write(door.head(f"GET /user/ken/{number} HTTP/1.1"))
            await (asyncio.sleep(0) if together else turns())
        writer.write_eof()
        found, left = replies(await asyncio.wait_for(reader.read(), PATIENCE))
        writer.close()
        assert ([one.body for one in found], left) == ([f"GET /user/ken/{n} 0".encode() for n in range(count)], b"")

    stage.run(use)


@pytest.mark.parametrize(("more", "body"), [("Content-Length: 5", b"hello"), ("Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n")])  # fmt: skip
def test_an_upload_is_answered(stage: Stage, more: str, body: bytes) -> None:
    async def use(door: RawDoor) -> None:
        reader, writer = await door.connection()
        writer.write(door.head("PUT /user/ken/x HTTP/1.1", more) + body)
        writer.write_eof()
        found, left = replies(await asyncio.wait_for(reader.read(), PATIENCE))
        writer.close()
        assert ([one.body for one in found], left) == ([b"PUT /user/ken/x 5"], b"")

    stage.run(use)


@pytest.mark.parametrize("raw", [b"", b"GET /user/ken/x HT", b"\r\n"])
def test_half_a_head_is_no_request(stage: Stage, raw: bytes) -> None:
    async def use(door: RawDoor) -> None:
        reader, writer = await door.connection()
        writer.write(raw)
        writer.write_eof()
        found, left = replies(await asyncio.wait_for(reader.read(), PATIENCE))
        writer.close()
        assert ([one.status for one in found] in ([], [400]), left, door.ken.everything) == (True, b"", b"")

    stage.run(use)


@pytest.mark.parametrize(
    ("more", "body"), [("Content-Length: 5", b"hell"), ("Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n")]
)
def test_half_a_body_is_no_request(stage: Stage, more: str, body: bytes) -> None:
    async def use(door: RawDoor) -> None:
        reader, writer = await door.connection()
        writer.write(door.head("PUT /user/ken/x HTTP/1.1", more) + body)
        writer.write_eof()
        found, _ = replies(await asyncio.wait_for(reader.read(), PATIENCE))
        writer.close()
        await door.settled()
        assert ([one.status for one in found] in ([], [400]), door.ken.messages, door.ken.odd) == (True, [], [])

    stage.run(use)
