"""Health checks: their clock, their counting, and the kill after too many failures."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from tests.marathon_simulator.docker_run import order_of, ports_of
from tests.marathon_simulator.instances import Condition, Instance
from tests.marathon_simulator.stamps import now
from tests.marathon_simulator.tasks import Tasks
from tests.marathon_simulator.world import World

LEADER_RUN = ("HTTP", "HTTPS", "TCP")


class Health:
    """Checks every running instance of apps with health checks."""

    def __init__(self, world: World, tasks: Tasks) -> None:
        """Act on the world."""
        self._world, self._tasks = world, tasks
        self._probes = ThreadPoolExecutor(16, "marathon-health")

    def close(self) -> None:
        """End."""
        self._probes.shutdown(cancel_futures=True)

    def watch(self, instance: Instance) -> None:
        """Begin to check a task that runs now, or again."""
        for check in instance.app.get("healthChecks", []):
            self._after(check["delaySeconds"], instance.task_id, check)

    def _after(self, seconds: float, task_id: str, check: dict[str, Any]) -> None:
        self._world.later(seconds * self._world.options.timers.second, partial(self._begin, task_id, check))

    def _begin(self, task_id: str, check: dict[str, Any]) -> None:
        instance = self._checked(task_id)
        if instance is None or instance.agent is None:
            return
        order = order_of(instance, instance.agent)
        self._probes.submit(self._probe, order, check, _port(instance, check))

    def _probe(self, order: Any, check: dict[str, Any], port: int) -> None:
        failure = self._world.engine.probe(order, check, port)
        with self._world.change():
            instance = self._checked(order.task_id)
            if instance is None or self._world.closed:
                return
            self._count(instance, check, failure)
            self._after(check["intervalSeconds"], order.task_id, check)

    def _checked(self, task_id: str) -> Instance | None:
        instance = self._world.instances.task(task_id)
        return (
            instance
            if instance is not None and instance.condition in (Condition.RUNNING, Condition.UNREACHABLE)
            else None
        )

    def _count(self, instance: Instance, check: dict[str, Any], failure: str | None) -> None:
        health = instance.health or {"alive": False, "consecutiveFailures": 0, "instanceId": instance.id}
        if failure is None:
            first = health.get("firstSuccess", now())
            self._set(
                instance,
                health | {"alive": True, "consecutiveFailures": 0, "firstSuccess": first, "lastSuccess": now()},
                check,
            )
            return
        if "firstSuccess" not in health and self._in_grace(instance, check):
            return
        count = health["consecutiveFailures"] + 1
        told = {"lastFailure": now(), "lastFailureCause": failure, "consecutiveFailures": count}
        self._world.events.publish(
            "failed_health_check_event", appId=instance.app_id, taskId=instance.id, healthCheck=check
        )
        self._set(instance, health | told | {"alive": False}, check)
        if count >= max(check["maxConsecutiveFailures"], 1) and (
            check["maxConsecutiveFailures"] or check["protocol"] not in LEADER_RUN
        ):
            self._kill(instance, failure)

    def _in_grace(self, instance: Instance, check: dict[str, Any]) -> bool:
        age = time.monotonic() - (instance.running_since or 0.0)
        return age < float(check["gracePeriodSeconds"]) * self._world.options.timers.second

    def _set(self, instance: Instance, health: dict[str, Any], check: dict[str, Any]) -> None:
        before, instance.health = instance.healthy, health
        self._world.touched(instance)
        if before == health["alive"]:
            return
        version = instance.app["version"]
        if check["protocol"] in LEADER_RUN:
            self._world.events.publish(
                "health_status_changed_event",
                appId=instance.app_id,
                instanceId=instance.id,
                version=version,
                alive=health["alive"],
            )
        self._world.events.publish(
            "instance_health_changed_event", instanceId=instance.id, runSpecId=instance.app_id, healthy=health["alive"],
            runSpecVersion=version,
        )  # fmt: skip

    def _kill(self, instance: Instance, reason: str) -> None:
        agent = instance.agent
        self._world.events.publish(
            "unhealthy_instance_kill_event", appId=instance.app_id, taskId=instance.task_id, instanceId=instance.id,
            version=instance.app["version"], reason=reason, host=agent.hostname if agent else "", slaveId=agent.id if agent else "",
        )  # fmt: skip
        self._tasks.remember(instance, "TASK_KILLED", f"Task was killed since health check failed. Reason: {reason}")
        self._tasks.kill(instance)


def _port(instance: Instance, check: dict[str, Any]) -> int:
    """Return the port to check: on the host for the leader, inside the container for the agent."""
    if "port" in check:
        return int(check["port"])
    index = check.get("portIndex", 0)
    declared = ports_of(instance.app)
    inside = declared[index].get("containerPort") if index < len(declared) else None
    if check["protocol"].startswith("MESOS_") and inside:
        return int(str(inside))
    return instance.ports[index] if index < len(instance.ports) else 0
