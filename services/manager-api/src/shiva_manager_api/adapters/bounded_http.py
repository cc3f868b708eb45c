"""One exchange over HTTP whose time and size are bounded, whatever the other side does.

`requests` counts its timeout anew with each byte and reads what it is sent: a server that sends one byte a second, or no end of them,
would be waited for and kept. Here a moment bounds head and body together, and a body that is too large is no answer.
"""

import http.client
import io
import socket
import time
from typing import Any, NamedTuple

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

CONNECTIONS = 16
PIECE_BYTES = 2**18

Login = tuple[str, str]
NOBODY: Login = ("", "")


class Answered(NamedTuple):
    """A status and a whole body."""

    status: int
    body: bytes


class TooLargeError(requests.RequestException):
    """The body has more bytes than were asked for."""


class _Until(io.RawIOBase):
    """What comes from a socket until a moment; then TimeoutError."""

    def __init__(self, source: io.RawIOBase, timed: socket.socket, seconds: float) -> None:
        self._source, self._socket = source, timed
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._socket.settimeout(left)
        return self._source.readinto(buffer)

    def close(self) -> None:
        self._source.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **given: Any) -> None:
        super().__init__(sock, *args, **given)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp = io.BufferedReader(_Until(self.fp.detach(), sock, seconds), PIECE_BYTES)


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **given: Any) -> None:
        super().init_poolmanager(*args, **given)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class BoundedHttp:
    """Keeps connections; may be used by many threads."""

    def __init__(self, *, headers: dict[str, str] | None = None, login: Login = NOBODY) -> None:
        """`headers` and `login`, a name and a password or NOBODY, go with each request."""
        self._session = requests.Session()
        # Nothing compressed: beside the source it costs more than it saves, and a few bytes could become gigabytes.
        self._session.headers.update({"Accept-Encoding": "identity", **(headers or {})})
        self._session.auth = None if login == NOBODY else login
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS))

    def ask(
        self, method: str, url: str, *, connect_seconds: float, seconds: float, most_bytes: int, **given: Any
    ) -> Answered:
        """Return the answer; `seconds` are for all of it, `given` is what `requests` takes.

        Raises:
            requests.RequestException: none came, not in time, or it was too large.
        """
        timeout = (min(connect_seconds, seconds), seconds)
        with self._session.request(
            method, url, timeout=timeout, stream=True, allow_redirects=False, **given
        ) as answer:  # fmt: skip
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise requests.RequestException("compressed, though nobody asked for it")
            return Answered(answer.status_code, _body(answer, most_bytes))


def _body(answer: requests.Response, most_bytes: int) -> bytes:
    pieces, size = [], 0
    try:
        for piece in answer.iter_content(min(PIECE_BYTES, most_bytes + 1)):
            size += len(piece)
            if size > most_bytes:
                raise TooLargeError(f"more than {most_bytes} bytes")
            pieces.append(piece)
    except requests.ConnectionError as error:
        if error.args and isinstance(error.args[0], urllib3.exceptions.ReadTimeoutError):
            raise requests.ReadTimeout(error) from error
        raise
    return b"".join(pieces)
