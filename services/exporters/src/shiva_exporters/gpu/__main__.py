"""`shiva-gpu-exporter`: one per machine."""

import json
import os
import socket
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from shiva_common import bearer, env, logs

from shiva_exporters.containers.cgroups import Cgroups
from shiva_exporters.containers.collector import ContainerCollector
from shiva_exporters.containers.watching import Watching
from shiva_exporters.gpu.ahead import Ahead
from shiva_exporters.gpu.apart import Apart, command, start
from shiva_exporters.gpu.attribution import Owners
from shiva_exporters.gpu.sampler import Sampler
from shiva_exporters.gpu.source import GpuReadError, GpuSource, NoDriverError
from shiva_exporters.serve import check_port, serve

TOKEN = "SHIVA_EXPORTERS_GPU_METRICS_TOKEN"  # noqa: S105  its name
PATIENCE_SECONDS = 3600.0  # of --list: who asks for it knows how long to wait, and no answer is not "no GPU"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read from SHIVA_EXPORTERS_GPU_*."""

    metrics_token: str | None = field(default=None, repr=False)  # who has it may scrape; None: good for --list only
    bind_host: str = "127.0.0.1"
    bind_port: int = 9101
    interval: float = 5.0  # seconds between two rounds: each holds a lock of the driver that work on the GPUs needs
    hung_after: float = 30.0  # seconds without an answer, then the process that asks the driver is replaced
    dcgm_aliases: bool = True
    hostname: str = field(default_factory=socket.gethostname)  # as the aliases' label
    proc_dir: Path = Path("/proc")  # the machine's own: the driver names processes as the machine does

    cgroup_dir: Path = Path("/sys/fs/cgroup")  # the same

    def __post_init__(self) -> None:
        """Refuse what is no port, a token that protects nothing, and a pace that no driver stands."""
        check_port("SHIVA_EXPORTERS_GPU_BIND_PORT", self.bind_port)
        if self.metrics_token is not None:
            bearer.check(TOKEN, self.metrics_token)
        if self.interval < 0.1:
            raise ValueError("SHIVA_EXPORTERS_GPU_INTERVAL must be at least 0.1")
        if self.hung_after < 3:
            raise ValueError("SHIVA_EXPORTERS_GPU_HUNG_AFTER must be at least 3")

    def source(self) -> Apart:
        """Return what reads this machine's GPUs."""
        return Apart(lambda: start(command(self.proc_dir)), hung_seconds=self.hung_after)

    def watching(self) -> Watching:
        """Return what reads the use of this machine's containers."""
        cgroups = Cgroups(self.cgroup_dir)
        return Watching(Owners(self.proc_dir), cgroups, proc=self.proc_dir, interval_seconds=self.interval)


def listed(source: GpuSource) -> list[dict[str, object]]:
    """Return this machine's GPUs as the inventory writes them; none without a driver."""
    try:
        gpus = source.read().gpus
    except (NoDriverError, GpuReadError):
        return []
    return [
        {"uuid": gpu.uuid, "index": gpu.index, "model": gpu.model, "memory_bytes": gpu.memory_total_bytes or 0}
        for gpu in gpus
        if gpu.uuid is not None
    ]


def main() -> None:
    """Serve, or list the GPUs with --list."""
    try:
        settings = env.load(Settings, os.environ, prefix="SHIVA_EXPORTERS_GPU_")
    except env.SettingsError as error:
        print(f"shiva-gpu-exporter: {error}", file=sys.stderr)
        sys.exit(2)
    if "--list" in sys.argv[1:]:
        print(json.dumps(listed(replace(settings, hung_after=PATIENCE_SECONDS).source())))
        return
    if settings.metrics_token is None:
        print(f"shiva-gpu-exporter: {TOKEN} is required", file=sys.stderr)
        sys.exit(2)
    logs.configure("shiva.exporters.gpu")
    sampler = Sampler(settings.source(), interval_seconds=settings.interval)
    watching = settings.watching()
    ahead = Ahead(
        sampler.snapshot, dcgm_hostname=settings.hostname if settings.dcgm_aliases else None,
        beside=[ContainerCollector(watching.latest)],
    )  # fmt: skip
    watching.start()
    sampler.start(then=ahead.make)
    serve(settings.bind_host, settings.bind_port, {"/metrics": lambda _: ahead.page()}, settings.metrics_token)


if __name__ == "__main__":
    main()
