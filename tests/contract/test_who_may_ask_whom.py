"""Each secret of an installation at each internal endpoint that `make run` starts, in each way of showing it: only the documented pairs pass."""

import shutil
from collections.abc import Iterator, Mapping

import pytest
import requests
from shiva_jupyter_broker.adapters.handover import key_in, token_of
from shiva_jupyter_broker.domain.containers import LaunchId

from deploy.dev import suite
from tests.fakes.internal import ANYBODY, Endpoint, Internal, endpoints, internal
from tests.fakes.trying import REFUSED, status, ways
from tests.require import require

pytestmark = pytest.mark.timeout(180)

ENDPOINTS = endpoints(door=True)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internal]:
    for name in (suite.PROMETHEUS, suite.NODE_EXPORTER):
        present = shutil.which(name, path=suite.SEARCH) is not None
        require("prometheus", present=present, reason=f"{name} is not installed")
    prepared = suite.prepare(tmp_path_factory.mktemp("internal") / "run", demo=False, port=0)
    with internal(prepared) as made:
        yield made


@pytest.fixture(scope="module")
def secrets(running: Internal) -> Mapping[str, str]:
    """Those of the installation, and those of people and containers."""
    of_a_container = token_of(key_in(running.folder / "state/token.key"))(LaunchId("0" * 32))
    return {
        **running.secrets, "a container's token": of_a_container, "a person's token": f"shiva_7f3a9c_{'s' * 43}",
        "a wrong one": "0" * 64, "an empty one": "",
    }  # fmt: skip


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_an_endpoint_opens_to_what_is_documented_and_to_nothing_else(
    running: Internal, secrets: Mapping[str, str], endpoint: Endpoint
) -> None:
    url = running.url(endpoint)
    answers = {ANYBODY: status(endpoint.method, url, {})} | {
        f"{name} as {how}": status(endpoint.method, url, headers, query)
        for name, secret in secrets.items()
        for how, headers, query in ways(secret)
    }
    assert 0 not in answers.values()
    opened = {shown for shown, answered in answers.items() if answered not in REFUSED}
    assert opened == (set(answers) if ANYBODY in endpoint.keys else endpoint.keys)


def test_every_secret_that_services_ask_for_opens_something_and_no_two_are_the_same(running: Internal) -> None:
    opening = {key.partition(" as ")[0] for endpoint in ENDPOINTS for key in endpoint.keys}
    keys = {"manager_token", "proxy_token", "exporter_token", "door_token", "metrics_token", "prometheus_password"}
    assert opening == keys | {ANYBODY}
    assert len(set(running.secrets.values())) == len(running.secrets)


@pytest.mark.parametrize("service", sorted({each.service for each in ENDPOINTS if ANYBODY in each.keys}))
def test_what_is_open_is_health_and_tells_state_words_only(running: Internal, service: str) -> None:
    [health] = [each for each in ENDPOINTS if each.service == service and ANYBODY in each.keys]
    assert health.path in {"/health", "/-/health"}
    told = requests.get(running.url(health), timeout=5)
    words = told.json().values() if "json" in told.headers["Content-Type"] else [told.text.strip()]
    assert set(words) <= {"ok", "degraded", "fresh", "stale", "unavailable", True, False}
