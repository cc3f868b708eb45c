"""What goes back to a browser: answers of upstreams, answers of the door itself, and the step to the next request."""

import asyncio
import logging
from abc import abstractmethod
from enum import Enum, auto
from time import monotonic

from shiva_jupyter_proxy.domain.messages import Forward, Peer, Reply, RequestHead
from shiva_jupyter_proxy.forward import writing
from shiva_jupyter_proxy.forward.again import Again
from shiva_jupyter_proxy.forward.bodies import Body, Counted
from shiva_jupyter_proxy.forward.connection import Connection
from shiva_jupyter_proxy.forward.front import Deadline, Front
from shiva_jupyter_proxy.forward.heads import AnswerHead
from shiva_jupyter_proxy.forward.outgoing import Outgoing
from shiva_jupyter_proxy.forward.refused import RefusedError
from shiva_jupyter_proxy.forward.sockets import half_closed

log = logging.getLogger("shiva.jupyter_proxy.forward")

LINGER_SECONDS = 2.0  # for what is still coming in after the last answer
MAX_WAITING_BYTES = 256 * 1024  # of what was sent ahead, and of a body while its upstream is waited for


class State(Enum):
    """What the connection is busy with."""

    HEAD = auto()  # a head is expected
    EXCHANGE = auto()  # a request is on its way
    CLOSED = auto()


HEAD, EXCHANGE, CLOSED = State
NOTHING = Counted(0)  # the body of most requests


class Answering(asyncio.Protocol):
    """The half of a browser's connection that writes."""

    _transport: asyncio.Transport
    _peer: Peer

    def __init__(self, front: Front) -> None:
        """Share `front` with the other connections."""
        self._front = front
        self._loop = asyncio.get_running_loop()
        self._state = HEAD
        self._buffer = b""
        self._out = Outgoing()
        self._deadline = Deadline(self._timed_out)
        self._upstream: Connection | None = None
        self._slow = False  # the browser reads slowly
        self._eof = False  # it sends no more
        self._close_after = False
        self._again = Again()
        self._began = 0.0  # monotonic; of the request
        self._reset()

    def _reset(self) -> None:
        self._known: RequestHead | None = None
        self._repeated = b""  # the request on its way, where it went the way of the last one
        self._head_begun = False
        self._body: Body | None = None
        self._going_to: Forward | None = None
        self._held = False  # the upstream reads slowly
        self._gathered: bytearray | None = None  # of a body that goes on as a whole; None: it goes on as it comes
        self._out.chunked = False
        self._answer_begun = False

    @property
    def _head(self) -> RequestHead | None:
        """The request on its way; one that was sent on unread is read when that is asked for."""
        if self._known is None and self._repeated:
            self._known = self._again.head(self._repeated)
        return self._known

    @abstractmethod
    def _advance(self) -> None:
        """Do what the buffered bytes allow."""

    @abstractmethod
    def _timed_out(self) -> None:
        """The deadline passed."""

    def _expect(self, seconds: float | None) -> None:
        """Expect the browser's next step within `seconds`; who sends no more may be gone, and is not waited for long."""
        wanted = self._front.limits.half_closed_seconds if self._eof else seconds
        self._deadline.never() if wanted is None else self._deadline.within(wanted)

    # an answer of an upstream (`Exchange`)

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
        if not body.done and self._upstream is not None:
            self._upstream.retire()
        self._close_after |= not body.done or ends_with_connection or self._front.draining
        framing = writing.answer_framing(head.status, length, chunked=self._out.chunked, close=self._close_after)
        self._out.add(self._lines_of(head), framing)
        self._note_answer(head.status, self._going_to.container_id if self._going_to else None)

    def _note_answer(self, status: int, container: str | None) -> None:
        if self._known is not None or self._repeated:
            seconds = monotonic() - self._began
            self._front.observer.answered(container, status, seconds)
            if self._front.access_log is not None and self._head is not None:
                self._front.access_log(self._head, self._peer, container, status, seconds)

    def answer_body(self, piece: bytes) -> None:
        """Pass content on."""
        self._out.piece(piece)

    def answer_end(self) -> None:
        """Finish, and go on with the next request."""
        self._upstream = None  # it waits for somebody else already
        self._out.end()
        self._next()

    def answer_whole(self, head: AnswerHead, content: bytes, now: float) -> None:
        """Pass an answer on that came in one piece, and go on with the next request."""
        going_to, front = self._going_to, self._front
        if self._close_after or self._buffer or self._eof or going_to is None or self._body is not NOTHING:
            self.answer_head(head, length=head.length)
            self.answer_body(content)
            self.answer_end()
            return
        under, container = going_to.cookies_under, going_to.container_id
        lines = head.wholes.get(under) or writing.whole_head(head, under)
        self._upstream = None
        if not self._transport.is_closing():
            self._transport.write(lines + content)
        if front.access_log is None:
            front.observer.answered(container, head.status, now - self._began)
        else:
            self._note_answer(head.status, container)
        self._known = self._going_to = None
        self._repeated = b""
        self._state = HEAD
        self._deadline.by(now + front.limits.idle_seconds)

    def flush(self) -> None:
        """Send what was gathered, at once and together."""
        self._out.flush()

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
        if self._state is CLOSED or self._transport.is_closing():
            return
        head = self._head
        unread = self._body is not None and not self._body.done
        self._close_after |= unread or head is None or self._front.draining
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
        self._state = HEAD
        self._reset()
        self._expect(self._front.limits.idle_seconds)
        if len(self._buffer) <= MAX_WAITING_BYTES:
            self._transport.resume_reading()
        if self._buffer:
            self._loop.call_soon(self._advance)  # requests sent ahead: one at a time, each in its turn

    def _end(self) -> None:
        """Send no more, and let the browser end: closed with bytes unread, its system would throw the answer away."""
        self._state = CLOSED
        if half_closed(self._transport):
            self._transport.resume_reading()
            self._deadline.within(LINGER_SECONDS)
        else:
            self._transport.close()
