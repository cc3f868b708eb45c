"""Requests whose read timeout is for the whole answer, head and body, however many drops it comes in.

`requests` counts the time anew with each byte, so that a server that sends one a second is waited for all day.
"""

import http.client
import io
import socket
import time
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Timed(io.RawIOBase):
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


class DeadlineResponse(http.client.HTTPResponse):
    """An answer that is read until a moment, its connection's timeout from now."""

    def __init__(self, sock: socket.socket, *args: Any, **given: Any) -> None:
        super().__init__(sock, *args, **given)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp = io.BufferedReader(_Timed(self.fp.detach(), sock, seconds))


class _Connection(HTTPConnection):
    response_class = DeadlineResponse


class _SecureConnection(HTTPSConnection):
    response_class = DeadlineResponse


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class DeadlineAdapter(HTTPAdapter):
    """To be mounted in a session."""

    def init_poolmanager(self, *args: Any, **given: Any) -> None:
        """Make connections of ours."""
        super().init_poolmanager(*args, **given)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


UNTRUSTED, HUNG_UP, NO_TLS = "its certificate is not trusted", "it hung up", "it does not speak TLS"


def insecure(error: Exception) -> str:
    """Return why there is no secured connection, which requests tells in words alone."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return UNTRUSTED
    return HUNG_UP if "EOF" in str(error) else NO_TLS
