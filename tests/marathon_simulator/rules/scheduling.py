"""Ids, commands, roles, strategies, limits: the rest of what Marathon validates."""

import re
from typing import Any

from tests.marathon_simulator.rules.policy import App, Objections, Policy, docker_engine
from tests.marathon_simulator.rules.shapes import SEGMENT

RESERVED = ("restart", "tasks", "versions", ".", "..")
PATH_MESSAGE = r"must fully match regular expression '^(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])|(\.|\.\.)$'"
DCOS = "DCOS_MIGRATION_API_VERSION"


def objections(app: App, policy: Policy) -> Objections:
    """Yield what is wrong with an app as a whole."""
    yield from _ids(app)
    yield from _command(app)
    yield from _gpus(app, policy)
    yield from _roles(app, policy)
    yield from _strategies(app)
    yield from _resident(app)
    yield from _limits(app)
    yield from _labels(app.get("labels", {}))
    for index, artifact in enumerate(app.get("fetch", [])):
        if re.search(r"[\s<>\"{}|\\^`]|%(?![0-9a-fA-F]{2})", artifact["uri"]):
            yield f"/fetch({index})/uri", "URI has invalid syntax."


def _ids(app: App) -> Objections:
    segments = [part for part in app.get("id", "/x").split("/") if part]
    if not segments:
        yield "/id", "Path must contain at least one path element"
    elif segments[-1] in RESERVED:
        yield "/id", f"must not end with any of the following reserved keywords: {', '.join(RESERVED)}"
    for index, dependency in enumerate(app.get("dependencies", [])):
        parts = [part for part in dependency.split("/") if part]
        if not all(re.fullmatch(rf"{SEGMENT}|\.|\.\.", part) for part in parts):
            yield f"/dependencies({index})", PATH_MESSAGE


def _command(app: App) -> Objections:
    both = "cmd" in app and bool(app.get("args"))
    if both or not ("cmd" in app or app.get("args") or "container" in app):
        yield "/", "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'."
    if len(app.get("cmd", "ok")) == 1:
        yield "/", "must not be an empty string"


def _gpus(app: App, policy: Policy) -> Objections:
    if app.get("gpus", 0) > 0:
        if objection := policy.off("gpu_resources"):
            yield "/", objection
        if docker_engine(app):
            yield "/", "GPU resources only work with the Mesos containerizer"


def _roles(app: App, policy: Policy) -> Objections:
    segments = [part for part in app.get("id", "/x").split("/") if part]
    known = [policy.role] + segments[:1] * (len(segments) > 1)
    role = app.get("role", policy.role)
    if role not in known and "role" in app:
        yield "/role", f"got {role}, expected one of: [{', '.join(known)}]"
    accepted = app.get("acceptedResourceRoles")
    if accepted == []:
        yield "/acceptedResourceRoles", "must not be empty"
    elif accepted and not set(accepted) <= {"*", role}:
        yield "/acceptedResourceRoles", f"acceptedResourceRoles can only contain * and {role}"


def _strategies(app: App) -> Objections:
    unreachable = app.get("unreachableStrategy", {})
    if isinstance(unreachable, dict):
        inactive, expunge = unreachable.get("inactiveAfterSeconds", 0), unreachable.get("expungeAfterSeconds")
        if expunge is not None and inactive > expunge:
            text = f"inactiveAfterSeconds ({inactive}) must be less or equal to expungeAfterSeconds, which is {expunge}"
            yield "/unreachableStrategy/inactiveAfterSeconds", text
    if app.get("labels", {}).get("MARATHON_SINGLE_INSTANCE_APP") == "true":
        if app.get("instances", 1) > 1:
            yield "/", "Single instance app may only have one instance"
        for member, value in app.get("upgradeStrategy", {}).items():
            if value:
                yield f"/upgradeStrategy/{member}", f"got {float(value)}, expected 0.0"


def _resident(app: App) -> Objections:
    volumes: list[dict[str, Any]] = app.get("container", {}).get("volumes", [])
    if "residency" not in app and not any("persistent" in volume for volume in volumes):
        return
    if isinstance(app.get("unreachableStrategy"), dict):
        yield "/unreachableStrategy", "unreachableStrategy must be disabled for resident tasks"
    if app.get("acceptedResourceRoles", ["*"]) != ["*"]:
        yield "/acceptedResourceRoles", 'A resident app must have `acceptedResourceRoles = ["*"]`.'
    if app.get("upgradeStrategy", {}).get("maximumOverCapacity"):
        yield (
            "/upgradeStrategy/maximumOverCapacity",
            f"got {float(app['upgradeStrategy']['maximumOverCapacity'])}, expected 0.0",
        )


def _limits(app: App) -> Objections:
    for name, limit in app.get("resourceLimits", {}).items():
        asked = float(app.get(name, {"cpus": 1.0, "mem": 128.0}[name]))
        if isinstance(limit, str):
            if limit != "unlimited":
                yield (
                    f"/resourceLimits/{name}",
                    f"'{limit}' is an invalid resource limit. It must be 'unlimited' or a number",
                )
        elif limit < asked:
            yield (
                f"/resourceLimits/{name}",
                f"resource limit must be greater than or equal to requested resource ({asked})",
            )


def _labels(labels: dict[str, str]) -> Objections:
    if not labels.get(DCOS):
        return
    if labels[DCOS] != "v1":
        yield f"/labels/{DCOS}", f"got {labels[DCOS]}, expected one of: [v1]"
    for name in ("DCOS_PACKAGE_FRAMEWORK_NAME", "DCOS_MIGRATION_API_PATH"):
        if not labels.get(name):
            yield "/labels", f"{name} must be defined"
