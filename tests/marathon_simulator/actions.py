"""The four actions of a deployment: how they begin, and when they are done."""

import math

from tests.marathon_simulator.instances import ACTIVE, TERMINAL, UNREACHABLE, Condition, Goal, Instance
from tests.marathon_simulator.plans import Action
from tests.marathon_simulator.tasks import Tasks
from tests.marathon_simulator.unreachable import surplus
from tests.marathon_simulator.world import World


class Actions:
    """Does the work of deployments; looks again whenever an instance of the app changed."""

    def __init__(self, world: World, tasks: Tasks) -> None:
        """Act on the world."""
        self._world, self._tasks = world, tasks

    def begin(self, action: Action) -> None:
        """Start an action."""
        if action.kind == "ScaleApplication":
            self._scale(action)
        elif action.kind == "StopApplication":
            self._end(action, self._world.instances.of(action.app["id"]))

    def done(self, action: Action) -> bool:
        """Go on with an action, and return whether it is complete."""
        if action.kind == "RestartApplication":
            return self._replace(action)
        if not all(over(each) for each in action.ended):
            return False
        if action.kind == "StopApplication":
            self._world.events.publish("app_terminated_event", appId=action.app["id"])
            return True
        alive = [each for each in action.started if self._known(each)]
        if len(alive) < len(action.started):
            alive += self._tasks.schedule(action.app, len(action.started) - len(alive))
        action.started = alive
        return all(each.up for each in alive)

    def _known(self, instance: Instance) -> bool:
        return instance.goal is Goal.RUNNING and any(
            each is instance for each in self._world.instances.of(instance.app_id)
        )

    def _scale(self, action: Action) -> None:
        """Count every active instance of that id, whatever its goal: also one that is unreachable or being killed."""
        app, wanted = action.app, action.app["instances"]
        every = self._world.instances.of(app["id"])
        counted = [each for each in every if each.condition in ACTIVE or each.condition is Condition.SCHEDULED]
        for each in every:
            if each.condition is Condition.SCHEDULED:
                each.app = app
        if len(counted) < wanted:
            action.started = self._tasks.schedule(app, wanted - len(counted))
        running = [each for each in counted if each.goal is Goal.RUNNING]
        self._end(action, surplus(app, running, wanted))

    def _end(self, action: Action, instances: list[Instance]) -> None:
        action.ended += instances
        for instance in instances:
            self._tasks.decommission(instance)

    def _replace(self, action: Action) -> bool:
        """Exchange old instances for new ones within the upgrade strategy's bounds."""
        app, wanted = action.app, action.app["instances"]
        mine = [each for each in self._world.instances.of(app["id"]) if each.condition not in TERMINAL]
        new = [each for each in mine if current(each, app) and each.goal is Goal.RUNNING]
        old = [each for each in mine if not current(each, app) and not over(each)]
        least = math.ceil(wanted * app["upgradeStrategy"]["minimumHealthCapacity"])
        most = math.floor(wanted * (1 + app["upgradeStrategy"]["maximumOverCapacity"]))
        most += 1 if most == wanted and least == wanted and old else 0
        spare = sum(each.up for each in mine if each.goal is Goal.RUNNING) - least
        for instance in [each for each in old if each.goal is Goal.RUNNING]:
            if instance.up and spare <= 0:
                continue
            spare -= instance.up
            self._tasks.decommission(instance)
        missing = min(wanted - len(new), most - len(old) - len(new))
        if missing > 0:
            self._tasks.schedule(app, missing)
        return not old and len(new) == wanted and all(each.up for each in new)


def over(instance: Instance) -> bool:
    """Return whether nothing more can be waited for."""
    return instance.condition in TERMINAL or instance.condition in UNREACHABLE


def current(instance: Instance, app: dict[str, object]) -> bool:
    """Return whether an instance was started with this configuration."""
    return bool(instance.app["versionInfo"]["lastConfigChangeAt"] == app["versionInfo"]["lastConfigChangeAt"])  # type: ignore[index]
