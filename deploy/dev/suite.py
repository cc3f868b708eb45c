"""One run of the whole suite on this machine: its folder, ports, secrets, inventory, and every service's command.

Nothing here is for production; `deploy/README.md` is.
"""

import json
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.dev import docker_engine, inventory
from deploy.dev.docker_engine import DockerEngine

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
MAX_PORT = 65535
PROMETHEUS = "prometheus"
NODE_EXPORTER = "prometheus-node-exporter"
SEARCH = os.pathsep.join([str(ROOT / ".tools/debian/usr/bin"), os.environ.get("PATH", "")])
TOKENS = (
    "identity_key", "session_key", "manager_token", "proxy_token", "exporter_token", "door_token", "metrics_token",
)  # fmt: skip


class MissingPartError(Exception):
    """A program that the suite needs is not installed; the message says which and how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A service as the supervisor starts it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Where one run keeps its things, and what it starts."""

    folder: Path
    address: str  # of the dashboard
    ports: Mapping[str, int]
    programs: tuple[Program, ...]


def program_path(name: str) -> str:
    """Return where a program of the distribution is.

    Raises:
        MissingPartError: it is not installed.
    """
    found = shutil.which(name, path=SEARCH)
    if found is None:
        raise MissingPartError(f"{name} is missing. Install it with: apt-get install {PROMETHEUS} {NODE_EXPORTER}")
    return found


def free_ports(names: list[str]) -> dict[str, int]:
    """Return a free port of the loopback for each name, all different."""
    sockets = {name: socket.socket() for name in names}
    try:
        for each in sockets.values():
            each.bind((LOOPBACK, 0))
        return {name: int(each.getsockname()[1]) for name, each in sockets.items()}
    finally:
        for each in sockets.values():
            each.close()


def port_number(text: str) -> int:
    """Return a port of the command line; ValueError when it is none."""
    if not 0 <= (port := int(text)) <= MAX_PORT:
        raise ValueError(text)
    return port


def public_port(wanted: int) -> int:
    """Return `wanted`, or the next port that is free."""
    for port in range(wanted, min(wanted + 100, MAX_PORT + 1)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise MissingPartError(f"No port from {wanted} to {wanted + 99} is free. Name another: make run PORT=…")


def kept_secrets(folder: Path) -> dict[str, str]:
    """Return this installation's secrets, made at its first run, so that sessions outlive a restart.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / "secrets.json"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({name: secrets.token_hex(32) for name in TOKENS}, file)
    loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    if set(loaded) != set(TOKENS):
        raise ValueError(f"{path.name} has not the secrets of this version")
    return loaded


def prepare(folder: Path, *, demo: bool, port: int, engine: DockerEngine | None = None) -> Suite:
    """Write what the services read and return what to start; with an engine, notebooks run in its containers.

    Raises:
        MissingPartError: something must be installed first.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    keys = kept_secrets(folder)
    names = ["manager-api", "jupyter-broker", "broker-exporter", "prometheus"]
    names += ["demo-machines"] if demo else ["gpu-exporter", "node-exporter"]
    ports = free_ports(names) | {"jupyter-proxy": public_port(port)}
    machines = inventory.simulated() if demo else inventory.this_machine(engine)
    machines_file = folder / "machines.json"
    machines_file.write_text(json.dumps({"machines": machines}, indent=1), encoding="utf-8")
    config = inventory.write_targets(folder / "prometheus", machines, ports, demo=demo)
    bin_dir = Path(sys.executable).parent
    broker_url = f"http://{LOOPBACK}:{ports['jupyter-broker']}"

    def service(name: str, command: str, prefix: str, **settings: object) -> Program:
        settings = {"bind_host": LOOPBACK, "bind_port": ports[name], **settings}
        environment = {f"{prefix}_{key.upper()}": str(value) for key, value in settings.items()}
        return Program(name=name, command=(str(bin_dir / command),), environment=environment)

    programs = [
        service("jupyter-broker", "shiva-jupyter-broker", "SHIVA_JUPYTER_BROKER", state_dir=folder / "state",
                homes_dir=folder / "homes", machines_file=machines_file, demo=int(demo),
                memory_bytes=inventory.container_memory(machines), cpus=inventory.container_cpus(machines),
                manager_token=keys["manager_token"], proxy_token=keys["proxy_token"], exporter_token=keys["exporter_token"],
                **_launching(folder, engine)),
        service("manager-api", "shiva-manager-api", "SHIVA_MANAGER_API", broker_url=broker_url,
                prometheus_url=f"http://{LOOPBACK}:{ports['prometheus']}", broker_token=keys["manager_token"],
                identity_key=keys["identity_key"], demo=int(demo), idle_state_dir=folder / "idle"),
        _culler(bin_dir, folder / "idle", broker_url=broker_url, broker_token=keys["manager_token"],
                prometheus_url=f"http://{LOOPBACK}:{ports['prometheus']}"),
        service("jupyter-proxy", "shiva-jupyter-proxy", "SHIVA_JUPYTER_PROXY", identity="dev",
                manager_url=f"http://{LOOPBACK}:{ports['manager-api']}", broker_url=broker_url,
                broker_token=keys["proxy_token"], identity_key=keys["identity_key"], session_key=keys["session_key"],
                manager_token=keys["door_token"], metrics_token=keys["metrics_token"],
                dashboard_dir=ROOT / "services/dashboard/dist", state_dir=folder / "door", drain=1, demo=int(demo)),
        service("broker-exporter", "shiva-broker-exporter", "SHIVA_EXPORTERS_BROKER", broker_url=broker_url,
                broker_token=keys["exporter_token"]),
        Program(name="prometheus", command=(
            program_path(PROMETHEUS), f"--config.file={config}", f"--storage.tsdb.path={folder / 'prometheus/data'}",
            "--storage.tsdb.retention.time=15d", "--storage.tsdb.retention.size=1GB",
            f"--web.listen-address={LOOPBACK}:{ports['prometheus']}")),
    ]  # fmt: skip
    if demo:
        programs.append(
            service("demo-machines", "shiva-demo-machines", "SHIVA_EXPORTERS_DEMO", machines_file=machines_file)
        )
    else:
        programs.append(service("gpu-exporter", "shiva-gpu-exporter", "SHIVA_EXPORTERS_GPU"))
        node_address = f"--web.listen-address={LOOPBACK}:{ports['node-exporter']}"
        programs.append(Program(name="node-exporter", command=(program_path(NODE_EXPORTER), node_address)))
    (folder / "ports.json").write_text(json.dumps(ports), encoding="utf-8")
    address = f"http://{LOOPBACK}:{ports['jupyter-proxy']}/"
    return Suite(folder=folder, address=address, ports=ports, programs=tuple(programs))


def _culler(bin_dir: Path, state_dir: Path, **settings: str) -> Program:
    """Return what tells of idle containers and ends none: a dry run, unless SHIVA_MANAGER_CULLER_DRY_RUN says otherwise."""
    environment = {f"SHIVA_MANAGER_CULLER_{key.upper()}": value for key, value in settings.items()}
    environment["SHIVA_MANAGER_CULLER_STATE_DIR"] = str(state_dir)
    return Program(name="culler", command=(str(bin_dir / "shiva-culler"),), environment=environment)


def _launching(folder: Path, engine: DockerEngine | None) -> dict[str, object]:
    """Return the broker's settings for the engine; none for processes of this machine."""
    if engine is None:
        return {}
    images_file = folder / "images.json"
    image = {
        "name": "shiva-jupyter",
        "title": "JupyterLab",
        "description": "JupyterLab and Python, with sudo.",
        "reference": docker_engine.IMAGE,
    }
    images_file.write_text(json.dumps({"images": [image]}, indent=1), encoding="utf-8")
    return {
        "launcher": "docker",
        "images_file": images_file,
        "uid_base": engine.uid_base,
        "domain": docker_engine.domain(folder),
    }
