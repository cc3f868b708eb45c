"""The door with two people's recording containers behind it, and clients that send any bytes."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import PATIENCE, World, world
from tests.fakes.raw_upstream import RawUpstream, raw_upstream

T = TypeVar("T")
STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2}) [\x20-\x7e]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "") == "close"


def replies(raw: bytes, *, methods: str = "") -> tuple[list[Reply], bytes]:
    """Read answers by the letter, and return what is left; `methods` are those of the requests, H for HEAD."""
    found: list[Reply] = []
    while b"\r\n\r\n" in raw:
        head, rest = raw.split(b"\r\n\r\n", 1)
        start, *lines = head.split(b"\r\n")
        status = STATUS.fullmatch(start)
        assert status is not None, f"no answer: {raw!r}"
        pairs = [line.decode("latin-1").split(": ", 1) for line in lines]
        headers = {name.lower(): value for name, value in pairs}
        final = len([one for one in found if one.status >= 200])
        bodiless = int(status[1]) < 200 or int(status[1]) in {204, 304} or methods[final : final + 1] == "H"
        body = (b"", rest) if bodiless else _body(headers, rest)
        if body is None:
            break
        found.append(Reply(status=int(status[1]), headers=headers, body=body[0]))
        raw = body[1]
    return found, raw


def _body(headers: dict[str, str], rest: bytes) -> tuple[bytes, bytes] | None:
    if headers.get("transfer-encoding") == "chunked":
        return _chunks(rest)
    if "content-length" not in headers:
        return rest, b""
    size = int(headers["content-length"])
    return (rest[:size], rest[size:]) if len(rest) >= size else None


def _chunks(rest: bytes) -> tuple[bytes, bytes] | None:
    body = b""
    while b"\r\n" in rest:
        line, after = rest.split(b"\r\n", 1)
        size = int(line, 16)
        if len(after) < size + 2:
            return None
        assert after[size : size + 2] == b"\r\n"
        body, rest = body + after[:size], after[size + 2 :]
        if size == 0:
            return body, rest
    return None


async def turns() -> None:
    """Let what was written be read, before more is written."""
    for _ in range(3):
        await asyncio.sleep(0)


class Complaints(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


@dataclass
class RawDoor:
    """An open door; Ken and Ada have a container each, and Ken is logged in."""

    world: World
    ken: RawUpstream
    ada: RawUpstream
    cookie: str
    ada_cookie: str
    complaints: list[str]
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def lines(self, *more: str, cookie: str | None = None) -> list[str]:
        """Return what every request of Ken's has."""
        own = {"Host": f"localhost:{self.world.port}", "Origin": self.world.origin, "Cookie": cookie or self.cookie}
        return [*(f"{name}: {value}" for name, value in own.items()), *more]

    def head(self, line: str, *more: str) -> bytes:
        """Return a head of Ken's as bytes; text is Latin-1."""
        return ("\r\n".join([line, *self.lines(*more)]) + "\r\n\r\n").encode("latin-1")

    async def connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.world.port)
        self.writers.append(writer)
        return reader, writer

    async def until_closed(self, raw: bytes) -> bytes:
        """Send bytes and return all that comes until the door closes; TimeoutError when it does not."""
        reader, writer = await self.connection()
        writer.write(raw)
        try:
            return await asyncio.wait_for(reader.read(), PATIENCE)
        finally:
            writer.close()

    async def talk(self, *packets: bytes, methods: str) -> tuple[list[Reply], bool]:
        """Send packets, and read one answer for each letter of `methods`; say whether the door has closed."""
        reader, writer = await self.connection()
        got, found = b"", list[Reply]()
        for packet in packets:
            writer.write(packet)
            await writer.drain()
            await turns()
        try:
            while len([one for one in found if one.status >= 200]) < len(methods):
                piece = await asyncio.wait_for(reader.read(2**16), PATIENCE)
                if not piece:
                    return replies(got, methods=methods)[0], True
                found, left = replies(got := got + piece, methods=methods)
                assert not left or len(found) < len(methods), left
            return found, found[-1].closes
        finally:
            writer.close()

    async def settled(self) -> None:
        """Let what is under way arrive: a request that comes after it has its answer."""
        found, _ = await self.talk(self.head("GET /user/ken/settled HTTP/1.1"), methods="G")
        assert [one.status for one in found] == [200], found
        self.ken.messages[:] = [one for one in self.ken.messages if one.target != "/user/ken/settled"]


class Stage:
    """A door that stays open over many tests, with the loop it lives on."""

    def __init__(self, runner: asyncio.Runner, door: RawDoor) -> None:
        self.runner = runner
        self.door = door

    def run(self, use: Callable[[RawDoor], Awaitable[T]]) -> T:
        """Begin with nothing recorded; nothing may be complained about."""
        for upstream in (self.door.ken, self.door.ada):
            upstream.forget()
        self.door.complaints.clear()

        async def within() -> T:
            return await use(self.door)

        value = self.runner.run(within())
        assert self.door.complaints == []
        return value


@contextmanager
def raw_door() -> Iterator[Stage]:
    """Open it until the context ends."""
    handler = Complaints()
    logging.getLogger().addHandler(handler)

    def unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        handler.said.append(f"{context.get('message')}: {context.get('exception')!r}")

    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(unhandled)
        stack = AsyncExitStack()

        async def opened() -> RawDoor:
            ken, ada = await stack.enter_async_context(raw_upstream()), await stack.enter_async_context(raw_upstream())
            around = await stack.enter_async_context(world())
            around.broker.routes = [route("ken", ken.url), route("ada", ada.url)]
            cookies = await around.login("ken"), await around.login("ada")
            door = RawDoor(around, ken, ada, *cookies, handler.said)
            await door.settled()
            return door

        door = runner.run(opened())
        try:
            yield Stage(runner, door)
        finally:
            runner.run(stack.aclose())
            logging.getLogger().removeHandler(handler)
