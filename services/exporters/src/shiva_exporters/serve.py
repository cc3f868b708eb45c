"""/metrics and /health over HTTP; each collector's success and duration are told by the frame, not by the collector."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from shiva_common import bearer

log = logging.getLogger("shiva.exporters")

MAX_SCRAPES = 8  # at once; more wait for nothing and get a 503
PATIENCE_SECONDS = 30.0  # for who asks nothing, or does not take the answer: a machine that vanished keeps no thread


MAX_PORT = 65535


def check_port(key: str, port: int) -> None:
    """Refuse the value of the setting `key` when it is no port; 0 is any free one."""
    if not 0 <= port <= MAX_PORT:
        raise ValueError(f"{key} must be 0 to {MAX_PORT}")


class CollectError(Exception):
    """A collector has nothing truthful to say this time; what it yielded before counts."""


class Collector(Protocol):
    """Yields fresh families at each scrape, so that what is gone disappears at once."""

    name: str

    def collect(self) -> Iterable[Metric]:
        """Yield the families; CollectError after the health metrics when the source fails."""


class Framed:
    """A collector with `shiva_collector_success` and `shiva_collector_duration_seconds` beside it."""

    def __init__(self, collectors: Iterable[Collector]) -> None:
        """Take the collectors of one exporter."""
        self._collectors = tuple(collectors)

    def describe(self) -> Iterable[Metric]:
        """Register without reading anything."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield each collector's families, then how each went."""
        success = GaugeMetricFamily(
            "shiva_collector_success", "1 if the collector read its source, else 0.", labels=["collector"]
        )
        duration = GaugeMetricFamily(
            "shiva_collector_duration_seconds", "Time the collector took.", labels=["collector"]
        )
        for collector in self._collectors:
            started = time.perf_counter()
            try:
                yield from collector.collect()
                success.add_metric([collector.name], 1)
            except CollectError as error:
                log.warning("collecting failed", extra={"collector": collector.name, "cause": str(error)})
                success.add_metric([collector.name], 0)
            except Exception:  # a mistake of ours in one collector must not hide the others
                log.exception("collecting failed", extra={"collector": collector.name})
                success.add_metric([collector.name], 0)
            duration.add_metric([collector.name], time.perf_counter() - started)
        yield success
        yield duration


def registry(collectors: Iterable[Collector]) -> CollectorRegistry:
    """Return a registry of our own with the exporter's collectors and its process's."""
    own = of_this_process()
    own.register(Framed(collectors))
    return own


def of_this_process() -> CollectorRegistry:
    """Return a registry of our own that tells of this process alone."""
    own = CollectorRegistry()
    ProcessCollector(registry=own)
    PlatformCollector(registry=own)
    return own


def shows(shown: CollectorRegistry) -> "Page":
    """Return a page of a registry that is collected at each scrape."""
    return lambda _: generate_latest(shown)


Page = Callable[[dict[str, list[str]]], bytes | None]  # query → exposition; None: there is no such thing


class Server(ThreadingHTTPServer):
    """Serves pages of metrics by path."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], pages: dict[str, Page], token: str) -> None:
        """`pages` by path, for who has `token`; `/health` comes along, for everybody."""
        self.pages, self.token = pages, token
        self.slots = threading.BoundedSemaphore(MAX_SCRAPES)
        super().__init__(address, Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log it: mostly a scraper that hung up."""
        del request
        log.info("a connection broke", exc_info=True, extra={"client": str(client_address)})


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    server_version = "shiva-exporter"
    sys_version = ""
    timeout = PATIENCE_SECONDS

    def do_GET(self) -> None:
        """Answer a scrape."""
        try:
            url = urlsplit(self.path)
        except ValueError:
            self._answer(400, b"That is no address.\n")
            return
        if url.path == "/health":
            self._answer(200, b"ok\n")
        elif url.path not in self.server.pages:
            self._answer(404, f"Try {', '.join(self.server.pages)} or /health.\n".encode())
        elif not bearer.is_from(self.headers.get("Authorization"), self.server.token):
            self._answer(401, b"Send Authorization with the bearer token METRICS_TOKEN.\n")
        elif not self.server.slots.acquire(blocking=False):
            self._answer(503, b"Too many scrapes at once.\n")
        else:
            try:
                self._scrape(self.server.pages[url.path], parse_qs(url.query))
            finally:
                self.server.slots.release()

    def _scrape(self, page: Page, query: dict[str, list[str]]) -> None:
        shown = page(query)
        if shown is None:
            self._answer(404, b"There is no such machine here.\n")
        else:
            self._answer(200, shown, CONTENT_TYPE_PLAIN_0_0_4)

    def _answer(self, status: int, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log a request at DEBUG only: scrapes are many."""
        log.debug("request", extra={"line": format % args})


def serve(host: str, port: int, pages: dict[str, Page], token: str) -> None:
    """Serve `pages` to who has `token` until SIGTERM or SIGINT; exit status 1 when the address cannot be used."""
    try:
        server = Server((host, port), pages, token)
    except OSError as error:
        sys.exit(f"{Path(sys.argv[0]).name}: cannot listen on {host}:{port}: {error.strerror}")

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    log.info("serving", extra={"host": host, "port": port})
    server.serve_forever(poll_interval=0.2)
    server.server_close()
