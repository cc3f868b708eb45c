"""Schemathesis finds nothing in the broker that its `openapi.yaml` does not say, with each caller's token and without any."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from shiva_jupyter_broker.api.access import Tokens
from shiva_jupyter_broker.api.app import create_app

from tests.contract.described import contract
from tests.contract.fuzzing import Found, fuzzed
from tests.fakes.broker_world import broker_over, ports
from tests.fakes.launcher import FakeLauncher, machine

pytestmark = pytest.mark.timeout(600)

CONTRACT = contract("jupyter-broker")
TOKENS = {name: name * 10 for name in ("manager", "proxy", "exporter", "metrics")}
LABELS = {f"{method.upper()} {path}" for method, path, _ in CONTRACT.operations.values()}
ENDS_LATER = {
    "containers",
    "container",
    "container_activity",
    "container_log",
}  # what was asked to end is shown until it has ended


def settings_of(name: str) -> dict[str, object]:
    """Return schemathesis' settings of an operation: the token of one that may."""
    caller = CONTRACT.operations[name][2]["x-shiva-callers"][0]
    checks = {"checks": {"use_after_free": {"enabled": False}}} if name in ENDS_LATER else {}
    return {"include-operation-id": name, "headers": {"Authorization": f"Bearer {TOKENS[caller]}"}, **checks}


def broker(folder: Path, *, examples: int, known: bool) -> Found:
    """Fuzz a broker over an engine in memory, as its callers or as a stranger."""
    made = broker_over(ports(folder, FakeLauncher(), machines=[machine("gpu-01", gpus=0)]))  # a wish for one is refused
    app = create_app(made, Tokens(**TOKENS), CollectorRegistry())
    operations = [settings_of(name) for name in CONTRACT.operations if name != "health"] if known else []
    return fuzzed(CONTRACT.spec, app, examples=examples, operations=operations)


@pytest.mark.parametrize("examples", [3, pytest.param(60, marks=pytest.mark.full)])
def test_its_callers_find_what_is_described(tmp_path: Path, examples: int) -> None:
    found = broker(tmp_path, examples=examples, known=True)
    assert (found.errors, found.failures) == ([], {})
    assert found.operations >= LABELS
    assert {200, 201, 202, 204, 400, 401, 404, 405, 409} <= found.statuses.keys()
    assert 500 not in found.statuses


@pytest.mark.parametrize("examples", [1, pytest.param(10, marks=pytest.mark.full)])
def test_a_stranger_finds_health_and_nothing_else(tmp_path: Path, examples: int) -> None:
    found = broker(tmp_path, examples=examples, known=False)
    assert (found.errors, found.failures) == ([], {})
    assert found.operations >= LABELS
    assert found.statuses.keys() == {200, 401, 405}
