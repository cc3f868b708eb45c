"""Every internal endpoint as `make run` starts it, and what opens it: from the OpenAPI files, and a list for what is not ours."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.dev import inventory, suite
from tests.conformance.subjects import eventually
from tests.contract.described import contract
from tests.fakes.trying import status

ANYBODY = "nothing"
SCRAPING = "metrics_token as bearer"
OF_PROMETHEUS = "prometheus_password as password of manager"
OF_NODE_EXPORTER = "metrics_token as password of prometheus"
DOOR = "jupyter-proxy"
MANAGERS = {"door": "door_token as bearer", "metrics": SCRAPING, "none": ANYBODY}
PROMETHEUS_PATHS = (
    "/metrics", "/-/ready", "/-/healthy", "/graph", "/api/v1/query?query=up", "/api/v1/status/config", "/api/v1/targets",
    "/api/v1/series?match[]=up", "/federate?match[]=up", "/debug/pprof/cmdline",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One operation of one service; `keys` are the only ways of showing something that open it."""

    service: str
    method: str
    path: str
    keys: frozenset[str]

    def __str__(self) -> str:
        """Return it as a test's name."""
        return f"{self.service} {self.method} {self.path}"


def _described(service: str) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    for method, path, operation in contract(service).operations.values():
        yield method.upper(), re.sub(r"\{\w+\}", "nobody", path), operation


def endpoints(*, door: bool = False) -> list[Endpoint]:
    """Return all of them, the public door's two for us only where that is wanted."""

    def one(service: str, method: str, path: str, *keys: str) -> Endpoint:
        return Endpoint(service=service, method=method, path=path, keys=frozenset(keys))

    def callers(operation: Mapping[str, object]) -> list[str]:
        named = operation["x-shiva-callers"]
        assert isinstance(named, list)
        return [ANYBODY if each == "anybody" else f"{each}_token as bearer" for each in named]

    exporters = ("broker-exporter", "gpu-exporter")
    return [
        *(one("jupyter-broker", method, path, *callers(told)) for method, path, told in _described("jupyter-broker")),
        *(one("manager-api", method, path, *_at_manager(told)) for method, path, told in _described("manager-api")),
        *(one(service, "GET", "/metrics", SCRAPING) for service in exporters),
        *(one(service, "GET", "/health", ANYBODY) for service in exporters),
        *(one("demo-machines", "GET", f"/{job}/metrics?machine=gpu-01", SCRAPING) for job in ("node", "gpu")),
        one("demo-machines", "GET", "/health", ANYBODY),
        *(one("node-exporter", "GET", path, OF_NODE_EXPORTER) for path in ("/metrics", "/", "/debug/pprof/cmdline")),
        *(one("prometheus", "GET", path, OF_PROMETHEUS) for path in PROMETHEUS_PATHS),
        *((one(DOOR, "GET", "/-/metrics", SCRAPING), one(DOOR, "GET", "/-/health", ANYBODY)) if door else ()),
    ]


def _at_manager(operation: Mapping[str, object]) -> Sequence[str]:
    """A person's request carries the door's signature, which none of the secrets is."""
    access = str(operation["x-shiva-access"])
    return [MANAGERS[access]] if access in MANAGERS else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Internal:
    """The services, running."""

    folder: Path
    address: str
    ports: Mapping[str, int]
    secrets: Mapping[str, str]

    def url(self, endpoint: Endpoint) -> str:
        """Return where it is."""
        return f"http://{self.address}:{self.ports[endpoint.service]}{endpoint.path}"


@contextmanager
def internal(prepared: suite.Suite, address: str = suite.LOOPBACK) -> Iterator[Internal]:
    """Run the services of a suite that are nobody's but ours, at an address of this machine, and simulated machines beside them."""
    secrets = suite.kept_secrets(prepared.folder)
    ports = {**prepared.ports, **suite.free_ports(["demo-machines"])}
    (prepared.folder / "demo.json").write_text(json.dumps({"machines": inventory.simulated()}), encoding="utf-8")
    demo = {
        "BIND_HOST": address, "BIND_PORT": str(ports["demo-machines"]), "METRICS_TOKEN": secrets["metrics_token"],
        "MACHINES_FILE": str(prepared.folder / "demo.json"),
    }  # fmt: skip
    command = str(Path(prepared.programs[0].command[0]).parent / "shiva-demo-machines")
    wanted = endpoints(door=address == suite.LOOPBACK)  # a door of development is nowhere else
    programs = [each for each in prepared.programs if each.name in {told.service for told in wanted}]
    with ExitStack() as stack, (prepared.folder / "logs/internal.log").open("ab") as log:

        def start(command: Sequence[str], environment: Mapping[str, str]) -> None:
            there = {key: value.replace(suite.LOOPBACK, address) for key, value in environment.items()}
            process = subprocess.Popen(
                [part.replace(suite.LOOPBACK, address) for part in command],
                env=os.environ | there, cwd=prepared.folder, stdout=log, stderr=log,
            )  # fmt: skip
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)

        start([command], {f"SHIVA_EXPORTERS_DEMO_{key}": value for key, value in demo.items()})
        for program in programs:
            start(program.command, program.environment)
        made = Internal(folder=prepared.folder, address=address, ports=ports, secrets=secrets)
        listening = {each.service: made.url(each) for each in wanted}
        for service, url in listening.items():
            eventually(lambda url=url: status("GET", url, {}), what=f"{service} listens", seconds=60)  # type: ignore[misc]
        yield made
