"""What an idle container meets, for real and in seconds: driver stub, GPU exporter, Prometheus, broker, JupyterLab, manager, culler."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import requests
from shiva_common import identity
from shiva_common.identity import Identity
from websockets.sync.client import connect

from deploy.dev import private
from deploy.dev.suite import free_ports
from tests.fakes.broker_command import TOKENS, BrokerCommand
from tests.fakes.nvml_stub.presets import TWO_GTX_1080
from tests.fakes.nvml_stub.state import Process
from tests.fakes.nvml_stub.stub import Stub
from tests.fakes.scraping import TOKEN

BIN = Path(sys.executable).parent
LOOPBACK = "127.0.0.1"
KEY = "k" * 40
LOGIN = ("manager", "p" * 40)  # at Prometheus
GPUS = [gpu.uuid for gpu in TWO_GTX_1080.gpus]
# Each time is what the default policy has, but in seconds; `fresh` and `pause` bear a machine that is busy with other tests.
LADDER = {"warn": "4s", "warn_again": "8s", "stop": "12s"}
POLICY = {
    "rule": {
        "with_gpu": LADDER, "without_gpu": LADDER, "grace": "0s", "fresh": "20s", "pause": "20s", "extension": "4s",
        "gpu_coverage": 0.5,
    },
}  # fmt: skip


def eventually(check: Callable[[], object], *, what: str, seconds: float = 40) -> None:
    """Wait until `check` is true; fail with `what`."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


@dataclass
class IdleSuite:
    """All of them; people are served by the manager as the door would ask it."""

    folder: Path
    stub: Stub
    broker: BrokerCommand
    ports: Mapping[str, int]
    stack: contextlib.ExitStack
    exporter: subprocess.Popen[bytes] | None = None
    on_gpus: dict[str, list[Process]] = field(default_factory=lambda: {uuid: [] for uuid in GPUS})

    def program(self, command: str, environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[bytes]:
        """Start one of our own programs until the end."""
        return self._started([str(BIN / command), *arguments], environment)

    def _started(self, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        log = self.stack.enter_context((self.folder / f"{Path(command[0]).name}.log").open("ab"))
        process = subprocess.Popen(command, env=os.environ | dict(environment), stdout=log, stderr=log)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        return process

    def start(self, prometheus: str) -> None:
        """Start everything but the culler, and wait until Prometheus has seen a GPU."""
        (self.folder / "idle").mkdir()
        (self.folder / "policy.json").write_text(json.dumps(POLICY), encoding="utf-8")
        targets = [{"targets": [f"{LOOPBACK}:{self.ports['gpu']}"], "labels": {"host": "gpu-01"}}]
        scraped = {"job_name": "gpu", "scrape_interval": "500ms", "scrape_timeout": "500ms", "static_configs": targets,
                   "authorization": {"credentials": TOKEN}}  # fmt: skip
        (self.folder / "prometheus.json").write_text(json.dumps({"scrape_configs": [scraped]}), encoding="utf-8")
        self._started([
            prometheus, f"--config.file={self.folder}/prometheus.json", f"--storage.tsdb.path={self.folder}/data",
            f"--web.listen-address={LOOPBACK}:{self.ports['prometheus']}",
            f"--web.config.file={private.web_config(self.folder / 'web.json', dict([LOGIN]))}",
        ], {})  # fmt: skip
        self.drives()
        self.start_exporter()
        self.broker.start()
        self.program("shiva-manager-api", {
            "SHIVA_MANAGER_API_BIND_PORT": str(self.ports["manager"]), "SHIVA_MANAGER_API_IDENTITY_KEY": KEY,
            "SHIVA_MANAGER_API_DOOR_TOKEN": "d" * 40, "SHIVA_MANAGER_API_METRICS_TOKEN": TOKEN,
            **self._sources("SHIVA_MANAGER_API_"),
        })  # fmt: skip
        eventually(lambda: self.counted("shiva_gpu_processes") > 0, what="Prometheus sees the GPUs")

    def start_exporter(self) -> None:
        """Start the GPU exporter, or start it again."""
        self.exporter = self.program("shiva-gpu-exporter", {
            "SHIVA_EXPORTERS_GPU_METRICS_TOKEN": TOKEN, "SHIVA_EXPORTERS_GPU_BIND_PORT": str(self.ports["gpu"]), "SHIVA_EXPORTERS_GPU_INTERVAL": "0.25",
            **self.stub.environment,
        })  # fmt: skip

    def _sources(self, prefix: str) -> dict[str, str]:
        return {
            f"{prefix}PROMETHEUS_URL": f"http://{LOOPBACK}:{self.ports['prometheus']}",
            f"{prefix}PROMETHEUS_USER": LOGIN[0],
            f"{prefix}PROMETHEUS_PASSWORD": LOGIN[1],
            f"{prefix}BROKER_URL": self.broker.url,
            f"{prefix}DATABASE_URL": f"sqlite:///{self.folder}/manager.db",
            f"{prefix}BROKER_TOKEN": TOKENS["manager"],
        }

    def counted(self, query: str) -> int:
        """Return how many series Prometheus has for a query now."""
        url = f"http://{LOOPBACK}:{self.ports['prometheus']}/api/v1/query"
        try:
            return len(requests.get(url, params={"query": query}, auth=LOGIN, timeout=5).json()["data"]["result"])
        except requests.RequestException:
            return 0

    def drives(self) -> None:
        """Let the driver list what is on the GPUs."""
        gpus = [replace(gpu, processes=self.on_gpus[gpu.uuid]) for gpu in TWO_GTX_1080.gpus]
        self.stub.is_now(replace(TWO_GTX_1080, gpus=gpus))

    def launched(self, owner: str, *, gpus: int) -> str:
        """Start a person's container; return its id once it is ready."""
        answer = self.broker.call("POST", "/v1/containers", {"owner": owner, "gpus": gpus})
        assert answer.status_code == 201, answer.text
        container_id = str(answer.json()["id"])
        eventually(lambda: self.broker.containers()[container_id]["state"] == "ready", what=f"{container_id} is ready")
        return container_id

    def holds(self, container_id: str, *, busy: int | None) -> None:
        """Let its Jupyter hold memory of its GPU, and work so many percent; None: the driver has no sample of it."""
        seen = self.broker.containers()[container_id]
        mark = f"SHIVA_LAUNCH_ID={seen['launch_id']}"
        pid = next(each.pid for each in psutil.process_iter() if mark in _environment(each))
        self.on_gpus[seen["gpus"][0]] = [Process(pid=pid, memory=2**30, sm=busy)]
        self.drives()

    def types(self, container_id: str, line: str) -> None:
        """Open a terminal in its Jupyter and type a line."""
        route = self.broker.routes()[container_id]
        url, token = f"{route['target']}{route['prefix']}", {"Authorization": f"token {route['token']}"}
        name = requests.post(f"{url}api/terminals", headers=token, timeout=20).json()["name"]
        address = f"{url.replace('http:', 'ws:')}terminals/websocket/{name}"
        with connect(address, additional_headers=token) as socket:
            socket.send(json.dumps(["stdin", f"{line}\r"]))
            told = f"/v1/containers/{container_id}/activity"
            eventually(
                lambda: self.broker.call("GET", told).json().get("busy") == 1, what="a program runs in its terminal"
            )

    def passes(self, *arguments: str, **settings: str) -> str:
        """Make one pass; return what was printed, log and all."""
        given = {
            "STATE_DIR": f"{self.folder}/idle",
            "POLICY_FILE": f"{self.folder}/policy.json",
            "DRY_RUN": "false",
            "GPU_STEP": "1",
            "INTERVAL": "5",
        }
        environment = {f"SHIVA_MANAGER_CULLER_{key}": value for key, value in (given | settings).items()}
        environment |= self._sources("SHIVA_MANAGER_CULLER_")
        command = [str(BIN / "shiva-culler"), *(arguments or ("--once",))]
        done = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def asked(self, owner: str, method: str, path: str) -> requests.Response:
        """Ask the manager as a person."""
        signed = identity.sign(Identity(name=owner, shown_name=owner), key=KEY.encode(), now=datetime.now(UTC))
        url = f"http://{LOOPBACK}:{self.ports['manager']}/api/v1/containers/{path}"
        return requests.request(method, url, headers={identity.HEADER: signed}, timeout=20)

    def idle(self, container_id: str) -> dict[str, Any]:
        """Return what the person reads of the own container."""
        told = self.asked(container_id.partition("--")[0], "GET", container_id).json()["idle"]
        assert isinstance(told, dict)
        return told

    def becomes(self, container_id: str, *, state: str, reason: str, seconds: float = 90) -> dict[str, Any]:
        """Make one pass after the other until it is that; return what the person reads then."""
        deadline = time.monotonic() + seconds
        while True:
            self.passes()
            told = self.idle(container_id)
            if (told["state"], told["reason"]) == (state, reason):
                return told
            assert time.monotonic() < deadline, f"not {state}, {reason} within {seconds:g} s but {told}"

    def decisions(self, container_id: str) -> list[Any]:
        """Return what was decided of it."""
        lines = (self.folder / "idle/decisions.jsonl").read_text(encoding="utf-8").splitlines()
        return [each for each in map(json.loads, lines) if each["container_id"] == container_id]

    def ends(self) -> None:
        """End every container."""
        for container_id in self.broker.containers():
            self.broker.call("DELETE", f"/v1/containers/{container_id}")
        eventually(lambda: not self.broker.containers(), what="all containers have ended")
        self.broker.kill()


def _environment(process: psutil.Process) -> list[str]:
    try:
        return [f"{key}={value}" for key, value in process.environ().items()]
    except psutil.Error:
        return []


@contextlib.contextmanager
def idle_suite(folder: Path, stub: Stub, prometheus: str) -> Iterator[IdleSuite]:
    """Run it."""
    cards = [{"uuid": gpu.uuid, "index": number, "model": gpu.name} for number, gpu in enumerate(TWO_GTX_1080.gpus)]
    machine = {"name": "gpu-01", "address": LOOPBACK, "cpus": 8, "memory_bytes": 2**35, "gpus": cards}
    broker = BrokerCommand(folder, [machine])
    del broker.settings["IMAGES_FILE"]  # this machine's own JupyterLab
    with contextlib.ExitStack() as stack:
        made = IdleSuite(
            folder=folder, stub=stub, broker=broker, ports=free_ports(["gpu", "prometheus", "manager"]), stack=stack
        )
        made.start(prometheus)
        stack.callback(made.ends)
        yield made
