"""Health, readiness and agent-run checks as Marathon validates them."""

from collections.abc import Sequence
from typing import Any

from tests.marathon_simulator.rules.policy import App, ConversionError, Objections, docker_engine

LEADER_RUN = ("HTTP", "HTTPS", "TCP")
INDICES = "Health check port indices must address an element of the ports array or container port mappings."
IPV6 = "IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks"


def ports_of(app: App) -> Sequence[dict[str, Any]]:
    """Return the declared ports of a translated app; one by default."""
    if any(each["mode"] != "host" for each in app.get("networks", [])):
        mappings: Sequence[dict[str, Any]] = app.get("container", {}).get("portMappings", [{"name": "default"}])
        return mappings
    definitions: Sequence[dict[str, Any]] = app.get("portDefinitions", [{"name": "default"}])
    return definitions


def objections(app: App) -> Objections:
    """Yield what is wrong with checks."""
    checks = app.get("healthChecks", [])
    for index, check in enumerate(checks):
        yield from _health(app, check, f"/healthChecks({index})")
    if sum(each["protocol"].startswith("MESOS_") for each in checks) > 1:
        yield "/", "AppDefinition can contain at most one Mesos health check"
    yield from _readiness(app)
    if "check" in app:
        yield from _check(app)


def convert(app: App) -> None:
    """Raise ConversionError for checks that contradict themselves."""
    for check in app.get("healthChecks", []):
        if check["protocol"] == "COMMAND" and ("command" not in check or "path" in check or "port" in check):
            raise ConversionError("illegal protocol COMMAND for non-command health check")
        if check["protocol"] != "COMMAND" and "command" in check:
            raise ConversionError(f"illegal protocol {check['protocol']} specified with command")
    if "check" in app and sum(kind in app["check"] for kind in ("http", "tcp", "exec")) != 1:
        raise ConversionError("illegal RAML Check: expected one of http, tcp or exec checks")


def _health(app: App, check: dict[str, Any], at: str) -> Objections:
    ports = len(ports_of(app))
    if check["protocol"] in LEADER_RUN and "port" not in check:
        fits = check["portIndex"] < ports if "portIndex" in check else ports == 1
        if not fits:
            yield at, INDICES
    if check["ipProtocol"] == "IPv6" and not (docker_engine(app) and check["protocol"].startswith("MESOS_")):
        yield at, IPV6


def _readiness(app: App) -> Objections:
    checks = app.get("readinessChecks", [])
    if len(checks) > 1:
        yield "/readinessChecks/size", f"got {len(checks)}, expected 1 or less"
    names = [each.get("name") for each in ports_of(app)]
    for index, check in enumerate(checks):
        at = f"/readinessChecks({index})"
        if check["portName"] not in names:
            yield f"{at}/portName", f"No port definition reference for portName {check['portName']}"
        if check["timeoutSeconds"] >= check["intervalSeconds"]:
            yield (
                f"{at}/timeoutSeconds",
                f"got {check['timeoutSeconds']}, expected less than {check['intervalSeconds']}",
            )


def _check(app: App) -> Objections:
    if docker_engine(app):
        yield "/", "AppDefinition must not use 'checks' if using docker"
    for kind in ("http", "tcp"):
        if app["check"].get(kind, {}).get("portIndex", 0) >= max(1, len(ports_of(app))):
            yield "/check", "check port index must address an element of the ports array or container port mappings."
