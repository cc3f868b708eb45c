"""The life of tasks: launched, reported, failed and scheduled again, killed, lost, found."""

import time
from collections.abc import Callable
from typing import Any

from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.backoffs import Backoffs
from tests.marathon_simulator.docker_run import order_of
from tests.marathon_simulator.engine import Status
from tests.marathon_simulator.instances import LAUNCHED, TERMINAL, UNREACHABLE, Condition, Goal, Instance
from tests.marathon_simulator.rules.policy import App
from tests.marathon_simulator.stamps import now
from tests.marathon_simulator.world import World

CONDITIONS = {f"TASK_{each.upper()}": each for each in Condition} | {"TASK_GONE_BY_OPERATOR": Condition.GONE}
COUNTS_AS_FAILURE = frozenset(
    {Condition.FAILED, Condition.FINISHED, Condition.ERROR, Condition.GONE, Condition.DROPPED}
)
REMEMBERED = frozenset({Condition.FAILED, Condition.ERROR})  # what becomes an app's lastTaskFailure
DEFAULT_GRACE = 5.0  # --executor_shutdown_grace_period of agents


class Tasks:
    """Applies status updates to instances."""

    def __init__(self, world: World, backoffs: Backoffs) -> None:
        """Act on the world."""
        self._world, self._backoffs = world, backoffs
        self.wait: Callable[[str], None] = lambda _: None  # puts an app into the launch queue
        self.running: Callable[[Instance], None] = lambda _: None  # a task runs: health checks begin
        self.vacant: Callable[[], None] = lambda: None  # resources came back
        self.ended: Callable[[str], None] = lambda _: None  # an instance of an app is gone: enough may be missing now

    def schedule(self, app: App, count: int) -> list[Instance]:
        """Add instances that wait for offers."""
        added = [Instance(app) for _ in range(count)]
        for instance in added:
            self._world.instances.add(instance)
            self._changed(instance)
        if added:
            self.wait(app["id"])
        return added

    def launch(self, instance: Instance, agent: Agent, ports: list[int]) -> None:
        """Accept an offer for an instance."""
        instance.provision(agent, ports)
        agent.take(instance.app, ports)
        self._changed(instance)
        order = order_of(instance, agent, self._world.options.environment)
        if instance.app.get("container", {}).get("type") == "DOCKER":
            self._world.engine.launch(order)
        else:
            unknown = Status(
                task_id=order.task_id, state="TASK_FAILED", message="The simulator runs Docker containers only"
            )
            self._world.later(0, lambda: self.update(unknown))

    def update(self, status: Status) -> None:
        """Take a status update from an agent that is connected."""
        instance = self._world.instances.task(status.task_id)
        condition = CONDITIONS[status.state]
        if instance is None or instance.condition is Condition.SCHEDULED:
            self._unknown(status, condition)
            return
        self._told(instance, status)
        if condition in TERMINAL:
            self._end(instance, condition, status.message)
            return
        instance.condition = condition
        if condition is Condition.RUNNING:
            self._runs(instance, status)
        self._changed(instance)

    def _runs(self, instance: Instance, status: Status) -> None:
        first = instance.started_at is None
        if first:
            instance.started_at, instance.running_since = now(), time.monotonic()
        instance.addresses = [status.address] if status.address else instance.addresses
        if instance.goal is Goal.DECOMMISSIONED or instance.killing:
            instance.killing = False
            self.kill(instance)
        elif first:
            self.running(instance)

    def _unknown(self, status: Status, condition: Condition) -> None:
        if condition not in TERMINAL:
            self._world.engine.kill(status.task_id, DEFAULT_GRACE)
            return
        instance_id = status.task_id.partition("._app.")[0]
        app_id = "/" + instance_id.partition(".instance-")[0].replace("_", "/")
        self._world.events.publish(
            "unknown_instance_terminated_event", instanceId=instance_id, runSpecId=app_id, condition=str(condition)
        )

    def _end(self, instance: Instance, condition: Condition, message: str) -> None:
        agent, app = instance.agent, instance.app
        if condition in REMEMBERED:
            self.remember(instance, f"TASK_{condition.upper()}", message)
        if condition in COUNTS_AS_FAILURE:
            self._backoffs.grow(app)
        if agent is not None:
            agent.take(app, instance.ports, -1)
        instance.condition = condition
        self._changed(instance)
        if instance.goal is Goal.DECOMMISSIONED:
            self._world.instances.drop(instance)
            self.ended(instance.app_id)
        else:
            self._again(instance)
        self.vacant()

    def _again(self, instance: Instance) -> None:
        current = self._world.root.apps.get(instance.app_id)
        if (
            current
            and current["versionInfo"]["lastConfigChangeAt"] == instance.app["versionInfo"]["lastConfigChangeAt"]
        ):
            instance.app = current
        instance.condition, instance.agent, instance.ports, instance.health = Condition.SCHEDULED, None, [], None
        self._changed(instance)
        self.wait(instance.app_id)

    def remember(self, instance: Instance, state: str, message: str) -> None:
        """Keep an app's lastTaskFailure."""
        agent = instance.agent
        failure = {
            "appId": instance.app_id, "host": agent.hostname if agent else "", "message": message, "state": state,
            "taskId": instance.task_id, "timestamp": now(), "version": instance.app["version"],
        }  # fmt: skip
        self._world.root.failures[instance.app_id] = failure | ({"slaveId": agent.id} if agent else {})

    def kill(self, instance: Instance) -> None:
        """End a task; its goal says whether it comes back. An unreachable one is killed when its agent returns."""
        if instance.condition is Condition.SCHEDULED:
            if instance.goal is Goal.DECOMMISSIONED:
                instance.condition = Condition.KILLED
                self._world.instances.drop(instance)
                self._changed(instance)
            return
        if instance.condition in UNREACHABLE or instance.killing:
            return
        instance.killing = True
        if instance.agent is None or not instance.agent.connected:
            return
        if "task_killing" in self._world.options.policy.features:
            instance.condition = Condition.KILLING
            self._told(instance, Status(task_id=instance.task_id, state="TASK_KILLING"))
            self._changed(instance)
        self._world.engine.kill(instance.task_id, float(instance.app.get("taskKillGracePeriodSeconds", DEFAULT_GRACE)))

    def decommission(self, instance: Instance) -> None:
        """End an instance for good."""
        instance.goal = Goal.DECOMMISSIONED
        self._changed(instance)
        self.kill(instance)

    def expunge(self, instance: Instance) -> None:
        """Forget an instance whose task cannot be reached."""
        if instance.agent is not None and instance.condition in LAUNCHED:
            instance.agent.take(instance.app, instance.ports, -1)
        self._world.instances.drop(instance)
        self._world.touched(instance)

    def changed(self, instance: Instance) -> None:
        """Publish an instance's new condition, goal or health."""
        self._changed(instance)

    def _changed(self, instance: Instance) -> None:
        instance.since = now()
        agent = instance.agent
        self._world.events.publish(
            "instance_changed_event", instanceId=instance.id, condition=str(instance.condition), runSpecId=instance.app_id,
            agentId=agent.id if agent else None, host=agent.hostname if agent else None,
            runSpecVersion=instance.app["version"],
        )  # fmt: skip
        self._world.touched(instance)

    def _told(self, instance: Instance, status: Status) -> None:
        agent = instance.agent
        addresses: list[dict[str, Any]] = [{"ipAddress": status.address, "protocol": "IPv4"}] if status.address else []
        self._world.events.publish(
            "status_update_event", slaveId=agent.id if agent else "", taskId=status.task_id, taskStatus=status.state,
            message=status.message, appId=instance.app_id, host=agent.hostname if agent else "", ipAddresses=addresses,
            ports=instance.ports, version=instance.app["version"],
        )  # fmt: skip

    def lost(self, instance: Instance) -> None:
        """Take TASK_UNREACHABLE of Mesos' master."""
        self._told(instance, Status(task_id=instance.task_id, state="TASK_UNREACHABLE", message="agent unreachable"))
        instance.condition = Condition.UNREACHABLE
        self._changed(instance)
