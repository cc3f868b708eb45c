"""The side of a container, the manager, or our own pages: one answer at a time, kept connections where that is safe."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

import httptools

from shiva_jupyter_proxy.domain.messages import Headers, Upstream

CONNECT_SECONDS = 5.0
MAX_IDLE = 32  # connections kept for one pool
IDLE_SECONDS = 30.0
MAX_HEAD_BYTES = 128 * 1024
MAX_INTERIM = 10  # 1xx answers before the real one
NO_BODY = frozenset({204, 304})
EARLY_HINTS = 103


class Exchange(Protocol):
    """Who waits for the answer."""

    def interim(self, status: int, headers: Headers) -> None:
        """Take a 1xx answer."""

    def answer_head(self, status: int, reason: str, headers: Headers, *, length: int | None) -> None:
        """Take the head; `length` is None when only the end tells."""

    def answer_body(self, piece: bytes) -> None:
        """Take content."""

    def answer_end(self) -> None:
        """The answer is complete; the connection is free or closed."""

    def upgraded(self, reason: str, headers: Headers, rest: bytes) -> None:
        """Take the 101, and the first bytes behind it."""

    def tunnel_data(self, data: bytes) -> None:
        """Take bytes behind a 101."""

    def tunnel_eof(self) -> None:
        """The upstream will send no more."""

    def lost(self, *, before_answer: bool) -> None:
        """The connection broke, or what came is no answer."""

    def hold_request(self) -> None:
        """Send no more for now: the upstream reads slowly."""

    def go_on(self) -> None:
        """Send again."""


class Connection(asyncio.Protocol):
    """One connection to an upstream."""

    def __init__(self, pool: "Pool", key: str) -> None:
        """`key` names the pool that it may return to."""
        self._pool = pool
        self._key = key
        self._exchange: Exchange | None = None
        self.transport: asyncio.Transport | None = None
        self.used = False  # it carried an exchange before
        self._tunnel = False

    def begin(self, exchange: Exchange, *, head_only: bool) -> None:
        """Wait for one answer; `head_only` after HEAD."""
        self._exchange = exchange
        self._head_only = head_only
        self._parser = httptools.HttpResponseParser(self)
        self._headers: Headers = []
        self._reason = ""
        self._size = 0
        self._interims = 0
        self._answered = False
        self._until_close = False
        self._ended = False
        self._keep = False

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Read the answer, or pass bytes of a tunnel on."""
        if self._tunnel and self._exchange is not None:
            self._exchange.tunnel_data(data)
            return
        if self._exchange is None:  # nobody asked: never let it reach the next one who does
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._switch(data[upgrade.args[0] :])
            return
        except (httptools.HttpParserError, ValueError):
            self._fail()
            return
        self._size += 0 if self._answered else len(data)
        if self._size > MAX_HEAD_BYTES:
            self._fail()
        elif self._ended:
            self._finish()

    def eof_received(self) -> bool:
        """Keep our half of a tunnel open; else close."""
        if self._tunnel and self._exchange is not None:
            self._exchange.tunnel_eof()
            return True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End what ends with the connection, and say what broke."""
        self._pool.forget(self._key, self)
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        if self._until_close and exc is None:
            exchange.answer_end()
        else:
            exchange.lost(before_answer=not self._answered)

    def pause_writing(self) -> None:
        """The upstream reads slowly."""
        if self._exchange is not None:
            self._exchange.hold_request()

    def resume_writing(self) -> None:
        """It reads again."""
        if self._exchange is not None:
            self._exchange.go_on()

    # llhttp's callbacks

    def on_message_begin(self) -> None:
        """A head begins; behind a complete answer it is one that nobody asked for."""
        if self._ended:
            raise ValueError("bytes follow the answer")
        self._headers = []
        self._reason = ""

    def on_status(self, reason: bytes) -> None:
        """Keep the reason phrase."""
        self._reason += reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Pass the head on."""
        status = self._parser.get_status_code()
        assert self._exchange is not None
        if status < 200:
            self._interims += 1
            if self._interims > MAX_INTERIM:
                raise ValueError("too many interim answers")
            if status in {100, EARLY_HINTS}:
                self._exchange.interim(status, self._headers)
            return
        length = self._length(status)
        self._answered = True
        self._keep = self._parser.should_keep_alive() and not self._until_close
        self._exchange.answer_head(status, self._reason, self._headers, length=length)
        if self._head_only:
            self._ended, self._keep = True, False  # llhttp would wait for a body that does not come

    def on_body(self, piece: bytes) -> None:
        """Pass content on."""
        if self._exchange is not None and not self._head_only:
            self._exchange.answer_body(piece)

    def on_message_complete(self) -> None:
        """Note the end; an interim answer is none."""
        if self._answered:
            self._ended = True

    # what follows from them

    def _length(self, status: int) -> int | None:
        lengths = {value for name, value in self._headers if name == "content-length"}
        chunked = any(name == "transfer-encoding" for name, _ in self._headers)
        if chunked and lengths:
            raise ValueError("the answer's length is given in two ways")
        if len(lengths) > 1 or any(not value.isdecimal() for value in lengths):
            raise ValueError("the answer's length is no number")
        if status in NO_BODY:
            return 0
        self._until_close = not chunked and not lengths and not self._head_only
        return int(lengths.pop()) if lengths else None

    def _switch(self, rest: bytes) -> None:
        if self._exchange is None or self._parser.get_status_code() != 101:
            self._fail()
            return
        self._answered = self._tunnel = True
        self._exchange.upgraded(self._reason, self._headers, rest)

    def _finish(self) -> None:
        exchange, self._exchange = self._exchange, None
        if self._keep and self.transport is not None and not self.transport.is_closing():
            self.used = True
            self.resume_reading()
            self._pool.give_back(self._key, self)
        else:
            self.close()
        if exchange is not None:
            exchange.answer_end()

    def _fail(self) -> None:
        exchange, self._exchange = self._exchange, None
        self.close()
        if exchange is not None:
            exchange.lost(before_answer=not self._answered)

    def retire(self) -> None:
        """Carry no further exchange: a part of this request's body may never come."""
        self._keep = False

    def drop(self) -> None:
        """Forget who waits, and close: the browser went away."""
        self._exchange = None
        if self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        """Close it."""
        if self.transport is not None:
            self.transport.close()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def write_eof(self) -> None:
        """Send no more."""
        if self.transport is not None and self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()

    def pause_reading(self) -> None:
        """The browser reads slowly."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """It reads again."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()


class Pool:
    """Connections that wait for the next request to the same upstream and route; never shared between two routes."""

    def __init__(self) -> None:
        """Begin empty."""
        self._idle: dict[str, list[tuple[Connection, asyncio.TimerHandle]]] = defaultdict(list)

    async def connection(self, upstream: Upstream, *, fresh: bool) -> Connection:
        """Return an idle connection, or a new one; OSError (TimeoutError) when nobody listens."""
        key = f"{upstream.pool} {upstream.path or upstream.host} {upstream.port}"
        while not fresh and self._idle[key]:
            found, timer = self._idle[key].pop()
            timer.cancel()
            if found.transport is not None and not found.transport.is_closing():
                return found
        loop = asyncio.get_running_loop()
        factory: Callable[[], Connection] = lambda: Connection(self, key)  # noqa: E731
        async with asyncio.timeout(CONNECT_SECONDS):
            if upstream.path:
                return (await loop.create_unix_connection(factory, upstream.path))[1]
            return (await loop.create_connection(factory, upstream.host, upstream.port))[1]

    def give_back(self, key: str, connection: Connection) -> None:
        """Keep a connection whose answer is complete."""
        if len(self._idle[key]) >= MAX_IDLE:
            connection.close()
            return
        timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, connection.close)
        self._idle[key].append((connection, timer))

    def close(self) -> None:
        """Close what waits."""
        for connection, timer in [pair for pairs in self._idle.values() for pair in pairs]:
            timer.cancel()
            connection.close()

    def forget(self, key: str, connection: Connection) -> None:
        """Drop a connection that ended."""
        for pair in [pair for pair in self._idle.get(key, []) if pair[0] is connection]:
            pair[1].cancel()
            self._idle[key].remove(pair)
        if key in self._idle and not self._idle[key]:
            del self._idle[key]
