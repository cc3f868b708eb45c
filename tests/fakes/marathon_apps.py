"""Apps as Marathon answers them, and its queue: what a test does not care about is as Marathon 1.11 writes it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shiva_jupyter_broker.adapters.marathon_app import Cluster, definition
from shiva_jupyter_broker.adapters.marathon_gpus import GpuAccess
from shiva_jupyter_broker.adapters.marathon_queue import REASONS
from shiva_jupyter_broker.adapters.template import Site
from shiva_jupyter_broker.domain.containers import ContainerSpec

from tests.fakes.launcher import NOW, machine, spec

CLUSTER = Cluster(site=Site(domain="shiva"))


def stamp(at: datetime) -> str:
    """Return a time as Marathon writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def app(wanted: ContainerSpec | None = None, *tasks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an app as the list of apps shows it, of version NOW."""
    made = definition(
        wanted or spec(),
        CLUSTER,
        machine=replace(machine(), driver="375.26"),
        access=GpuAccess.TOOLKIT,
        handover="/handover",
    )
    running = sum(each["state"] == "TASK_RUNNING" for each in tasks)
    return {
        **made,
        "executor": "",
        "killSelection": "YOUNGEST_FIRST",
        "requirePorts": False,
        "role": "*",
        "version": stamp(NOW),
        "versionInfo": {"lastScalingAt": stamp(NOW), "lastConfigChangeAt": stamp(NOW)},
        "tasksStaged": len(tasks) - running,
        "tasksRunning": running,
        "tasksHealthy": running,
        "tasksUnhealthy": 0,
        "deployments": [],
        "tasks": [{**each, "appId": made["id"]} for each in tasks],
        **changes,
    }


def task(
    state: str = "TASK_RUNNING", *, incarnation: int = 1, age_seconds: float = 60.0, **changes: Any
) -> dict[str, Any]:
    """Return a task that was staged that long before NOW."""
    staged = stamp(NOW - timedelta(seconds=age_seconds))
    return {
        "id": f"shiva_ada.instance-9c0f2a1e-0000-11ee-8000-70b3d5800001._app.{incarnation}",
        "host": "gpu-01",
        "ipAddresses": [{"ipAddress": "172.28.0.2", "protocol": "IPv4"}],
        "ports": [31007],
        "servicePorts": [],
        "slaveId": "agent-1",
        "state": state,
        "stagedAt": staged,
        "version": stamp(NOW),
        "role": "*",
        "localVolumes": [],
        **({"startedAt": staged} if state == "TASK_RUNNING" else {}),
        **changes,
    }


def failure(message: str, state: str = "TASK_FAILED") -> dict[str, Any]:
    """Return a `lastTaskFailure`."""
    return {
        "appId": "/shiva/x",
        "host": "gpu-01",
        "message": message,
        "state": state,
        "taskId": "x",
        "timestamp": stamp(NOW),
        "version": stamp(NOW),
        "slaveId": "agent-1",
    }


def waiting(
    reasons: dict[str, int] | None = None,
    *,
    age_seconds: float = 60.0,
    offers: tuple[dict[str, Any], ...] = (),
    **delay: Any,
) -> dict[str, Any]:
    """Return an item of the queue; `reasons` say how many offers each reason declined."""
    declined = {reason: (reasons or {}).get(reason, 0) for reason in REASONS}
    left = sum(declined.values())
    summary = []
    for reason, count in declined.items():
        summary.append({"reason": reason, "declined": count, "processed": left})
        left -= count
    return {
        "count": 1,
        "role": "*",
        "since": stamp(NOW - timedelta(seconds=age_seconds)),
        "app": app(),
        "delay": {"timeLeftSeconds": 0, "overdue": True, **delay},
        "processedOffersSummary": {
            "processedOffersCount": sum(declined.values()),
            "unusedOffersCount": sum(declined.values()),
            "rejectSummaryLastOffers": summary,
            "rejectSummaryLaunchAttempt": summary,
        },
        "lastUnusedOffers": list(offers),
    }


def offer(host: str, *reasons: str, cpus: float = 1.5, memory_mib: float = 3072) -> dict[str, Any]:
    """Return an offer of `host` that was not taken."""
    resources = [
        {"name": "cpus", "role": "*", "scalar": cpus},
        {"name": "mem", "role": "*", "scalar": memory_mib / 2},
        {"name": "mem", "role": "notebooks", "scalar": memory_mib / 2},
        {"name": "ports", "role": "*", "ranges": [{"begin": 31000, "end": 32000}]},
    ]
    return {
        "offer": {"id": "o", "hostname": host, "agentId": "agent-1", "resources": resources, "attributes": []},
        "reason": list(reasons),
        "timestamp": stamp(NOW),
    }
