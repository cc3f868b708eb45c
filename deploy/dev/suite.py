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

from deploy.dev import docker_engine, inventory, private
from deploy.dev.docker_engine import DockerEngine

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
MAX_PORT = 65535
PROMETHEUS = "prometheus"
NODE_EXPORTER = "prometheus-node-exporter"
PROMETHEUS_USER = "manager"  # as whom Prometheus is asked
SEARCH = os.pathsep.join([str(ROOT / ".tools/debian/usr/bin"), os.environ.get("PATH", "")])
TOKENS = (
    "identity_key", "session_key", "manager_token", "proxy_token", "exporter_token",
    "door_token", "metrics_token", "prometheus_password",
)  # fmt: skip

ACCESS = """\
# Who is an admin of this Shiva: names, as they were typed. It is looked at again when it changes; deploy/README.md has the rest.
admins: [admin]
"""


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
    prometheus_login: tuple[str, str] = field(repr=False)  # name and password
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
    """Return this installation's secrets, made at its first run, so that sessions outlive a restart; one that an older Shiva had not is added.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / "secrets.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if not isinstance(kept, dict) or not all(isinstance(each, str) and each for each in kept.values()):
        raise ValueError(f"{path.name} holds no secrets")
    if not kept.keys() >= set(TOKENS):
        kept = {name: secrets.token_hex(32) for name in TOKENS} | kept
        private.write(path, json.dumps(kept))
    return {name: kept[name] for name in TOKENS}


def prepare(
    folder: Path, *, demo: bool, port: int, engine: DockerEngine | None = None, oidc: Mapping[str, str] | None = None
) -> Suite:
    """Write what the services read and return what to start; with an engine, notebooks run in its containers.

    With `oidc`, the door's settings of that name, people log in at a provider, and `access.yaml` tells who may come in.

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
    config = inventory.write_targets(
        folder / "prometheus", machines, ports, demo=demo, metrics_token=keys["metrics_token"]
    )
    web = private.web_config(folder / "prometheus/web.json", {PROMETHEUS_USER: keys["prometheus_password"]})
    asking = {
        "prometheus_url": f"http://{LOOPBACK}:{ports['prometheus']}",
        "prometheus_user": PROMETHEUS_USER,
        "prometheus_password": keys["prometheus_password"],
    }
    bin_dir = Path(sys.executable).parent
    broker_url = f"http://{LOOPBACK}:{ports['jupyter-broker']}"
    database_url = f"sqlite:///{folder.resolve()}/manager.db"

    def service(name: str, command: str, prefix: str, **settings: object) -> Program:
        settings = {"bind_host": LOOPBACK, "bind_port": ports[name], **settings}
        environment = {f"{prefix}_{key.upper()}": str(value) for key, value in settings.items()}
        return Program(name=name, command=(str(bin_dir / command),), environment=environment)

    programs = [
        service("jupyter-broker", "shiva-jupyter-broker", "SHIVA_JUPYTER_BROKER", state_dir=folder / "state",
                homes_dir=folder / "homes", machines_file=machines_file, demo=int(demo),
                memory_bytes=inventory.container_memory(machines), cpus=inventory.container_cpus(machines),
                manager_token=keys["manager_token"], proxy_token=keys["proxy_token"], exporter_token=keys["exporter_token"],
                metrics_token=keys["metrics_token"], **_launching(folder, engine)),
        service("manager-api", "shiva-manager-api", "SHIVA_MANAGER_API", broker_url=broker_url,
                broker_token=keys["manager_token"], identity_key=keys["identity_key"], demo=int(demo),
                database_url=database_url, door_token=keys["door_token"], metrics_token=keys["metrics_token"],
                access_file=_access_file(folder), dev_identity=int(oidc is None), **asking),
        _culler(bin_dir, folder / "idle", broker_url=broker_url, broker_token=keys["manager_token"],
                database_url=database_url, **asking),
        service("jupyter-proxy", "shiva-jupyter-proxy", "SHIVA_JUPYTER_PROXY", **_identity(oidc),
                manager_url=f"http://{LOOPBACK}:{ports['manager-api']}", broker_url=broker_url,
                broker_token=keys["proxy_token"], identity_key=keys["identity_key"], session_key=keys["session_key"],
                manager_token=keys["door_token"], metrics_token=keys["metrics_token"],
                dashboard_dir=ROOT / "services/dashboard/dist", state_dir=folder / "door", drain=1, demo=int(demo)),
        service("broker-exporter", "shiva-broker-exporter", "SHIVA_EXPORTERS_BROKER", broker_url=broker_url,
                broker_token=keys["exporter_token"], metrics_token=keys["metrics_token"]),
        Program(name="prometheus", command=(
            program_path(PROMETHEUS), f"--config.file={config}", f"--storage.tsdb.path={folder / 'prometheus/data'}",
            "--storage.tsdb.retention.time=15d", "--storage.tsdb.retention.size=1GB",
            f"--web.config.file={web}", f"--web.listen-address={LOOPBACK}:{ports['prometheus']}")),
    ]  # fmt: skip
    if demo:
        programs.append(
            service(
                "demo-machines",
                "shiva-demo-machines",
                "SHIVA_EXPORTERS_DEMO",
                machines_file=machines_file,
                metrics_token=keys["metrics_token"],
            )
        )
    else:
        programs += [
            service("gpu-exporter", "shiva-gpu-exporter", "SHIVA_EXPORTERS_GPU", metrics_token=keys["metrics_token"]),
            _node_exporter(folder, ports["node-exporter"], keys["metrics_token"]),
        ]
    (folder / "ports.json").write_text(json.dumps(ports), encoding="utf-8")
    address = f"http://{LOOPBACK if oidc is None else 'localhost'}:{ports['jupyter-proxy']}/"
    login = (PROMETHEUS_USER, keys["prometheus_password"])
    return Suite(folder=folder, address=address, ports=ports, prometheus_login=login, programs=tuple(programs))


def _node_exporter(folder: Path, port: int, token: str) -> Program:
    """Return node_exporter, which knows no bearer tokens: the same one is its password."""
    web = private.web_config(folder / "prometheus/node-exporter.json", {inventory.SCRAPER: token})
    address = f"--web.listen-address={LOOPBACK}:{port}"
    return Program(name="node-exporter", command=(program_path(NODE_EXPORTER), f"--web.config.file={web}", address))


def _identity(oidc: Mapping[str, str] | None) -> dict[str, str]:
    """Return how people prove who they are: by typing a name, or at a provider."""
    if oidc is None:
        return {"identity": "dev"}
    return {"identity": "oidc"} | {f"oidc_{name}": value for name, value in oidc.items()}


def _access_file(folder: Path) -> Path:
    """Return who may do what in this run; written once, for its person to change."""
    path = folder / "access.yaml"
    if not path.exists():
        path.write_text(ACCESS, encoding="utf-8")
    return path


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
