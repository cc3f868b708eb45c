"""The root group: apps, their versions, groups, service ports. Definitions are replaced, never changed."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.marathon_simulator.rules.policy import App
from tests.marathon_simulator.rules.validation import InvalidError
from tests.marathon_simulator.stamps import parents

SERVICE_PORTS = range(10000, 20001)


class Root:
    """What ZooKeeper holds of the definitions."""

    def __init__(self) -> None:
        """Begin with an empty root group."""
        self.apps: dict[str, App] = {}
        self.versions: dict[str, dict[str, App]] = {}
        self.groups: set[str] = set()
        self.failures: dict[str, dict[str, Any]] = {}
        self._service_ports: set[int] = set()
        self._next_port = SERVICE_PORTS[0]

    def replace(self, changes: Mapping[str, App | None]) -> None:
        """Store new definitions; None removes an app, and leaves its groups."""
        for app_id, app in changes.items():
            self._forget_ports(self.apps.get(app_id))
            if app is None:
                self.apps.pop(app_id, None)
                self.failures.pop(app_id, None)
                continue
            self.apps[app_id] = app
            self._service_ports |= set(_service_ports(app))
            self.versions.setdefault(app_id, {})[app["version"]] = app
            self.groups.update(parents(app_id))

    def check_ids(self, app_id: str) -> None:
        """Raise InvalidError where an app and a group would have one id."""
        if app_id in self.groups or any(group in self.apps for group in parents(app_id)):
            message = "Groups and Applications may not have the same identifier."
            raise InvalidError("Object is not valid", [{"path": "/", "errors": [message]}])

    def with_service_ports(self, app: App) -> App:
        """Return the app with a cluster-wide number for every service port that is 0."""
        result = dict(app)
        if "portDefinitions" in app:
            result["portDefinitions"] = [
                each | {"port": each["port"] or self._free_port()} for each in app["portDefinitions"]
            ]
        if "portMappings" in app.get("container", {}):
            mappings = [
                each | {"servicePort": each["servicePort"] or self._free_port()}
                for each in app["container"]["portMappings"]
            ]
            result["container"] = app["container"] | {"portMappings": mappings}
        return result

    def members(self, group_id: str) -> list[App]:
        """Return the apps of a group, recursively."""
        prefix = group_id.rstrip("/") + "/"
        return [app for app_id, app in self.apps.items() if app_id.startswith(prefix)]

    def _free_port(self) -> int:
        count, first = len(SERVICE_PORTS), SERVICE_PORTS[0]
        steps = ((self._next_port - first + step) % count + first for step in range(count))
        port = next(each for each in steps if each not in self._service_ports)
        self._next_port = port + 1
        return port

    def _forget_ports(self, app: App | None) -> None:
        if app is not None:
            self._service_ports -= set(_service_ports(app))


def _service_ports(app: App) -> Iterable[int]:
    mappings = app.get("container", {}).get("portMappings", [])
    return [each["port"] for each in app.get("portDefinitions", [])] + [each["servicePort"] for each in mappings]
