"""Deprecated members: what may not stand together, and their translation into today's."""

from typing import Any

from tests.marathon_simulator.rules.policy import App, ConversionError, Objections

MODES = {"BRIDGE": "container/bridge", "HOST": "host", "USER": "container"}


def objections(app: App) -> Objections:
    """Yield what mixes old and new members."""
    docker = app.get("container", {}).get("docker", {})
    if app.get("uris") and app.get("fetch"):
        yield "/uris", "may not be set in conjunction with fetch"
    if app.get("networks") and "network" in docker:
        yield "/", "must not specify both container.docker.network and networks"
    if app.get("networks") and "ipAddress" in app:
        yield "/", "must not specify both networks and ipAddress"
    if "ipAddress" in app and (app.get("ports") or app.get("portDefinitions")):
        yield "/", "cannot specify both an IP address and port"
    if "credential" in docker:
        yield "/container/docker/credential", "must be empty"
    yield from _ports(app)


def _ports(app: App) -> Objections:
    ports = [port for port in app.get("ports", []) if port]
    if len(set(ports)) != len(ports):
        yield "/", "ports must be unique"
    if (
        "ports" in app
        and "portDefinitions" in app
        and app["ports"] != [each["port"] for each in app["portDefinitions"]]
    ):
        yield "/", "cannot specify both ports and port definitions"


def translated(app: App) -> App:
    """Return the app without deprecated members.

    Raises:
        ConversionError: a docker network NONE, or port mappings in both places.
    """
    result = {key: value for key, value in app.items() if key not in ("ports", "uris", "ipAddress")}
    if app.get("uris"):
        result["fetch"] = [{"uri": uri, "extract": True, "executable": False, "cache": False} for uri in app["uris"]]
    if "ports" in app and "portDefinitions" not in app:
        result["portDefinitions"] = [{"port": port, "labels": {}, "protocol": "tcp"} for port in app["ports"]]
    if "ipAddress" in app:
        name = app["ipAddress"].get("networkName")
        result["networks"] = [{"mode": "container"} | ({"name": name} if name else {})]
    if "docker" in app.get("container", {}):
        _docker(app, result)
    return result


def _docker(app: App, result: App) -> None:
    container: dict[str, Any] = dict(app["container"])
    docker = dict(container["docker"])
    old = docker.pop("portMappings", None)
    if old and container.get("portMappings"):
        raise ConversionError("cannot specify both portMappings and docker.portMappings")
    if old is not None:
        container["portMappings"] = old
    network = docker.pop("network", None)
    if network == "NONE":
        raise ConversionError("unsupported docker network type NONE")
    if network == "USER":
        result.setdefault("networks", [{"mode": "container"}])
    elif network:
        result["networks"] = [{"mode": MODES[network]}]
    result["container"] = container | {"docker": docker}
