"""Where a request's body ends in the bytes that come in: counted, or chunk by chunk with llhttp."""

from typing import Protocol

import httptools

from shiva_jupyter_proxy.domain.messages import RequestHead
from shiva_jupyter_proxy.forward.heads import RefusedError

PREAMBLE = b"POST / HTTP/1.1\r\nHost: -\r\nTransfer-Encoding: chunked\r\n\r\n"  # brings llhttp to the first chunk


class Body(Protocol):
    """Takes bytes and tells which of them belong to the body."""

    done: bool

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Return pieces of content, and what was not taken; RefusedError when the framing is broken."""


class Counted:
    """A body of known length; 0 is done at once."""

    def __init__(self, length: int) -> None:
        """Expect `length` bytes."""
        self._left = length
        self.done = length == 0

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Take what belongs to it, and leave the next message alone."""
        piece, rest = data[: self._left], data[self._left :]
        self._left -= len(piece)
        self.done = self._left == 0
        return ([piece] if piece else []), rest


class Chunked:
    """A chunked body. Bytes behind its end cannot be told apart here, so they are refused: nobody pipelines uploads."""

    def __init__(self) -> None:
        """Bring the parser to the first chunk."""
        self.done = False
        self._pieces: list[bytes] = []
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(PREAMBLE)

    def on_body(self, piece: bytes) -> None:
        """Keep a piece; called by llhttp."""
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """Note the end; called by llhttp."""
        self.done = True

    def on_message_begin(self) -> None:
        """Refuse what follows the end in the same bytes; called by llhttp."""
        if self.done:
            raise ValueError("bytes follow a chunked body")

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Take everything."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise RefusedError(400, f"the chunked body is malformed: {error}") from error
        pieces, self._pieces = self._pieces, []
        return pieces, b""


def body_of(head: RequestHead) -> Body:
    """Return the reader of a request's body."""
    return Chunked() if head.body_length is None else Counted(head.body_length)
