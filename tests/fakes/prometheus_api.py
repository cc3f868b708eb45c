"""Prometheus' API with answers that a test writes; it remembers the forms that it was sent."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

Series = tuple[Mapping[str, str], Mapping[float, str]]  # labels, and values by time


def matrix(*series: Series) -> bytes:
    """Return the answer to a range query."""
    result = [{"metric": labels, "values": list(values.items())} for labels, values in series]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()


def vector(*series: tuple[Mapping[str, str], str]) -> bytes:
    """Return the answer to an instant query."""
    result = [{"metric": labels, "value": [1, value]} for labels, value in series]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()


@dataclass
class Api:
    """What it answers to a query, and what it was asked."""

    answer: Callable[[str], bytes] = lambda _: matrix()
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def serving(api: Api) -> Iterator[str]:
    """Serve it and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {key: values[0] for key, values in parse_qs(sent, keep_blank_values=True).items()}
            api.asked.append(form)
            body = api.answer(form["query"])
            self.send_response(api.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            """A client that has heard enough hangs up."""
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
