"""Schemathesis finds nothing in the manager that its `openapi.yaml` does not say: as an admin, as a program that may read, and as a stranger."""

from collections.abc import Callable, Mapping

import pytest
from shiva_common import identity

from tests.contract.fuzzing import Found, fuzzed
from tests.contract.manager_answers import token_of
from tests.fakes.manager_world import CONTRACT, DOOR, METRICS, NOBODY, ROOT, World, worlds

pytestmark = pytest.mark.timeout(900)

LABELS = {f"{method.upper()} {path}" for method, path, _ in CONTRACT.operations.values()}
ENDS_LATER = {
    "containers",
    "container",
    "container_history",
    "container_log",
}  # what was asked to end is shown until it has ended
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "503"]
FACTS = {
    "device_token": "400",
    "start": "422",
}  # a good request, but nobody approved yet, or the key was used for another wish
Shown = Callable[[World, str], dict[str, str]]


def admin(world: World, access: str) -> dict[str, str]:
    """Return what the door and Prometheus show, and an admin's session behind the door."""
    services = {"door": {"Authorization": f"Bearer {DOOR}"}, "metrics": {"Authorization": f"Bearer {METRICS}"}}
    return services.get(access) or {identity.HEADER: world.sign(NOBODY if access == "open" else ROOT)}


def reader(world: World, access: str) -> dict[str, str]:
    """Return what comes with a token that may read."""
    del access
    return {identity.HEADER: world.sign(token_of(ROOT, "read"))}


def settings_of(name: str, headers: dict[str, str]) -> Mapping[str, object]:
    """Return schemathesis' settings of an operation."""
    checks: dict[str, object] = {"use_after_free": {"enabled": False}} if name in ENDS_LATER else {}
    if name in FACTS:
        checks["positive_data_acceptance"] = {"expected-statuses": [*ACCEPTED, FACTS[name]]}
    return {"include-operation-id": name, "headers": headers} | ({"checks": checks} if checks else {})


def manager(shown: Shown | None, *, examples: int) -> Found:
    """Fuzz a manager over ports in memory; as a stranger where nothing is shown."""
    with worlds() as world:
        operations = [
            settings_of(name, shown(world, operation["x-shiva-access"]))
            for name, (_, _, operation) in CONTRACT.operations.items()
            if shown is not None and operation["x-shiva-access"] != "none"
        ]
        return fuzzed(CONTRACT.spec, world.app, examples=examples, operations=operations)


@pytest.mark.parametrize("examples", [1, pytest.param(25, marks=pytest.mark.full)])
def test_an_admin_finds_what_is_described(examples: int) -> None:
    found = manager(admin, examples=examples)
    assert (found.errors, found.failures) == ([], {})
    assert found.operations >= LABELS
    assert {200, 201, 204, 400, 401, 404, 405} <= found.statuses.keys()
    assert 500 not in found.statuses


@pytest.mark.full
@pytest.mark.parametrize("shown", [reader, None], ids=["a program that may read", "a stranger"])
def test_others_find_what_is_described(shown: Shown | None) -> None:
    found = manager(shown, examples=5)
    assert (found.errors, found.failures) == ([], {})
    assert found.operations >= LABELS
    assert 500 not in found.statuses
