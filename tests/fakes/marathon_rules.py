"""What every app definition is held to: our own strict schema and rules always, the reference's schema too where it lies beside the project."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tests.marathon_simulator.rules.validation import schema

SCHEMA = Path(__file__).parents[3] / "shared/reference/marathon/app.schema.json"
SEGMENT = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
ID = re.compile(rf"(?:/{SEGMENT}(?:\.{SEGMENT})*)+")
MEMBERS = {
    "id", "labels", "env", "cmd", "networks", "container", "healthChecks", "taskKillGracePeriodSeconds", "instances", "cpus", "mem", "disk",
    "constraints", "unreachableStrategy", "upgradeStrategy", "backoffSeconds", "backoffFactor", "maxLaunchDelaySeconds",
}  # fmt: skip


def broken(app: dict[str, Any]) -> list[str]:
    """Return what is wrong with the body of a POST."""
    errors = [
        f"{'/'.join(map(str, each.path))}: {each.message}" for known in _schemas() for each in known.iter_errors(app)
    ]
    docker = app["container"]["docker"]
    rules = {
        f"unknown members {sorted(app.keys() - MEMBERS)}": app.keys() <= MEMBERS,
        "the id": ID.fullmatch(app["id"]) is not None and len(app["id"]) <= 200,
        "a task that is moved": app["unreachableStrategy"] == "disabled" and app["instances"] == 1,
        "labels and environment are text": _texts(app["labels"]) and _texts(app.get("env", {})),
        "parameters are pairs of text": all(
            each.keys() == {"key", "value"} and _texts(each) and each["value"] for each in docker["parameters"]
        ),
        "one network of our own": [each.keys() for each in app["networks"]] == [{"mode", "name"}],
        "nothing is fetched, no privileges": "fetch" not in app and not docker.get("privileged"),
        "no limit is missing": app["cpus"] > 0 and app["mem"] > 0,
    }
    return errors + [rule for rule, kept in rules.items() if not kept]


def _texts(given: dict[str, Any]) -> bool:
    return all(isinstance(value, str) for value in given.values())


@cache
def _schemas() -> list[Draft202012Validator]:
    """Return our own strict schema, and the reference's where it is present."""
    known = [schema(strict=True)] + ([json.loads(SCHEMA.read_text(encoding="utf-8"))] if SCHEMA.exists() else [])
    return [Draft202012Validator(each, format_checker=FormatChecker(["regex"])) for each in known]
