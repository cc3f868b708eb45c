"""The browser's side: one request head in, a decision, bytes on; the next request when the answer is out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from http import HTTPStatus

from shiva_jupyter_proxy.domain import headers as crossing
from shiva_jupyter_proxy.domain.messages import Forward, Headers, Reply, RequestHead
from shiva_jupyter_proxy.domain.ports import Observer
from shiva_jupyter_proxy.forward import heads, writing
from shiva_jupyter_proxy.forward.bodies import Body, body_of
from shiva_jupyter_proxy.forward.upstream import Connection, Pool

log = logging.getLogger("shiva.jupyter_proxy.forward")

HEAD_SECONDS = 10.0  # for a whole head, from its first byte
IDLE_SECONDS = 75.0  # between two requests
LINGER_SECONDS = 2.0  # for what is still coming in after the last answer
MAX_WAITING_BYTES = 256 * 1024  # of a body, while the decision or the upstream is waited for
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})  # may be sent again when a kept connection turns out dead


class State(Enum):
    """What the connection is busy with."""

    HEAD = auto()  # a head is expected
    EXCHANGE = auto()  # a request is on its way
    TUNNEL = auto()  # bytes both ways
    CLOSED = auto()


Decide = Callable[..., Awaitable[Forward | Reply]]  # (head, *, client)


class Downstream(asyncio.Protocol):
    """One connection of a browser."""

    def __init__(self, decide: Decide, pool: Pool, observer: Observer) -> None:
        """Share `pool` with the other connections."""
        self._decide = decide
        self._pool = pool
        self._observer = observer
        self._state = State.HEAD
        self._buffer = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._head: RequestHead | None = None
        self._body: Body | None = None
        self._upstream: Connection | None = None
        self._going_to: Forward | None = None
        self._held = False  # the upstream reads slowly
        self._slow = False  # the browser reads slowly
        self._chunked_answer = False
        self._answer_begun = False
        self._close_after = False
        self._client = ""

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first head."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._client = str(peer[0]) if peer else ""
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes, for what the connection is busy with."""
        if self._state is State.TUNNEL and self._upstream is not None:
            self._upstream.write(data)
            self._note_use()
        elif self._state is not State.CLOSED:
            self._buffer += data
            self._advance()

    def eof_received(self) -> bool:
        """Keep our half of a tunnel open; else the browser is gone."""
        if self._state is State.TUNNEL and self._upstream is not None:
            self._upstream.write_eof()
            return True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what was on its way."""
        del exc
        was, self._state = self._state, State.CLOSED
        self._set_timer(None)
        if self._task is not None:
            self._task.cancel()
        if self._upstream is not None:
            self._upstream.drop()
        if was is State.TUNNEL:
            self._observer.tunnel_closed(self._container, self)

    def pause_writing(self) -> None:
        """The browser reads slowly: let the upstream wait."""
        self._slow = True
        if self._upstream is not None:
            self._upstream.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        self._slow = False
        if self._upstream is not None:
            self._upstream.resume_reading()

    # a request comes in

    @property
    def _container(self) -> str | None:
        return self._going_to.container_id if self._going_to else None

    def _await_head(self) -> None:
        self._state = State.HEAD
        self._head = self._body = self._upstream = self._going_to = None
        self._answer_begun = self._held = False
        self._set_timer(IDLE_SECONDS)

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, self._timed_out)

    def _timed_out(self) -> None:
        if self._buffer and self._state is State.HEAD:
            self._refuse(heads.RefusedError(408, "the head took too long"))
        else:
            self._transport.close()

    def _advance(self) -> None:
        """Do what the buffered bytes allow."""
        try:
            if self._state is State.HEAD:
                self._read_head()
            elif self._upstream is not None:
                self._send_body()
        except heads.RefusedError as refused:
            self._refuse(refused)
        if self._state is State.EXCHANGE and len(self._buffer) > MAX_WAITING_BYTES:
            self._transport.pause_reading()

    def _read_head(self) -> None:
        while self._buffer.startswith(b"\r\n"):  # RFC 9112 section 2.2: an empty line before a request is ignored
            del self._buffer[:2]
        end = self._buffer.find(heads.END)
        if end < 0:
            if len(self._buffer) > heads.MAX_HEAD_BYTES:
                raise heads.RefusedError(431, "the head is too large")
            latest = asyncio.get_running_loop().time() + HEAD_SECONDS
            if self._buffer and self._timer is not None and self._timer.when() > latest:
                self._set_timer(HEAD_SECONDS)
            return
        if end > heads.MAX_HEAD_BYTES:
            raise heads.RefusedError(431, "the head is too large")
        raw = bytes(self._buffer[: end + len(heads.END)])
        del self._buffer[: len(raw)]
        self._head = heads.parsed(raw)
        self._set_timer(None)
        self._body = body_of(self._head)
        self._close_after = not self._head.keep_alive
        self._state = State.EXCHANGE
        self._task = asyncio.get_running_loop().create_task(self._answer(self._head))

    async def _answer(self, head: RequestHead) -> None:
        try:
            decision = await self._decide(head, client=self._client)
        except Exception:
            log.exception("the decision failed")
            decision = Reply(status=500, headers=[("content-type", "text/plain")], body=b"Something went wrong here.\n")
        if isinstance(decision, Reply):
            self._reply(decision)
        else:
            await self._connect(decision, fresh=head.method not in REPEATABLE)

    async def _connect(self, decision: Forward, *, fresh: bool) -> None:
        self._going_to = decision
        try:
            upstream = await self._pool.connection(decision.upstream, fresh=fresh or self._body_expected())
        except (OSError, UnicodeError):  # TimeoutError is one; a host that cannot be a name is the other
            self._reply(await decision.away())
            return
        if self._state is not State.EXCHANGE or self._head is None:
            upstream.drop()
            return
        upstream.begin(self, head_only=self._head.method == "HEAD")
        self._upstream = upstream
        upstream.write(writing.request_head(self._head, decision.headers))
        if self._slow:
            upstream.pause_reading()
        self._transport.resume_reading()
        self._advance()

    def _body_expected(self) -> bool:
        return self._head is not None and self._head.body_length != 0

    def _send_body(self) -> None:
        body, upstream, head = self._body, self._upstream, self._head
        if body is None or upstream is None or head is None or body.done or self._held or not self._buffer:
            return
        pieces, rest = body.take(bytes(self._buffer))
        self._buffer[:] = rest
        for piece in pieces:
            upstream.write(writing.chunk(piece) if head.body_length is None else piece)
        if body.done and head.body_length is None:
            upstream.write(writing.LAST_CHUNK)

    # the answer comes back (`Exchange`)

    def interim(self, status: int, headers: Headers) -> None:
        """Pass a 1xx answer on."""
        if self._head is not None and self._head.version == "1.1":
            self._write_head(status, HTTPStatus(status).phrase, self._passed_back(headers))

    def _passed_back(self, headers: Headers) -> Headers:
        assert self._going_to is not None
        return crossing.passed_back(headers, cookies_under=self._going_to.cookies_under)

    def answer_head(self, status: int, reason: str, headers: Headers, *, length: int | None) -> None:
        """Pass the head on, with framing of our own."""
        assert self._head is not None
        self._answer_begun = True
        passed = [(name, value) for name, value in self._passed_back(headers) if name != "content-length"]
        self._chunked_answer = False
        if length is not None:
            if status not in {204, 304}:
                passed.append(("content-length", str(length)))
        elif self._head.method != "HEAD":
            self._chunked_answer = self._head.version == "1.1"
            self._close_after |= not self._chunked_answer
            passed += [("transfer-encoding", "chunked")] if self._chunked_answer else []
        if self._body is not None and not self._body.done and self._upstream is not None:
            self._upstream.retire()
        # What is left of a body that was answered early belongs to no request: the connection ends with this answer.
        # The same holds for what was sent ahead of an upgrade that is refused.
        self._close_after |= (self._body is not None and not self._body.done) or self._head.upgrade is not None
        passed += [("connection", "close")] if self._close_after else []
        self._write_head(status, reason, passed)
        self._observer.answered(self._container, status)

    def answer_body(self, piece: bytes) -> None:
        """Pass content on."""
        self._write(writing.chunk(piece) if self._chunked_answer else piece)

    def answer_end(self) -> None:
        """Finish, and go on with the next request."""
        if self._chunked_answer:
            self._write(writing.LAST_CHUNK)
        self._upstream = None
        self._next()

    def lost(self, *, before_answer: bool) -> None:
        """Say that the upstream went away, or try once more where a kept connection was simply too old."""
        upstream, self._upstream = self._upstream, None
        if self._state is State.TUNNEL:
            self._transport.close()
        elif not before_answer or self._going_to is None or self._head is None:
            self._transport.abort()  # half an answer must not look like a whole one
        elif upstream is not None and upstream.used and self._head.method in REPEATABLE and not self._body_expected():
            self._task = asyncio.get_running_loop().create_task(self._connect(self._going_to, fresh=True))
        else:
            self._task = asyncio.get_running_loop().create_task(self._say_away(self._going_to))

    async def _say_away(self, decision: Forward) -> None:
        self._reply(await decision.away())

    def hold_request(self) -> None:
        """Let the browser wait."""
        self._held = True
        self._transport.pause_reading()

    def go_on(self) -> None:
        """Let it send again."""
        self._held = False
        self._transport.resume_reading()
        if self._state is State.EXCHANGE:
            self._advance()

    # tunnels

    def upgraded(self, reason: str, headers: Headers, rest: bytes) -> None:
        """Answer 101 and move bytes from now on."""
        if self._head is None or self._head.upgrade is None:
            self._transport.abort()  # nobody asked for another protocol
            return
        self._state = State.TUNNEL
        passed = [*self._passed_back(headers), ("connection", "Upgrade"), ("upgrade", self._head.upgrade)]
        self._write_head(101, reason, passed)
        self._observer.tunnel_opened(self._container, self)
        if rest:
            self.tunnel_data(rest)
        if self._buffer and self._upstream is not None:
            self._upstream.write(bytes(self._buffer))
            self._buffer.clear()

    def tunnel_data(self, data: bytes) -> None:
        """Pass bytes back."""
        self._write(data)
        self._note_use()

    def tunnel_eof(self) -> None:
        """The upstream sends no more: neither do we."""
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()

    def close_tunnel(self) -> None:
        """Close at once: its route is gone."""
        self._transport.close()

    def abort(self) -> None:
        """End it at once, whatever is on its way: the door is closing."""
        self._transport.abort()

    def _note_use(self) -> None:
        self._observer.tunnel_used(self._container)

    # answers of our own

    def _refuse(self, refused: heads.RefusedError) -> None:
        """Answer and close: where the next message begins is unknown."""
        log.info("request refused", extra={"status": refused.status, "cause": str(refused)})
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.drop()
        if self._answer_begun or self._state is State.TUNNEL:
            self._transport.abort()
            return
        self._close_after = True
        body = f"{refused.phrase}: {refused}\n".encode()
        self._reply(Reply(status=refused.status, headers=[("content-type", "text/plain; charset=utf-8")], body=body))

    def _reply(self, reply: Reply) -> None:
        """Send an answer of the door itself."""
        if self._state is State.CLOSED or self._transport.is_closing():
            return
        head = self._head
        unread = self._body is not None and not self._body.done
        self._close_after |= unread or head is None or head.upgrade is not None
        headers = [*reply.headers, ("content-length", str(len(reply.body)))]
        headers += [("connection", "close")] if self._close_after else []
        self._chunked_answer = False
        self._write_head(reply.status, HTTPStatus(reply.status).phrase, headers)
        if head is None or head.method != "HEAD":
            self._write(reply.body)
        self._observer.answered(None, reply.status)
        self._next()

    def _next(self) -> None:
        if self._close_after:
            self._end()
            return
        self._await_head()
        self._transport.resume_reading()
        if self._buffer:
            self._advance()

    def _end(self) -> None:
        """Send no more, and let the browser end: closed with bytes unread, its system would throw the answer away."""
        self._state = State.CLOSED
        self._transport.write_eof()
        self._transport.resume_reading()
        self._set_timer(LINGER_SECONDS)

    def _write_head(self, status: int, reason: str, headers: Headers) -> None:
        self._write(writing.answer_head(status, reason, headers))

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)
