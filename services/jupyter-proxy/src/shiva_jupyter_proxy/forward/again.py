"""The same again: a GET with the very header lines of the last one on its connection goes the same way, unread.

A browser's requests differ in their first line alone, mostly. Whatever is not exactly so is read and decided in full.
"""

import re

from shiva_jupyter_proxy.domain.messages import Forward, RequestHead

MAX_TARGET = 2048
MAX_LINES = 4096
START = b"GET "
AT = len(START)  # of the target
VERSION = b" HTTP/1.1\r\n"
PLAIN = re.compile(rb"/[A-Za-z0-9/._~:@!$&'()*+,;=?-]*")  # nothing that anybody could read in two ways, but for dots


class Again:
    """What one connection's last GET was, and where it went."""

    __slots__ = ("_changes", "_ground", "_head", "_lines", "_onward", "_tail", "_under", "_until", "going_to")

    going_to: Forward

    def __init__(self) -> None:
        """Know nothing."""
        self._until = 0.0

    def learn(self, raw: bytes, head: RequestHead, going_to: Forward) -> None:
        """Take a request whose head was `raw`, as it was read and decided, where its decision stands."""
        standing = going_to.standing
        self._until = 0.0
        if (
            standing is None
            or going_to.target is not None
            or head.body_length != 0
            or head.upgrade
            or not head.keep_alive
        ):
            return
        lines = raw[AT + len(head.target) :]
        if not raw.startswith(START) or not lines.startswith(VERSION) or len(lines) > MAX_LINES:
            return
        self._lines, self._tail, self._head, self._under = lines, len(lines), head, START + standing.under
        self._until, self._ground, self._changes = standing.until, standing.ground, standing.changes
        self.going_to, self._onward = going_to, VERSION + going_to.lines

    def fits(self, data: bytes, now: float) -> bool:
        """Whether `data` is the whole head of a request that goes the same way."""
        if now > self._until or self._changes != self._ground.changes or not data.endswith(self._lines):
            return False
        target = data[AT : -self._tail]
        return (
            data.startswith(self._under)
            and b"/." not in target
            and len(target) <= MAX_TARGET
            and PLAIN.fullmatch(target) is not None
        )

    def head(self, data: bytes) -> RequestHead:
        """Return the head that `data` is."""
        return RequestHead("GET", data[AT : -self._tail].decode("ascii"), *self._head[2:])

    def sent_on(self, data: bytes, stamp: bytes) -> bytes:
        """Return the head that goes upstream for `data`."""
        return b"".join((data[: -self._tail], self._onward, stamp, b"\r\n"))
