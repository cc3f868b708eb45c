"""Containers that try to have their bytes taken for the answer to another person's request."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.fakes.raw_upstream import Message

OK = "HTTP/1.1 200 OK\r\n"
STOLEN = OK + "Content-Length: 6\r\n\r\nstolen"
HOSTILE = [
    "", "\r\n", "hello\r\n\r\n", "<html>stolen</html>", "\x00\x01\x02", "HTTP/1.1\r\n\r\n", "HTTP/1.1 200\r\n", "HTTP/1.1 2000 X\r\n\r\n", "HTTP/1.1 20 X\r\n\r\n",
    "HTTP/1.1 abc X\r\n\r\n", "HTTP/1.1 -20 X\r\n\r\n", "HTTP/2.0 200 OK\r\nContent-Length: 6\r\n\r\nstolen", "HTTP/0.9 200 OK\r\n\r\nstolen", "http/1.1 200 OK\r\n\r\nstolen",
    "HTTP/1.1 200 OK\nContent-Length: 6\n\nstolen", "HTTP/1.1 200 OK\r\nContent-Length: 6\n\r\nstolen", "HTTP/1.1 200 OK\rContent-Length: 6\r\n\r\nstolen", " " + STOLEN, "\r\n" + STOLEN,
    OK + "Content-Length: 6\r\nContent-Length: 7\r\n\r\nstolen", OK + "Content-Length: 6, 7\r\n\r\nstolen", OK + "Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + STOLEN,
    OK + "Content-Length: +6\r\n\r\nstolen", OK + "Content-Length: -6\r\n\r\nstolen", OK + "Content-Length: 0x6\r\n\r\nstolen", OK + "Content-Length: \r\n\r\nstolen",
    OK + f"Content-Length: {2**64}\r\n\r\n" + STOLEN, OK + f"Content-Length: {2**64 + 6}\r\n\r\nstolen", OK + f"Content-Length: {'9' * 30}\r\n\r\nstolen",
    OK + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + STOLEN, OK + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n" + STOLEN,
    OK + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + STOLEN, OK + "Transfer-Encoding: xchunked\r\n\r\n" + STOLEN, OK + "Transfer-Encoding: identity\r\n\r\n" + STOLEN,
    OK + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + STOLEN, OK + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + STOLEN,
    OK + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + STOLEN, OK + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + STOLEN, OK + "Transfer-Encoding: chunked\r\n\r\n0x6\r\nstolen\r\n0\r\n\r\n",
    OK + "Transfer-Encoding: chunked\r\n\r\n-1\r\n" + STOLEN, OK + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + STOLEN, OK + "Transfer-Encoding: chunked\r\n\r\n6\nstolen\n0\n\n",
    OK + "Transfer-Encoding: chunked\r\n\r\n3\r\nstolen\r\n0\r\n\r\n", OK + "Transfer-Encoding: chunked\r\n\r\n0\r\nX\r\n\r\n" + STOLEN, OK + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + STOLEN,
    OK + "Content-Length: 0\r\n\r\n" + STOLEN, OK + "Content-Length: 0\r\n\r\nx", OK + "Content-Length: 3\r\n\r\nstolen", STOLEN * 2, STOLEN * 50, OK + "Content-Length: 0\r\n\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nstolen", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nstolen\r\n0\r\n\r\n", "HTTP/1.1 204 X\r\n\r\n" + STOLEN,
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\nstolen", "HTTP/1.1 304 Not Modified\r\n\r\n" + STOLEN, "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n" + STOLEN,
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + STOLEN, "HTTP/1.1 101 X\r\n\r\n" + STOLEN, "HTTP/1.1 101 X\r\nContent-Length: 6\r\n\r\nstolen",
    "HTTP/1.1 100 Continue\r\n\r\n" * 11 + STOLEN, "HTTP/1.1 103 Early Hints\r\n\r\n" * 1000, "HTTP/1.1 102 Processing\r\n\r\n" * 20 + STOLEN, "HTTP/1.1 199 X\r\n\r\n" * 12,
    "HTTP/1.1 100 Continue\r\nContent-Length: 6\r\n\r\nstolen" + STOLEN, "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n" + STOLEN, "HTTP/1.1 099 X\r\n\r\n" + STOLEN,
    OK + "X: " + "a" * 200_000 + "\r\n\r\n" + STOLEN, OK + "X: a\r\n" * 40_000 + "\r\n", OK + "X" * 200_000, "HTTP/1.1 200 " + "O" * 200_000 + "\r\n\r\n", "\r\n" * 100_000,
    OK + "X: a\r\n b\r\nContent-Length: 6\r\n\r\nstolen", OK + "X: a\x00b\r\nContent-Length: 6\r\n\r\nstolen", OK + "X A: b\r\nContent-Length: 6\r\n\r\nstolen", OK + ": b\r\n\r\nstolen",
    OK + "X: a\x01b\r\nContent-Length: 6\r\n\r\nstolen", "HTTP/1.1 200 a\x01b\r\nContent-Length: 6\r\n\r\nstolen", "HTTP/1.1 200 OK\r\nX\r\n\r\nstolen", OK + "Content-Length\r\n\r\nstolen",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 6\r\n\r\nstolen" + STOLEN, OK + "Connection: close\r\nContent-Length: 0\r\n\r\n" + STOLEN, "GET / HTTP/1.1\r\n\r\n" + STOLEN,
]  # fmt: skip


@dataclass
class Mixed:
    """Answers honestly, with who it is and what it was asked for, but goes through its tricks whenever asked for `/trick`."""

    name: str
    tricks: Iterator[str] = field(default_factory=lambda: itertools.cycle(HOSTILE))

    def answer(self, message: Message) -> bytes:
        if "/trick" in message.target:
            return next(self.tricks).encode("latin-1")
        body = f"{self.name} {message.target} {message.body.decode('latin-1')}".encode("latin-1")
        if len(message.target) % 2:
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
