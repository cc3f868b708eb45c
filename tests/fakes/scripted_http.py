"""A tiny HTTP server whose answers a test writes, odd ones included, and that remembers what it was asked."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. `pieces` go out one by one, `pause_seconds` apart; `length` is what the head says, if not their sum."""

    status: int = 200
    pieces: tuple[bytes, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    pause_seconds: float = 0.0
    silent: bool = False  # the connection is closed without an answer


def answer(body: Any, status: int = 200, **headers: str) -> Reply:
    """Return a JSON answer."""
    return Reply(
        status=status, pieces=(json.dumps(body).encode(),), headers={"Content-Type": "application/json", **headers}
    )


def page(status: int, text: str = "<html>Could not determine the current leader</html>") -> Reply:
    """Return an HTML answer."""
    return Reply(status=status, pieces=(text.encode(),), headers={"Content-Type": "text/html"})


CUT = Reply(silent=True)

Script = Callable[[Asked], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """A running server."""

    url: str
    asked: list[Asked]
    ending: threading.Event  # set when the server ends: an answer that waits may stop waiting


def _read(raw: bytes, kind: str) -> Any:
    """Return a form's fields, or what JSON says."""
    if kind.startswith("application/x-www-form-urlencoded"):
        return parse_qs(raw.decode())
    return json.loads(raw) if raw else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(
            method=self.command,
            path=parts.path,
            query=parse_qs(parts.query),
            headers=dict(self.headers),
            body=_read(raw, self.headers.get("Content-Type", "")),
        )
        self.server.asked.append(asked)
        reply = self.server.script(asked)
        if reply.silent:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "Connection" not in reply.headers:
            self.send_header(
                "Content-Length", str(sum(map(len, reply.pieces)) if reply.length is None else reply.length)
            )
        self.end_headers()
        if reply.length is not None or "Connection" in reply.headers:
            self.close_connection = True
        with suppress(OSError):
            for piece in reply.pieces:
                self.wfile.write(piece)
                self.wfile.flush()
                self.server.ending.wait(reply.pause_seconds)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.asked: list[Asked] = []
        self.ending = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that did not wait is what some tests are about."""


@contextmanager
def scripted(script: Script, *, tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Serve what `script` returns for each request."""
    server = _Server(script)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Scripted(
            url=f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}",
            asked=server.asked,
            ending=server.ending,
        )
    finally:
        server.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()
