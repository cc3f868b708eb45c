"""The manager answers as its `openapi.yaml` says, to everybody and to any body."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from shiva_common import logs
from shiva_manager_api.domain.foretelling import Past, Took
from shiva_manager_api.domain.health import GpuHealth
from shiva_manager_api.domain.images import Presence
from shiva_manager_api.domain.machines import GpuReading, MachineReading
from shiva_manager_api.domain.ports import BrokerUnavailableError, MetricsUnavailableError, StartUnansweredError
from shiva_manager_api.domain.usage import GpuUsage, Share, Unmanaged

from tests.fakes.manager_ports import declared, launch_of
from tests.fakes.manager_world import CONTRACT, IDLE, LAUNCH, NOW, ROOT, World, worlds


@pytest.fixture
def world() -> Iterator[World]:
    with worlds() as made:
        yield made


@pytest.mark.parametrize(
    ("metrics_away", "broker_away"), [(True, False), (False, True), (True, True)], ids=["metrics", "broker", "both"]
)
@pytest.mark.parametrize("known_before", [True, False])
def test_machines_are_answered_whatever_is_away(
    world: World, metrics_away: bool, broker_away: bool, known_before: bool
) -> None:
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


def test_what_nobody_reported_is_null_in_the_answer(world: World) -> None:
    world.metrics.readings = []
    machine = world.call("machines").get_json()["machines"][0]
    numbers = [key for key in machine if key.endswith(("_ratio", "_bytes", "_second", "_celsius", "cpus"))]
    assert len(numbers) >= 8
    assert {key: machine[key] for key in numbers} == dict.fromkeys(numbers)
    assert {gpu["utilization_ratio"] for gpu in machine["gpus"]} == {None}


def test_a_gpus_memory_is_told_by_person_and_the_rest_of_it_by_what_it_is(world: World) -> None:
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


def test_an_unanswered_start_may_still_come_about_and_says_so(world: World) -> None:
    world.broker.failure = StartUnansweredError()
    answer = world.call("start")
    CONTRACT.check(answer)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "start-unanswered")
    assert "It may still start" in answer.get_json()["detail"]


@pytest.mark.parametrize("operation", ["containers", "container", "start"])
def test_a_warning_is_told_with_its_countdown(world: World, operation: str) -> None:
    answer = world.call(operation)
    CONTRACT.check(answer)
    told = answer.get_json()
    told = told["containers"][0] if operation == "containers" else told
    assert told["idle"] == {
        "state": "warned", "reason": "warned", "sentence": "A warning.", "stop_at": "2026-11-23T11:00:00.000Z", "step": 1,
        "idle_seconds": 3600.0, "dry_run": False, "extensions_left": 2,
    }  # fmt: skip
    assert "launch_id" not in told


def test_an_extension_is_seen_at_once_and_is_the_persons_own(world: World) -> None:
    until = world.call("extend").get_json()["keep_until"]
    assert until == "2026-11-23T14:00:00.000Z"
    told = world.call("container").get_json()["idle"]
    assert (told["state"], told["reason"], told["stop_at"], told["extensions_left"]) == ("kept", "extended", None, 1)
    assert world.call("extend", id="ken--default").status_code == 403
    assert world.call("extend", ROOT).status_code == 200


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"passed_at": NOW - timedelta(minutes=4)}, "unknown"),
        ({"passed_at": None}, "unknown"),
        ({"launches": {}}, None),
    ],
    ids=["old", "never", "not judged"],
)
def test_an_old_verdict_is_no_countdown(world: World, changes: dict[str, Any], state: str | None) -> None:
    world.idle.state = replace(IDLE, **changes)
    answer = world.call("container")
    CONTRACT.check(answer)
    told = answer.get_json()["idle"]
    assert (told and told["state"], told and told["stop_at"]) == (state, None)


def test_what_ends_already_cannot_be_kept(world: World) -> None:
    ending = replace(IDLE.launches[LAUNCH], ending_at=NOW)
    world.idle.state = replace(IDLE, launches={LAUNCH: ending})
    answer = world.call("extend")
    CONTRACT.check(answer)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "container-stopping")


def test_a_person_cannot_start_in_anothers_name(world: World) -> None:
    answer = world.call("start", json={"owner": "ken"})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")
    assert world.broker.launched == []


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1/", "/api/v1/nothing", "/api/v1/containers/a/b"])
def test_an_unknown_path_is_a_problem_too(world: World, path: str) -> None:
    answer = world.client.get(path)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.get_json()["code"] == "not-found"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_a_method_that_a_path_does_not_know_is_refused_with_those_that_it_knows(world: World, method: str) -> None:
    answer = world.client.open("/api/v1/machines", method=method)
    assert (answer.status_code, answer.get_json()["code"]) == (405, "method-not-allowed")
    assert "GET" in answer.headers["Allow"]


def test_a_mistake_of_ours_is_logged_and_not_shown(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.broker.failure = RuntimeError("a mistake of ours")
    answer = world.call("containers")
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal")
    assert "a mistake of ours" not in answer.text
    assert "a mistake of ours" in caplog.text


def test_a_request_id_is_the_requests_alone(world: World) -> None:
    world.call("me")
    assert logs.request_id.get() is None


@pytest.mark.parametrize("name", ["A b", "-a", "a--b", "", "×", "a" * 64])
def test_a_name_that_the_broker_could_not_take_is_refused_before_it_is_asked(world: World, name: str) -> None:
    answer = world.call("start", json={"name": name})
    CONTRACT.check(answer)
    assert (answer.status_code, world.broker.launched) == (400, [])


@pytest.mark.parametrize(("presence", "seconds"), [("present", 4.0), ("absent", 64.0), ("unknown", None)])
def test_an_explanation_tells_how_long_the_start_would_take(world: World, presence: str, seconds: float | None) -> None:
    world.broker.presence = Presence(presence)
    world.pasts.past = Past(
        starts={"gpu-01": Took(count=2, seconds=8)}, fetches={"shiva-jupyter": Took(count=1, seconds=60)}
    )
    answer = world.call("explain")
    CONTRACT.check(answer)
    told = answer.get_json()
    [machine] = told["machines"]
    assert (machine["image"], machine["predicted_seconds"], told["predicted_seconds"]) == (presence, seconds, seconds)


def test_where_prometheus_never_answered_a_start_is_explained_without_a_prediction(world: World) -> None:
    world.pasts.failure = MetricsUnavailableError()
    answer = world.call("explain")
    CONTRACT.check(answer)
    assert (answer.status_code, answer.get_json()["predicted_seconds"]) == (200, None)


def test_an_image_tells_which_machines_have_it_and_how_far_the_others_are(world: World) -> None:
    answer = world.call("images")
    CONTRACT.check(answer)
    [image] = answer.get_json()["images"]
    assert (image["digest"], image["size_bytes"]) == (f"sha256:{'d' * 64}", 9_200_000_000)
    assert image["machines"] == [
        {"machine": "gpu-01", "state": "pulling", "pulled_bytes": 3, "total_bytes": 9, "error": None},
        {"machine": "gpu-02", "state": "absent", "pulled_bytes": None, "total_bytes": None, "error": "No room."},
    ]


def test_an_admin_has_an_image_fetched_to_some_machines_or_to_all(world: World) -> None:
    for machines in (["gpu-01"], None):
        answer = world.call("pull_image", ROOT, json={"machines": machines})
        CONTRACT.check(answer)
        assert (answer.status_code, answer.data) == (202, b"")
    assert world.broker.pulled == [("shiva-jupyter", ["gpu-01"]), ("shiva-jupyter", None)]
    assert [line.facts for line in world.store.store.acts(limit=4)] == [{}, {}, *[{"machines": ["gpu-01"]}] * 2]


@pytest.mark.parametrize("body", [{}, {"machines": []}, {"machines": "gpu-01"}, {"machines": [""]}, {"machines": [1]}])
def test_which_machines_is_said_and_never_guessed(world: World, body: dict[str, Any]) -> None:
    answer = world.call("pull_image", ROOT, json=body)
    CONTRACT.check(answer)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")
    assert world.broker.pulled == []


def test_an_image_that_cannot_be_fetched_now_keeps_the_brokers_word(world: World) -> None:
    answer = world.refusing(503, "launcher-unavailable").call("pull_image", ROOT)
    CONTRACT.check(answer)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "launcher-unavailable")
    assert [outcome for *_, outcome in world.acts()] == ["asked", "failed"]
