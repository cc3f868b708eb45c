"""Tasks of one app and of all, and how they are killed."""

from typing import Any

from tests.marathon_simulator.core import Marathon
from tests.marathon_simulator.instances import TERMINAL, Condition, Instance
from tests.marathon_simulator.views import STAGED, task
from tests.marathon_simulator.web.apps import Apps, deployed
from tests.marathon_simulator.web.messages import Answer, RefusedError, Request, missing, ok

STATUSES = {"running": (Condition.RUNNING,), "staging": STAGED}


class TaskCalls:
    """/v2/apps/{id}/tasks, /v2/tasks, /v2/tasks/delete."""

    def __init__(self, marathon: Marathon, apps: Apps) -> None:
        """Serve that Marathon."""
        self._marathon, self._world, self._apps = marathon, marathon.world, apps

    def of_app(self, request: Request, app_id: str, task_id: str | None) -> Answer:
        """Answer /v2/apps/{id}/tasks and one of them."""
        with self._world.change():
            self._apps.known(app_id)
            if request.method == "GET":
                return ok({"tasks": self._marathon.views.tasks(app_id)})
            if request.method != "DELETE":
                raise RefusedError(405, {"message": "Method Not Allowed"})
            host = request.one("host")
            chosen = [
                each
                for each in self._with_task(app_id)
                if host in (None, "*", each.agent.hostname if each.agent else "")
            ]
            if task_id is not None:
                chosen = [each for each in chosen if each.task_id == task_id]
                if not chosen:
                    raise missing("Task", task_id)
            return self._kill(request, chosen, single=task_id is not None)

    def _with_task(self, app_id: str) -> list[Instance]:
        return [each for each in self._world.instances.of(app_id) if each.condition is not Condition.SCHEDULED]

    def every(self, request: Request) -> Answer:
        """Answer GET /v2/tasks."""
        wanted = {each for name in request.all("status") + request.all("status[]") for each in STATUSES.get(name, ())}
        with self._world.change():
            shown = [
                task(each, service_ports=True)
                for each in self._world.instances
                if each.condition is not Condition.SCHEDULED and (not wanted or each.condition in wanted)
            ]
        if request.headers.get("accept") == "text/plain":
            lines = "".join(
                f"{each['appId'].strip('/').replace('/', '_')}\t{each['host']}:{each['ports']}\n" for each in shown
            )
            return Answer(body=lines.encode(), media="text/plain")
        return ok({"tasks": shown})

    def delete(self, request: Request) -> Answer:
        """Answer POST /v2/tasks/delete."""
        ids: list[Any] = request.json().get("ids", [])
        with self._world.change():
            for each in ids:
                if not isinstance(each, str) or ".instance-" not in each:
                    raise RefusedError(400, {"message": f"Invalid task id '{each}'. "})
            found = [instance for each in ids if (instance := self._world.instances.task(each)) is not None]
            return self._kill(request, found, single=False)

    def _kill(self, request: Request, chosen: list[Instance], *, single: bool) -> Answer:
        scale, wipe = request.flag("scale"), request.flag("wipe")
        if scale and wipe:
            raise RefusedError(400, {"message": "You cannot use scale and wipe at the same time."})
        if scale:
            return self._scale(request, chosen)
        shown = [task(each) for each in chosen]
        for each in chosen:
            if wipe and each.condition not in TERMINAL:
                self._marathon.tasks.decommission(each)
                self._marathon.tasks.schedule(each.app, 1)
            else:
                self._marathon.tasks.kill(each)
        return ok({"task": shown[0]} if single else {"tasks": shown})

    def _scale(self, request: Request, chosen: list[Instance]) -> Answer:
        fewer: dict[str, int] = {}
        for each in chosen:
            fewer[each.app_id] = fewer.get(each.app_id, 0) + 1
        apps = {app_id: self._apps.known(app_id) for app_id in fewer}
        changes = {
            app_id: app | {"instances": max(0, app["instances"] - fewer[app_id])} for app_id, app in apps.items()
        }
        for each in chosen:
            self._marathon.tasks.decommission(each)
        return deployed(self._marathon.deployments.change(changes, force=request.flag("force")))
