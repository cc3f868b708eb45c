"""The door as a process of its own, with a broker and an echoing container in this one."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.proxy_broker import broker_standing, route
from tests.fakes.proxy_process import PREFIX, PROGRAM, environment, login
from tests.fakes.raw_door import Reply, replies

START_SECONDS = 20.0
PATIENCE = 20.0  # on a busy machine
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
    + "a" * 22
    + "==\r\n"
)


@dataclass
class Echo:
    """Answers with what was asked for and how large the body was; what is sent after an upgrade comes back."""

    port: int = 0
    tunnels: int = 0  # open now
    ends: list[str] = field(default_factory=list)  # how tunnels ended: FIN or RST
    requests: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if b"upgrade: websocket" in head.lower():
                    await self.tunnel(reader, writer)
                    return
                await self.answer(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tunnels += 1
        how = "RST"
        try:
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            while data := await reader.read(2**16):
                writer.write(data)
                await writer.drain()
            how = "FIN"
        finally:
            self.tunnels -= 1
            self.ends.append(how)

    async def answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests += 1
        target = head.split(b" ")[1].decode()
        size = 0
        if found := re.search(rb"(?i)\r\ncontent-length: ([0-9]+)\r\n", head):
            size = len(await reader.readexactly(int(found[1])))
        elif b"transfer-encoding: chunked" in head.lower():
            while piece := int(await reader.readuntil(b"\r\n"), 16):
                size += len(await reader.readexactly(piece + 2)) - 2
            await reader.readexactly(2)
        body = f"{target} {size}".encode()
        if wanted := re.search(r"[?&]bytes=([0-9]+)", target):
            body = b"x" * int(wanted[1])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()


@asynccontextmanager
async def echoing(port: int = 0) -> AsyncIterator[Echo]:
    echo = Echo()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await echo.serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1000)
    echo.port = server.sockets[0].getsockname()[1]
    try:
        yield echo
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Line:
    """One keep-alive connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, raw: bytes) -> Reply:
        """Send a request and read its answer; ConnectionError when the connection ends instead."""
        self.writer.write(raw)
        got = b""
        while True:
            piece = await asyncio.wait_for(self.reader.read(2**18), PATIENCE)
            if not piece:
                raise ConnectionResetError("the door closed the connection")
            found, left = replies(got := got + piece)
            if found and found[-1].status >= 200:
                assert left == b""
                return found[-1]

    def close(self) -> None:
        self.writer.close()


@dataclass
class DoorProcess:
    """A door that was started, and can be started again on the same port."""

    environment: dict[str, str]
    echo: Echo
    port: int = 0
    process: asyncio.subprocess.Process | None = None
    cookie: str = ""

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    async def start(self) -> None:
        """Return when it says that it listens."""
        environment = self.environment | {f"{PREFIX}BIND_PORT": str(self.port)}
        self.process = await asyncio.create_subprocess_exec(
            PROGRAM, env=environment, stdout=asyncio.subprocess.PIPE, limit=2**20
        )
        assert self.process.stdout is not None
        said = await asyncio.wait_for(self.process.stdout.readline(), START_SECONDS)
        self.port = int(json.loads(said)["port"])
        self._reading = asyncio.create_task(_swallow(self.process.stdout))

    async def end(self, number: int) -> None:
        """Send it a signal, and wait for its end."""
        assert self.process is not None
        self.process.send_signal(number)
        await asyncio.wait_for(self.process.wait(), START_SECONDS)
        await self._reading

    async def line(self) -> Line:
        return Line(*await asyncio.open_connection("127.0.0.1", self.port, limit=2**22))

    def head(self, line: str, more: str = "") -> bytes:
        """Return a head of Ken's."""
        own = f"Host: localhost:{self.port}\r\nOrigin: http://localhost:{self.port}\r\nCookie: {self.cookie}\r\n"
        return f"{line} HTTP/1.1\r\n{own}{more}\r\n".encode("latin-1")

    async def login(self) -> None:
        """Log Ken in."""
        self.cookie = await asyncio.to_thread(login, self.port, f"localhost:{self.port}", "ken")

    def sockets(self) -> int:
        """Return how many sockets the door holds."""
        folder = Path(f"/proc/{self.pid}/fd")
        return sum(os.readlink(one).startswith("socket:") for one in folder.iterdir())

    def resident(self) -> int:
        """Return its memory in bytes."""
        found = re.search(r"VmRSS:\s+([0-9]+) kB", Path(f"/proc/{self.pid}/status").read_text(encoding="ascii"))
        assert found is not None
        return int(found[1]) * 1024


async def _swallow(stream: asyncio.StreamReader) -> None:
    while await stream.read(2**16):
        pass


@asynccontextmanager
async def door_process(folder: Path, *, logged_in: bool = True, **more: str) -> AsyncIterator[DoorProcess]:
    """Start a door, with `more` in its environment; Ken's container is an echo, and Ken is `logged_in`."""
    async with AsyncExitStack() as stack:
        echo, broker = await stack.enter_async_context(echoing()), await stack.enter_async_context(broker_standing())
        broker.routes = [route("ken", f"http://127.0.0.1:{echo.port}")]
        settings = environment(0, broker.url, folder) | {f"{PREFIX}DRAIN": "5"} | more
        door = DoorProcess(os.environ | settings, echo)
        await door.start()
        try:
            if logged_in:
                await door.login()
            yield door
        finally:
            if door.process is not None and door.process.returncode is None:
                await door.end(9)
