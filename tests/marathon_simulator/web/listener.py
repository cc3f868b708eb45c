"""A threaded HTTP/1.1 server on a port of the kernel, whose answers may fail on their way."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.marathon_simulator.events import Subscription
from tests.marathon_simulator.web.messages import Answer, Request

Respond = Callable[[Request], Answer]
NO_CACHE = (
    ("Cache-Control", "no-cache, no-store, must-revalidate"), ("Pragma", "no-cache"), ("Expires", "0"),
    ("X-Frame-Options", "DENY"), ("X-XSS-Protection", "1; mode=block"),
)  # fmt: skip


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    allow_reuse_port = True

    def __init__(self, port: int, respond: Respond, heartbeat: float, context: ssl.SSLContext | None) -> None:
        self.respond, self.heartbeat, self.context = respond, heartbeat, context
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        """Bind beside the socket that keeps the port."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that leave are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        self.server.open.add(self.request)
        if self.server.context is not None:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
            self.server.open.add(self.request)
        super().setup()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        self.server.open.discard(self.request)

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing."""

    def do(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = {key.lower(): value for key, value in self.headers.items()}
        request = Request(
            method=self.command, target=self.path, headers=headers, body=body, client=self.client_address[0]
        )
        try:
            self._send(self.server.respond(request))
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do

    def _send(self, answer: Answer) -> None:
        if answer.stream is not None:
            self._stream(answer, answer.stream)
            return
        wire = answer.raw if answer.raw is not None else _head(answer) + answer.body
        if answer.drip:
            self._drip(wire, answer.drip)
        else:
            self.wfile.write(wire if answer.cut is None else wire[: answer.cut])
        self.close_connection = self.close_connection or answer.cut is not None or answer.raw is not None

    def _drip(self, wire: bytes, pause: float) -> None:
        for byte in wire:
            self.wfile.write(bytes([byte]))
            time.sleep(pause)

    def _stream(self, answer: Answer, stream: Subscription) -> None:
        self.close_connection = True
        try:
            self.wfile.write(_head(answer))
            while (frames := stream.take(self.server.heartbeat)) is not None:
                self.wfile.write(frames or b"\r\n")
        finally:
            stream.leave()


def _head(answer: Answer) -> bytes:
    length = () if answer.stream is not None else (("Content-Length", str(len(answer.body))),)
    headers = (("Content-Type", answer.media), *answer.headers, *NO_CACHE, *length)
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        *[f"{key}: {value}" for key, value in headers],
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


class Listener:
    """One address. While it is down its port refuses connections, and stays ours."""

    def __init__(
        self, respond: Respond, *, heartbeat: float = 10.0, certificate: tuple[str, str] | None = None
    ) -> None:
        """Take a port; `certificate` holds the paths of certificate and key. `up` begins to listen."""
        self._respond, self._heartbeat, self._context = respond, heartbeat, None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
        self._keeper = socket.socket()
        self._keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._keeper.bind(("127.0.0.1", 0))
        self.port: int = self._keeper.getsockname()[1]
        self._server: _Server | None = None

    @property
    def address(self) -> str:
        """Return host:port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Return the base URL."""
        return f"{'http' if self._context is None else 'https'}://{self.address}"

    def up(self) -> None:
        """Listen."""
        if self._server is None:
            self._server = _Server(self.port, self._respond, self._heartbeat, self._context)
            threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()

    def down(self) -> None:
        """Refuse connections, and cut those that are open."""
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        for connection in list(server.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the port back."""
        self.down()
        self._keeper.close()
