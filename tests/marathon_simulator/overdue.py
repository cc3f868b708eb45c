"""The timers that end a launch: the agent's registration timeout, and Marathon's task launch timeout."""

from datetime import UTC, datetime

from tests.marathon_simulator.engine import Status
from tests.marathon_simulator.instances import Condition, Instance
from tests.marathon_simulator.tasks import DEFAULT_GRACE, Tasks
from tests.marathon_simulator.world import World


class Overdue:
    """Looks at staging tasks again and again."""

    def __init__(self, world: World, tasks: Tasks) -> None:
        """Act on the world."""
        self._world, self._tasks = world, tasks

    def watch(self) -> None:
        """Begin, and never stop."""
        self._world.later(self._world.options.timers.overdue, self._look)

    def _look(self) -> None:
        timers, now = self._world.options.timers, datetime.now(UTC)
        for instance in self._world.instances:
            if instance.condition is not Condition.PROVISIONED or instance.staged_at is None:
                continue
            age = (now - instance.staged_at).total_seconds()
            if age > timers.registration:
                self._fail(instance)
            elif age > timers.launch:
                self._tasks.kill(instance)
        self.watch()

    def _fail(self, instance: Instance) -> None:
        """The executor, and with it the container, did not come up in time; the pull itself goes on."""
        if instance.agent is None or not instance.agent.connected:
            return
        task_id = instance.task_id
        wait = f"{self._world.options.timers.registration:g}secs"
        self._world.engine.kill(task_id, DEFAULT_GRACE)
        self._tasks.update(
            Status(task_id=task_id, state="TASK_FAILED", message=f"Executor did not register within {wait}")
        )
