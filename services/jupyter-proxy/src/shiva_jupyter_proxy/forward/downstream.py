"""The browser's side: one request head in, a decision, bytes on; the next request when the answer is out."""

import asyncio
from collections.abc import Awaitable
from functools import partial
from time import monotonic
from typing import cast

from shiva_jupyter_proxy.domain.messages import Decision, Forward, Reply, RequestHead
from shiva_jupyter_proxy.forward import writing
from shiva_jupyter_proxy.forward.answering import CLOSED, EXCHANGE, HEAD, MAX_WAITING_BYTES, NOTHING, Answering
from shiva_jupyter_proxy.forward.bodies import Body, body_of
from shiva_jupyter_proxy.forward.connection import Connection
from shiva_jupyter_proxy.forward.front import NEVER, Front
from shiva_jupyter_proxy.forward.heads import AnswerHead, first_head
from shiva_jupyter_proxy.forward.refused import RefusedError
from shiva_jupyter_proxy.forward.sockets import watch_peer
from shiva_jupyter_proxy.forward.tunnel import Tunnel

TURN_BYTES = 32 * 1024  # of a chunked body, before it is another connection's turn: chunks may be tiny
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})  # may be sent again when a kept connection turns out dead


class Downstream(Answering):
    """One connection of a browser: the half that reads, and the steps of a request."""

    def __init__(self, front: Front) -> None:
        """Share `front` with the other connections."""
        super().__init__(front)
        self._task: asyncio.Task[None] | None = None
        self._lingers = False  # it was given more time to take the last answer

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
        if self._state is HEAD and not self._buffer and not self._slow and self._sent_again(data):
            return
        if self._state is not CLOSED:
            self._buffer = self._buffer + data if self._buffer else data
            self._advance()

    def eof_received(self) -> bool:
        """Answer what came whole, and then end: the browser may be gone, or has said all that it has to say."""
        self._eof = True
        if self._state is CLOSED or (self._state is HEAD and not self._buffer):
            return False
        self._expect(None)
        self._advance()
        return self._transport.can_write_eof() and not self._transport.is_closing()  # TLS ends both ways at once

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what was on its way; a decision or connection that is waited for finds nobody."""
        del exc
        self._state = CLOSED
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
        if self._state is EXCHANGE:
            self._expect(None)
        elif self._state is HEAD:
            self._transport.resume_reading()
            self._loop.call_soon(self._advance)
        if self._upstream is not None:
            self._upstream.resume_reading()

    # a request comes in

    def _timed_out(self) -> None:
        if self._state is HEAD and self._buffer:
            self._refuse(RefusedError(408, "the head took too long"))
        elif self._state is EXCHANGE and not self._answer_begun and self._body is not None and not self._body.done:
            self._refuse(RefusedError(408, "the body took too long"))
        elif self._state is EXCHANGE or self._lingers or self._transport.is_closing():
            self._transport.abort()  # it takes nothing, or is gone: half an answer must not look like a whole one
        elif self._state is CLOSED and self._transport.get_write_buffer_size():
            self._lingers = True
            self._deadline.within(self._front.limits.stalled_seconds)
        else:
            self._transport.close()
            self._deadline.within(self._front.limits.stalled_seconds)  # for what it has not taken yet

    def _advance(self) -> None:
        """Do what the buffered bytes allow."""
        if self._state is HEAD and self._slow:  # who does not read its answers gets no further one
            self._transport.pause_reading()
            return
        try:
            if self._state is HEAD:
                self._read_head()
            elif self._upstream is not None or self._gathered is not None:
                self._send_body()
        except RefusedError as refused:
            self._refuse(refused)
        if self._state is not CLOSED and not self._head_begun and len(self._buffer) > MAX_WAITING_BYTES:
            self._transport.pause_reading()

    def _read_head(self) -> None:
        raw, self._buffer = first_head(self._buffer, self._front.limits.head_bytes)
        if not raw and self._eof:
            self._transport.close()
        if not raw:
            if self._buffer and not self._head_begun:
                self._head_begun = True
                self._transport.resume_reading()
                self._deadline.within(self._front.limits.head_seconds)
            return
        head = self._known = self._front.reader.request(raw)
        self._began = monotonic()
        self._body = NOTHING if head.body_length == 0 else body_of(head.body_length)
        # what was sent ahead of an upgrade that is refused belongs to no request: the connection ends with that answer
        self._close_after = not head.keep_alive or head.upgrade is not None or self._front.draining
        self._state, self._head_begun = EXCHANGE, False
        self._expect(None if self._body.done else self._front.limits.body_seconds)
        self._decide(head, raw)

    def _sent_again(self, data: bytes) -> bool:
        """Send a request on that goes the way of the last one; False when it has to be read and decided."""
        now, again, front = monotonic(), self._again, self._front
        if not again.fits(data, now) or (kept := front.pool.kept(again.going_to.upstream)) is None:
            return False
        self._state, self._began, self._repeated, self._body = EXCHANGE, now, data, NOTHING
        self._going_to, self._upstream = again.going_to, kept
        self._deadline.at = NEVER
        kept.ask(self, again.sent_on(data, front.stamp()))
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
        elif self._state is EXCHANGE and not self._gathers(decided):  # else the browser went away meanwhile
            self._going_to = decided
            await self._connect(decided)

    @staticmethod
    def _repeatable(head: RequestHead) -> bool:
        return head.method in REPEATABLE and head.body_length == 0

    def _gathers(self, decision: Forward) -> bool:
        """Begin to gather the body where its upstream is asked for nothing before all of it is here."""
        head, body, most = self._head, self._body, decision.whole_body_bytes
        if most is None or head is None or body is None or body.done or self._gathered is not None:
            return False
        self._going_to = decision
        if (head.body_length or 0) > most:
            self._refuse(RefusedError(413, "the body is too large"))
            return True
        if (head.value("expect") or "").lower() == "100-continue":
            self._out.add(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.flush()
        self._gathered = bytearray()
        self._transport.resume_reading()
        self._advance()
        return True

    def _go(self, decision: Forward, *, fresh: bool) -> None:
        if self._gathers(decision):
            return
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
            self._reply(await self._front.away(decision, head))
            return
        if self._state is EXCHANGE:
            self._send(upstream, decision)
        else:
            upstream.drop()

    def _send(self, upstream: Connection, decision: Forward) -> None:
        head = self._head
        assert head is not None
        self._upstream = upstream
        lines = decision.lines, self._front.stamp()
        upstream.ask(self, writing.request_head(head, *lines, target=decision.target), head_only=head.method == "HEAD")
        if self._gathered:
            upstream.write(bytes(self._gathered))
        if self._slow:
            upstream.pause_reading()
        if self._body is not None and not self._body.done:
            self._transport.resume_reading()
            self._advance()

    def _send_body(self) -> None:
        body, head = self._body, self._head
        if body is None or head is None or body.done or self._held:
            return
        counted = head.body_length is not None
        turn = len(self._buffer) if counted else TURN_BYTES
        pieces, left = body.take(self._buffer[:turn])
        self._buffer = left + self._buffer[turn:]
        if pieces:
            content = b"".join(pieces)
            self._pass_on(content if counted else writing.chunk(content))
        if body.done and not counted:
            self._pass_on(writing.LAST_CHUNK)
        self._expect_more(body)
        if body.done and self._gathered is not None and self._going_to is not None:
            self._go(self._going_to, fresh=True)

    def _pass_on(self, content: bytes) -> None:
        """Send a piece of a body on, or keep it until all of it is here."""
        gathered, going_to, upstream = self._gathered, self._going_to, self._upstream
        if gathered is not None and going_to is not None:
            gathered += content
            if len(gathered) > (going_to.whole_body_bytes or 0):
                raise RefusedError(413, "the body is too large")
        elif upstream is not None:
            upstream.write(content)

    def _expect_more(self, body: Body) -> None:
        """Expect the rest of a body, or come back to what is here of it."""
        if self._buffer and not body.done:
            self._transport.pause_reading()
            self._loop.call_soon(self._advance)
        elif self._eof and not body.done:
            raise RefusedError(400, "the body is not whole")
        elif not self._held:
            self._transport.resume_reading()
        if not self._slow:
            self._expect(None if body.done else self._front.limits.body_seconds)

    def lost(self, *, before_answer: bool, silently: bool) -> None:
        """Say that the upstream went away, or try once more where a kept connection was simply too old."""
        upstream, self._upstream = self._upstream, None
        if not before_answer or self._going_to is None or self._head is None:
            self._transport.abort()  # half an answer must not look like a whole one
        elif silently and upstream is not None and upstream.used and self._repeatable(self._head):
            self._task = self._loop.create_task(self._connect(self._going_to))
        else:
            self._front.observer.upstream_failed(self._going_to.container_id)
            self._task = self._loop.create_task(self._wait_for(self._front.away(self._going_to, self._head)))

    def hold_request(self) -> None:
        """Let the browser wait with what is left of its request."""
        if self._body is None or self._body.done:
            return
        self._held = True
        self._transport.pause_reading()

    def go_on(self) -> None:
        """Let it send again."""
        self._held = False
        self._transport.resume_reading()
        if self._state is EXCHANGE:
            self._advance()

    def upgraded(self, head: AnswerHead, rest: bytes) -> None:
        """Answer 101, and let the bytes flow past us from now on: a socket may idle for days, so nothing is kept."""
        request, going_to, upstream = self._head, self._going_to, self._upstream
        if request is None or request.upgrade is None or going_to is None or upstream is None:
            self._transport.abort()  # nobody asked for another protocol
            return
        front, self._state, self._upstream = self._front, CLOSED, None
        upgrade = request.upgrade.encode("ascii")
        self._out.add(self._lines_of(head), b"connection: Upgrade\r\nupgrade: %s\r\n\r\n" % upgrade, rest)
        self.flush()
        self._note_answer(head.status, going_to.container_id)
        self._deadline.cancel()
        if self._buffer:
            upstream.write(self._buffer)
        tunnel = Tunnel(
            front.observer, container_id=going_to.container_id, session_id=going_to.session_id,
            stalled_seconds=front.limits.stalled_seconds,
        )  # fmt: skip
        front.replace(self, tunnel)
        tunnel.join(
            self._transport, upstream.transport, paused=(self._slow, self._held),
            on_end=partial(front.leave, tunnel, self._peer),
        )  # fmt: skip

    def drain(self) -> None:
        """End after what is under way."""
        self._close_after = True
        if self._state is HEAD and not self._buffer:
            self._transport.close()

    def abort(self) -> None:
        """End it at once, whatever is on its way: the door is closing."""
        self._transport.abort()
