"""A Docker engine's API in memory, on a real socket: what the launcher asks for, and the bad days that a test orders.

Shapes follow the Docker Engine API v1.41.
"""

import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.docker_engine import Answer, FakeEngine, Refused

VERSION = "1.41"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What happens to one request instead of its answer."""

    deliver: int = 1  # how often the engine gets it
    silent: bool = False  # the connection is cut without an answer
    hangs: bool = False  # nothing comes until the test ends
    drips: bool = False  # a byte now and then, for ever
    status: int | None = None
    body: bytes | None = None
    content_type: str = "application/json"


LOST = Trouble(silent=True)
TWICE = Trouble(deliver=2)
REFUSED = Trouble(deliver=0, silent=True)
HANGS = Trouble(deliver=0, hangs=True)
DRIPS = Trouble(deliver=0, drips=True)
STANDBY = Trouble(deliver=0, status=502, body=b"<html>Bad Gateway</html>", content_type="text/html")


class DockerApi(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Serves one engine until it is closed; `trouble` is asked about each request, by method and path."""

    daemon_threads = True

    def __init__(self, address: Path | tuple[str, int], *, tls: ssl.SSLContext | None = None) -> None:
        """Begin to serve an engine with one image and the network, and without containers; a pair is an address of TCP."""
        remote = isinstance(address, tuple)
        self.address_family = socket.AF_INET if remote else socket.AF_UNIX
        super().__init__(address if remote else str(address), _Handler)  # type: ignore[arg-type]
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.url = f"tcp://127.0.0.1:{self.socket.getsockname()[1]}" if remote else f"unix://{address}"
        self.engine = FakeEngine()
        self.asked: list[tuple[str, str]] = []
        self.trouble: Callable[[str, str], Trouble | None] = lambda _method, _path: None
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        """Let what hangs go, and end."""
        self.closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """A client that has had enough is no error."""

    def once(self, method: str, part: str, trouble: Trouble) -> None:
        """Order trouble for the next request whose path holds `part`."""
        left = [trouble]
        self.trouble = lambda m, p: left.pop() if left and m == method and part in p else None

    def always(self, method: str, part: str, trouble: Trouble) -> None:
        """Order trouble for each such request from now on."""
        self.trouble = lambda m, p: trouble if m == method and part in p else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: DockerApi

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        url = urlsplit(self.path)
        path = unquote(url.path).removeprefix(f"/v{VERSION}").removeprefix("/v1.24")
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        self.server.asked.append((self.command, path))
        trouble = self.server.trouble(self.command, path) or Trouble()
        answer = Answer(status=500, body={"message": "not delivered"})
        for _ in range(trouble.deliver):
            answer = self._delivered(path, query, json.loads(body) if body else {})
        self._answer(trouble, answer)

    do_GET = do_POST = do_DELETE = _handle

    def _delivered(self, path: str, query: Mapping[str, str], body: dict[str, Any]) -> Answer:
        try:
            return self.server.engine.handle(self.command, path, query, body, auth=self.headers.get("X-Registry-Auth"))
        except Refused as error:
            return Answer(status=error.status, body={"message": str(error)})

    def _answer(self, trouble: Trouble, answer: Answer) -> None:
        if trouble.hangs:
            self.server.closing.wait()
        if trouble.hangs or trouble.silent:
            self.close_connection = True
            return
        if answer.lines is not None and trouble.body is None:
            self._stream(answer.lines)
            return
        data = answer.data if trouble.body is None else trouble.body
        self.send_response(trouble.status or answer.status)
        self.send_header("Content-Type", trouble.content_type)
        self.send_header("Content-Length", str(len(data) if not trouble.drips else 2**20))
        self.end_headers()
        while trouble.drips and not self.server.closing.wait(0.05):
            self.wfile.write(b" ")
        self.wfile.write(data)

    def _stream(self, lines: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for each in [*(json.dumps(line).encode() + b"\r\n" for line in lines), b""]:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(each), each))

    def address_string(self) -> str:
        """Return nothing: a Unix socket's client has no address."""
        return ""

    def log_message(self, *_: object) -> None:
        """Say nothing."""
