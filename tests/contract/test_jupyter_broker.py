"""The broker answers as its `openapi.yaml` says, to every caller and to any body."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from shiva_common import logs
from shiva_jupyter_broker.api import access
from shiva_jupyter_broker.api.access import Tokens
from shiva_jupyter_broker.api.app import create_app
from shiva_jupyter_broker.api.problems import PROBLEMS
from shiva_jupyter_broker.domain.containers import ContainerId
from shiva_jupyter_broker.domain.ports import (
    HomeUnavailableError,
    LauncherUnavailableError,
    LaunchRefusedError,
    PortError,
)
from werkzeug.test import TestResponse

from tests.contract.described import Case, contract
from tests.fakes.broker_world import broker_over, ports
from tests.fakes.launcher import FakeHomes, FakeLauncher, machine

CONTRACT = contract("jupyter-broker")
TOKENS = {name: name * 10 for name in ("manager", "proxy", "exporter", "metrics")}
BODIES = {
    "launch": {"owner": "ada"}, "explain": {"owner": "ada"}, "activity": {"last_access": {}}, "pull": {"machines": None},
    "drain": {"why": "A new disk."}, "disable": {"why": "It is too hot."},
}  # fmt: skip
NAMES = {"container_id": "ada--default", "image": "shiva-jupyter", "machine": "gpu-01", "gpu": "GPU-gpu-01-0"}
CALLERS: dict[str, set[str]] = {name: set(op["x-shiva-callers"]) for name, (*_, op) in CONTRACT.operations.items()}
MAY = {name: callers for name, callers in CALLERS.items() if callers != {"anybody"}}  # who may use which call


@dataclass
class World:
    """A broker over an engine in memory, and a client."""

    folder: Path
    launcher: FakeLauncher = field(default_factory=FakeLauncher)
    homes: FakeHomes = field(default_factory=FakeHomes)
    client: FlaskClient = field(init=False)

    def call(self, name: str, token: str | None = None, /, *, at: str | None = None, **options: object) -> TestResponse:
        """Use an operation with the first token that may, or with `token`."""
        method, path, _ = CONTRACT.operations[name]
        token = token if token is not None else TOKENS[min(MAY.get(name, {"manager"}))]
        headers = {"Authorization": f"Bearer {token}"} | options.pop("headers", {})  # type: ignore[operator]
        if name in BODIES and "data" not in options:
            options.setdefault("json", BODIES[name])
        for parameter, value in NAMES.items():
            path = path.replace(f"{{{parameter}}}", at or value)
        return self.client.open(path, method=method.upper(), headers=headers, **options)  # type: ignore[arg-type]

    def started(self, *, ready: bool = False) -> "World":
        """Start ada's container."""
        self.call("launch")
        if ready:
            self.launcher.listen(ContainerId("ada--default"))
        return self

    def without_engine(self) -> "World":
        """Let the engine be away."""
        self.launcher.failure = LauncherUnavailableError("away")
        return self

    def without_disk(self) -> "World":
        """Let the broker's own folder be gone."""
        shutil.rmtree(self.folder)
        return self


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    broker = broker_over(ports(tmp_path, made.launcher, machines=[machine("gpu-01")], homes=made.homes))
    made.client = create_app(broker, Tokens(**TOKENS), CollectorRegistry()).test_client()
    return made


def _not_modified(world: World) -> TestResponse:
    etag = world.started(ready=True).call("routes").headers["ETag"]
    return world.call("routes", headers={"If-None-Match": etag})


CASES: dict[Case, Callable[[World], TestResponse]] = {
    ("containers", 200): lambda w: w.started(ready=True).call("containers"),
    ("containers", 503): lambda w: w.without_engine().call("containers"),
    ("launch", 201): lambda w: w.call("launch"),
    ("launch", 200): lambda w: w.started().call("launch"),
    ("launch", 400): lambda w: w.call("launch", json={"owner": "A b"}),
    ("launch", 404): lambda w: w.call("launch", json={"owner": "ada", "machine": "gpu-99"}),
    ("launch", 409): lambda w: w.call("launch", json={"owner": "ada", "gpus": 3}),
    ("launch", 503): lambda w: w.without_engine().call("launch"),
    ("container", 200): lambda w: w.started().call("container"),
    ("container", 404): lambda w: w.call("container"),
    ("container", 503): lambda w: w.without_engine().call("container"),
    ("container_activity", 200): lambda w: w.started(ready=True).call("container_activity"),
    ("container_activity", 404): lambda w: w.call("container_activity"),
    ("container_activity", 503): lambda w: w.started().call("container_activity"),
    ("container_log", 200): lambda w: w.started().call("container_log", query_string="lines=1"),
    ("container_log", 400): lambda w: w.started().call("container_log", query_string="lines=0"),
    ("container_log", 404): lambda w: w.call("container_log"),
    ("container_log", 503): lambda w: w.without_engine().call("container_log"),
    ("stop", 204): lambda w: w.started().call("stop"),
    ("stop", 400): lambda w: w.started().call("stop", query_string={"launch": "0" * 32}),
    ("stop", 503): lambda w: w.without_engine().call("stop"),
    ("routes", 200): lambda w: w.started(ready=True).call("routes"),
    ("routes", 304): _not_modified,
    ("routes", 503): lambda w: w.without_engine().call("routes"),
    ("activity", 204): lambda w: w.call("activity", json={"last_access": {"ada--default": "2026-11-23T10:42:07Z"}}),
    ("activity", 400): lambda w: w.call("activity", json={"last_access": {"ada--default": "yesterday"}}),
    ("activity", 503): lambda w: w.without_engine().call("activity"),
    ("images", 200): lambda w: w.without_engine().call("images"),
    ("explain", 200): lambda w: w.started().call("explain", json={"owner": "ken", "gpus": 9, "machine": "gpu-01"}),
    ("explain", 400): lambda w: w.call("explain", json={"owner": "ken", "cpus": "many"}),
    ("explain", 404): lambda w: w.call("explain", json={"owner": "ken", "image": "nothing"}),
    ("explain", 503): lambda w: w.without_engine().call("explain"),
    ("pull", 202): lambda w: w.call("pull"),
    ("pull", 400): lambda w: w.call("pull", json={"machines": 1}),
    ("pull", 404): lambda w: w.call("pull", json={"machines": ["gpu-99"]}),
    ("pull", 413): lambda w: w.call("pull", json={"machines": ["x" * 255] * 4096}),
    ("pull", 503): lambda w: w.without_engine().call("pull"),
    ("drain", 204): lambda w: w.call("drain"),
    ("drain", 400): lambda w: w.call("drain", json={}),  # nothing opens by an oversight
    ("drain", 503): lambda w: w.without_disk().call("drain"),
    ("drain", 404): lambda w: w.call("drain", at="gpu-99"),
    ("disable", 204): lambda w: w.call("disable"),
    ("disable", 400): lambda w: w.call("disable", json=[]),
    ("disable", 503): lambda w: w.without_disk().call("disable"),
    ("disable", 404): lambda w: w.call("disable", at="GPU-of-nobody"),
    ("machines", 200): lambda w: w.started().call("machines"),
    ("machines", 503): lambda w: w.without_engine().call("machines"),
    ("health", 200): lambda w: w.without_engine().call("health"),
    ("metrics", 200): lambda w: w.call("metrics"),
}
ACCESS = {(name, status) for name in MAY for status in (401, 403)}


def test_every_documented_answer_has_a_case() -> None:
    assert CASES.keys() | ACCESS == CONTRACT.cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]}")
def test_the_answer_is_the_documented_one(world: World, case: Case) -> None:
    answer = CASES[case](world)
    assert answer.status_code == case[1], answer.text
    CONTRACT.check(answer)
    if answer.status_code >= 400:
        assert answer.get_json()["code"] in CONTRACT.codes(*case)


STATES: dict[str, Callable[[FakeLauncher, ContainerId], object]] = {
    "starting": lambda launcher, container: launcher.held[container],
    "stopping": lambda launcher, container: launcher.stop(
        launcher.held[container].launch_id, grace=timedelta(seconds=10)
    ),
    "failed": FakeLauncher.fail,
    "lost": FakeLauncher.lose,
}


@pytest.mark.parametrize("state", STATES)
def test_a_container_without_a_route_is_told_with_its_state_and_without_its_token(world: World, state: str) -> None:
    STATES[state](world.started().launcher, ContainerId("ada--default"))
    answer = world.call("routes")
    CONTRACT.check(answer)
    told = answer.get_json()
    assert (told["routes"], [each["state"] for each in told["unrouted"]]) == ([], [state])
    assert world.launcher.specs[ContainerId("ada--default")].token not in answer.text


def test_the_contract_names_the_callers_that_the_broker_lets_in(world: World) -> None:
    route = world.client.application.url_map.bind("").match
    endpoints = {
        name: route(re.sub(r"{\w+}", "x", path), method=method.upper())[0]
        for name, (method, path, _) in CONTRACT.operations.items()
    }
    assert {name: access.ALLOWED[endpoints[name]] for name in MAY} == MAY
    assert {endpoints[name] for name in CALLERS.keys() - MAY} == access.OPEN
    assert set(endpoints.values()) == access.ALLOWED.keys() | access.OPEN


@pytest.mark.parametrize("operation", MAY)
@pytest.mark.parametrize("caller", [*TOKENS, "", "x" * 40, "é" * 40])
def test_each_token_is_good_for_its_slice_only(world: World, operation: str, caller: str) -> None:
    answer = world.call(operation, TOKENS.get(caller, caller))
    CONTRACT.check(answer)
    if caller in MAY[operation]:
        assert answer.status_code not in {401, 403}
    else:
        assert answer.status_code == (403 if caller in TOKENS else 401)
        assert world.launcher.launches == 0


def test_a_token_leaves_the_broker_through_the_routes_only(world: World) -> None:
    world.started(ready=True)
    secret = world.call("routes").get_json()["routes"][0]["token"]
    for name in CONTRACT.operations.keys() - {"routes"}:
        assert secret not in world.call(name).text


@pytest.mark.parametrize("name", CONTRACT.operations)
def test_examples_in_the_contract_are_what_it_describes(name: str) -> None:
    CONTRACT.check_examples(name)


def test_every_error_of_ours_is_one_problem() -> None:
    assert set(PROBLEMS) == set(PortError.__subclasses__())
    assert len({kind.code for kind in PROBLEMS.values()}) == len(PROBLEMS)
    described = {code for case in CONTRACT.cases() for code in CONTRACT.codes(*case)}
    assert {kind.code for kind in PROBLEMS.values()} <= described


WRONG_BODIES = [
    "", "{", "[]", "null", "1", '"ada"', "{}", '{"owner": null}', '{"owner": 1}', '{"owner": ""}', '{"owner": "A b"}',
    '{"owner": "ada", "gpus": -1}', '{"owner": "ada", "gpus": 65}', '{"owner": "ada", "gpus": 1.5}',
    '{"owner": "ada", "gpus": true}', '{"owner": "ada", "gpus": "1"}', '{"owner": "ada", "name": "../x"}',
    '{"owner": "ada", "cpus": 0}', '{"owner": "ada", "memory_bytes": 1}', '{"owner": "ada", "gpus_shared": 1}',
    '{"owner": "ada", "avoid_gpus": [1]}', '{"owner": "ada", "exclude_gpus": "GPU-1"}', '{"owner": "ada", "privileged": true}', '{"owner": "ada", "cpus": true}',
    '{"owner": "ada", "image": ["x"]}', '{"owner": "\\ud800"}',
    json.dumps({"owner": "a" * 300}),
]  # fmt: skip


@pytest.mark.parametrize("body", WRONG_BODIES)
def test_a_wrong_body_gets_a_sentence_and_starts_nothing(world: World, body: str) -> None:
    answer = world.call("launch", data=body, headers={"Content-Type": "application/json"})
    CONTRACT.check(answer)
    assert answer.status_code == 400
    assert answer.get_json()["detail"].endswith("Nothing was changed.")
    assert world.launcher.launches == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
WISHES = st.fixed_dictionaries(
    {}, optional={key: JSON | st.just("ada") for key in ("owner", "name", "image", "machine", "gpus")}
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON | WISHES)
def test_no_body_breaks_it(world: World, body: object) -> None:
    for operation in BODIES:
        answer = world.call(operation, json=body)
        assert answer.status_code < 500, answer.text
        CONTRACT.check(answer)


def test_a_body_that_is_too_large_is_refused(world: World) -> None:
    answer = world.call("launch", data=b" " * 2**20, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/containers/", "/v1/nothing", "/v1/containers/a/b"])
def test_an_unknown_path_is_a_problem_too(world: World, path: str) -> None:
    answer = world.client.get(path, headers={"Authorization": f"Bearer {TOKENS['manager']}"})
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (LaunchRefusedError("no"), 409, "launch-refused"),
        (HomeUnavailableError("ada"), 503, "home-unavailable"),
        (RuntimeError("a mistake of ours"), 500, "internal"),
    ],
    ids=["refused", "no home", "mistake"],
)
def test_a_failing_start_has_a_code_and_shows_no_trace(
    world: World, failure: Exception, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.homes.failure = failure
    answer = world.call("launch")
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert "Traceback" not in answer.text
    assert "a mistake of ours" not in answer.text
    assert ("a mistake of ours" in caplog.text) == (status == 500)


def test_a_request_id_is_the_requests_alone(world: World) -> None:
    world.call("containers")
    assert logs.request_id.get() is None
