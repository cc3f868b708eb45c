"""The way of a body through Marathon: read, translate, validate, convert. And the strict lint for what a client sends."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.marathon_simulator.rules import checks, constraints, containers, deprecated, networks, scheduling
from tests.marathon_simulator.rules.kinds import Members, Problems
from tests.marathon_simulator.rules.policy import App, ConversionError, Objections, Policy, docker_engine
from tests.marathon_simulator.rules.shapes import APP

Details = list[dict[str, Any]]


class InvalidError(Exception):
    """HTTP 422, in one of its two shapes."""

    def __init__(self, message: str, details: Details) -> None:
        """Keep message and details of the answer."""
        super().__init__(f"{message}: {details}")
        self.message, self.details = message, details


def read(kind: Members, body: Any) -> App:
    """Return the canonical members of `body`; raise InvalidError for types, limits, patterns and missing members."""
    problems = Problems()
    app = kind.read(body, "", problems)
    if problems.found:
        raise InvalidError(
            "Invalid JSON", [{"path": path, "errors": errors} for path, errors in problems.found.items()]
        )
    return dict(app)


def checked(app: App, policy: Policy) -> App:
    """Return a read app without deprecated members, all rules kept.

    Raises:
        InvalidError: a rule is violated; the deprecated members' rules run before the others.
        ConversionError: Marathon fails with HTTP 500 after validation.
    """
    _refuse(deprecated.objections(app))
    app = deprecated.translated(app)
    _refuse(_objections(app, policy))
    constraints.convert(app)
    checks.convert(app)
    return app


def _objections(app: App, policy: Policy) -> Objections:
    yield from scheduling.objections(app, policy)
    yield from containers.objections(app, policy)
    yield from networks.objections(app, policy)
    yield from constraints.objections(app)
    yield from checks.objections(app)


def _refuse(objections: Objections) -> None:
    details: dict[str, list[str]] = {}
    for path, message in objections:
        details.setdefault(path, []).append(message)
    if details:
        raise InvalidError("Object is not valid", [{"path": path, "errors": each} for path, each in details.items()])


@lru_cache
def schema(*, strict: bool) -> Mapping[str, Any]:
    """Return our own JSON Schema of a POST body, drawn from the same table that reads it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | APP.schema(strict)


def lint(body: Any, policy: Policy) -> Sequence[str]:
    """Return what a careful client should not send; empty when all is well."""
    faults = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema(strict=True)).iter_errors(body)
    ]
    if faults:
        return faults
    try:
        app = checked(read(APP, body), policy)
    except InvalidError as error:
        return [str(error)]
    except ConversionError as error:
        return [f"HTTP 500: {error}"]
    return [text for wrong, text in _lints(app, body) if wrong]


def _lints(app: App, body: App) -> Sequence[tuple[bool, str]]:
    hosted = all(each["mode"] == "host" for each in app.get("networks", []))
    container = app.get("container", {})
    return (
        (len(app["id"]) > 200, "id: longer than 200 characters, so the task id may exceed 255"),
        (hosted and bool(container.get("portMappings")), "portMappings: dropped, because networking is host"),
        (not hosted and bool(body.get("portDefinitions")), "portDefinitions: dropped, because networking is not host"),
        (docker_engine(app) and "linuxInfo" in container, "linuxInfo: ignored by the Docker containerizer"),
    )
