"""The side of a container, the manager, or our own pages: one answer at a time."""

import asyncio
from time import monotonic
from typing import Protocol, cast

from shiva_jupyter_proxy.forward.bodies import Body, Chunked, Counted, UntilClosed
from shiva_jupyter_proxy.forward.heads import BARE_SO_FAR, END, FINAL, NO_BODY, AnswerHead, Reader
from shiva_jupyter_proxy.forward.refused import RefusedError

MAX_HEAD_BYTES = 128 * 1024
MAX_INTERIM = 10  # 1xx answers before the real one
SWITCHING = 101
PASSED_ON = frozenset({100, 103})  # interim answers that mean something to a browser


class Exchange(Protocol):
    """Who waits for the answer."""

    def interim(self, head: AnswerHead) -> None:
        """Take a 1xx answer."""

    def answer_head(self, head: AnswerHead, *, length: int | None) -> None:
        """Take the head; `length` is None when only the end tells."""

    def answer_body(self, piece: bytes) -> None:
        """Take content."""

    def answer_end(self) -> None:
        """The answer is complete; the connection is free or closed."""

    def answer_whole(self, head: AnswerHead, content: bytes, now: float) -> None:
        """Take an answer that came in one piece, at a monotonic time."""

    def flush(self) -> None:
        """All that came in is told."""

    def upgraded(self, head: AnswerHead, rest: bytes) -> None:
        """Take the 101, and the first bytes behind it; and from now on the transport."""

    def lost(self, *, before_answer: bool, silently: bool) -> None:
        """The connection broke, or what came is no answer; `silently`: not one byte of it came."""

    def hold_request(self) -> None:
        """Send no more until `go_on`: the upstream reads slowly."""

    def go_on(self) -> None:
        """Send again."""


class Keeper(Protocol):
    """Where connections wait for their next exchange."""

    reader: Reader

    def give_back(self, connection: "Connection", now: float) -> None:
        """Keep a connection whose answer is complete."""

    def forget(self, connection: "Connection") -> None:
        """Drop a connection that ended."""


class Connection(asyncio.Protocol):
    """One connection to an upstream."""

    __slots__ = (
        *(
            "_answered",
            "_body",
            "_buffer",
            "_exchange",
            "_head_only",
            "_heard",
            "_interims",
            "_keep",
            "_keeper",
            "_last",
        ),
        *("key", "since", "transport", "used"),
    )

    transport: asyncio.Transport

    def __init__(self, keeper: Keeper, key: str) -> None:
        """`key` names where it may be used again."""
        self._keeper = keeper
        self.key = key
        self.since = 0.0  # when it was given back
        self.used = False  # it carried an exchange before
        self._exchange: Exchange | None = None
        self._buffer = b""  # the beginning of a head
        self._last: AnswerHead | None = None  # as it came in one piece with its content
        self._keep = True
        self._rest()

    def _rest(self) -> None:
        self._body: Body | None = None
        self._head_only = self._answered = self._heard = False
        self._interims = 0

    def ask(self, exchange: Exchange, head: bytes, *, head_only: bool = False) -> None:
        """Send a request's head on an open connection, and wait for one answer; `head_only` after HEAD."""
        self._exchange = exchange
        self._head_only = head_only
        self.transport.write(head)

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Read the answer."""
        exchange = self._exchange
        if exchange is not None and self._whole(data, exchange):
            return
        self._heard = True
        if exchange is None:  # nobody asked: never let it reach the next one who does
            self.close()
        else:
            try:
                self._read(data, exchange)
            except RefusedError:
                self._fail()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what ends with the connection, and say what broke."""
        self._keeper.forget(self)
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        if isinstance(self._body, UntilClosed) and exc is None:
            exchange.answer_end()
            exchange.flush()
        else:
            exchange.lost(before_answer=not self._answered, silently=not self._heard)

    def pause_writing(self) -> None:
        """The upstream reads slowly."""
        if self._exchange is not None:
            self._exchange.hold_request()

    def resume_writing(self) -> None:
        """It reads again."""
        if self._exchange is not None:
            self._exchange.go_on()

    # an answer comes in

    def _whole(self, data: bytes, exchange: Exchange) -> bool:
        """Pass on what most answers are: a head that was read before, and all of its content."""
        if self._body is not None or self._buffer or self._head_only or not self._keep:
            return False
        head = self._last
        if head is None or len(data) != head.whole or not data.startswith(head.raw):
            head = self._last = self._keeper.reader.answers.get(data[: data.find(END) + len(END)])
            if head is None or len(data) != head.whole:
                return False
        now = monotonic()
        self._exchange, self._heard, self._interims, self.used = None, False, 0, True
        self._keeper.give_back(self, now)
        exchange.answer_whole(head, data[len(head.raw) :], now)
        return True

    def _read(self, data: bytes, exchange: Exchange) -> None:
        while self._body is None:
            data = self._buffer + data if self._buffer else data
            end = data.find(END) + len(END)
            if end < len(END):
                self._hold(data)
                return
            if end > MAX_HEAD_BYTES:
                raise RefusedError(502, "the answer's head is too large")
            self._buffer = b""
            head = self._keeper.reader.answer(data if end == len(data) else data[:end])
            data = data[end:]
            if head.status == SWITCHING:
                self._answered = True
                exchange.upgraded(head, data)
                self._exchange = None
                return
            self._begin_answer(head, exchange) if head.status >= FINAL else self._interim(head, exchange)
        pieces, rest = self._body.take(data) if data else ([], b"")
        if pieces:
            exchange.answer_body(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if rest:  # nobody asked for them: never let them reach the next one who does
            self.retire()
        if self._body.done:
            self._finish(exchange)
        exchange.flush()

    def _hold(self, data: bytes) -> None:
        if len(data) > MAX_HEAD_BYTES or BARE_SO_FAR.search(data):
            raise RefusedError(502, "the answer has no head, or a large one")
        self._buffer = data

    def _interim(self, head: AnswerHead, exchange: Exchange) -> None:
        self._interims += 1
        if self._interims > MAX_INTERIM:
            raise RefusedError(502, "too many interim answers")
        if head.status in PASSED_ON:
            exchange.interim(head)
            exchange.flush()

    def _begin_answer(self, head: AnswerHead, exchange: Exchange) -> None:
        if self._head_only or head.status in NO_BODY:
            self._body = Counted(0)
        elif head.chunked:
            self._body = Chunked()
        elif head.length is None:
            self._body = UntilClosed()
        else:
            self._body = Counted(head.length)
        self._answered = True
        self._keep = self._keep and head.keep_alive
        exchange.answer_head(head, length=0 if head.status in NO_BODY else head.length)

    def _finish(self, exchange: Exchange) -> None:
        self._exchange = None
        if self._keep and not self.transport.is_closing():
            self._rest()
            self.used = True
            self.transport.resume_reading()
            self._keeper.give_back(self, monotonic())
        else:
            self.close()
        exchange.answer_end()

    def _fail(self) -> None:
        exchange, self._exchange = self._exchange, None
        self.close()
        if exchange is not None:
            exchange.lost(before_answer=not self._answered, silently=not self._heard)

    # what the other side wants

    def retire(self) -> None:
        """Carry no further exchange: a part of this request's body may never come."""
        self._keep = False
        if self._exchange is None:  # it waits for somebody else already
            self.close()

    def drop(self) -> None:
        """Forget who waits, and close: the browser went away."""
        self._exchange = None
        self.transport.abort()

    def close(self) -> None:
        """Close it."""
        self.transport.close()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if not self.transport.is_closing():
            self.transport.write(data)

    def pause_reading(self) -> None:
        """The browser reads slowly."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """It reads again."""
        if not self.transport.is_closing():
            self.transport.resume_reading()
