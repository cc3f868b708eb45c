"""The list of machines for one run, and Prometheus' targets made from it."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.dev import private
from deploy.dev.docker_engine import DockerEngine
from deploy.prometheus import targets

LOOPBACK = "127.0.0.1"
GIB = 2**30
SCRAPER = "prometheus"  # as whom node_exporter is asked
NODE_LOGIN = "basic_auth: {username: prometheus, password_file: secrets/metrics-token}"
LOGIN = "authorization: {credentials_file: secrets/metrics-token}"
PROMETHEUS = Path(__file__).resolve().parents[1] / "prometheus"

Machine = Mapping[str, Any]


def this_machine(engine: DockerEngine | None = None) -> list[Machine]:
    """Return this machine with the GPUs that its driver shows, and nothing invented; and its engine, where it has one."""
    exporter = Path(sys.executable).parent / "shiva-gpu-exporter"
    listed = subprocess.run(  # a session of its own: Ctrl-C is for us
        [exporter, "--list"], capture_output=True, text=True, check=True, timeout=60, start_new_session=True
    )
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    gpus = json.loads(listed.stdout)
    machine = _machine(socket.gethostname(), cpus=os.cpu_count() or 1, memory_bytes=memory, gpus=gpus)
    return [machine if engine is None else {**machine, "address": engine.address, "engine": {"url": engine.url}}]


def simulated() -> list[Machine]:
    """Return three machines of two GTX 1080, as the first Shiva had them."""
    return [
        _machine(
            f"gpu-0{number}",
            cpus=8,
            memory_bytes=32 * GIB,
            gpus=[
                {
                    "uuid": f"GPU-d3300000-0000-4000-8000-0000000000{number}{index}",
                    "index": index,
                    "model": "NVIDIA GeForce GTX 1080",
                    "memory_bytes": 8 * GIB,
                }
                for index in (0, 1)
            ],
        )
        for number in (1, 2, 3)
    ]


def _machine(name: str, *, cpus: int, memory_bytes: int, gpus: list[dict[str, Any]]) -> Machine:
    return {"name": name, "address": LOOPBACK, "cpus": cpus, "memory_bytes": memory_bytes, "gpus": gpus}


def container_memory(machines: Sequence[Machine]) -> int:
    """Return a container's memory limit: 4 GiB, or half of the smallest machine where that is less."""
    return int(min(4 * GIB, *(machine["memory_bytes"] // 2 for machine in machines)))


def container_cpus(machines: Sequence[Machine]) -> int:
    """Return a container's CPU limit: 2, or what the smallest machine has."""
    return int(min(2, *(machine["cpus"] for machine in machines)))


def write_targets(
    folder: Path, machines: Sequence[Machine], ports: Mapping[str, int], *, demo: bool, metrics_token: str
) -> Path:
    """Write Prometheus' configuration, rules, targets and token under `folder` and return the configuration's path."""
    (folder / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
    private.write(folder / "secrets/metrics-token", metrics_token)
    config = folder / "prometheus.yml"
    text = (PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8")
    config.write_text(text.replace(NODE_LOGIN, LOGIN) if demo else text, encoding="utf-8")  # simulated ones know tokens
    shutil.copytree(PROMETHEUS / "rules", folder / "rules", dirs_exist_ok=True)

    def place(machine: Machine, job: str) -> tuple[str, targets.Labels]:
        if not demo:
            return f"{LOOPBACK}:{ports[f'{job}-exporter']}", {}
        simulated = {"__metrics_path__": f"/{job}/metrics", "__param_machine": machine["name"]}
        return f"{LOOPBACK}:{ports['demo-machines']}", simulated

    services = {
        name: f"{LOOPBACK}:{ports[name]}"
        for name in ("manager-api", "jupyter-broker", "jupyter-proxy", "broker-exporter")
    }
    targets.write(folder / "targets", targets.targets(machines, place, services))
    return config
