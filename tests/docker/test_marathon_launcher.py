"""The Marathon launcher over real engines: the launchers' suite, and what only real containers can show."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from shiva_jupyter_broker.domain.containers import ContainerState, GpuUuid, ImageRef

from tests.conformance.test_launchers import (
    Running,
    started,
    test_a_killed_notebook_has_failed_with_a_reason_and_makes_room,
    test_a_new_launcher_finds_it_with_the_same_start_and_endpoint,
    test_a_stop_is_shown_until_it_is_done_and_may_be_repeated,
    test_another_container_of_that_id_is_refused_and_the_running_one_stays,
    test_its_start_lies_between_the_question_and_jupyters_answer,
    test_launching_the_same_again_changes_nothing,
    test_stopping_what_is_not_there_succeeds,
    test_the_id_is_free_once_it_is_gone,
    test_what_it_wrote_can_be_read_of_a_failed_one_too_or_nobody_keeps_it,
    test_what_runs_is_shown_as_it_was_wanted,
    test_with_keep_it_is_shown_as_failed_until_it_is_stopped_once_more,
)
from tests.docker.marathon_engines import EnginesSubject, booted, engine_cluster
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.image import tag
from tests.fakes.launcher import LIMITS
from tests.fakes.marathon_cluster import becomes, eventually, shown
from tests.marathon_simulator.docker_run import order_of

__all__ = [
    "test_a_killed_notebook_has_failed_with_a_reason_and_makes_room",
    "test_a_new_launcher_finds_it_with_the_same_start_and_endpoint",
    "test_a_stop_is_shown_until_it_is_done_and_may_be_repeated",
    "test_another_container_of_that_id_is_refused_and_the_running_one_stays",
    "test_its_start_lies_between_the_question_and_jupyters_answer",
    "test_launching_the_same_again_changes_nothing",
    "test_stopping_what_is_not_there_succeeds",
    "test_the_id_is_free_once_it_is_gone",
    "test_what_it_wrote_can_be_read_of_a_failed_one_too_or_nobody_keeps_it",
    "test_what_runs_is_shown_as_it_was_wanted",
    "test_with_keep_it_is_shown_as_failed_until_it_is_stopped_once_more",
]
pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def subject(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EnginesSubject]:
    with engine_cluster(tmp_path_factory.mktemp("marathon"), engines) as cluster:
        yield EnginesSubject(cluster)


@pytest.fixture(scope="module")
def running(subject: EnginesSubject) -> Running:
    return started(subject, "ada")


# ---- ends ----

SMALL = replace(LIMITS, memory_bytes=2**28)  # soon used up, on a busy machine too
NOWHERE = "127.0.0.1:1/nothing:1"


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        (
            {"image_ref": ImageRef(tag("exit0"))},
            "Jupyter was shut down (exit status 0), from within or with its machine's Docker. The files in the home are safe; start it again.",
        ),
        (
            {"image_ref": ImageRef(tag("exit1"))},
            "Jupyter ended with exit status 1. The files in the home are safe; start it again.",
        ),
        (
            {"image_ref": ImageRef(tag("hungry")), "limits": SMALL},
            "It was killed, most often because its memory (0.2 GiB) was full. The files in the home are safe; start it again and load less at once.",
        ),
        (
            {"image_ref": ImageRef(NOWHERE)},
            f"gpu-01 cannot fetch the image {NOWHERE}. The files in the home are safe; choose another image, or tell an operator.",
        ),
        (
            {"gpus": (GpuUuid("GPU-gpu-01-0"),)},
            "Docker on gpu-01 did not start it, or was restarted while it ran. The files in the home are safe; start it again, and tell an operator if that fails too.",
        ),
    ],
    ids=["exit 0", "exit 1", "out of memory", "no such image", "no GPU there"],
)
def test_every_end_has_its_sentence_and_nothing_runs_on(
    subject: EnginesSubject, running: Running, wish: dict[str, Any], sentence: str
) -> None:
    spec = subject.cluster.wanted("ender", **wish)
    subject.launcher.launch(spec)
    seen = becomes(subject.launcher, spec.id, ContainerState.FAILED)
    assert seen.reason == sentence
    assert not seen.holds_resources
    assert [each["Config"]["Labels"]["shiva.id"] for each in subject.cluster.running()] == [running.spec.id]
    subject.launcher.stop(spec.launch_id, grace=timedelta(0))
    subject.leave(spec.id)


def test_what_does_not_listen_to_a_stop_is_killed_after_its_grace(subject: EnginesSubject) -> None:
    spec = subject.cluster.wanted("stubborn", image_ref=ImageRef(tag("stubborn")))
    seen = booted(subject.launcher, spec)
    subject.launcher.stop(spec.launch_id, grace=timedelta(0))
    subject.leave(spec.id)
    assert subject.cluster.inspected(seen)["State"]["ExitCode"] == 137


def test_a_stop_while_the_image_is_fetched_leaves_nothing(subject: EnginesSubject) -> None:
    unreachable = ImageRef("10.255.255.1:5000/late:1")  # nobody answers there, in the tests' network
    spec = subject.cluster.wanted("hasty", image_ref=unreachable)
    subject.launcher.launch(spec)
    assert becomes(subject.launcher, spec.id, ContainerState.PENDING).holds_resources
    subject.launcher.stop(spec.launch_id, grace=timedelta(0))
    subject.leave(spec.id)
    assert all(each["Config"]["Image"] != unreachable for each in subject.cluster.running())


# ---- what the agent sees ----


def test_the_sandbox_holds_what_a_container_wrote_and_what_docker_complained_of(
    subject: EnginesSubject, running: Running
) -> None:
    seen = shown(subject.launcher, running.spec.id)
    assert seen is not None
    assert seen.engine_id is not None
    output = subject.cluster.simulator.engine.output
    assert output(seen.engine_id, "stdout") == b"Jupyter Server is running\n"
    refused = subject.cluster.wanted("refused", gpus=(GpuUuid("GPU-gpu-01-0"),))
    subject.launcher.launch(refused)
    becomes(subject.launcher, refused.id, ContainerState.FAILED)
    [ended] = [
        each["taskId"]
        for each in subject.cluster.simulator.events("status_update_event")
        if "refused" in each["taskId"] and each["taskStatus"] == "TASK_FAILED"
    ]
    assert b"could not select device driver" in output(ended, "stderr")
    subject.launcher.stop(refused.launch_id, grace=timedelta(0))
    subject.leave(refused.id)


def test_health_checks_of_every_kind_tell_of_the_real_container(subject: EnginesSubject, running: Running) -> None:
    simulator, status = subject.cluster.simulator, "/user/ada/api/status"
    [app_id] = [key for key, app in subject.cluster.apps().items() if app["labels"]["shiva.id"] == running.spec.id]
    instance = simulator.marathon.live(app_id)
    order, port = order_of(instance, simulator.agent("gpu-01")), instance.ports[0]
    expected: list[tuple[dict[str, Any], int, str | None]] = [
        ({"protocol": "TCP"}, port, None),
        ({"protocol": "HTTP", "path": status}, port, "403 Forbidden"),
        ({"protocol": "MESOS_TCP"}, 8888, None),
        ({"protocol": "MESOS_HTTP", "path": "/"}, 8888, "404 Not Found"),
        ({"protocol": "MESOS_TCP"}, 8889, "ConnectionRefusedError: [Errno 111] Connection refused"),
        ({"protocol": "COMMAND", "command": {"value": "cat /run/shiva/token"}}, 0, None),
        ({"protocol": "COMMAND", "command": {"value": "exit 3"}}, 0, "Command returned: exited with status 3"),
    ]
    assert [simulator.engine.probe(order, check, at) for check, at, _ in expected] == [said for _, _, said in expected]
    app = f"{simulator.url}/v2/apps{app_id}"
    eventually(lambda: requests.get(app, timeout=10).json()["app"]["tasksHealthy"] == 1, "Marathon shows it as healthy")
