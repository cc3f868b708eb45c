"""Apps, tasks and counters as the API shows them."""

import json
from collections.abc import Collection
from typing import Any

from tests.marathon_simulator.deployments import Deployments
from tests.marathon_simulator.instances import ACTIVE, Condition, Instance
from tests.marathon_simulator.rules.policy import App
from tests.marathon_simulator.stamps import stamp
from tests.marathon_simulator.world import World

STAGED = (Condition.PROVISIONED, Condition.STAGING, Condition.STARTING)
EMBEDDED = ("tasks", "counts", "deployments", "readiness", "lastTaskFailure", "taskStats", "failures")


class Views:
    """Reads the world; call inside a change."""

    def __init__(self, world: World, deployments: Deployments) -> None:
        """Read from these."""
        self._world, self._deployments = world, deployments
        self._rendered: dict[tuple[str, frozenset[str]], tuple[int, str]] = {}

    def rendered(self, app: App, embed: Collection[str]) -> str:
        """Return `app` as JSON; what has not changed since is not rendered again."""
        key, count = (app["id"], frozenset(embed)), self._world.changes[app["id"]]
        known = self._rendered.get(key)
        if known is None or known[0] != count:
            known = self._rendered[key] = count, json.dumps(self.app(app, embed), separators=(",", ":"))
        return known[1]

    def app(self, app: App, embed: Collection[str]) -> App:
        """Return an app with what is embedded, counts and deployments always."""
        instances = [each for each in self._world.instances.of(app["id"]) if each.condition is not Condition.SCHEDULED]
        shown = app | counts(instances) | {"deployments": [{"id": each.id} for each in self._deployments.of(app["id"])]}
        if "tasks" in embed:
            shown["tasks"] = [task(each) for each in instances]
        failure = self._world.root.failures.get(app["id"])
        if failure and ("lastTaskFailure" in embed or "failures" in embed):
            shown["lastTaskFailure"] = failure
        if "readiness" in embed:
            shown["readinessCheckResults"] = []
        if "taskStats" in embed:
            shown["tasksStats"] = (
                {"startedAfterLastScaling": {"stats": {"counts": _short(counts(instances))}}} if instances else {}
            )
        return shown

    def tasks(self, app_id: str) -> list[dict[str, Any]]:
        """Return the tasks of an app."""
        return [task(each) for each in self._world.instances.of(app_id) if each.condition is not Condition.SCHEDULED]


def counts(instances: list[Instance]) -> dict[str, int]:
    """Return an app's counters."""
    running = [each for each in instances if each.condition is Condition.RUNNING]
    return {
        "tasksStaged": sum(each.condition in STAGED for each in instances),
        "tasksRunning": len(running),
        "tasksHealthy": sum(each.healthy is True for each in running),
        "tasksUnhealthy": sum(each.healthy is False for each in running),
    }


def _short(counters: dict[str, int]) -> dict[str, int]:
    return {key.removeprefix("tasks").lower(): value for key, value in counters.items()}


def task(instance: Instance, *, service_ports: bool = False) -> dict[str, Any]:
    """Return a task; times, ports and addresses only while it is active."""
    agent, app = instance.agent, instance.app
    active = instance.condition in ACTIVE
    shown: dict[str, Any] = {
        "ipAddresses": [{"ipAddress": each, "protocol": "IPv4"} for each in instance.addresses] if active else [],
        "state": instance.state, "id": instance.task_id, "ports": instance.ports if active else [], "servicePorts": [],
        "slaveId": agent.id if agent else "", "appId": app["id"], "host": agent.hostname if agent else "",
        "version": app["version"], "localVolumes": [], "role": app["role"],
    }  # fmt: skip
    times = {"stagedAt": stamp(instance.staged_at) if instance.staged_at else None, "startedAt": instance.started_at}
    shown |= {key: value for key, value in times.items() if value and active}
    if instance.health is not None:
        shown["healthCheckResults"] = [instance.health]
    if service_ports:
        mappings = app.get("container", {}).get("portMappings", [])
        shown["servicePorts"] = [each["servicePort"] for each in mappings] or [
            each["port"] for each in app.get("portDefinitions", [])
        ]
    if agent and agent.region:
        shown |= {"region": agent.region, "zone": agent.zone or ""}
    return shown
