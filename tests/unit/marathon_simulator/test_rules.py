"""Our own rules of app definitions: against the reference's cases where they lie beside the project, and against our own always."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from tests.marathon_simulator.normalize import normalized
from tests.marathon_simulator.rules.kinds import Members
from tests.marathon_simulator.rules.policy import ConversionError, Policy
from tests.marathon_simulator.rules.shapes import APP, UPDATE
from tests.marathon_simulator.rules.validation import InvalidError, checked, lint, read, schema
from tests.require import require
from tests.unit.marathon_simulator.cluster import notebook

REFERENCE = Path(__file__).parents[3].parent / "shared/reference/marathon"
ROLES = {"doc-multirole-30": "slave_public"}  # the page says that Marathon was started with that role


def cases(name: str) -> Iterable[Any]:
    """Return the reference's cases as parameters; without them a single one that cannot run."""
    path = REFERENCE / name
    if not path.exists():
        return [pytest.param({}, id="no reference")]
    return [pytest.param(each, id=each["name"]) for each in json.loads(path.read_text(encoding="utf-8"))["cases"]]


@pytest.fixture
def reference() -> None:
    """The reference's files: they are no part of the project, and lie beside it only where it is developed."""
    require("reference", present=REFERENCE.exists(), reason="the reference of Marathon does not lie beside the project")


def policy(case: dict[str, Any]) -> Policy:
    """Return the Marathon that a case is about."""
    return Policy(features=frozenset(case.get("requires_features", ())), role=ROLES.get(case["name"], "*"))


def answer(kind: Members, body: Any, rules: Policy) -> tuple[int, str, dict[str, list[str]]]:
    """Return status, message and details of Marathon's answer to a body."""
    try:
        checked(read(kind, body), rules)
    except InvalidError as error:
        return 422, error.message, {each["path"]: each["errors"] for each in error.details}
    except ConversionError as error:
        return 500, str(error), {}
    return 201, "", {}


def says(errors: list[str], expected: str) -> bool:
    """Return whether an error is among those told; `...` and `<word>` stand for any text."""
    beginning = expected.removesuffix("...").partition("<")[0]
    return expected in errors or (beginning != expected and any(each.startswith(beginning) for each in errors))


@pytest.mark.usefixtures("reference")
@pytest.mark.parametrize("case", cases("valid.json"))
def test_the_references_examples_are_judged_as_it_says(case: dict[str, Any]) -> None:
    rules = policy(case)
    assert (answer(APP, case["app"], rules)[0] == 201) == (case["lenient"] == "accept")
    assert (lint(case["app"], rules) == []) == (case["strict"] == "accept")


@pytest.mark.usefixtures("reference")
@pytest.mark.parametrize("case", cases("valid.json"))
def test_what_is_normalized_stays_as_it_is(case: dict[str, Any]) -> None:
    if case["lenient"] == "accept":
        rules = policy(case)
        once = normalized(checked(read(APP, case["app"]), rules), rules)
        assert normalized(checked(read(APP, once), rules), rules) == once


@pytest.mark.usefixtures("reference")
@pytest.mark.parametrize("case", cases("invalid.json"))
def test_the_references_broken_apps_are_answered_as_it_says(case: dict[str, Any]) -> None:
    expected = case["expect"]
    status, message, details = answer(APP, case["app"], policy(case))
    assert status == expected["status"]
    if status == 422:
        assert message == expected["message"]
        for each in expected["details"]:
            assert all(says(details.get(each["path"], []), error) for error in each["errors"]), details
    if case["detected_by"] != "code":
        assert lint(case["app"], policy(case)) != []


@pytest.mark.usefixtures("reference")
@pytest.mark.parametrize("case", cases("updates.json"))
def test_the_references_updates_are_read_as_it_says(case: dict[str, Any]) -> None:
    if case["valid"]:
        assert read(UPDATE, case["body"]) is not None
    elif case["expect"]["message"] == "Invalid JSON":
        _, message, details = answer(UPDATE, case["body"], Policy())
        assert (message, details) == (
            "Invalid JSON",
            {each["path"]: each["errors"] for each in case["expect"]["details"]},
        )


def beside() -> dict[str, Any]:
    """Return the reference's rules that no schema expresses."""
    found: dict[str, Any] = json.loads((REFERENCE / "rules-not-in-schema.json").read_text(encoding="utf-8"))
    return found


BREAKS: dict[str, dict[str, Any]] = {
    "env-secret-defined": {"env": {"PW": {"secret": "nope"}}},
    "secret-volume-defined": {"container": {"type": "MESOS", "volumes": [{"containerPath": "p", "secret": "nope"}]}},
    "pullconfig-secret-defined": {"container": {"type": "MESOS", "docker": {"image": "i", "pullConfig": {"secret": "nope"}}}},
    "feature-secrets": {"secrets": {"s": {"source": "/x"}}},
    "feature-gpu": {"gpus": 1},
    "feature-external-volumes": {
        "container": {
            "type": "MESOS",
            "volumes": [
                {
                    "containerPath": "p", "mode": "RW",
                    "external": {"name": "n", "provider": "dvdi", "options": {"dvdi/driver": "rexray"}},
                }
            ],
        }
    },
    "role-known": {"role": "other"},
    "accepted-roles": {"acceptedResourceRoles": ["other"]},
    "port-index": {"healthChecks": [{"protocol": "TCP", "portIndex": 1}]},
    "check-port-index": {"check": {"tcp": {"portIndex": 1}}},
    "port-names-unique": {"portDefinitions": [{"port": 1, "name": "a"}, {"port": 2, "name": "a"}]},
    "port-definitions-unique": {"portDefinitions": [{"port": 1}, {"port": 1}]},
    "ports-unique": {"ports": [1, 1]},
    "ports-vs-definitions": {"ports": [1], "portDefinitions": [{"port": 2}]},
    "network-names-unique": {"networks": [{"mode": "container", "name": "a"}, {"mode": "container", "name": "a"}]},
    "network-name-needed": {"networks": [{"mode": "container"}]},
    "mapping-network-names": {
        "networks": [{"mode": "container", "name": "a"}],
        "container": {"type": "MESOS", "portMappings": [{"containerPort": 1, "networkNames": ["b"]}]},
    },
    "mapping-needs-network": {
        "networks": [{"mode": "container", "name": "a"}, {"mode": "container", "name": "b"}],
        "container": {"type": "MESOS", "portMappings": [{"containerPort": 1, "hostPort": 0}]},
    },
    "unreachable-order": {"unreachableStrategy": {"inactiveAfterSeconds": 2, "expungeAfterSeconds": 1}},
    "limit-vs-request": {"mem": 256, "resourceLimits": {"mem": 200}},
    "readiness-port": {"readinessChecks": [{"portName": "nope"}]},
    "readiness-timeout": {"readinessChecks": [{"portName": "default", "timeoutSeconds": 5, "intervalSeconds": 5}]},
    "fetch-uri": {"fetch": [{"uri": "http://a b/"}]},
    "regex": {"constraints": [["hostname", "LIKE", "*a"]]},
    "external-volume-names": {
        "container": {
            "type": "MESOS",
            "volumes": [
                {
                    "containerPath": path, "mode": "RW",
                    "external": {"name": "n", "provider": "dvdi", "options": {"dvdi/driver": "rexray"}},
                }
                for path in ("p", "q")
            ],
        }
    },
    "external-single-instance": {
        "instances": 2,
        "container": {
            "type": "MESOS",
            "volumes": [
                {
                    "containerPath": "p", "mode": "RW",
                    "external": {"name": "n", "provider": "dvdi", "options": {"dvdi/driver": "rexray"}},
                }
            ],
        },
    },
}  # fmt: skip
ELSEWHERE = {"group-app-clash", "max-apps"}  # the first needs other apps (test_apps.py); the second is not simulated


@pytest.mark.parametrize("rule", BREAKS)
def test_rules_that_no_schema_expresses_are_kept(rule: str) -> None:
    status, message, details = answer(APP, {"id": "/t", "cmd": "sleep 60"} | BREAKS[rule], Policy(features=frozenset()))
    assert (status, message) == (422, "Object is not valid")
    assert details


@pytest.mark.usefixtures("reference")
def test_every_rule_of_the_reference_that_no_schema_expresses_is_among_them() -> None:
    named = {each["id"]: each["message"] for each in beside()["rules"]}
    assert set(named) == set(BREAKS) | ELSEWHERE
    for rule, body in BREAKS.items():
        _, _, details = answer(APP, {"id": "/t", "cmd": "sleep 60"} | body, Policy(features=frozenset()))
        beginning = named[rule].partition("<")[0].partition("(x)")[0]
        assert any(beginning in error for errors in details.values() for error in errors), rule


def test_both_schemas_are_schemas() -> None:
    for strict in (True, False):
        Draft202012Validator.check_schema(schema(strict=strict))


@pytest.mark.usefixtures("reference")
@pytest.mark.parametrize("strict", [True, False])
def test_our_notebook_passes_the_references_schema_too(strict: bool) -> None:
    path = REFERENCE / ("app.schema.json" if strict else "app.lenient.schema.json")
    validator = Draft202012Validator(
        json.loads(path.read_text(encoding="utf-8")), format_checker=FormatChecker(["regex"])
    )
    assert [error.message for error in validator.iter_errors(notebook())] == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"memory": 512}, "memory"), ({"id": "/Ada"}, "/Ada"), ({"unreachableStrategy": "never"}, "never"),
        ({"networks": [{"mode": "host"}]}, "dropped"), ({"id": "/" + "a" * 250}, "200"), ({"gpus": 1}, "GPU"),
        ({"container": {"type": "docker", "docker": {"image": "i"}}}, "docker"), ({"constraints": [["hostname", "unique"]]}, "500"),
    ],
)  # fmt: skip
def test_the_lint_names_what_a_careful_client_should_not_send(change: dict[str, Any], fault: str) -> None:
    assert lint(notebook(), Policy()) == []
    faults = lint(notebook() | change, Policy(features=frozenset({"gpu_resources"})))
    assert len(faults) == 1
    assert fault in faults[0]
