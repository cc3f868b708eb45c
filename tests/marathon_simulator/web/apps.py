"""/v2/apps of the simulated Marathon."""

from collections.abc import Sequence
from typing import Any

from tests.marathon_simulator.core import Marathon
from tests.marathon_simulator.normalize import merged, normalized
from tests.marathon_simulator.plans import Deployment
from tests.marathon_simulator.rules.policy import App
from tests.marathon_simulator.rules.shapes import APP, UPDATE
from tests.marathon_simulator.rules.validation import InvalidError, checked, read
from tests.marathon_simulator.stamps import absolute
from tests.marathon_simulator.web.messages import Answer, RefusedError, Request, missing, ok
from tests.marathon_simulator.web.selectors import parsed

ALONE = "The 'version' field may only be combined with the 'id' field."


class Apps:
    """Create, read, update, delete."""

    def __init__(self, marathon: Marathon) -> None:
        """Serve that Marathon."""
        self._marathon, self._world = marathon, marathon.world

    def collection(self, request: Request) -> Answer:
        """Answer /v2/apps."""
        if request.method == "GET":
            return self._list(request)
        if request.method == "POST":
            return self._create(request)
        if request.method in ("PUT", "PATCH"):
            return self._update_all(request)
        raise RefusedError(405, {"message": "Method Not Allowed"})

    def _list(self, request: Request) -> Answer:
        clauses = [clause for text in request.all("label") for clause in parsed(text)]
        embed = embedded(request, ("apps.", "app."))
        name, command = (request.one("id") or "").lower(), (request.one("cmd") or "").lower()
        with self._world.change():
            found = [
                self._marathon.views.rendered(app, embed)
                for app_id, app in self._world.root.apps.items()
                if name in app_id
                and command in app.get("cmd", "").lower()
                and all(each.fits(app["labels"]) for each in clauses)
            ]
        return Answer(body=f'{{"apps":[{",".join(found)}]}}'.encode())

    def _create(self, request: Request) -> Answer:
        policy = self._world.options.policy
        app = self._full(read(APP, request.json()))
        with self._world.change():
            if app["id"] in self._world.root.apps:
                raise RefusedError(409, {"message": f"An app with id [{app['id']}] already exists."})
            self._world.root.check_ids(app["id"])
            app = self._world.root.with_service_ports(normalized(app, policy))
            deployment = self._marathon.deployments.change({app["id"]: app}, force=request.flag("force"))
            self._told(request, deployment.after[app["id"]])
            stored = deployment.after[app["id"]] or {}
            counters = dict.fromkeys(("tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy"), 0)
            shown = stored | counters | {"deployments": [{"id": deployment.id}]}
        headers = [
            ("Location", f"http://{request.headers.get('host', '')}{app['id']}"),
            ("Marathon-Deployment-Id", deployment.id),
        ]
        return ok(shown, 201, headers)

    def _full(self, app: App) -> App:
        app = checked(app, self._world.options.policy)
        return {key: value for key, value in app.items() if key not in ("version", "versionInfo")} | {
            "id": absolute(app["id"])
        }

    def one(self, request: Request, app_id: str) -> Answer:
        """Answer /v2/apps/{id}."""
        if request.method == "GET":
            return self._show(request, app_id)
        if request.method in ("PUT", "PATCH"):
            return self._update(request, app_id)
        if request.method == "DELETE":
            return self._delete(request, app_id)
        raise RefusedError(405, {"message": "Method Not Allowed"})

    def _show(self, request: Request, app_id: str) -> Answer:
        embed = {"tasks", "lastTaskFailure", *embedded(request, ("app.", "apps."))}
        with self._world.change():
            if app_id.endswith("/*"):
                members = self._world.root.members(app_id[:-1])
                return ok({"*": [self._marathon.views.app(app, embed) for app in members]})
            return ok({"app": self._marathon.views.app(self.known(app_id), embed)})

    def _delete(self, request: Request, app_id: str) -> Answer:
        with self._world.change():
            self.known(app_id)
            return deployed(
                self._marathon.deployments.change({app_id: None}, force=request.flag("force", default=True))
            )

    def _update(self, request: Request, app_id: str) -> Answer:
        update = read(UPDATE, self._single(request) | {"id": app_id})
        partial = request.flag("partialUpdate", default=True)
        with self._world.change():
            if request.method == "PATCH":
                self.known(app_id)
            created = app_id not in self._world.root.apps
            app = self.wanted(update, partial=partial)
            deployment = self._marathon.deployments.change({app_id: app}, force=request.flag("force"))
            self._told(request, deployment.after[app_id])
        return deployed(deployment, 201 if created else 200)

    def _single(self, request: Request) -> dict[str, Any]:
        body = request.json()
        if not isinstance(body, dict):
            raise InvalidError("Invalid JSON", [{"path": "/", "errors": ["error.expected.jsobject"]}])
        return body

    def _update_all(self, request: Request) -> Answer:
        bodies = request.json()
        if not isinstance(bodies, list):
            raise InvalidError("Invalid JSON", [{"path": "/", "errors": ["error.expected.jsarray"]}])
        updates = [read(APP, body) for body in bodies]
        with self._world.change():
            partial = request.flag("partialUpdate", default=True)
            if request.method == "PATCH":
                for each in updates:
                    self.known(absolute(each["id"]))
            changes = {absolute(each["id"]): self.wanted(each, partial=partial) for each in updates}
            return deployed(self._marathon.deployments.change(changes, force=request.flag("force")))

    def wanted(self, update: App, *, partial: bool = True) -> App:
        """Return the full definition that an update asks for; call inside a change."""
        policy, root = self._world.options.policy, self._world.root
        app_id = absolute(update["id"])
        stored = root.apps.get(app_id)
        if "version" in update:
            return self._rolled_back(app_id, update)
        if stored is None:
            root.check_ids(app_id)
        app = self._full(merged(stored, update) if stored is not None and partial else update)
        result: App = root.with_service_ports(normalized(app, policy))
        return result

    def _rolled_back(self, app_id: str, update: App) -> App:
        if set(update) - {"id", "version"}:
            raise InvalidError("Object is not valid", [{"path": "/", "errors": [ALONE]}])
        version = self._world.root.versions.get(app_id, {}).get(update["version"])
        if version is None:
            raise missing("App", app_id)
        return version

    def known(self, app_id: str) -> App:
        """Return an app; raise RefusedError (404)."""
        app = self._world.root.apps.get(app_id)
        if app is None:
            raise missing("App", app_id)
        return app

    def restart(self, request: Request, app_id: str) -> Answer:
        """Answer POST /v2/apps/{id}/restart."""
        with self._world.change():
            return deployed(self._marathon.deployments.restart(self.known(app_id), force=request.flag("force")))

    def versions(self, app_id: str, version: str | None) -> Answer:
        """Answer GET /v2/apps/{id}/versions, and one of them."""
        with self._world.change():
            self.known(app_id)
            every = self._world.root.versions[app_id]
            if version is None:
                return ok({"versions": sorted(every, reverse=True)})
            if version not in every:
                raise missing("App", app_id)
            return ok(every[version])

    def _told(self, request: Request, app: App | None) -> None:
        self._world.events.publish("api_post_event", clientIp=request.client, uri=request.target, appDefinition=app)


def embedded(request: Request, prefixes: Sequence[str]) -> set[str]:
    """Return what a request wants embedded, without the prefixes."""
    names = set()
    for value in request.all("embed"):
        prefix = next((each for each in prefixes if value.startswith(each)), "")
        names.add(value.removeprefix(prefix))
    return names


def deployed(deployment: Deployment, status: int = 200) -> Answer:
    """Return the answer that a deployment began."""
    body = {"version": deployment.version, "deploymentId": deployment.id}
    return ok(body, status, [("Marathon-Deployment-Id", deployment.id)])
