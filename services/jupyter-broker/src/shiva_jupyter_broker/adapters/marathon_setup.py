"""The Marathon launcher with everything that belongs to it, from its settings."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from shiva_jupyter_broker.adapters.handover import Handover
from shiva_jupyter_broker.adapters.marathon_app import Cluster
from shiva_jupyter_broker.adapters.marathon_client import MarathonClient
from shiva_jupyter_broker.adapters.marathon_gpus import GpuAccess
from shiva_jupyter_broker.adapters.marathon_http import Addresses, Patience, TimedSession
from shiva_jupyter_broker.adapters.marathon_launcher import MarathonLauncher
from shiva_jupyter_broker.adapters.marathon_mesos import Mesos
from shiva_jupyter_broker.adapters.marathon_snapshot import Snapshot
from shiva_jupyter_broker.adapters.marathon_watch import Watch
from shiva_jupyter_broker.domain.containers import LaunchId, Machine, MachineName
from shiva_jupyter_broker.marathon_settings import MarathonSettings

PATIENCE = Patience()


def launcher(
    settings: MarathonSettings,
    cluster: Cluster,
    *,
    machines: Sequence[Machine],
    access: Mapping[MachineName, GpuAccess],
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
