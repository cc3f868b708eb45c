"""A real Prometheus that remembers forty minutes of a small world and scrapes it on: captured pages, served as they are."""

import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from shiva_exporters.demo.__main__ import SimulatedNode, only
from shiva_exporters.demo.machines import SimulatedMachine

from deploy.dev.suite import PROMETHEUS, SEARCH, free_ports
from tests.contract.test_metrics import SURFACES
from tests.contract.test_prometheus_queries import running
from tests.fakes.scraping import told_to_prometheus
from tests.require import require

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
CONFIGURED = Path(__file__).resolve().parents[2] / "deploy/prometheus"
HOST = "gpu-01"
STEP = 30  # seconds between two remembered scrapes
REMEMBERED = 40 * 60  # seconds
AWAY = 10 * 60  # seconds before that in which the broker was away


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one target says, and how Prometheus labels it."""

    job: str
    labels: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The Prometheus, and when its memory began."""

    url: str
    since: float  # the broker was away then, and AWAY seconds long

    def ask(self, query: str, at: float | None = None) -> list[dict[str, Any]]:
        """Return a query's series, now or at a time; it fails where the query does not parse."""
        when = {} if at is None else {"time": str(at)}
        answer = requests.post(f"{self.url}/api/v1/query", data={"query": query} | when, timeout=10).json()
        assert answer["status"] == "success", (query, answer["error"])
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def told(self, query: str) -> list[dict[str, Any]]:
        """Return a query's series as soon as there are any, within half a minute."""
        deadline = time.monotonic() + 30
        while not (found := self.ask(query)) and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    def values(self, label: str, series: str) -> list[str]:
        """Return a label's values as Grafana's label_values does."""
        path = f"{self.url}/api/v1/label/{label}/values"
        values: list[str] = requests.get(path, params={"match[]": series}, timeout=10).json()["data"]
        return values


def captured(name: str) -> str:
    """Return a captured page; T stands for a time in some of them."""
    return re.sub(" T$", " 0", (CAPTURES / f"{name}.metrics").read_text(encoding="utf-8"), flags=re.MULTILINE)


def world(folder: Path) -> list[Page]:
    """Return a machine with a shared GPU, one that tells its health, one with an error of its GPU, and every service."""
    machine = SimulatedMachine(name=HOST, cpus=2, memory_bytes=2**35, gpus=())
    at_host = {"host": HOST, "instance": HOST}
    gpus = {
        HOST: captured("gpu-shared"),
        "gpu-02": captured("machines/h200"),
        "gpu-03": captured("machines/xids"),
    }
    services = [
        Page(job="services", labels={"service": name, "instance": name}, text=SURFACES[name](folder))
        for name in ("jupyter-broker", "manager-api", "jupyter-proxy")
    ]
    return [
        Page(job="node", labels=at_host, text=generate_latest(only(SimulatedNode(machine))).decode()),
        *(Page(job="gpu", labels={"host": host, "instance": host}, text=text) for host, text in gpus.items()),
        Page(job="broker", labels={"instance": "broker-exporter"}, text=captured("broker-two-containers")),
        *services,
    ]


def _lines(page: Page, times: Iterator[float]) -> Iterator[str]:
    """Yield the page's samples as they were scraped at these times, as OpenMetrics."""
    samples = [
        (sample.name, {**sample.labels, **page.labels, "job": page.job}, sample.value)
        for family in text_string_to_metric_families(page.text)
        for sample in family.samples
    ]
    samples.append(("up", {**page.labels, "job": page.job}, 1.0))
    series = [
        f"{name}{{{','.join(f'{key}={json.dumps(text)}' for key, text in labels.items())}}} {value}"
        for name, labels, value in samples
    ]
    for at in times:
        yield from (f"{each} {at}" for each in series)


def _remember(folder: Path, pages: list[Page], since: float, now: float) -> None:
    """Write the memory's blocks."""
    promtool = shutil.which("promtool", path=SEARCH)
    require("prometheus", present=promtool is not None, reason="promtool is not installed")
    away = Page(job="broker", labels={"instance": "broker-exporter"}, text=captured("broker-away"))

    def times(first: float, last: float) -> Iterator[float]:
        return iter([float(each) for each in range(int(first), int(last), STEP)])

    lines = [*_lines(away, times(since, since + AWAY))]
    for page in pages:
        lines += _lines(page, times(since + (AWAY if page.job == "broker" else 0), now))
    file = folder / "memory.txt"
    file.write_text("\n".join([*lines, "# EOF\n"]), encoding="utf-8")
    command = [str(promtool), "tsdb", "create-blocks-from", "openmetrics", str(file), str(folder / "data")]
    subprocess.run(command, check=True, capture_output=True)


def _configure(folder: Path, pages: list[Page], address: str) -> Path:
    """Write Prometheus' own configuration and rules, at a faster pace, and return the configuration's path."""
    for path in (CONFIGURED / "rules").glob("*.yml"):
        text = (
            path.read_text(encoding="utf-8")
            .replace("interval: 15s", "interval: 1s")
            .replace("interval: 30s", "interval: 1s")
        )
        (folder / "rules").mkdir(exist_ok=True)
        (folder / "rules" / path.name).write_text(text, encoding="utf-8")
    text = (CONFIGURED / "prometheus.yml").read_text(encoding="utf-8")
    text = text.replace("interval: 5s", "interval: 1s").replace("timeout: 4s", "timeout: 1s")
    (folder / "prometheus.yml").write_text(text, encoding="utf-8")
    told_to_prometheus(folder)
    (folder / "targets").mkdir()
    for job in {page.job for page in pages}:
        groups = [
            {"targets": [address], "labels": {**page.labels, "__metrics_path__": f"/{number}"}}
            for number, page in enumerate(pages)
            if page.job == job
        ]
        (folder / "targets" / f"{job}.json").write_text(json.dumps(groups), encoding="utf-8")
    return folder / "prometheus.yml"


@contextmanager
def _served(pages: list[Page]) -> Iterator[str]:
    """Serve each page at its number and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(pages[int(self.path.strip("/"))].text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@contextmanager
def remembering(folder: Path) -> Iterator[Remembered]:
    """Run a Prometheus of this world until the context ends."""
    program = shutil.which(PROMETHEUS, path=SEARCH)
    require("prometheus", present=program is not None, reason=f"{PROMETHEUS} is not installed")
    pages, now = world(folder), time.time()
    since = now - REMEMBERED - AWAY
    _remember(folder, pages, since, now)
    with _served(pages) as address:
        config = _configure(folder, pages, address)
        port = free_ports(["prometheus"])["prometheus"]
        command = [
            str(program), f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]  # fmt: skip
        with running(command):
            url = f"http://127.0.0.1:{port}"
            _ready(url)
            yield Remembered(url=url, since=since)


def _ready(url: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if requests.get(f"{url}/-/ready", timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        assert time.monotonic() < deadline, "Prometheus does not get ready"
        time.sleep(0.1)
