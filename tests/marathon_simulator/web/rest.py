"""The rest of Marathon's API: deployments, queue, info, leader, ping, groups."""

from typing import Any

from tests.marathon_simulator.core import Marathon
from tests.marathon_simulator.rules.shapes import APP
from tests.marathon_simulator.rules.validation import read
from tests.marathon_simulator.stamps import absolute
from tests.marathon_simulator.web.apps import Apps, deployed
from tests.marathon_simulator.web.messages import Answer, RefusedError, Request, missing, ok

VERSION = "1.11.24"


class Rest:
    """Everything that is not apps or tasks."""

    def __init__(self, marathon: Marathon, apps: Apps) -> None:
        """Serve that Marathon."""
        self._marathon, self._world, self._apps = marathon, marathon.world, apps

    def deployments(self, request: Request, rest: list[str]) -> Answer:
        """Answer /v2/deployments; there is no GET for a single one."""
        running = self._marathon.deployments.running
        with self._world.change():
            if not rest and request.method == "GET":
                return ok([each.shown() for each in running.values()])
            if len(rest) != 1 or request.method != "DELETE":
                raise RefusedError(405, {"message": "Method Not Allowed"})
            if rest[0] not in running:
                raise RefusedError(404, {"message": f"DeploymentPlan {rest[0]} does not exist"})
            deployment = running[rest[0]]
            if request.flag("force"):
                self._marathon.deployments.cancel(deployment, "The upgrade has been cancelled")
                return Answer(status=202)
            return deployed(self._marathon.deployments.roll_back(deployment))

    def queue(self, request: Request, rest: list[str]) -> Answer:
        """Answer /v2/queue and /v2/queue/{id}/delay."""
        with self._world.change():
            if request.method == "GET" and not rest:
                return ok(
                    {"queue": self._marathon.launching.queue(offers_too="lastUnusedOffers" in request.all("embed"))}
                )
            if request.method != "DELETE" or rest[-1:] != ["delay"]:
                raise RefusedError(405, {"message": "Method Not Allowed"})
            app_id = absolute("/".join(rest[:-1]))
            if not self._marathon.launching.delay_reset(app_id):
                raise RefusedError(404, {"message": f"Application {app_id} not found in tasks queue."})
            return Answer(status=204)

    def info(self, leader: str) -> Answer:
        """Answer /v2/info."""
        options = self._world.options
        timers, policy = options.timers, options.policy
        config = {
            "access_control_allow_origin": None, "checkpoint": True, "decline_offer_duration": int(timers.decline * 1000),
            "default_network_name": policy.default_network_name, "features": sorted(policy.features), "framework_name": "marathon",
            "gpu_scheduling_behavior": options.gpu_scheduling, "ha": True, "hostname": leader.partition(":")[0],
            "local_port_max": 20000, "local_port_min": 10000, "master": "zk://localhost:2181/mesos", "mesos_role": policy.role,
            "min_revive_offers_interval": int(timers.revive * 1000), "task_launch_timeout": int(timers.launch * 1000),
            "task_reservation_timeout": 20000, "max_running_deployments": options.max_running_deployments,
        }  # fmt: skip
        return ok(
            {
                "name": "marathon", "version": VERSION, "buildref": "simulated", "elected": True, "leader": leader,
                "frameworkId": self._world.framework,
                "marathon_config": {key: value for key, value in config.items() if value is not None},
                "zookeeper_config": {"zk": "zk://localhost:2181/marathon", "zk_timeout": 10000},
                "http_config": {"http_port": int(leader.rpartition(":")[2]), "https_port": 8443},
            }
        )  # fmt: skip

    def groups(self, request: Request, rest: list[str]) -> Answer:
        """Answer /v2/groups[/{id}]."""
        group_id = absolute("/".join(rest))
        with self._world.change():
            if request.method == "GET":
                self._known_group(group_id)
                return ok(self._tree(group_id))
            if request.method == "DELETE":
                self._known_group(group_id)
                changes = {app["id"]: None for app in self._world.root.members(group_id)}
                deployment = self._marathon.deployments.change(changes, force=request.flag("force"))
                self._world.root.groups -= {
                    each for each in self._world.root.groups if (each + "/").startswith(group_id + "/")
                }
                return deployed(deployment)
            if request.method == "POST":
                return self._create_group(request)
        raise RefusedError(405, {"message": "Method Not Allowed"})

    def _known_group(self, group_id: str) -> None:
        if group_id != "/" and group_id not in self._world.root.groups:
            raise missing("Group", group_id)

    def _create_group(self, request: Request) -> Answer:
        body: dict[str, Any] = request.json()
        group_id = absolute(body.get("id", "/"))
        root = self._world.root
        if group_id in root.groups:
            raise RefusedError(409, {"message": f"Group {group_id} is already created. Use PUT to change this group."})
        if group_id in root.apps:
            raise RefusedError(409, {"message": f"An app with the path {group_id} already exists."})
        wanted = [
            read(APP, app | {"id": f"{group_id}/{app['id']}" if app["id"][0] != "/" else app["id"]})
            for app in body.get("apps", [])
        ]
        changes = {absolute(app["id"]): self._apps.wanted(app) for app in wanted}
        deployment = self._marathon.deployments.change(changes, force=request.flag("force"))
        root.groups.add(group_id)
        return deployed(deployment, 201)

    def _tree(self, group_id: str) -> dict[str, Any]:
        root, prefix = self._world.root, group_id.rstrip("/") + "/"
        inner = [each for each in sorted(root.groups) if each.startswith(prefix) and "/" not in each[len(prefix) :]]
        apps = [
            app for app_id, app in root.apps.items() if app_id.startswith(prefix) and "/" not in app_id[len(prefix) :]
        ]
        return {
            "id": group_id, "apps": [self._marathon.views.app(app, ()) for app in apps],
            "groups": [self._tree(each) for each in inner], "pods": [], "dependencies": [], "enforceRole": False,
            "version": self._world.versions.next(),
        }  # fmt: skip
