"""What is said where no route or no server answers: the Hub's own page, a file, or one line of ours."""

import logging
import socket
from http import HTTPStatus
from pathlib import Path
from ssl import SSLContext
from typing import Any
from urllib.parse import quote

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.netutil import DefaultLoopResolver, Resolver
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from shiva_jupyter_proxy.domain.messages import Reply, RequestHead
from shiva_jupyter_proxy.standalone.targets import Target

log = logging.getLogger("shiva.jupyter_proxy.standalone")

FETCH_SECONDS = 5.0  # waiting for a turn counts: a Hub that hangs holds nobody longer
MAX_FETCHES = 20  # at once
MAX_PAGE_BYTES = 1024 * 1024
CONTENT = ("content-type", "content-encoding")


class _OneSocket(Resolver):
    """Leads every name to one Unix socket."""

    def initialize(self, path: str) -> None:
        self._path = path

    async def resolve(self, host: str, port: int, family: int = 0) -> list[tuple[int, Any]]:
        del host, port, family
        return [(socket.AF_UNIX, self._path)]


class ErrorPages:
    """Answers 404 and 503, and never with another status than that."""

    def __init__(self, *, target: Target | None, folder: Path | None, tls: SSLContext | None) -> None:
        """`target` is a server that renders pages, `folder` holds `404.html`, `503.html` or `error.html`."""
        self._folder = folder
        self._tls = tls
        self._url = ""
        if target is not None:
            self._url = f"{'https' if target.upstream.tls else 'http'}://{target.host}{target.path}"
            path = target.upstream.path
            resolver = _OneSocket(path=path) if path else DefaultLoopResolver()
            self._client = SimpleAsyncHTTPClient(
                force_instance=True, max_clients=MAX_FETCHES, max_body_size=MAX_PAGE_BYTES, resolver=resolver
            )

    async def reply(self, status: int, head: RequestHead) -> Reply:
        """Return the answer to a request that leads nowhere; a WebSocket's gets no page."""
        if head.upgrade is not None:
            return Reply(status=status, headers=[])
        return await self._fetched(status, head) or self._read(status) or _plain(status)

    async def _fetched(self, status: int, head: RequestHead) -> Reply | None:
        if not self._url:
            return None
        request = HTTPRequest(
            f"{self._url}/{status}?url={quote(head.target, safe='')}",
            request_timeout=FETCH_SECONDS,
            follow_redirects=False,
            decompress_response=False,
            ssl_options=self._tls,
        )
        try:
            answer = await self._client.fetch(request, raise_error=False)
        except (HTTPClientError, OSError, ValueError) as error:
            log.warning("the error page cannot be fetched", extra={"cause": repr(error)})
            return None
        content = [(name, answer.headers[name]) for name in CONTENT if name in answer.headers]
        return Reply(status=status, headers=content, body=answer.body)

    def _read(self, status: int) -> Reply | None:
        for page in [self._folder / f"{status}.html", self._folder / "error.html"] if self._folder else []:
            try:
                body = page.read_bytes()
            except OSError:
                continue
            return Reply(status=status, headers=[("content-type", "text/html; charset=utf-8")], body=body)
        return None


def _plain(status: int) -> Reply:
    body = f"{status} {HTTPStatus(status).phrase}\n".encode()
    return Reply(status=status, headers=[("content-type", "text/plain; charset=utf-8")], body=body)
