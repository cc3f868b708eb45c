"""`shiva-demo-machines`: every machine of the inventory, simulated, in one process."""

import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from shiva_common import bearer, env, logs

from shiva_exporters.containers.cgroups import Cgroups
from shiva_exporters.containers.collector import ContainerCollector
from shiva_exporters.containers.watching import Uses, Watching
from shiva_exporters.demo.machines import SimulatedGpu, SimulatedMachine, gpus, node, uses
from shiva_exporters.gpu.attribution import Owners
from shiva_exporters.gpu.collector import GpuCollector
from shiva_exporters.gpu.sampler import Sampler
from shiva_exporters.gpu.source import Reading
from shiva_exporters.serve import Collector, Framed, Page, check_port, serve

PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
INTERVAL_SECONDS = 5.0
# Machine and GPU of each simulated person of the broker's, whose launches are worked out from the names there as here.
HOLDERS = {(0, 0): "yuki", (1, 0): "ken", (1, 1): "ken", (2, 0): "mei"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read from SHIVA_EXPORTERS_DEMO_*."""

    machines_file: Path
    metrics_token: str = field(repr=False)  # who has it may scrape
    bind_host: str = "127.0.0.1"
    bind_port: int = 9103

    def __post_init__(self) -> None:
        """Refuse what is no port, and a token that protects nothing."""
        check_port("SHIVA_EXPORTERS_DEMO_BIND_PORT", self.bind_port)
        bearer.check("SHIVA_EXPORTERS_DEMO_METRICS_TOKEN", self.metrics_token)


class SimulatedSource:
    """GpuSource of one simulated machine."""

    def __init__(self, machine: SimulatedMachine) -> None:
        """Simulate `machine`."""
        self._machine = machine

    def read(self) -> Reading:
        """Return what its driver says now."""
        return gpus(self._machine, time.time())


class SimulatedNode:
    """A simulated machine's node_exporter."""

    name = "node"

    def __init__(self, machine: SimulatedMachine) -> None:
        """Simulate `machine`."""
        self._machine = machine

    def collect(self) -> Iterable[Metric]:
        """Yield what it shows now."""
        return node(self._machine, time.time())


def machines(path: Path) -> list[SimulatedMachine]:
    """Read the inventory; ValueError when it is none."""
    try:
        return _machines(json.loads(path.read_text(encoding="utf-8"))["machines"])
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no inventory: {error!r}") from error


def _machines(raw: list[dict[str, Any]]) -> list[SimulatedMachine]:
    return [
        SimulatedMachine(
            name=machine["name"],
            cpus=machine["cpus"],
            memory_bytes=machine["memory_bytes"],
            gpus=[
                SimulatedGpu(
                    uuid=gpu["uuid"],
                    index=gpu["index"],
                    model=gpu["model"],
                    memory_bytes=gpu["memory_bytes"],
                    launch_id=_launch(HOLDERS.get((position, gpu["index"]))),
                )
                for gpu in machine["gpus"]
            ],
        )
        for position, machine in enumerate(sorted(raw, key=lambda each: str(each["name"])))
    ]


def _launch(who: str | None) -> str | None:
    return None if who is None else uuid.uuid5(uuid.NAMESPACE_OID, who).hex


def page(registries: dict[str, CollectorRegistry]) -> Page:
    """Return a page that shows the machine of the query."""

    def shown(query: dict[str, list[str]]) -> bytes | None:
        registry = registries.get(query.get("machine", [""])[0])
        return None if registry is None else generate_latest(registry)

    return shown


def only(*collectors: Collector) -> CollectorRegistry:
    """Return a registry of these alone."""
    own = CollectorRegistry()
    own.register(Framed(collectors))
    return own


def used(machine: SimulatedMachine, real: Callable[[], Uses | None]) -> ContainerCollector:
    """Return a collector of what the simulated containers of a machine use, and of what `real` ones do."""
    return ContainerCollector(lambda: {**uses(machine, time.time()), **(real() or {})})


def main() -> None:
    """Serve."""
    try:
        settings = env.load(Settings, os.environ, prefix="SHIVA_EXPORTERS_DEMO_")
        simulated = machines(settings.machines_file)
    except (env.SettingsError, ValueError) as error:
        print(f"shiva-demo-machines: {error}", file=sys.stderr)
        sys.exit(2)
    logs.configure("shiva.exporters.demo")
    shown: dict[str, CollectorRegistry] = {}
    watching = Watching(Owners(PROC), Cgroups(CGROUPS), proc=PROC, interval_seconds=INTERVAL_SECONDS)
    watching.start()
    for machine in simulated:
        sampler = Sampler(SimulatedSource(machine), interval_seconds=1.0)
        sampler.start()
        # A real notebook runs on this very machine, whichever it is said to be on.
        real = watching.latest if machine is simulated[0] else lambda: None
        shown[machine.name] = only(GpuCollector(sampler.snapshot), used(machine, real))
    nodes = {machine.name: only(SimulatedNode(machine)) for machine in simulated}
    pages = {"/node/metrics": page(nodes), "/gpu/metrics": page(shown)}
    serve(settings.bind_host, settings.bind_port, pages, settings.metrics_token)


if __name__ == "__main__":
    main()
