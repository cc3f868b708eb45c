"""Servers behind the door, on real sockets: one that tells what it received, and one that answers any bytes."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

PIECE = b"p" * 64 * 1024
METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")


@dataclass
class Upstream:
    """What came through the door."""

    port: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)  # method and target
    sockets: list[WebSocketHandler] = field(default_factory=list)
    closed: list[tuple[int | None, str | None]] = field(default_factory=list)  # of sockets
    sent: int = 0  # bytes of the big answer
    received: int = 0  # bytes of a body, as they come
    taking: asyncio.Event = field(default_factory=asyncio.Event)  # cleared: bodies are not read

    @property
    def url(self) -> str:
        """Where it stands."""
        return f"http://127.0.0.1:{self.port}"

    def hang_up(self) -> None:
        """End the last socket without a word."""
        connection = self.sockets[-1].ws_connection
        assert isinstance(connection, WebSocketProtocol13)
        connection.stream.close()


Told = TypeVar("Told", bound=Upstream)


class _Handler(RequestHandler):
    SUPPORTED_METHODS = METHODS

    def initialize(self, upstream: Upstream) -> None:
        self.upstream = upstream

    def compute_etag(self) -> None:
        """Say nothing that a test does not ask for."""

    def note(self) -> None:
        self.upstream.seen.append((str(self.request.method), str(self.request.uri)))


@stream_request_body
class _Echo(_Handler):
    def prepare(self) -> None:
        self.digest, self.size = hashlib.sha256(), 0
        self.note()

    async def data_received(self, chunk: bytes) -> None:
        await self.upstream.taking.wait()
        self.digest.update(chunk)
        self.size += len(chunk)
        self.upstream.received += len(chunk)

    def answer(self, *_: str) -> None:
        """Tell what was received."""
        facts: dict[str, Any] = {
            "method": self.request.method,
            "target": self.request.uri,
            "headers": list(self.request.headers.get_all()),
            "size": self.size,
            "sha256": self.digest.hexdigest(),
        }
        self.set_header("X-Upstream", "echo")
        self.set_header("X-Method", str(self.request.method))
        for cookie in self.get_arguments("cookie"):
            self.add_header("Set-Cookie", cookie)
        self.write(facts)

    get = head = post = delete = patch = put = options = answer


class _Status(_Handler):
    def get(self, status: str) -> None:
        self.note()
        self.set_status(int(status))
        if int(status) not in {204, 304}:
            self.write(status)


class _Big(_Handler):
    async def get(self) -> None:
        """Send as much as the other side takes."""
        pieces = int(self.get_argument("pieces"))
        if self.get_argument("counted", ""):
            self.set_header("Content-Length", str(pieces * len(PIECE)))
        for _ in range(pieces):
            self.write(PIECE)
            try:
                await self.flush()
            except StreamClosedError:
                return
            self.upstream.sent += len(PIECE)


class _Socket(WebSocketHandler):
    def initialize(self, upstream: Upstream) -> None:
        self.upstream = upstream

    def prepare(self) -> None:
        self.upstream.seen.append(("SOCKET", str(self.request.uri)))

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return "v1.kernel.websocket.jupyter.org" if "v1.kernel.websocket.jupyter.org" in subprotocols else None

    def open(self, *_: str, **__: str) -> None:
        self.upstream.sockets.append(self)

    async def on_message(self, message: str | bytes) -> None:
        if isinstance(message, str) and message.startswith("close "):
            self.close(int(message.split()[1]), "as you wish")
        elif message == "headers":
            await self.write_message({"headers": list(self.request.headers.get_all())})
        else:
            await self.write_message(message, binary=isinstance(message, bytes))

    def on_close(self) -> None:
        self.upstream.closed.append((self.close_code, self.close_reason))


@asynccontextmanager
async def upstream_standing() -> AsyncIterator[Upstream]:
    """Stand on a port of the kernel's choice until the context ends."""
    async with telling(Upstream(), []) as upstream:
        yield upstream


@asynccontextmanager
async def telling(upstream: Told, more: list[Any]) -> AsyncIterator[Told]:
    """Stand as `upstream`, with `more` handlers before those that tell what they received."""
    upstream.taking.set()
    facts = {"upstream": upstream}
    application = Application(
        [
            *more,
            (r".*/status/(\d+)", _Status, facts),
            (r".*/big", _Big, facts),
            (r".*/socket", _Socket, facts),
            (r"(.*)", _Echo, facts),
        ],
        log_function=lambda _: None,
        websocket_max_message_size=64 * 2**20,
    )
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(application, max_body_size=2**40)
    server.add_sockets(sockets)
    upstream.port = sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.stop()
        await server.close_all_connections()


@asynccontextmanager
async def scripted(answer: Callable[[bytes], bytes]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Stand as a server that answers each head with `answer(head)` and hangs up; give its address and the heads."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer(heads[-1]))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    handler: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]] = serve
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    finally:
        server.close()
