"""One exchange with somebody who drips, floods, lies or says nothing: it ends in time, and costs no more than it may."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from shiva_manager_api.adapters.bounded_http import BoundedHttp, TooLargeError

HEAD = b"HTTP/1.1 200 OK\r\n"
LONG = 30.0


@contextmanager
def saying(*pieces: bytes, pause: float = 0.0, again: bool = False) -> Iterator[str]:
    """Serve one connection: the pieces, a pause after each, and with `again` the last one for ever; then silence."""
    ended = threading.Event()

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    ended.wait(pause)
                while again and not ended.wait(pause):
                    connection.sendall(pieces[-1])
            except OSError:
                return
            ended.wait(LONG)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            ended.set()
            thread.join()


def ask(url: str, *, seconds: float = 0.3, most_bytes: int = 1000) -> bytes:
    return BoundedHttp().ask("GET", url, connect_seconds=1.0, seconds=seconds, most_bytes=most_bytes).body


def test_an_answer_is_its_status_and_its_bytes() -> None:
    with saying(HEAD + b"Content-Length: 5\r\n\r\nhello") as url:
        assert ask(url) == b"hello"


@pytest.mark.parametrize(
    "pieces",
    [(b"",), (HEAD, b"X: y\r\n"), (HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
     (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), (b"HTTP/1.1 100 Continue\r\n\r\n",)],
    ids=["silence", "a head that drips", "a body that drips", "chunks that drip", "always to be continued"],
)  # fmt: skip
def test_what_does_not_end_is_given_up_in_time(pieces: tuple[bytes, ...]) -> None:
    with saying(*pieces, pause=0.02, again=bool(pieces[-1])) as url:
        began = time.monotonic()
        with pytest.raises(requests.RequestException):
            ask(url)
        assert time.monotonic() - began < 5


def test_a_body_that_stops_is_a_timeout_as_one_that_never_begins() -> None:
    with saying(HEAD + b"Content-Length: 10\r\n\r\nhel") as url, pytest.raises(requests.Timeout):
        ask(url)


@pytest.mark.parametrize("framing", [b"Content-Length: 99999\r\n\r\n", b"\r\n"], ids=["told", "not told"])
def test_a_body_that_is_too_large_is_none(framing: bytes) -> None:
    with saying(HEAD + framing + b"x" * 99999) as url, pytest.raises(TooLargeError):
        ask(url, seconds=5)


@pytest.mark.parametrize(
    "answer",
    [b"garbage\r\n\r\n", b"<html>", HEAD + b"X" * 100_000, HEAD + b"A: b\r\n" * 200 + b"\r\n",
     HEAD + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", HEAD + b"Content-Length: 9\r\nContent-Length: 2\r\n\r\nxx"],
    ids=["no HTTP", "a page", "an endless line", "endless heads", "compressed unasked", "two lengths"],
)  # fmt: skip
def test_what_is_no_answer_is_an_error(answer: bytes) -> None:
    with saying(answer) as url, pytest.raises(requests.RequestException):
        ask(url)


def test_nobody_is_followed_elsewhere() -> None:
    with saying(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n") as url:
        asked = BoundedHttp(login=("ada", "secret"))
        assert asked.ask("GET", url, connect_seconds=1, seconds=1, most_bytes=10).status == 302
