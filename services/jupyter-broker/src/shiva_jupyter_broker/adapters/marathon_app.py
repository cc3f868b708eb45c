"""One container as Marathon is asked for it: an app definition that the strict schema accepts. Pure, and without secrets.

Mesos' Docker containerizer turns each of `docker.parameters` into one argument of `docker run`, after its own; where it
gives the same option itself, ours is the last and holds.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shiva_jupyter_broker.adapters import labels, marathon_gpus
from shiva_jupyter_broker.adapters.marathon_gpus import GpuAccess
from shiva_jupyter_broker.adapters.marathon_ids import app_id, pull_id
from shiva_jupyter_broker.adapters.template import (
    JUPYTER_PORT,
    LOG_FILES,
    LOG_MAX_SIZE,
    OOM_SCORE,
    OPEN_FILES,
    Site,
    Template,
    template,
)
from shiva_jupyter_broker.domain.containers import ContainerSpec, ImageRef, Limits, Machine, MachineName

KEPT = "shiva.kept"  # of a suspended app: it is shown as failed, until it is stopped once more
ENDED = "shiva.ended"  # of a kept app: how it ended, where Marathon itself does not note that; see `marathon_failures`
PULL = "shiva.pull"  # of an app that only fetches an image: the reference

MIB = 2**20
LEAST_MEMORY_MIB = 32  # below that Mesos gives 32 all the same
CPU_PERIOD_MICROSECONDS = 100_000  # Docker's and Mesos' own
RELAUNCH_SECONDS = 3600  # how long Marathon waits before it relaunches what ended: we suspend it within moments

App = dict[str, Any]  # an app definition as Marathon reads or writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What is the same for every app of an installation."""

    site: Site
    group: str = "shiva"
    stop_grace: timedelta = timedelta(seconds=10)
    sized_layers: bool = False  # every machine's storage driver can limit a container's layer


def definition(spec: ContainerSpec, cluster: Cluster, *, machine: Machine, access: GpuAccess, handover: str) -> App:
    """Return the body of the POST that starts `spec`; `handover` is its launch's folder on the machine.

    Raises:
        ValueError: the GPUs cannot be handed over in that way; the message says why.
    """
    given = template(spec, cluster.site, handover=handover)
    written = labels.labels(spec, domain=cluster.site.domain)
    options = [
        *_limits(given, sized_layers=cluster.sized_layers),
        *marathon_gpus.options(spec.gpus, machine, access),
        *(("label", f"{key}={value}") for key, value in written.items()),
    ]
    return {
        **_frame(spec.machine, spec.limits),
        "id": app_id(cluster.group, spec.id, spec.launch_id),
        "labels": written,
        "env": dict(given.environment),
        "networks": [{"mode": "container", "name": given.network}],
        "container": {
            "type": "DOCKER",
            "docker": {
                "image": given.image,
                "forcePullImage": False,
                "privileged": False,
                "parameters": _parameters(options),
            },
            "volumes": [
                {"hostPath": each.source, "containerPath": each.target, "mode": "RO" if each.read_only else "RW"}
                for each in given.mounts
            ],
            "portMappings": [{"containerPort": JUPYTER_PORT, "hostPort": 0, "protocol": "tcp", "name": "jupyter"}],
        },
        "healthChecks": [
            {
                "protocol": "TCP",
                "portIndex": 0,
                "gracePeriodSeconds": 300,
                "intervalSeconds": 10,
                "timeoutSeconds": 5,
                "maxConsecutiveFailures": 0,  # it is shown, and never ends a notebook that is only busy
            }
        ],
        "taskKillGracePeriodSeconds": math.ceil(cluster.stop_grace.total_seconds()),
    }


def pull_definition(reference: ImageRef, cluster: Cluster, *, machine: MachineName) -> App:
    """Return an app that does nothing on that machine, for which its image has to be there."""
    least = Limits(cpus=0.1, memory_bytes=LEAST_MEMORY_MIB * MIB, shm_bytes=MIB, pids=16, layer_bytes=MIB)
    options = [("cap-drop", "ALL"), ("pids-limit", str(least.pids)), ("user", "65534")]
    return {
        **_frame(machine, least),
        "id": pull_id(cluster.group, reference, machine),
        "labels": {labels.DOMAIN: cluster.site.domain, PULL: reference, "shiva.machine": machine},
        "cmd": "true",
        "networks": [{"mode": "container", "name": cluster.site.network}],
        "container": {
            "type": "DOCKER",
            "docker": {"image": reference, "parameters": _parameters(options)},
            "portMappings": [],
        },
    }


def suspension(app: App, *, kept: bool, ended: str = "") -> App:
    """Return the change that stops `app`: with `instances` 0 nothing restarts, whatever else changes."""
    plain = {key: value for key, value in app["labels"].items() if key not in {KEPT, ENDED}}
    return {"instances": 0, "labels": {**plain, KEPT: "true", ENDED: ended} if kept else plain}


def _frame(machine: MachineName, limits: Limits) -> App:
    """Return what containers and pulls have in common: one machine, no second one, no relaunch."""
    return {
        "instances": 1,
        "cpus": limits.cpus,
        "mem": _memory_mib(limits),
        "disk": 0,
        "constraints": [["hostname", "CLUSTER", machine]],
        "unreachableStrategy": "disabled",
        "upgradeStrategy": {"minimumHealthCapacity": 0, "maximumOverCapacity": 0},
        "backoffSeconds": RELAUNCH_SECONDS,
        "backoffFactor": 1,
        "maxLaunchDelaySeconds": RELAUNCH_SECONDS,
    }


def _parameters(options: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in options]


def _memory_mib(limits: Limits) -> int:
    return max(LEAST_MEMORY_MIB, math.ceil(limits.memory_bytes / MIB))


def _limits(given: Template, *, sized_layers: bool) -> list[tuple[str, str]]:
    memory = f"{_memory_mib(given.limits)}m"
    options = [
        ("hostname", given.hostname),
        ("cpu-period", str(CPU_PERIOD_MICROSECONDS)),  # not `cpus`, which Docker refuses beside an agent's own quota
        ("cpu-quota", str(round(given.limits.cpus * CPU_PERIOD_MICROSECONDS))),
        ("memory", memory),
        ("memory-swap", memory),  # of memory and swap together: no swap
        ("pids-limit", str(given.limits.pids)),
        ("shm-size", str(given.limits.shm_bytes)),
        ("ulimit", f"nofile={OPEN_FILES}:{OPEN_FILES}"),
        ("ulimit", "core=0:0"),
        ("oom-score-adj", str(OOM_SCORE)),
        ("log-driver", "json-file"),
        ("log-opt", f"max-size={LOG_MAX_SIZE}"),
        ("log-opt", f"max-file={LOG_FILES}"),
        ("cap-drop", "ALL"),
        *(("cap-add", capability) for capability in given.capabilities),
    ]
    if sized_layers:
        options.append(("storage-opt", f"size={given.limits.layer_bytes}"))
    return options
