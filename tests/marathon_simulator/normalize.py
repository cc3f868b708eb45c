"""From a valid app to the app that Marathon stores and shows: defaults filled in, empty members left out."""

from collections.abc import Iterable
from typing import Any

from tests.marathon_simulator.rules.policy import App, Policy
from tests.marathon_simulator.stamps import absolute

DEFAULTS: App = {
    "backoffFactor": 1.15, "backoffSeconds": 1, "cpus": 1, "disk": 0, "executor": "", "gpus": 0, "instances": 1, "labels": {},
    "maxLaunchDelaySeconds": 300, "mem": 128, "requirePorts": False, "killSelection": "YOUNGEST_FIRST",
}  # fmt: skip
OMITTED_WHEN_EMPTY = (
    "acceptedResourceRoles",
    "args",
    "constraints",
    "dependencies",
    "env",
    "fetch",
    "healthChecks",
    "readinessChecks",
    "secrets",
)
RESET_WHEN_OMITTED = ("executorResources", "resourceLimits")


def normalized(app: App, policy: Policy) -> App:
    """Return the full definition of a checked app; normalizing it again changes nothing."""
    result = DEFAULTS | app | {"id": absolute(app["id"])}
    result["role"] = app.get("role", policy.role)
    result["networks"] = _networks(app, policy)
    _ports(result)
    single = result["labels"].get("MARATHON_SINGLE_INSTANCE_APP") == "true"
    share = 0 if single else 1
    resident = _resident(app)
    result.setdefault(
        "upgradeStrategy", {"minimumHealthCapacity": share, "maximumOverCapacity": 0 if resident else share}
    )
    unreachable = result.get("unreachableStrategy", "disabled" if resident else {})
    if isinstance(unreachable, dict):
        unreachable = {"inactiveAfterSeconds": 0, "expungeAfterSeconds": 0} | unreachable
    result["unreachableStrategy"] = unreachable
    if app.get("dependencies"):
        result["dependencies"] = [absolute(each) for each in app["dependencies"]]
    result["healthChecks"] = [_check(each) for each in app.get("healthChecks", [])]
    return {key: value for key, value in result.items() if value or key not in OMITTED_WHEN_EMPTY}


def _resident(app: App) -> bool:
    volumes: Iterable[App] = app.get("container", {}).get("volumes", [])
    return "residency" in app or any("persistent" in volume for volume in volumes)


def _networks(app: App, policy: Policy) -> list[dict[str, Any]]:
    networks = app.get("networks") or [{"mode": "host"}]
    default = policy.default_network_name
    return [{"name": default} | each if each["mode"] == "container" and default else each for each in networks]


def _ports(result: App) -> None:
    hosted = result["networks"][0]["mode"] == "host"
    definitions = result.pop("portDefinitions", None)
    if hosted:
        result["portDefinitions"] = (
            [{"port": 0, "name": "default", "labels": {}, "protocol": "tcp"}] if definitions is None else definitions
        )
        if "container" in result:
            result["container"] = {key: value for key, value in result["container"].items() if key != "portMappings"}
        return
    result["requirePorts"] = False
    container = dict(result.get("container") or {"type": "MESOS", "volumes": []})
    default = (
        [{"containerPort": 0, "name": "default"}]
        if definitions is None
        else [{"containerPort": 0} for _ in definitions]
    )
    mappings = container.get("portMappings", default)
    bridge = result["networks"][0]["mode"] == "container/bridge"
    filled = {"labels": {}, "protocol": "tcp", "servicePort": 0} | ({"hostPort": 0} if bridge else {})
    container["portMappings"] = [filled | each for each in mappings]
    result["container"] = container


def _check(check: dict[str, Any]) -> dict[str, Any]:
    default: dict[str, Any] = {}
    if check["protocol"].endswith(("HTTP", "HTTPS")):
        default["path"] = "/"
    if check["protocol"] != "COMMAND" and "port" not in check:
        default["portIndex"] = 0
    return default | check


def merged(stored: App, update: App) -> App:
    """Return a stored app with a partial update applied: members are replaced whole, limits reset when omitted."""
    kept = {key: value for key, value in stored.items() if key not in (*RESET_WHEN_OMITTED, "version", "versionInfo")}
    deprecated = {"uris": "fetch", "ports": "portDefinitions", "ipAddress": "networks"}
    replaced = {new for old, new in deprecated.items() if old in update}
    if "docker" in update.get("container", {}) and "network" in update["container"]["docker"]:
        replaced.add("networks")
    return {key: value for key, value in kept.items() if key not in replaced} | update
