"""The same again: a GET with the very header lines of the last one on its connection goes the same way, unread.

A browser's requests differ in their first line alone, mostly. Whatever is not exactly so is read and decided in full.
"""

import re

from shiva_jupyter_proxy.domain.messages import Forward, RequestHead

MAX_TARGET = 2048
MAX_LINES = 4096
START = b"GET "
VERSION = b" HTTP/1.1\r\n"
PLAIN = re.compile(rb"/[A-Za-z0-9/._~:@!$&'()*+,;=?-]*")  # nothing that anybody could read in two ways, but for dots


class Again:
    """What one connection's last GET was, and where it went."""

    __slots__ = ("_changes", "_ground", "_head", "_lines", "_onward", "_under", "_until", "going_to")

    going_to: Forward

    def __init__(self) -> None:
        """Know nothing."""
        self._until = 0.0

    def learn(self, raw: bytes, head: RequestHead, going_to: Forward) -> None:
        """Take a request whose head was `raw`, as it was read and decided, where its decision stands."""
        standing = going_to.standing
        self._until = 0.0
        if standing is None or head.method != "GET" or head.body_length != 0 or head.upgrade or not head.keep_alive:
            return
        lines = raw[len(START) + len(head.target) :]
        if len(lines) > MAX_LINES or not raw.startswith(START) or not lines.startswith(VERSION):
            return
        self._lines, self._head, self._under = lines, head, START + standing.under
        self._until, self._ground, self._changes = standing.until, standing.ground, standing.changes
        self.going_to, self._onward = going_to, VERSION + going_to.lines

    def head(self, data: bytes, now: float) -> RequestHead | None:
        """Return the head that is all of `data`, when it goes the same way; else None."""
        if now > self._until or self._changes != self._ground.changes or not data.endswith(self._lines):
            return None
        end = len(data) - len(self._lines)
        if end > MAX_TARGET or not data.startswith(self._under) or not PLAIN.fullmatch(data, len(START), end):
            return None
        if data.find(b"/.", 0, end) >= 0:
            return None
        return RequestHead("GET", data[len(START) : end].decode("ascii"), *self._head[2:])

    def sent_on(self, data: bytes, stamp: bytes) -> bytes:
        """Return the head that goes upstream for `data`."""
        return b"".join((data[: -len(self._lines)], self._onward, stamp, b"\r\n"))
