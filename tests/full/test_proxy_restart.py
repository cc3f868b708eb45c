"""The door ends, gently or not, under 500 open WebSockets and steady requests: everything returns by itself, containers go on."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.fakes.door_process import PATIENCE, UPGRADE, DoorProcess, Line, door_process

pytestmark = [pytest.mark.full, pytest.mark.timeout(300)]

SOCKETS = 500
BACK_SECONDS = 2.0


async def tunnel(door: DoorProcess) -> Line:
    """Open a WebSocket and see one message come back."""
    line = await door.line()
    line.writer.write(door.head("GET /user/ken/socket", UPGRADE))
    head = await asyncio.wait_for(line.reader.readuntil(b"\r\n\r\n"), PATIENCE)
    assert head.startswith(b"HTTP/1.1 101 ")
    line.writer.write(b"ping")
    assert await asyncio.wait_for(line.reader.readexactly(4), PATIENCE) == b"ping"
    return line


class Steady:
    """Somebody who asks again and again, and connects anew when the connection ends."""

    def __init__(self, door: DoorProcess) -> None:
        self.door = door
        self.answered = 0
        self.going = True

    async def run(self) -> None:
        line: Line | None = None
        number = 0
        while self.going:
            number += 1
            try:
                line = line or await self.door.line()
                answer = await line.ask(self.door.head(f"GET /user/ken/{number}"))
            except OSError:
                if line is not None:
                    line.close()
                line = None
                await asyncio.sleep(0.01)
                continue
            if answer.status == 200:
                assert answer.body == f"/user/ken/{number} 0".encode()
                self.answered += 1
            if answer.closes:
                line.close()
                line = None
        if line is not None:
            line.close()


async def back(door: DoorProcess) -> None:
    """Ask until a new request is answered by the container."""
    status = 0
    while status != 200:
        line: Line | None = None
        try:
            line = await door.line()
            status = (await line.ask(door.head("GET /user/ken/back"))).status
        except OSError:
            await asyncio.sleep(0.01)
        if line is not None:
            line.close()


async def ended(line: Line) -> None:
    """Wait until the door has ended a WebSocket."""
    try:
        while await asyncio.wait_for(line.reader.read(2**16), PATIENCE):
            pass
    except ConnectionError:
        pass
    line.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_loses_seconds_only(how: signal.Signals, tmp_path: Path) -> None:
    async def use() -> None:
        async with door_process(tmp_path) as door:
            steady = [Steady(door) for _ in range(4)]
            asking = [asyncio.create_task(one.run()) for one in steady]
            tunnels = [await tunnel(door) for _ in range(SOCKETS)]
            assert door.echo.tunnels == SOCKETS
            await door.end(how)
            await asyncio.gather(*(ended(line) for line in tunnels))
            before = [one.answered for one in steady]
            assert all(before)
            async with asyncio.timeout(BACK_SECONDS):
                await asyncio.gather(door.start(), back(door))
            again = [await tunnel(door) for _ in range(SOCKETS)]
            async with asyncio.timeout(PATIENCE):
                while (
                    any(one.answered <= count for one, count in zip(steady, before, strict=True))
                    or door.echo.tunnels > SOCKETS
                ):
                    await asyncio.sleep(0.01)
            assert door.echo.tunnels == SOCKETS
            assert door.echo.ends == ["FIN"] * SOCKETS
            for one in steady:
                one.going = False
            await asyncio.gather(*asking)
            for line in again:
                line.close()
                await line.writer.wait_closed()

    asyncio.run(use())
