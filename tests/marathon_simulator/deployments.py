"""Deployments: one change of the root each, locks on apps, steps, rollback."""

from tests.marathon_simulator.actions import Actions
from tests.marathon_simulator.backoffs import Backoffs
from tests.marathon_simulator.plans import Action, Changes, Deployment, differs, step_of, steps_for
from tests.marathon_simulator.rules.policy import App
from tests.marathon_simulator.world import World


class LockedError(Exception):
    """Other deployments touch the same apps: HTTP 409."""

    def __init__(self, ids: list[str]) -> None:
        """Keep their ids."""
        super().__init__(f"locked by {ids}")
        self.ids = ids


class TooManyError(Exception):
    """As many deployments run as may: HTTP 403."""


class Deployments:
    """What runs, in the order of its beginning."""

    def __init__(self, world: World, actions: Actions, backoffs: Backoffs) -> None:
        """Begin with none."""
        self._world, self._actions, self._backoffs = world, actions, backoffs
        self.running: dict[str, Deployment] = {}
        self._by_app: dict[str, list[Deployment]] = {}
        world.settle = self._look

    def of(self, app_id: str) -> list[Deployment]:
        """Return those that hold the lock of an app."""
        return list(self._by_app.get(app_id, []))

    def change(self, changes: Changes, *, force: bool = False) -> Deployment:
        """Store new definitions and begin to make them true.

        Raises:
            LockedError: an app is being deployed, and `force` is False.
            TooManyError: too many deployments run.
        """
        self._admit(list(changes), force=force)
        before = {app_id: self._world.root.apps.get(app_id) for app_id in changes}
        after = {app_id: self._dated(before[app_id], app) for app_id, app in changes.items()}
        return self._begin(before, after, steps_for(before, after))

    def restart(self, app: App, *, force: bool = False) -> Deployment:
        """Replace every instance of an app: its configuration counts as changed. Raises as `change` does."""
        self._admit([app["id"]], force=force)
        version = self._world.versions.next()
        fresh = app | {"version": version, "versionInfo": app["versionInfo"] | {"lastConfigChangeAt": version}}
        self._backoffs.reset(app["id"])
        steps = [[Action("RestartApplication", fresh)]] if app["instances"] else []
        return self._begin({app["id"]: app}, {app["id"]: fresh}, steps)

    def roll_back(self, deployment: Deployment) -> Deployment:
        """Give up a deployment and begin the one that undoes it."""
        return self.change(deployment.before, force=True)

    def cancel(self, deployment: Deployment, reason: str) -> None:
        """Give up a deployment; what it did stays."""
        self._forget(deployment)
        self._world.events.publish("deployment_failed", id=deployment.id, plan=deployment.plan(), reason=reason)

    def _admit(self, app_ids: list[str], *, force: bool) -> None:
        conflicts = {each.id: each for app_id in app_ids for each in self.of(app_id)}
        if conflicts and not force:
            raise LockedError(list(conflicts))
        if len(self.running) - len(conflicts) >= self._world.options.max_running_deployments:
            raise TooManyError
        for each in conflicts.values():
            self.cancel(each, "superseded by another deployment with force=true")

    def _dated(self, old: App | None, new: App | None) -> App | None:
        if new is None:
            return None
        configured = old is None or differs(old, new)
        scaled = old is None or old["instances"] != new["instances"]
        if old is not None and not configured and not scaled:
            return old
        if configured:
            self._backoffs.reset(new["id"])
        version = self._world.versions.next()
        info = {} if old is None else old["versionInfo"]
        info = (
            info
            | ({"lastScalingAt": version} if scaled else {})
            | ({"lastConfigChangeAt": version} if configured else {})
        )
        return new | {"version": version, "versionInfo": info}

    def _begin(self, before: Changes, after: Changes, steps: list[list[Action]]) -> Deployment:
        deployment = Deployment(self._world.versions.next(), before, after, steps)
        self.take_up(deployment)
        return deployment

    def take_up(self, deployment: Deployment) -> None:
        """Store a deployment's definitions and work on its first step."""
        self._world.root.replace(deployment.after)
        self.running[deployment.id] = deployment
        for app_id in deployment.after:
            self._by_app.setdefault(app_id, []).append(deployment)
        self._world.events.publish("group_change_success", groupId="/", version=deployment.version)
        for app_id in deployment.after:
            self._world.dirty(app_id)

    def _look(self, app_id: str) -> None:
        for deployment in self.of(app_id):
            while deployment.id in self.running and self._step_done(deployment):
                deployment.at, deployment.begun = deployment.at + 1, False

    def _step_done(self, deployment: Deployment) -> bool:
        if deployment.at == len(deployment.steps):
            self._forget(deployment)
            self._world.events.publish("deployment_success", id=deployment.id, plan=deployment.plan())
            return False
        step = deployment.steps[deployment.at]
        told = {"plan": deployment.plan(), "currentStep": step_of(step)}
        if not deployment.begun:
            deployment.begun = True
            self._world.events.publish("deployment_info", **told)
            for action in step:
                self._actions.begin(action)
        if not all([self._actions.done(action) for action in step]):
            return False
        self._world.events.publish("deployment_step_success", **told)
        return True

    def _forget(self, deployment: Deployment) -> None:
        self.running.pop(deployment.id, None)
        for app_id in deployment.after:
            self._world.dirty(app_id)
            rest = [each for each in self.of(app_id) if each is not deployment]
            if rest:
                self._by_app[app_id] = rest
            else:
                self._by_app.pop(app_id, None)
