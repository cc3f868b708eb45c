"""A container that records the very bytes it gets, and reads them by the letter of RFC 9112: no doubt is forgiven."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

LINE = re.compile(rb"[A-Z]+ /[\x21-\x7e]* HTTP/1\.1")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\x7e\x80-\xff]*)")
SIZE = re.compile(rb"[0-9a-f]{1,15}")
NUMBERED = re.compile(rb"x-request-id: [^\r]*\r\n")
NUMBER = re.compile(r"[0-9]{1,18}")


class OddError(Exception):
    """What came is not the one plain way to say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One whole request."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    head: bytes  # as it came
    body: bytes
    connection: int  # the number of the connection it came on

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def said(self) -> tuple[bytes, bytes]:
        """All of it but the number that the door gives to each request, and where its chunks end."""
        return NUMBERED.sub(b"", self.head), self.body


Answering = Callable[[Message], bytes]


def plain(message: Message) -> bytes:
    """Answer with what was asked for, so that no answer can be taken for another one."""
    body = f"{message.method} {message.target} {len(message.body)}".encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head if message.method == "HEAD" else head + body


@dataclass
class RawUpstream:
    """What came in, connection by connection and request by request."""

    port: int = 0
    answer: Answering = plain
    answers: list[bytes] = field(default_factory=list)  # packets of the next answer, instead
    closes: bool = False  # after the next answer
    closing: bool = False  # after every trick
    raw: list[bytearray] = field(default_factory=list)  # of each connection
    messages: list[Message] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)  # how each connection ended: "end" or "cut"
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def everything(self) -> bytes:
        return b"".join(self.raw)

    def forget(self) -> None:
        """Begin anew; connections stay and are counted on."""
        for bytes_of_one in self.raw:
            bytes_of_one.clear()
        self.answers = []
        self.messages.clear()
        self.odd.clear()
        self.ended.clear()


@asynccontextmanager
async def raw_upstream(answer: Answering = plain, *, port: int = 0) -> AsyncIterator[RawUpstream]:
    """Stand on a port of the kernel's choice until the context ends."""
    upstream = RawUpstream(answer=answer)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        upstream.writers.append(writer)
        upstream.raw.append(bytearray())
        try:
            await _Reading(upstream, len(upstream.raw) - 1, reader, writer).run()
        except (
            ConnectionError,
            RuntimeError,
            asyncio.CancelledError,
        ):  # RuntimeError: uvloop's, of a write that comes too late
            upstream.ended.append("cut")
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=2**22)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


@dataclass
class _Reading:
    """One connection."""

    upstream: RawUpstream
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def run(self) -> None:
        try:
            while await self.one():
                pass
        except asyncio.IncompleteReadError as cut:
            self.upstream.raw[self.number] += cut.partial
            self.upstream.ended.append("cut")
        except OddError as odd:
            self.upstream.odd.append(str(odd))
        else:
            self.upstream.ended.append("end")

    async def one(self) -> bool:
        """Read and answer one request; False at the end of the connection."""
        first = await self.reader.read(1)
        if not first:
            return False
        self.upstream.raw[self.number] += first
        head = first + await self.until(b"\r\n\r\n")
        start, *lines = head[:-4].split(b"\r\n")
        if not LINE.fullmatch(start):
            raise OddError(f"the first line is {start!r}")
        headers = [self.header(line) for line in lines]
        message = Message(
            method=start.split(b" ")[0].decode(), target=start.split(b" ")[1].decode(), headers=headers, head=head,
            body=await self.body(headers), connection=self.number,
        )  # fmt: skip
        self.upstream.messages.append(message)
        packets, self.upstream.answers = self.upstream.answers or [self.upstream.answer(message)], []
        for packet in packets:
            self.writer.write(packet)
            await self.writer.drain()
            for _ in range(3):  # let it be read before more is sent
                await asyncio.sleep(0)
        closes, self.upstream.closes = self.upstream.closes, False
        return not closes and not (self.upstream.closing and "/trick" in message.target)

    def header(self, line: bytes) -> tuple[str, str]:
        found = HEADER.fullmatch(line)
        if found is None:
            raise OddError(f"a header line is {line!r}")
        return found[1].decode().lower(), found[2].decode("latin-1")

    async def body(self, headers: list[tuple[str, str]]) -> bytes:
        lengths = [value for name, value in headers if name == "content-length"]
        codings = [value for name, value in headers if name == "transfer-encoding"]
        if len([value for name, value in headers if name == "host"]) != 1 or len(lengths) + len(codings) > 1:
            raise OddError(f"not one Host or more than one framing: {headers}")
        if ("expect", "100-continue") in [(name, value.lower()) for name, value in headers]:
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if codings:
            return await self.chunks(codings[0])
        if lengths and not NUMBER.fullmatch(lengths[0]):
            raise OddError(f"the length is {lengths[0]!r}")
        return await self.exactly(int(lengths[0])) if lengths else b""

    async def chunks(self, coding: str) -> bytes:
        if coding != "chunked":
            raise OddError(f"the coding is {coding!r}")
        body = b""
        while True:
            line = (await self.until(b"\r\n"))[:-2]
            if not SIZE.fullmatch(line):
                raise OddError(f"a chunk's size is {line!r}")
            piece = await self.exactly(int(line, 16) + 2)
            if piece[-2:] != b"\r\n":
                raise OddError("a chunk does not end where it should, or a trailer follows")
            if len(piece) == 2:
                return body
            body += piece[:-2]

    async def until(self, end: bytes) -> bytes:
        data = await self.reader.readuntil(end)
        self.upstream.raw[self.number] += data
        return data

    async def exactly(self, size: int) -> bytes:
        data = await self.reader.readexactly(size)
        self.upstream.raw[self.number] += data
        return data
