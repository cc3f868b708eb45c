"""The browser's side: one request head in, a decision, bytes on; the next request when the answer is out."""

import asyncio
import logging
from collections.abc import Awaitable
from enum import Enum, auto
from functools import partial
from time import monotonic
from typing import cast

from shiva_jupyter_proxy.domain.messages import Decision, Forward, Peer, Reply, RequestHead
from shiva_jupyter_proxy.forward import writing
from shiva_jupyter_proxy.forward.again import Again
from shiva_jupyter_proxy.forward.bodies import Body, Counted, body_of
from shiva_jupyter_proxy.forward.connection import Connection
from shiva_jupyter_proxy.forward.front import NEVER, Deadline, Front
from shiva_jupyter_proxy.forward.heads import AnswerHead, first_head
from shiva_jupyter_proxy.forward.outgoing import Outgoing
from shiva_jupyter_proxy.forward.refused import RefusedError
from shiva_jupyter_proxy.forward.sockets import half_closed, watch_peer
from shiva_jupyter_proxy.forward.tunnel import Tunnel

log = logging.getLogger("shiva.jupyter_proxy.forward")

LINGER_SECONDS = 2.0  # for what is still coming in after the last answer
MAX_WAITING_BYTES = 256 * 1024  # of what was sent ahead, and of a body while its upstream is waited for
NOTHING = Counted(0)
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})  # may be sent again when a kept connection turns out dead


class State(Enum):
    """What the connection is busy with."""

    HEAD = auto()  # a head is expected
    EXCHANGE = auto()  # a request is on its way
    CLOSED = auto()


class Downstream(asyncio.Protocol):
    """One connection of a browser."""

    def __init__(self, front: Front) -> None:
        """Share `front` with the other connections."""
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._state = State.HEAD
        self._buffer = b""
        self._out = Outgoing()
        self._deadline = Deadline(self._timed_out)
        self._task: asyncio.Task[None] | None = None
        self._upstream: Connection | None = None
        self._slow = False  # the browser reads slowly
        self._eof = False  # it sends no more
        self._close_after = False
        self._lingers = False  # it was given more time to take the last answer
        self._again = Again()
        self._peer: Peer
        self._reset()

    def _reset(self) -> None:
        self._head: RequestHead | None = None
        self._head_begun = False
        self._body: Body | None = None
        self._going_to: Forward | None = None
        self._held = False  # the upstream reads slowly
        self._out.chunked = False
        self._answer_begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first head."""
        self._transport = self._out.transport = cast(asyncio.Transport, transport)
        self._peer = self._front.peer(transport)
        watch_peer(transport)
        admitted = self._front.enter(self, self._peer)
        self._deadline.within(self._front.limits.idle_seconds)
        if not admitted:
            self._refuse(RefusedError(429, "too many connections from this address"))

    def data_received(self, data: bytes) -> None:
        """Take bytes, for what the connection is busy with."""
        if self._state is State.HEAD and not self._buffer and not self._slow and self._sent_again(data):
            return
        if self._state is not State.CLOSED:
            self._buffer = self._buffer + data if self._buffer else data
            self._advance()

    def eof_received(self) -> bool:
        """Answer what came whole, and then end: the browser may be gone, or has said all that it has to say."""
        self._eof = True
        if self._state is State.CLOSED or (self._state is State.HEAD and not self._buffer):
            return False
        self._expect(None)
        self._advance()
        return not self._transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what was on its way; a decision or connection that is waited for finds nobody."""
        del exc
        self._state = State.CLOSED
        self._deadline.cancel()
        if self._upstream is not None:
            self._upstream.drop()
        self._front.leave(self, self._peer)

    def pause_writing(self) -> None:
        """The browser reads slowly: let the upstream wait."""
        self._slow = True
        if self._upstream is not None:
            self._upstream.pause_reading()
        self._deadline.within(self._front.limits.stalled_seconds)

    def resume_writing(self) -> None:
        """It reads again."""
        self._slow = False
        if self._state is State.EXCHANGE:
            self._expect(None)
        elif self._state is State.HEAD:
            self._transport.resume_reading()
            self._loop.call_soon(self._advance)
        if self._upstream is not None:
            self._upstream.resume_reading()

    # a request comes in

    def _expect(self, seconds: float | None) -> None:
        """Expect the browser's next step within `seconds`; who sends no more may be gone, and is not waited for long."""
        wanted = self._front.limits.half_closed_seconds if self._eof else seconds
        self._deadline.never() if wanted is None else self._deadline.within(wanted)

    def _timed_out(self) -> None:
        if self._state is State.HEAD and self._buffer:
            self._refuse(RefusedError(408, "the head took too long"))
        elif (
            self._state is State.EXCHANGE and not self._answer_begun and self._body is not None and not self._body.done
        ):
            self._refuse(RefusedError(408, "the body took too long"))
        elif self._state is State.EXCHANGE or self._lingers:
            self._transport.abort()  # it takes nothing, or is gone: half an answer must not look like a whole one
        elif self._state is State.CLOSED and self._transport.get_write_buffer_size():
            self._lingers = True
            self._deadline.within(self._front.limits.stalled_seconds)
        else:
            self._transport.close()

    def _advance(self) -> None:
        """Do what the buffered bytes allow."""
        if self._state is State.HEAD and self._slow:  # who does not read its answers gets no further one
            self._transport.pause_reading()
            return
        try:
            if self._state is State.HEAD:
                self._read_head()
            elif self._upstream is not None:
                self._send_body()
        except RefusedError as refused:
            self._refuse(refused)
        if self._state is not State.CLOSED and len(self._buffer) > MAX_WAITING_BYTES:
            self._transport.pause_reading()

    def _read_head(self) -> None:
        raw, self._buffer = first_head(self._buffer, self._front.limits.head_bytes)
        if not raw and self._eof:
            self._transport.close()
        if not raw:
            if self._buffer and not self._head_begun:
                self._head_begun = True
                self._deadline.within(self._front.limits.head_seconds)
            return
        head = self._head = self._front.reader.request(raw)
        self._began = monotonic()
        self._body = body_of(head.body_length)
        self._close_after = not head.keep_alive or self._front.draining
        self._state = State.EXCHANGE
        self._expect(None if self._body.done else self._front.limits.body_seconds)
        self._decide(head, raw)

    def _sent_again(self, data: bytes) -> bool:
        """Send a request on that goes the way of the last one; False when it has to be read and decided."""
        now, again = monotonic(), self._again
        head = again.head(data, now)
        if head is None or (kept := self._front.pool.kept(again.going_to.upstream)) is None:
            return False
        self._state, self._began, self._head, self._body = State.EXCHANGE, now, head, NOTHING
        self._going_to, self._upstream = again.going_to, kept
        self._deadline.at = NEVER
        kept.begin(self, head_only=False)
        kept.write(again.sent_on(data, self._front.stamp()))
        return True

    def _decide(self, head: RequestHead, raw: bytes) -> None:
        decision = self._front.judge(head, self._peer)
        if isinstance(decision, Reply):
            self._reply(decision)
        elif isinstance(decision, Forward):
            self._again.learn(raw, head, decision)
            self._go(decision, fresh=not self._repeatable(head))
        else:
            self._task = self._loop.create_task(self._wait_for(decision))

    async def _wait_for(self, decision: Awaitable[Decision]) -> None:
        decided = await decision
        if isinstance(decided, Reply):
            self._reply(decided)
        elif self._state is State.EXCHANGE:  # else the browser went away meanwhile
            self._going_to = decided
            await self._connect(decided)

    @staticmethod
    def _repeatable(head: RequestHead) -> bool:
        return head.method in REPEATABLE and head.body_length == 0

    def _go(self, decision: Forward, *, fresh: bool) -> None:
        self._going_to = decision
        kept = None if fresh else self._front.pool.kept(decision.upstream)
        if kept is not None:
            self._send(kept, decision)
        else:
            self._task = self._loop.create_task(self._connect(decision))

    async def _connect(self, decision: Forward) -> None:
        head = self._head
        assert head is not None
        try:
            upstream = await self._front.pool.connected(decision.upstream)
        except (OSError, UnicodeError):  # TimeoutError is one; a host that cannot be a name is the other
            self._front.observer.upstream_failed(decision.container_id)
            self._reply(await decision.away(head))
            return
        if self._state is State.EXCHANGE:
            self._send(upstream, decision)
        else:
            upstream.drop()

    def _send(self, upstream: Connection, decision: Forward) -> None:
        head = self._head
        assert head is not None
        upstream.begin(self, head_only=head.method == "HEAD")
        self._upstream = upstream
        upstream.write(writing.request_head(head, decision.lines, self._front.stamp(), target=decision.target))
        if self._slow:
            upstream.pause_reading()
        if self._body is not None and not self._body.done:
            self._transport.resume_reading()
            self._advance()

    def _send_body(self) -> None:
        body, upstream, head = self._body, self._upstream, self._head
        if body is None or upstream is None or head is None or body.done or self._held:
            return
        pieces, self._buffer = body.take(self._buffer)
        if pieces and head.body_length is None:
            upstream.write(writing.chunk(pieces[0] if len(pieces) == 1 else b"".join(pieces)))
        elif pieces:
            upstream.write(pieces[0])
        if body.done and head.body_length is None:
            upstream.write(writing.LAST_CHUNK)
        if self._eof and not body.done:
            raise RefusedError(400, "the body is not whole")
        if not self._slow:
            self._expect(None if body.done else self._front.limits.body_seconds)

    # the answer comes back (`Exchange`)

    def interim(self, head: AnswerHead) -> None:
        """Pass a 1xx answer on."""
        if self._head is not None and self._head.version == "1.1":
            self._out.add(self._lines_of(head), b"\r\n")

    def _lines_of(self, head: AnswerHead) -> bytes:
        assert self._going_to is not None
        return writing.answer_lines(head, self._going_to.cookies_under)

    def answer_head(self, head: AnswerHead, *, length: int | None) -> None:
        """Pass the head on, with framing of our own."""
        request, body = self._head, self._body
        assert request is not None
        assert body is not None
        self._answer_begun = True
        self._out.chunked = length is None and request.method != "HEAD" and request.version == "1.1"
        ends_with_connection = length is None and request.method != "HEAD" and not self._out.chunked
        # What is left of a body that was answered early belongs to no request: the connection ends with this answer.
        # The same holds for what was sent ahead of an upgrade that is refused.
        if not body.done and self._upstream is not None:
            self._upstream.retire()
        self._close_after |= (
            not body.done or ends_with_connection or request.upgrade is not None or self._front.draining
        )
        framing = writing.answer_framing(head.status, length, chunked=self._out.chunked, close=self._close_after)
        self._out.add(self._lines_of(head), framing)
        self._note_answer(head.status, self._going_to.container_id if self._going_to else None)

    def _note_answer(self, status: int, container: str | None) -> None:
        if self._head is not None:
            self._front.observer.answered(self._head, self._peer, container, status, monotonic() - self._began)

    def answer_body(self, piece: bytes) -> None:
        """Pass content on."""
        self._out.piece(piece)

    def answer_end(self) -> None:
        """Finish, and go on with the next request."""
        self._upstream = None  # it waits for somebody else already
        self._out.end()
        self._next()

    def answer_whole(self, head: AnswerHead, content: bytes) -> None:
        """Pass an answer on that came in one piece, and go on with the next request."""
        body, going_to, request = self._body, self._going_to, self._head
        if self._close_after or self._buffer or self._eof or body is None or not body.done or going_to is None or request is None:
            self.answer_head(head, length=head.length)
            self.answer_body(content)
            self.answer_end()
            return
        self._upstream = self._head = self._going_to = None
        self._out.add(writing.whole_head(head, going_to.cookies_under), content)
        self._out.flush()
        now = monotonic()
        self._front.observer.answered(request, self._peer, going_to.container_id, head.status, now - self._began)
        self._state = State.HEAD
        self._deadline.by(now + self._front.limits.idle_seconds)

    def flush(self) -> None:
        """Send what was gathered, at once and together."""
        self._out.flush()

    def lost(self, *, before_answer: bool, silently: bool) -> None:
        """Say that the upstream went away, or try once more where a kept connection was simply too old."""
        upstream, self._upstream = self._upstream, None
        if not before_answer or self._going_to is None or self._head is None:
            self._transport.abort()  # half an answer must not look like a whole one
        elif silently and upstream is not None and upstream.used and self._repeatable(self._head):
            self._task = self._loop.create_task(self._connect(self._going_to))
        else:
            self._front.observer.upstream_failed(self._going_to.container_id)
            self._task = self._loop.create_task(self._wait_for(self._going_to.away(self._head)))

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

    def upgraded(self, head: AnswerHead, rest: bytes) -> None:
        """Answer 101, and let the bytes flow past us from now on: a socket may idle for days, so nothing is kept."""
        request, going_to, upstream = self._head, self._going_to, self._upstream
        if request is None or request.upgrade is None or going_to is None or upstream is None:
            self._transport.abort()  # nobody asked for another protocol
            return
        front, self._state, self._upstream = self._front, State.CLOSED, None
        upgrade = request.upgrade.encode("ascii")
        self._out.add(self._lines_of(head), b"connection: Upgrade\r\nupgrade: %s\r\n\r\n" % upgrade, rest)
        self.flush()
        self._note_answer(head.status, going_to.container_id)
        self._deadline.cancel()
        if self._buffer:
            upstream.write(self._buffer)
        assert upstream.transport is not None
        tunnel = Tunnel(front.observer, container_id=going_to.container_id, session_id=going_to.session_id)
        front.replace(self, tunnel)
        tunnel.join(
            self._transport, upstream.transport, paused=(self._slow, self._held),
            on_end=partial(front.leave, tunnel, self._peer),
        )  # fmt: skip

    def drain(self) -> None:
        """End after what is under way."""
        self._close_after = True
        if self._state is State.HEAD and not self._buffer:
            self._transport.close()

    def abort(self) -> None:
        """End it at once, whatever is on its way: the door is closing."""
        self._transport.abort()

    # answers of our own

    def _refuse(self, refused: RefusedError) -> None:
        """Answer and close: where the next message begins is unknown."""
        log.info("request refused", extra={"status": refused.status, "cause": str(refused)})
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.drop()
        if self._answer_begun:
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
        self._close_after |= unread or head is None or head.upgrade is not None or self._front.draining
        framing = [("content-length", str(len(reply.body)))] + ([("connection", "close")] if self._close_after else [])
        self._out.add(writing.own_answer(reply.status, [*reply.headers, *framing]), b"\r\n")
        if head is None or head.method != "HEAD":
            self._out.add(reply.body)
        self.flush()
        self._note_answer(reply.status, None)
        self._next()

    def _next(self) -> None:
        if self._close_after or (self._eof and not self._buffer):
            self._end()
            return
        self._state = State.HEAD
        self._reset()
        self._expect(self._front.limits.idle_seconds)
        if len(self._buffer) <= MAX_WAITING_BYTES:
            self._transport.resume_reading()
        if self._buffer:
            self._loop.call_soon(self._advance)  # requests sent ahead: one at a time, each in its turn

    def _end(self) -> None:
        """Send no more, and let the browser end: closed with bytes unread, its system would throw the answer away."""
        self._state = State.CLOSED
        if half_closed(self._transport):
            self._transport.resume_reading()
            self._deadline.within(LINGER_SECONDS)
        else:
            self._transport.close()
