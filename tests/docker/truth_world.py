"""Three machines with stub drivers, and the real parts between a driver and the API: exporters, Prometheus, broker, manager."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from shiva_common import identity
from shiva_common.identity import Identity

from deploy.dev import inventory, private
from deploy.dev.suite import NODE_EXPORTER, PROMETHEUS, SEARCH, free_ports
from tests.docker.docker_broker import DockerBroker
from tests.fakes.broker_command import TOKENS
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.shell import wait_for
from tests.fakes.nvml_stub.presets import gtx_1080
from tests.fakes.nvml_stub.state import Gpu, Machine, Memory, Process
from tests.fakes.nvml_stub.stub import Stub
from tests.fakes.scraping import told_to_prometheus
from tests.require import require

BIN = Path(sys.executable).parent
DEPLOY = Path(__file__).resolve().parents[2] / "deploy/prometheus"
KEY = "k" * 32
MIB, GIB = 2**20, 2**30
OVERHEAD = 60 * MIB  # of the driver, beside what processes hold
NAMES = ("gpu-01", "gpu-02", "gpu-03")
EACH_SECONDS = 60.0

Api = dict[str, Any]


@dataclass
class Host:
    """One machine: its engine, its driver, and what its cards do now."""

    name: str
    engine: Engine
    stub: Stub
    cards: tuple[Gpu, Gpu]
    used: dict[int, tuple[Process, ...]] = field(default_factory=dict)

    def declared(self) -> list[Mapping[str, Any]]:
        """Return its cards as the inventory has them."""
        return [
            {"uuid": card.uuid, "index": index, "model": card.name, "memory_bytes": 8 * GIB}
            for index, card in enumerate(self.cards)
        ]

    def runs(self, index: int, *processes: Process) -> None:
        """Let exactly these processes be on a card, from the driver's next answer on."""
        self.used[index] = processes
        self.shows()

    def shows(
        self, changes: Mapping[int, Mapping[str, Any]] | None = None, *, errors: Mapping[str, int] | None = None
    ) -> None:
        """Let the driver answer as its cards are, with `changes` by index, and with `errors` of its own."""
        gpus = [replace(self._card(index), **(changes or {}).get(index, {})) for index in (0, 1)]
        self.stub.is_now(Machine(gpus=gpus, errors=errors or {}))

    def _card(self, index: int) -> Gpu:
        processes = self.used.get(index, ())
        held = sum(process.memory or 0 for process in processes) + (OVERHEAD if processes else 0)
        busy = min(100, sum(process.sm or 0 for process in processes))
        memory = Memory(total=8 * GIB, reserved=90 * MIB, used=held)
        return replace(self.cards[index], processes=processes, memory=memory, utilization=(busy, 0))


class World:
    """The three machines and what runs on them. Every part is its real command."""

    def __init__(self, folder: Path, engines: Sequence[Engine], library: Path, stack: ExitStack) -> None:
        """Nothing runs yet."""
        self._folder, self._stack = folder, stack
        self.hosts = {
            name: Host(name, engine, Stub(library, _folder(folder / name)), (gtx_1080(2 * at), gtx_1080(2 * at + 1)))
            for at, (name, engine) in enumerate(zip(NAMES, engines, strict=True))
        }
        parts = ["prometheus", "node", "broker-exporter", "manager", *NAMES]
        self.ports = free_ports(parts)
        self.broker = DockerBroker(
            _folder(folder / "broker"), {name: host.engine for name, host in self.hosts.items()},
            gpus={name: host.declared() for name, host in self.hosts.items()},
        )  # fmt: skip
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Return once every part answers and every machine is told of."""
        for host in self.hosts.values():
            host.shows()
            self.export(host.name)
        self.broker.start()
        self._stack.callback(self.broker.kill)
        broker_url = self.broker.url
        web = private.web_config(self._folder / "node.json", {inventory.SCRAPER: TOKENS["metrics"]})
        self.run(
            "node", [_program(NODE_EXPORTER), f"--web.listen-address={self._at('node')}", f"--web.config.file={web}"]
        )
        self.run("broker-exporter", [str(BIN / "shiva-broker-exporter")], SHIVA_EXPORTERS_BROKER_BROKER_URL=broker_url,
                 SHIVA_EXPORTERS_BROKER_BROKER_TOKEN=TOKENS["exporter"],
                 SHIVA_EXPORTERS_BROKER_METRICS_TOKEN=TOKENS["metrics"],
                 SHIVA_EXPORTERS_BROKER_BIND_PORT=str(self.ports["broker-exporter"]))  # fmt: skip
        self._prometheus()
        self.manage()
        self.until(lambda all_: len(all_) == len(NAMES) and all(each["gpus_free"] == 2 for each in all_.values()))

    def run(self, name: str, command: list[str], environment: Mapping[str, str] | None = None, **more: str) -> None:
        """Start a part, in place of the one that runs under that name."""
        self.end(name)
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, env=os.environ | (environment or {}) | more, stdout=log, stderr=log
            )
        self._stack.callback(self.end, name)

    def end(self, name: str) -> None:
        """End a part, if it runs."""
        process = self._running.pop(name, None)
        if process is not None:
            process.terminate()  # a killed master would leave its worker at the port
            process.wait(EACH_SECONDS)

    def export(self, name: str) -> None:
        """Start the exporter of a machine, anew if it runs."""
        self.run(
            name, [str(BIN / "shiva-gpu-exporter")], self.hosts[name].stub.environment,
            SHIVA_EXPORTERS_GPU_METRICS_TOKEN=TOKENS["metrics"],
            SHIVA_EXPORTERS_GPU_BIND_PORT=str(self.ports[name]), SHIVA_EXPORTERS_GPU_INTERVAL="0.25",
        )  # fmt: skip

    def manage(self) -> None:
        """Start the manager, anew if it runs; return once it answers."""
        settings = {
            "PROMETHEUS_URL": f"http://{self._at('prometheus')}", "BROKER_URL": self.broker.url,
            "BROKER_TOKEN": TOKENS["manager"], "DATABASE_URL": f"sqlite:///{self._folder}/manager.db", "IDENTITY_KEY": KEY,
            "DOOR_TOKEN": "d" * 40, "METRICS_TOKEN": TOKENS["metrics"], "BIND_PORT": str(self.ports["manager"]),
        }  # fmt: skip
        self.run(
            "manager", [str(BIN / "shiva-manager-api")], {f"SHIVA_MANAGER_API_{k}": v for k, v in settings.items()}
        )

        def answers() -> bool:
            try:
                return requests.get(f"http://{self._at('manager')}/health", timeout=5).ok
            except requests.RequestException:
                return False

        wait_for(answers, "the manager answers", EACH_SECONDS)

    def _prometheus(self) -> None:
        config = _folder(self._folder / "prometheus")
        text = (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")
        text = text.replace("interval: 5s", "interval: 1s").replace("timeout: 4s", "timeout: 1s")
        (config / "prometheus.yml").write_text(text, encoding="utf-8")
        told_to_prometheus(config, TOKENS["metrics"])
        shutil.copytree(DEPLOY / "rules", config / "rules")
        targets = _folder(config / "targets")
        by_host = {"node": [(name, "node") for name in NAMES], "gpu": [(name, name) for name in NAMES]}
        groups = {
            job: [{"targets": [self._at(part)], "labels": {"host": name, "instance": name}} for name, part in places]
            for job, places in by_host.items()
        } | {"broker": [{"targets": [self._at("broker-exporter")]}], "services": []}
        for job, group in groups.items():
            (targets / f"{job}.json").write_text(json.dumps(group), encoding="utf-8")
        self.run("prometheus", [_program(PROMETHEUS), f"--config.file={config / 'prometheus.yml'}",
                 f"--storage.tsdb.path={config / 'data'}", f"--web.listen-address={self._at('prometheus')}"])  # fmt: skip

    def _at(self, part: str) -> str:
        return f"127.0.0.1:{self.ports[part]}"

    def api(self, method: str, path: str, *, by: str = "mei", **options: Any) -> requests.Response:
        """Ask the manager as a person whom the door let in."""
        signed = identity.sign(Identity(name=by, shown_name=by), key=KEY.encode(), now=datetime.now(UTC))
        url = f"http://{self._at('manager')}/api/v1/{path}"
        return requests.request(method, url, headers={identity.HEADER: signed}, timeout=30, **options)

    def machines(self) -> dict[str, Api]:
        """Return the API's machines, by name."""
        return {each["name"]: each for each in self.api("GET", "machines").json()["machines"]}

    def gpu(self, name: str, index: int) -> Api:
        """Return what the API tells of a card."""
        return next(dict(gpu) for gpu in self.machines()[name]["gpus"] if gpu["index"] == index)

    def until(self, condition: Callable[[dict[str, Api]], object]) -> dict[str, Api]:
        """Return the API's machines as soon as they are so; a condition on what is not told is not met."""
        last: dict[str, Api] = {}

        def holds() -> bool:
            nonlocal last
            last = self.machines()
            try:
                return bool(condition(last))
            except (KeyError, IndexError, TypeError):
                return False

        try:
            wait_for(holds, "the API says so", EACH_SECONDS)
        except Exception as error:
            raise AssertionError(self.api("GET", "machines").text) from error
        return last

    def container(self, owner: str, machine: str) -> str:
        """Start a person's container with one GPU through the API; return the engine's id once it is ready."""
        answer = self.api("POST", "containers", by=owner, json={"machine": machine, "gpus": 1})
        assert answer.status_code == 201, answer.text
        name = f"{owner}--default"
        wait_for(lambda: self.broker.containers()[name]["state"] == "ready", f"{name} is ready", EACH_SECONDS)
        return str(self.broker.containers()[name]["engine_id"])

    def inside(self, machine: str, container: str) -> int:
        """Begin a process in a container; return its pid on the machine."""
        engine = self.hosts[machine].engine
        before = _pids(engine, container)
        engine.docker("exec", "--detach", container, "sleep", "3600")
        wait_for(lambda: bool(_pids(engine, container) - before), "the process began")
        return min(_pids(engine, container) - before)

    def outside(self) -> subprocess.Popen[bytes]:
        """Begin a process on the machines themselves, which is in no container."""
        process = subprocess.Popen(["sleep", "3600"])
        self._stack.callback(_gone, process)
        return process


def _gone(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _pids(engine: Engine, container: str) -> set[int]:
    """Return a container's processes as the machine counts them."""
    lines = engine.docker("top", container, "-eo", "pid").splitlines()[1:]
    return {int(line) for line in lines}


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _program(name: str) -> str:
    found = shutil.which(name, path=SEARCH)
    require("prometheus", present=found is not None, reason=f"{name} is not installed")
    return str(found)


@contextmanager
def world(folder: Path, engines: Sequence[Engine], library: Path) -> Iterator[World]:
    """Serve the three machines until the context ends."""
    with ExitStack() as stack:
        made = World(folder, engines, library, stack)
        made.start()
        yield made
