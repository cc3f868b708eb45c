"""Agents that are lost, come back, or are gone for good; and how many instances an app should have."""

from collections.abc import Callable
from functools import partial

from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.engine import Status
from tests.marathon_simulator.instances import ACTIVE, LAUNCHED, UNREACHABLE, Condition, Goal, Instance
from tests.marathon_simulator.rules.policy import App
from tests.marathon_simulator.tasks import Tasks
from tests.marathon_simulator.world import World


class Reachability:
    """The unreachable strategy."""

    def __init__(self, world: World, tasks: Tasks) -> None:
        """Act on the world."""
        self._world, self._tasks = world, tasks
        self.locked: Callable[[str], bool] = lambda _: False  # whether a deployment is busy with an app

    def lose(self, agent: Agent) -> None:
        """Cut an agent off; the master notices after its pings have failed."""
        agent.connected = False
        self._world.later(self._world.options.timers.unreachable, lambda: self._notice(agent))

    def _notice(self, agent: Agent) -> None:
        if agent.connected or not agent.present:
            return
        agent.present = False
        for instance in self._on(agent):
            self._tasks.lost(instance)
            self._apply(instance)

    def _on(self, agent: Agent) -> list[Instance]:
        return [each for each in self._world.instances if each.agent is agent and each.condition in LAUNCHED]

    def _apply(self, instance: Instance) -> None:
        strategy = instance.app["unreachableStrategy"]
        if isinstance(strategy, str):
            return
        second, task = self._world.options.timers.second, instance.task_id
        for seconds, step in (
            (strategy["inactiveAfterSeconds"], self._inactivate),
            (strategy["expungeAfterSeconds"], self._expunge),
        ):
            if seconds == 0:
                step(task)
            else:
                self._world.later(seconds * second, partial(step, task))

    def _unreachable(self, task_id: str) -> Instance | None:
        instance = self._world.instances.task(task_id)
        return instance if instance is not None and instance.condition in UNREACHABLE else None

    def _inactivate(self, task_id: str) -> None:
        if instance := self._unreachable(task_id):
            instance.condition = Condition.UNREACHABLE_INACTIVE
            self._tasks.changed(instance)
            self.scale_check(instance.app_id)

    def _expunge(self, task_id: str) -> None:
        if instance := self._unreachable(task_id):
            self._tasks.expunge(instance)
            self.scale_check(instance.app_id)

    def regain(self, agent: Agent) -> None:
        """Let an agent register again with whatever it runs by now."""
        agent.connected = agent.present = True
        self.reconcile(agent)
        self._tasks.vacant()

    def reconcile(self, agent: Agent) -> None:
        """Compare what Marathon believes of an agent with what runs there."""
        lives = self._world.engine.lives(agent.hostname)
        expected = {each.task_id: each for each in self._on(agent)}
        for task_id, status in lives.items():
            if task_id in expected or status.state == "TASK_RUNNING":
                self._tasks.update(status)
        for task_id in expected.keys() - lives.keys():
            self._tasks.update(Status(task_id=task_id, state="TASK_GONE", message="The agent does not know the task"))
        for app_id in {each.app_id for each in expected.values()}:
            self.scale_check(app_id)

    def remove(self, agent: Agent) -> None:
        """Mark an agent gone by its operator: its tasks are over, whatever still runs there."""
        agent.connected = agent.present = False
        for instance in self._on(agent):
            self._tasks.update(
                Status(task_id=instance.task_id, state="TASK_GONE_BY_OPERATOR", message="Agent marked gone")
            )
        self._world.agents.pop(agent.hostname, None)

    def scale_check(self, app_id: str) -> None:
        """Start what is missing and end what is too much; as Marathon does every five minutes."""
        app = self._world.root.apps.get(app_id)
        if app is None or self.locked(app_id):
            return
        running = [each for each in self._world.instances.of(app_id) if each.goal is Goal.RUNNING]
        counted = [each for each in running if each.condition in ACTIVE or each.condition is Condition.SCHEDULED]
        if len(counted) < app["instances"]:
            self._tasks.schedule(app, app["instances"] - len(counted))
        for instance in surplus(app, counted, app["instances"]):
            self._tasks.decommission(instance)


def surplus(app: App, instances: list[Instance], wanted: int) -> list[Instance]:
    """Return what is to be killed: first what does not run yet, then by killSelection."""
    youngest_first = app["killSelection"] == "YOUNGEST_FIRST"
    ordered = sorted(
        instances, key=lambda each: each.staged_at.timestamp() if each.staged_at else 0, reverse=youngest_first
    )
    ordered.sort(key=lambda each: each.condition is Condition.RUNNING)
    return ordered[: max(0, len(instances) - wanted)]
