"""Where a body ends in the bytes that come in: counted, chunk by chunk, or with the connection. RFC 9112 sections 6 and 7."""

import re
from typing import Protocol

from shiva_jupyter_proxy.forward.refused import RefusedError

SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n")  # no sign, no space, no extension: nobody uses them, and parsers differ
MAX_SIZE_LINE = 17
MAX_TRAILER_BYTES = 16 * 1024
TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n")


class Body(Protocol):
    """Takes bytes and tells which of them belong to the body."""

    done: bool

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Return pieces of content, and what was not taken; RefusedError when the framing is broken."""


class Counted:
    """A body of known length; 0 is done at once."""

    __slots__ = ("_left", "done")

    def __init__(self, length: int) -> None:
        """Expect `length` bytes."""
        self._left = length
        self.done = length == 0

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Take what belongs to it, and leave the next message alone."""
        if len(data) < self._left:
            self._left -= len(data)
            return [data], b""
        piece, rest = data[: self._left], data[self._left :]
        self._left, self.done = 0, True
        return ([piece] if piece else []), rest


class UntilClosed:
    """A body that ends with its connection."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        """Never be done."""
        self.done = False

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Take everything."""
        return [data], b""


class Chunked:
    """A chunked body. Extensions are refused, trailers are checked and dropped."""

    __slots__ = ("_held", "_left", "_trailer_bytes", "done")

    def __init__(self) -> None:
        """Expect the first size line."""
        self.done = False
        self._held = b""  # the beginning of a line
        self._left = 0  # bytes of the present chunk, its line end included; 0: a size line comes
        self._trailer_bytes = -1  # -1: no trailers yet

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Take up to the body's end."""
        data, self._held = self._held + data, b""
        pieces: list[bytes] = []
        at = 0
        while at < len(data) and not self.done:
            if self._trailer_bytes >= 0:
                at = self._trailer(data, at)
            elif self._left:
                at = self._content(data, at, pieces)
            else:
                at = self._size(data, _whole_chunks(data, at, pieces))
            if at < 0:
                return pieces, b""
        return pieces, data[at:]

    def _size(self, data: bytes, at: int) -> int:
        if at == len(data):
            return at
        found = SIZE.match(data, at)
        if found is None:
            line = data[at : at + MAX_SIZE_LINE]
            if len(line) == MAX_SIZE_LINE or not re.fullmatch(rb"(?:[0-9A-Fa-f]+\r?)?", line):
                raise RefusedError(400, "a chunk's size is malformed, or has an extension")
            return self._hold(data, at)
        size = int(found[1], 16)
        if size == 0:
            self._trailer_bytes = 0
        else:
            self._left = size + 2
        return found.end()

    def _content(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        end = min(at + self._left, len(data))
        content_end = max(at, at + self._left - 2)
        if content := data[at:content_end]:
            pieces.append(content)
        if not b"\r\n"[-min(2, self._left) :].startswith(data[content_end:end]):
            raise RefusedError(400, "a chunk is longer than its size")
        self._left -= end - at
        return end

    def _trailer(self, data: bytes, at: int) -> int:
        if data.startswith(b"\r\n", at):
            self.done = True
            return at + 2
        end = data.find(b"\n", at) + 1
        if not end:
            return self._hold(data, at)
        self._trailer_bytes += end - at
        if self._trailer_bytes > MAX_TRAILER_BYTES:
            raise RefusedError(431, "the trailers are too large")
        if TRAILER.fullmatch(data, at, end) is None:
            raise RefusedError(400, "a trailer is malformed")
        return end

    def _hold(self, data: bytes, at: int) -> int:
        if len(data) - at > MAX_TRAILER_BYTES:
            raise RefusedError(431, "the trailers are too large")
        self._held = data[at:]
        return -1


def _whole_chunks(data: bytes, at: int, pieces: list[bytes]) -> int:
    """Take the chunks that are all there, quickly: somebody may send thousands of tiny ones at once."""
    while (found := SIZE.match(data, at)) is not None:
        start = found.end()
        end = start + int(found[1], 16)
        if end == start or data[end : end + 2] != b"\r\n":
            break
        pieces.append(data[start:end])
        at = end + 2
    return at


def body_of(length: int | None) -> Body:
    """Return the reader of a body; None: it is chunked."""
    return Chunked() if length is None else Counted(length)
