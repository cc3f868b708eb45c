"""The Marathon launcher with everything that belongs to it, from its settings."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from shiva_jupyter_broker.adapters.handover import Handover
from shiva_jupyter_broker.adapters.marathon_app import Cluster
from shiva_jupyter_broker.adapters.marathon_client import MarathonClient
from shiva_jupyter_broker.adapters.marathon_gpus import GpuAccess
from shiva_jupyter_broker.adapters.marathon_http import Addresses, Patience, TimedSession
from shiva_jupyter_broker.adapters.marathon_ids import is_group
from shiva_jupyter_broker.adapters.marathon_launcher import MarathonLauncher
from shiva_jupyter_broker.adapters.marathon_mesos import Mesos
from shiva_jupyter_broker.adapters.marathon_snapshot import Snapshot
from shiva_jupyter_broker.adapters.marathon_watch import Watch
from shiva_jupyter_broker.domain.containers import LaunchId, Machine, MachineName

PATIENCE = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarathonSettings:
    """What the launcher needs to know of the cluster; part of the broker's settings."""

    marathon_urls: tuple[str, ...] = ()  # of every Marathon, the leader and those that stand by
    marathon_user: str = ""
    marathon_password: str = field(default="", repr=False)
    marathon_ca: Path | None = None  # who signed Marathon's certificate
    marathon_group: str = "shiva"  # under which all apps are; another one for each installation
    marathon_sized_layers: bool = False  # the storage driver of every machine can limit what a container writes
    mesos_urls: tuple[
        str, ...
    ] = ()  # of every Mesos master; without them, lost machines are known by their tasks alone
    cdi_machines: tuple[str, ...] = ()  # hand over GPUs by CDI
    plugin_machines: tuple[str, ...] = ()  # hand over GPUs by nvidia-docker 1

    def marathon_rules(self) -> dict[str, bool]:
        """Return what must hold where this launcher is chosen."""
        return {
            "MARATHON_URLS must be one or more http(s) addresses without a path or a password": bool(self.marathon_urls)
            and all(map(_is_plain, self.marathon_urls)),
            "MESOS_URLS must be http(s) addresses without a path or a password": all(map(_is_plain, self.mesos_urls)),
            "MARATHON_USER and MARATHON_PASSWORD go together": bool(self.marathon_user) == bool(self.marathon_password),
            "MARATHON_GROUP must be lower-case letters, digits and inner dashes, 40 at most": is_group(
                self.marathon_group
            ),
        }


def launcher(
    settings: MarathonSettings,
    cluster: Cluster,
    *,
    machines: Sequence[Machine],
    handover: Handover,
    token_of: Callable[[LaunchId], str],
    clock: Callable[[], datetime],
) -> MarathonLauncher:
    """Return the launcher; nothing is asked before it is used or started."""
    session = TimedSession(user=settings.marathon_user, password=settings.marathon_password, ca=settings.marathon_ca)
    client = MarathonClient(Addresses(settings.marathon_urls, session), patience=PATIENCE)
    mesos = Mesos(Addresses(settings.mesos_urls, TimedSession()), clock) if settings.mesos_urls else None
    domain = cluster.site.domain
    snapshot = Snapshot(domain, token_of, time.monotonic)
    access = {MachineName(name): GpuAccess.CDI for name in settings.cdi_machines}
    access |= {MachineName(name): GpuAccess.PLUGIN for name in settings.plugin_machines}
    return MarathonLauncher(
        client,
        Watch(client, snapshot, domain=domain, mesos=mesos, clock=clock),
        snapshot,
        cluster=cluster,
        machines=machines,
        access=access,
        handover=handover,
        clock=clock,
    )


def _is_plain(url: str) -> bool:
    parts = urlsplit(url)
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and parts.path in {"", "/"}
        and "@" not in parts.netloc
    )
