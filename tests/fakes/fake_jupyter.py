"""A stand-in for Jupyter that starts at once: process 1 of the image `shiva-fake`, on port 8888. Standard library only.

FAKE_JUPYTER, set by the image's tag, says how it behaves; see `BEHAVIOURS`.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qs, urlsplit

TOKEN_FILE = Path("/run/shiva/token")
PORT = 8888


class _Jupyter(BaseHTTPRequestHandler):
    """`GET <prefix>api/status`: 200 with the token, 403 without, 404 elsewhere."""

    token = ""
    prefix = "/"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        given = parse_qs(url.query).get("token") or [self.headers.get("Authorization", "").removeprefix("token ")]
        if not url.path.startswith(self.prefix):
            self._answer(404, {"message": "not below base_url"})
        elif given != [self.token]:
            self._answer(403, {"message": "Forbidden"})
        elif url.path == f"{self.prefix}api/status":
            self._answer(200, {"connections": 0, "kernels": 0, "last_activity": "2026-01-01T00:00:00.000000Z"})
        else:
            self._answer(404, {"message": "Not Found"})

    def _answer(self, status: int, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def serve() -> None:
    """Answer until SIGTERM."""
    _Jupyter.token = TOKEN_FILE.read_text(encoding="ascii").strip()
    _Jupyter.prefix = os.environ["SHIVA_PREFIX"]
    print("Jupyter Server is running", flush=True)
    ThreadingHTTPServer(("0.0.0.0", PORT), _Jupyter).serve_forever()


def stubborn() -> None:
    """Serve, and outlive SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve()


def leave() -> None:
    """End at once, as if all were well."""
    print("bye", flush=True)


def break_down() -> NoReturn:
    """Say why in the log, and end with status 1."""
    for number in range(1, 31):
        print(f"line {number}", flush=True)
    sys.exit("ImportError: libcuda.so.1: cannot open shared object file")


def deaf() -> NoReturn:
    """Run, but never listen."""
    print("thinking", flush=True)
    while True:
        signal.pause()


def eat() -> NoReturn:
    """Take memory until the kernel ends it."""
    eaten = []
    while True:
        eaten.append(bytearray(os.urandom(1 << 20)) * 16)


BEHAVIOURS: dict[str, Callable[[], None]] = {
    "1": serve, "stubborn": stubborn, "exit0": leave, "exit1": break_down, "deaf": deaf, "hungry": eat,
}  # fmt: skip


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(0))  # process 1 has no default for it
    BEHAVIOURS[os.environ["FAKE_JUPYTER"]]()
