"""Two hundred thousand mixed requests leave the door as large, and with as many sockets, as the first twenty thousand did."""

import asyncio
import math
from pathlib import Path

import pytest
from shiva_jupyter_proxy.forward.pool import IDLE_SECONDS

from tests.fakes.door_process import PATIENCE, UPGRADE, DoorProcess, door_process
from tests.fakes.raw_door import Reply, replies

pytestmark = [pytest.mark.full, pytest.mark.timeout(600)]

LINES, BATCH, REQUESTS, WARM = 8, 20, 200_000, 20_000
GROWTH_BYTES = 10 * 2**20
LATEST_CLOSING = (
    IDLE_SECONDS * 4 / 3 + 2
)  # of a kept connection to an upstream, which is looked at every third of its time


def batch(door: DoorProcess, number: int) -> tuple[bytes, str]:
    """Return requests of several kinds behind one another, and their methods' letters."""
    counted = door.head(f"POST /user/ken/{number}", "Content-Length: 300\r\n") + b"x" * 300
    chunked = (
        door.head(f"PUT /user/ken/{number}", "Transfer-Encoding: chunked\r\n")
        + b"12c\r\n"
        + b"x" * 300
        + b"\r\n0\r\n\r\n"
    )
    plain = door.head(f"GET /user/ken/{number}?q={number}", f"X-Number: {number}\r\n")
    other = door.head(f"GET /user/ada/{number}")
    return (plain * 12 + counted * 3 + chunked * 2 + other * 3), "G" * 12 + "P" * 5 + "G" * 3


async def rude(door: DoorProcess, number: int) -> None:
    """Do what clients do that are no better: break the rules, leave early, open a socket and drop it."""
    kinds = [
        door.head("GET /user/ken/x", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
        door.head("GET /user/ken/x?bytes=3000000"),
        door.head("GET /user/ken/socket", UPGRADE),
        door.head("PUT /user/ken/x", "Content-Length: 100000\r\n") + b"half",
        door.head("GET /user/ken/x")[:-3],
    ]
    line = await door.line()
    line.writer.write(kinds[number % len(kinds)])
    if number % len(kinds) < 3:
        await asyncio.wait_for(line.reader.readuntil(b"\r\n"), PATIENCE)
    line.writer.transport.abort() if number % 2 else line.close()


async def ask(door: DoorProcess, requests: int) -> None:
    """Ask over one kept connection, with a rude client beside it now and then."""
    line = await door.line()
    for number in range(requests // BATCH):
        raw, methods = batch(door, number)
        line.writer.write(raw)
        got, found = b"", list[Reply]()
        while len(found) < len(methods):
            piece = await asyncio.wait_for(line.reader.read(2**18), PATIENCE)
            assert piece, "the door closed the connection"
            found, _ = replies(got := got + piece, methods=methods)
        assert [one.status for one in found] == [200] * 17 + [403] * 3
        if number % 10 == 0:
            await rude(door, number // 10)
    line.close()


def test_two_hundred_thousand_requests_leave_nothing_behind(tmp_path: Path) -> None:
    async def use() -> None:
        async with door_process(tmp_path) as door:
            await asyncio.gather(*(ask(door, WARM // LINES) for _ in range(LINES)))
            size, sockets = door.resident(), await settled(door)
            await asyncio.gather(*(ask(door, REQUESTS // LINES) for _ in range(LINES)))
            await asyncio.wait_for(at_most(door, sockets), PATIENCE + LATEST_CLOSING)
            assert door.resident() - size < GROWTH_BYTES

    asyncio.run(use())


async def settled(door: DoorProcess) -> int:
    """Return how many sockets the door holds once it closes no more of them."""
    seen = [0] * math.ceil(LATEST_CLOSING)
    while len(set(seen)) > 1 or not seen[0]:
        await asyncio.sleep(1)
        seen = [*seen[1:], door.sockets()]
    return seen[0]


async def at_most(door: DoorProcess, sockets: int) -> None:
    """Return once the door holds no more sockets than that; what is left over stays for ever."""
    while door.sockets() > sockets:
        await asyncio.sleep(0.5)
