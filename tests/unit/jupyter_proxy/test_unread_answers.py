"""A client that asks and asks and reads no answer is read no further: nothing grows with what it sends."""

import asyncio

import pytest

from tests.fakes.raw_door import RawDoor, Stage
from tests.fakes.raw_upstream import plain

FLOOD, BOUND = 64 * 2**20, 24 * 2**20  # far more than the kernel's buffers take in


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "line", ["GET /user/ada/x HTTP/1.1", "GET /user/ken/x HTTP/1.1"], ids=["the door answers", "a container answers"]
)
def test_a_pipeline_whose_answers_are_not_read_waits(stage: Stage, line: str) -> None:
    async def use(door: RawDoor) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", door.world.port, limit=1)
        request = door.head(line)
        door.ken.answer = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
        writer.write(request * (FLOOD // len(request)))
        seen = (-1, -1)
        while seen != (seen := (writer.transport.get_write_buffer_size(), len(door.ken.messages))):
            await asyncio.sleep(0.5)
        left = writer.transport.get_write_buffer_size()
        writer.transport.abort()
        door.ken.answer = plain
        assert FLOOD - left < BOUND
        await door.settled()

    stage.run(use)
