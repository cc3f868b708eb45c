"""Clients that attack the door's parser, in a process of their own: `python -m tests.fakes.attacks KIND PORT COOKIE`."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import cycle

MANY = 200  # connections


class Attacker:
    """What every attack needs."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port = port
        self.cookie = cookie

    def head(self, line: str, more: str = "") -> bytes:
        own = f"Host: localhost:{self.port}\r\nOrigin: http://localhost:{self.port}\r\nCookie: {self.cookie}\r\n"
        return f"{line} HTTP/1.1\r\n{own}{more}\r\n".encode("latin-1")

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def flood(self, begin: bytes, forever: bytes) -> None:
        """Send the same for ever on one connection, reading nothing until it fails; then anew."""
        while True:
            with suppress(OSError), self.connected() as one:
                one.sendall(begin)
                while True:
                    one.sendall(forever)

    def again(self, raw: bytes) -> None:
        """Send the same on one connection after another."""
        while True:
            with suppress(OSError), self.connected() as one:
                one.sendall(raw)
                while one.recv(2**16):
                    pass

    def talk(self, raw: bytes) -> None:
        """Send the same again and again on one connection, reading what comes."""
        while True:
            with suppress(OSError), self.connected() as one:
                while True:
                    one.sendall(raw)
                    if not one.recv(2**16):
                        break

    def drip(self, raw: bytes) -> None:
        """Send one byte on each of many connections, in turns, for ever."""
        lines: list[tuple[socket.socket, Iterator[int]]] = []
        while True:
            while len(lines) < MANY:
                with suppress(OSError):
                    lines.append((self.connected(), cycle(raw)))
            for line in list(lines):
                try:
                    line[0].send(bytes([next(line[1])]))
                except OSError:
                    lines.remove(line)
                    line[0].close()

    def never_read(self, raw: bytes) -> None:
        """Ask for much on many connections, and read nothing."""
        lines = [self.connected() for _ in range(MANY)]
        for one in cycle(lines):
            one.settimeout(0.01)
            with suppress(OSError):
                one.sendall(raw)


def attacks(by: Attacker) -> dict[str, Callable[[], None]]:
    """Return every attack by its name."""
    chunked = by.head("POST /user/ken/x", "Transfer-Encoding: chunked\r\n")
    many = "".join(f"X-{number}: {number}\r\n" for number in range(90))
    return {
        "tiny chunks": lambda: by.flood(chunked, b"1\r\nx\r\n" * 40_000),
        "tiny chunks, refused": lambda: by.flood(chunked.replace(b"/user/ken/", b"/user/ada/"), b"1\r\nx\r\n" * 40_000),
        "many trailers": lambda: by.again(chunked + b"0\r\n" + b"X: y\r\n" * 100_000),
        "ninety headers": lambda: by.talk(by.head("GET /user/ken/x", many) * 20),
        "thousands of headers": lambda: by.again(by.head("GET /user/ken/x", "X: y\r\n" * 9_000)),
        "thousands of cookies": lambda: by.again(by.head("GET /user/ken/x", "Cookie: a=b\r\n" * 4_000)),
        "a cookie of thousands": lambda: by.talk(by.head("GET /user/ken/x", "Cookie: " + "a=b; " * 12_000 + "\r\n")),
        "cookies with quotes": lambda: by.talk(by.head("GET /user/ken/x", 'Cookie: a="' + "\\" * 50_000 + "\r\n")),
        "a huge query": lambda: by.talk(by.head("GET /user/ken/x?" + "q=1&" * 15_000)),
        "a huge path of dots": lambda: by.talk(by.head("GET /user/ken" + "/%2e." * 11_000)),
        "an endless head": lambda: by.flood(by.head("GET /user/ken/x")[:-2], b"X-A: b\r\n" * 1_000),
        "empty lines": lambda: by.flood(b"", b"\r\n" * 100_000),
        "an unknown protocol": lambda: by.flood(b"", b"\x00" * 100_000),
        "a pipeline": lambda: by.flood(b"", by.head("GET /user/ada/x") * 200),
        "slow heads": lambda: by.drip(by.head("GET /user/ken/x", "X: " + "y" * 2_000 + "\r\n")),
        "slow bodies": lambda: by.drip(chunked + b"1\r\nx\r\n" * 10_000),
        "never reading": lambda: by.never_read(by.head("GET /user/ken/x?bytes=5000000")),
    }


NAMES = tuple(attacks(Attacker(0, "")))


def main() -> None:
    """Attack until killed."""
    os.nice(10)  # it is the door that is tested, not the machine
    kind, port, cookie = sys.argv[1:]
    attacks(Attacker(int(port), cookie))[kind]()


if __name__ == "__main__":
    main()
