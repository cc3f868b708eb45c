"""The manager answers as its `openapi.yaml` says, to everybody and to any body."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from shiva_common import identity, logs
from shiva_common.identity import Identity
from shiva_manager_api.api.app import create_app
from shiva_manager_api.api.problems import PROBLEMS
from shiva_manager_api.domain.health import GpuHealth
from shiva_manager_api.domain.idle_state import IdleState, Launch, Told
from shiva_manager_api.domain.machines import GpuReading, MachineReading
from shiva_manager_api.domain.ports import (
    BrokerRefusedError,
    BrokerUnavailableError,
    IdleUnavailableError,
    MetricsUnavailableError,
    PortError,
    StartUnansweredError,
)
from shiva_manager_api.domain.usage import GpuUsage, Share, Unmanaged
from shiva_manager_api.service import Manager
from werkzeug.test import TestResponse

from tests.contract.described import Case, Description
from tests.fakes.idle_world import Book
from tests.fakes.manager_ports import FakeBroker, FakeMetrics, container, declared, launch_of

CONTRACT = Description("manager-api")
KEY = b"k" * 32
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPEN = {"health", "metrics"}
LAUNCH = container()["launch_id"]
WARNED = Told(
    state="warned",
    reason="warned",
    sentence="A warning.",
    stop_at=NOW + timedelta(hours=1),
    step=1,
    idle_seconds=3600.0,
)
IDLE = IdleState(
    passed_at=NOW, lasting=timedelta(minutes=3), dry_run=False,
    launches={LAUNCH: Launch(container_id="ada--default", owner="ada", gpus=1, told=WARNED)},
)  # fmt: skip


@dataclass
class World:
    """A manager over ports in memory, and a client that the door has signed for ada."""

    broker: FakeBroker = field(default_factory=lambda: FakeBroker([container("ada"), container("ken")], [declared()]))
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    idle: Book = field(default_factory=lambda: Book(IDLE))
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        gpus = tuple(GpuReading(uuid=f"GPU-{n}", index=n - 1, model="GTX 1080", up=True) for n in (1, 2))
        self.metrics.readings = [MachineReading(name="gpu-01", up=True, sample_age_seconds=1.0, gpus=gpus)]
        ticks = iter(range(0, 10**9, 60))
        manager = Manager(self.metrics, self.broker, clock=lambda: float(next(ticks)), now=lambda: NOW, idle=self.idle)
        self.client = create_app(manager, key=KEY, clock=lambda: NOW, registry=CollectorRegistry()).test_client()

    def call(
        self, name: str, /, *, id: str = "ada--default", signed: str | None = None, **options: Any
    ) -> TestResponse:
        """Use an operation as ada, or with `signed` as the door's word."""
        method, path, _ = CONTRACT.operations[name]
        ada = identity.sign(Identity(name="ada", shown_name="Ada"), key=KEY, now=NOW)
        headers = {identity.HEADER: ada if signed is None else signed}
        if name == "start" and "data" not in options:
            options.setdefault("json", {})
        return self.client.open(path.replace("{container_id}", id), method=method.upper(), headers=headers, **options)

    def refusing(self, status: int, code: str) -> "World":
        """Let the broker refuse."""
        self.broker.failure = BrokerRefusedError(status, code, "A title", "A detail.", {})
        return self

    def extended(self, *ago: timedelta) -> "World":
        """Let ada have asked for more time before."""
        kept = replace(IDLE.launches[LAUNCH], extensions=tuple(NOW - each for each in ago))
        self.idle.state = replace(IDLE, launches={LAUNCH: kept})
        return self

    def without_book(self) -> "World":
        """Let the state of idle containers have no place."""
        self.idle.failure = IdleUnavailableError()
        return self

    def without_broker(self) -> "World":
        """Let the broker be away."""
        self.broker.failure = BrokerUnavailableError()
        return self


CASES: dict[Case, Callable[[World], TestResponse]] = {
    ("session", 200): lambda w: w.without_broker().call("session"),
    ("machines", 200): lambda w: w.call("machines"),
    ("images", 200): lambda w: w.call("images"),
    ("images", 503): lambda w: w.without_broker().call("images"),
    ("containers", 200): lambda w: w.call("containers"),
    ("containers", 503): lambda w: w.without_broker().call("containers"),
    ("start", 200): lambda w: w.call("start"),
    ("start", 201): lambda w: w.call("start", json={"name": "second", "gpus": 1}),
    ("start", 400): lambda w: w.call("start", json={"gpus": "many"}),
    ("start", 404): lambda w: w.refusing(404, "machine-not-found").call("start"),
    ("start", 409): lambda w: w.refusing(409, "container-stopping").call("start"),
    ("start", 503): lambda w: w.without_broker().call("start"),
    ("container", 200): lambda w: w.call("container"),
    ("container", 403): lambda w: w.call("container", id="ken--default"),
    ("container", 404): lambda w: w.call("container", id="ada--third"),
    ("container", 503): lambda w: w.without_broker().call("container"),
    ("stop", 204): lambda w: w.call("stop"),
    ("stop", 403): lambda w: w.call("stop", id="ken--default"),
    ("stop", 503): lambda w: w.without_broker().call("stop"),
    ("extend", 200): lambda w: w.call("extend"),
    ("extend", 403): lambda w: w.call("extend", id="ken--default"),
    ("extend", 404): lambda w: w.call("extend", id="ada--third"),
    ("extend", 409): lambda w: w.extended(HOUR, 2 * HOUR).call("extend"),
    ("extend", 503): lambda w: w.without_book().call("extend"),
    ("health", 200): lambda w: w.without_broker().call("health"),
    ("metrics", 200): lambda w: w.call("metrics"),
}
SIGNED = CONTRACT.operations.keys() - OPEN


def test_every_documented_answer_has_a_case() -> None:
    assert CASES.keys() | {(name, 401) for name in SIGNED} == CONTRACT.cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[1]}")
def test_the_answer_is_the_documented_one(case: Case) -> None:
    answer = CASES[case](World())
    assert answer.status_code == case[1], answer.text
    CONTRACT.check(answer)
    if answer.status_code >= 400:
        assert answer.get_json()["code"] in CONTRACT.codes(*case)


@pytest.mark.parametrize("operation", sorted(SIGNED))
@pytest.mark.parametrize(
    "signed",
    ["", "x", "a.b.c",
     identity.sign(Identity(name="ada", shown_name="Ada"), key=b"o" * 32, now=NOW),
     identity.sign(Identity(name="ada", shown_name="Ada"), key=KEY, now=NOW - timedelta(minutes=5)),
     identity.sign(Identity(name="ada", shown_name="Ada"), key=KEY, now=NOW + timedelta(minutes=5))],
    ids=["none", "garbage", "three parts", "another key", "too old", "of the future"],
)  # fmt: skip
def test_without_the_doors_fresh_signature_nothing_is_told_or_done(operation: str, signed: str) -> None:
    world = World()
    answer = world.call(operation, signed=signed)
    CONTRACT.check(answer)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "not-logged-in")
    assert (world.broker.launched, world.broker.stopped, world.idle.state) == ([], [], IDLE)


@pytest.mark.parametrize(
    ("metrics_away", "broker_away"), [(True, False), (False, True), (True, True)], ids=["metrics", "broker", "both"]
)
@pytest.mark.parametrize("known_before", [True, False])
def test_machines_are_answered_whatever_is_away(metrics_away: bool, broker_away: bool, known_before: bool) -> None:
    world = World()
    if known_before:
        world.call("machines")
    world.metrics.failure = MetricsUnavailableError() if metrics_away else None
    world.broker.failure = BrokerUnavailableError() if broker_away else None
    answer = world.call("machines")
    CONTRACT.check(answer)
    told = answer.get_json()
    away = "stale" if known_before else "unavailable"
    assert told["metrics"]["state"] == (away if metrics_away else "fresh")
    assert told["broker"]["state"] == (away if broker_away else "fresh")
    assert all(machine["state"] not in {"free", "partly_free", "full"} for machine in told["machines"])


def test_what_nobody_reported_is_null_in_the_answer() -> None:
    world = World()
    world.metrics.readings = []
    machine = world.call("machines").get_json()["machines"][0]
    numbers = [key for key in machine if key.endswith(("_ratio", "_bytes", "_second", "_celsius", "cpus"))]
    assert len(numbers) >= 8
    assert {key: machine[key] for key in numbers} == dict.fromkeys(numbers)
    assert {gpu["utilization_ratio"] for gpu in machine["gpus"]} == {None}


def test_a_gpus_memory_is_told_by_person_and_the_rest_of_it_by_what_it_is() -> None:
    world = World()
    usage = GpuUsage(
        kinds={"host": Share(processes=1, memory_used_bytes=300), "orphan": Share(processes=1, memory_used_bytes=20)},
        launches={
            launch_of("ada--default"): Share(processes=2, memory_used_bytes=5000, active_ratio=0.25),
            launch_of("ken--default"): Share(processes=1, memory_used_bytes=None),
            "e" * 32: Share(processes=1, memory_used_bytes=70),
        },
        unmanaged=(Unmanaged(pid=4242, user="mei", engine_id=None, memory_used_bytes=300),),
        unattributed_bytes=9,
    )
    first = GpuReading(uuid="GPU-1", index=0, model="GTX 1080", up=True, usage=usage)
    second = GpuReading(uuid="GPU-2", index=1, model="GTX 1080", up=False)
    health = {"GPU-2": GpuHealth(asked_at=0.0, up=False)}
    world.metrics.readings = [
        MachineReading(name="gpu-01", up=True, sample_age_seconds=1.0, gpus=(first, second), health=health)
    ]
    world.broker.inventory = [declared(disabled={"GPU-1": "A new fan."})]
    answer = world.call("machines")
    CONTRACT.check(answer)
    told, lost = answer.get_json()["machines"][0]["gpus"]
    assert told["users"] == [
        {"owner": "ada", "container_id": "ada--default", "memory_used_bytes": 5000, "active_ratio": 0.25, "processes": 2},
        {"owner": "ken", "container_id": "ken--default", "memory_used_bytes": None, "active_ratio": None, "processes": 1},
    ]  # fmt: skip
    assert told["unmanaged"] == [
        {"pid": 4242, "user": "mei", "engine_id": None, "memory_used_bytes": 300},
        {"pid": None, "user": None, "engine_id": "e" * 32, "memory_used_bytes": 70},
    ]
    assert (told["memory_other_bytes"], told["memory_unattributed_bytes"], told["users_known"]) == (20, 9, True)
    assert (told["quarantine"], told["disabled"]) == (None, "A new fan.")
    assert (lost["users_known"], lost["users"], lost["memory_unattributed_bytes"]) == (False, [], None)
    assert "lost this GPU" in lost["quarantine"]


def test_an_unanswered_start_may_still_come_about_and_says_so() -> None:
    world = World()
    world.broker.failure = StartUnansweredError()
    answer = world.call("start")
    CONTRACT.check(answer)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "broker-unavailable")
    assert "It may still start" in answer.get_json()["detail"]


@pytest.mark.parametrize("operation", ["containers", "container", "start"])
def test_a_warning_is_told_with_its_countdown(operation: str) -> None:
    world = World()
    answer = world.call(operation)
    CONTRACT.check(answer)
    told = answer.get_json()
    told = told["containers"][0] if operation == "containers" else told
    assert told["idle"] == {
        "state": "warned", "reason": "warned", "sentence": "A warning.", "stop_at": "2026-11-23T11:00:00.000Z", "step": 1,
        "idle_seconds": 3600.0, "dry_run": False, "extensions_left": 2,
    }  # fmt: skip
    assert "launch_id" not in told


def test_an_extension_is_seen_at_once_and_is_the_persons_own() -> None:
    world = World()
    until = world.call("extend").get_json()["keep_until"]
    assert until == "2026-11-23T14:00:00.000Z"
    told = world.call("container").get_json()["idle"]
    assert (told["state"], told["reason"], told["stop_at"], told["extensions_left"]) == ("kept", "extended", None, 1)
    assert world.call("extend", id="ken--default").status_code == 403
    admin = identity.sign(Identity(name="root", shown_name="Root"), key=KEY, now=NOW)
    assert world.call("extend", signed=admin).status_code == 200


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"passed_at": NOW - timedelta(minutes=4)}, "unknown"),
        ({"passed_at": None}, "unknown"),
        ({"launches": {}}, None),
    ],
    ids=["old", "never", "not judged"],
)
def test_an_old_verdict_is_no_countdown(changes: dict[str, Any], state: str | None) -> None:
    world = World()
    world.idle.state = replace(IDLE, **changes)
    answer = world.call("container")
    CONTRACT.check(answer)
    told = answer.get_json()["idle"]
    assert (told and told["state"], told and told["stop_at"]) == (state, None)


def test_what_ends_already_cannot_be_kept() -> None:
    world = World()
    ending = replace(IDLE.launches[LAUNCH], ending_at=NOW)
    world.idle.state = replace(IDLE, launches={LAUNCH: ending})
    answer = world.call("extend")
    CONTRACT.check(answer)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "container-stopping")


def test_a_person_cannot_start_in_anothers_name() -> None:
    world = World()
    answer = world.call("start", json={"owner": "ken"})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")
    assert world.broker.launched == []


@pytest.mark.parametrize("name", CONTRACT.operations)
def test_examples_in_the_contract_are_what_it_describes(name: str) -> None:
    CONTRACT.check_examples(name)


def test_every_error_of_ours_is_one_problem() -> None:
    assert set(PROBLEMS) == {*PortError.__subclasses__(), StartUnansweredError}
    assert len({kind.code for kind in PROBLEMS.values()}) == len(PortError.__subclasses__())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
WISHES = st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "image", "machine", "gpus"), JSON))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON | WISHES)
def test_no_body_breaks_it(body: object) -> None:
    world = World()
    answer = world.call("start", json=body)
    CONTRACT.check(answer)
    assert answer.status_code in {200, 201, 400}
    assert len(world.broker.launched) == (answer.status_code != 400)


@pytest.mark.parametrize("body", ["", "{", "[1", "\x00", '{"gpus": 1e999}', "{}"])
def test_text_that_is_no_json_or_does_not_say_so_is_refused(body: str) -> None:
    answer = World().call("start", data=body)
    CONTRACT.check(answer)
    assert answer.status_code == 400


def test_a_deeply_nested_body_is_refused() -> None:
    answer = World().call("start", data="[" * 50_000, content_type="application/json")
    CONTRACT.check(answer)
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1/", "/api/v1/nothing", "/api/v1/containers/a/b"])
def test_an_unknown_path_is_a_problem_too(path: str) -> None:
    ada = identity.sign(Identity(name="ada", shown_name="Ada"), key=KEY, now=NOW)
    answer = World().client.get(path, headers={identity.HEADER: ada})
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_a_mistake_of_ours_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.broker.failure = RuntimeError("a mistake of ours")
    answer = world.call("containers")
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal")
    assert "a mistake of ours" not in answer.text
    assert "a mistake of ours" in caplog.text


def test_a_request_id_is_the_requests_alone() -> None:
    World().call("session")
    assert logs.request_id.get() is None
