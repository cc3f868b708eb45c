"""The real manager under gunicorn, over a real Prometheus that scrapes a cluster that is not there, and over its broker."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from shiva_common import identity
from shiva_common.identity import Identity

from deploy.dev.suite import free_ports, program_path
from tests.bench.manager_world import PER_PAGE

LOOPBACK = "127.0.0.1"
KEY, METRICS_TOKEN = "k" * 40, "m" * 40
ADA = Identity(name="u1", shown_name="Ada", client="192.0.2.7", csrf_token="c" * 64)
ROOT = Path(__file__).resolve().parents[2]


def eventually(check: Callable[[], object], *, what: str, seconds: float = 60) -> None:
    """Wait until `check` is true; fail with `what`."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


def signed() -> str:
    """Return the door's word for a person, good for half a minute."""
    return identity.sign(ADA, key=KEY.encode(), now=datetime.now(UTC))


@dataclass
class ManagerSuite:
    """All of them. `interval` is Prometheus' scrape interval in seconds."""

    folder: Path
    machines: int
    containers: int
    interval: int
    stack: contextlib.ExitStack
    ports: Mapping[str, int] = field(default_factory=lambda: free_ports(["world", "broker", "prometheus", "manager"]))
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def url(self, name: str) -> str:
        """Return where one of them listens."""
        return f"http://{LOOPBACK}:{self.ports[name]}"

    def start(self, name: str) -> None:
        """Start one of them, or start it again on the same port."""
        command, environment = {
            "world": self._world, "broker": self._broker, "prometheus": self._prometheus, "manager": self._manager,
        }[name]()  # fmt: skip
        log = self.stack.enter_context((self.folder / f"{name}.log").open("ab"))
        process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log, cwd=ROOT)
        self.processes[name] = process
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)

    def kill(self, name: str) -> None:
        """End one of them at once."""
        self.processes[name].kill()
        self.processes[name].wait()

    def freeze(self, name: str) -> None:
        """Let it stand still, its connections with it."""
        self.processes[name].send_signal(signal.SIGSTOP)
        self.stack.callback(self.thaw, name)

    def thaw(self, name: str) -> None:
        """Let it go on."""
        self.processes[name].send_signal(signal.SIGCONT)

    def _world(self, port: str = "world") -> tuple[list[str], dict[str, str]]:
        numbers = [str(self.ports[port]), str(self.machines), str(self.containers)]
        return [sys.executable, "-m", "tests.bench.manager_world", *numbers], {}

    def _broker(self) -> tuple[list[str], dict[str, str]]:
        return self._world("broker")

    def _prometheus(self) -> tuple[list[str], dict[str, str]]:
        pages = range(-(-self.machines // PER_PAGE))

        def job(name: str, paths: list[str]) -> dict[str, Any]:
            groups = [
                {
                    "targets": [f"{LOOPBACK}:{self.ports['world']}"],
                    "labels": {"__metrics_path__": path, "instance": path},
                }
                for path in paths
            ]
            pace = f"{self.interval}s"
            return {"job_name": name, "scrape_interval": pace, "scrape_timeout": pace, "static_configs": groups}

        jobs = [job(name, [f"/{name}/{page}" for page in pages]) for name in ("node", "gpu")]
        config = self.folder / "prometheus.json"
        config.write_text(json.dumps({"scrape_configs": [*jobs, job("broker", ["/broker"])]}), encoding="utf-8")
        return [
            program_path("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={self.folder}/data",
            f"--web.listen-address={LOOPBACK}:{self.ports['prometheus']}", "--log.level=warn",
        ], {}  # fmt: skip

    def _manager(self) -> tuple[list[str], dict[str, str]]:
        settings = {
            "PROMETHEUS_URL": self.url("prometheus"), "BROKER_URL": self.url("broker"), "BROKER_TOKEN": "b" * 40,
            "DATABASE_URL": f"sqlite:///{self.folder}/manager.db", "IDENTITY_KEY": KEY, "DOOR_TOKEN": "d" * 40,
            "METRICS_TOKEN": METRICS_TOKEN, "DEV_IDENTITY": "1", "BIND_PORT": str(self.ports["manager"]),
        }  # fmt: skip
        environment = {f"SHIVA_MANAGER_API_{key}": value for key, value in settings.items()}
        return [str(Path(sys.executable).parent / "shiva-manager-api")], environment

    def counted(self, query: str) -> float:
        """Return a query's only value at Prometheus; 0 where it has none, or does not answer."""
        try:
            found = requests.get(f"{self.url('prometheus')}/api/v1/query", params={"query": query}, timeout=5).json()
            return float(found["data"]["result"][0]["value"][1])
        except (requests.RequestException, IndexError):
            return 0.0

    def scraped(self) -> bool:
        """Whether Prometheus has seen every machine often enough for a rate."""
        known = "count(rate(node_cpu_seconds_total{cpu='0',mode='idle'}[30s]))"
        return self.counted(known) == self.machines == self.counted('count(max by (host) (shiva_gpu_up{gpu="0"}))')

    def serves(self) -> bool:
        """Whether the manager answers at all, with what needs nobody else."""
        try:
            token = {"Authorization": f"Bearer {METRICS_TOKEN}"}
            return requests.get(f"{self.url('manager')}/metrics", headers=token, timeout=60).ok
        except requests.ConnectionError:
            return False

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, timeout: float = 30) -> requests.Response:
        """Ask the manager as a person at the door."""
        given = {identity.HEADER: signed(), **(headers or {})}
        return requests.get(f"{self.url('manager')}{path}", headers=given, timeout=timeout)

    def overview(self) -> dict[str, Any]:
        """Return `GET /machines`; empty where nobody answers."""
        try:
            told: dict[str, Any] = self.get("/api/v1/machines").json()
        except requests.RequestException:
            return {}
        return told

    def calm(self) -> bool:
        """Whether both sources are fresh and every machine has a word for how free it is."""
        told = self.overview()
        if not told or not told["metrics"]["state"] == told["broker"]["state"] == "fresh":
            return False
        words = [machine["state"] for machine in told["machines"]]
        return len(words) == self.machines and not {"stale", "unreachable"} & set(words)


@contextmanager
def manager_suite(
    folder: Path, *, machines: int, containers: int, interval: int = 5
) -> Iterator[ManagerSuite]:  # fmt: skip
    """Run world, broker and Prometheus until the context ends, from when all was scraped; the manager is not started."""
    with contextlib.ExitStack() as stack:
        suite = ManagerSuite(
            folder=folder, machines=machines, containers=containers, interval=interval, stack=stack
        )  # fmt: skip
        for name in ("world", "broker", "prometheus"):
            suite.start(name)
        eventually(suite.scraped, what="Prometheus has scraped all of it", seconds=120)
        yield suite
