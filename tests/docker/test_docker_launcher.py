"""The Docker launcher over real engines: the launchers' suite, and what only an engine can do to it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from shiva_jupyter_broker.domain.containers import Container, ContainerSpec, ContainerState, ImageRef, LaunchId
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError

from tests.conformance.subjects import GRACE, eventually, shown, wanted
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
    test_what_runs_on_a_machine_is_there_and_fetching_it_again_changes_nothing,
    test_with_keep_it_is_shown_as_failed_until_it_is_stopped_once_more,
)
from tests.docker.docker_subject import DockerSubject
from tests.docker.launching import one, settled
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.image import tag

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
    "test_what_runs_on_a_machine_is_there_and_fetching_it_again_changes_nothing",
    "test_with_keep_it_is_shown_as_failed_until_it_is_stopped_once_more",
]
pytestmark = pytest.mark.docker
SILENT = "10.255.255.1:5000"  # a registry that nobody reaches from the tests' network


@pytest.fixture(scope="module")
def subject(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> DockerSubject:
    return DockerSubject(tmp_path_factory.mktemp("docker"), engines.fresh(1))


@pytest.fixture(scope="module")
def running(subject: DockerSubject) -> Running:
    return started(subject, "ada")


def ended(subject: DockerSubject, behaviour: str, owner: str) -> Container:
    """Run an image that ends, and return it as failed; it is removed."""
    subject.image = ImageRef(tag(behaviour))
    plain = wanted(subject, owner)
    spec = replace(plain, limits=replace(plain.limits, memory_bytes=2**28))  # soon used up, on a busy machine too
    subject.image = ImageRef(tag("1"))
    subject.launcher.launch(spec)
    eventually(lambda: one(subject, spec).state is ContainerState.FAILED, what="it has failed")
    seen = one(subject, spec)
    subject.launcher.stop(spec.launch_id, grace=timedelta(0))
    subject.leave(spec.id)
    return seen


def inspected(subject: DockerSubject, spec: ContainerSpec) -> dict[str, Any]:
    container = one(subject, spec).engine_id
    assert container is not None
    found: list[dict[str, Any]] = json.loads(subject.engine.docker("inspect", container))
    return found[0]


def test_every_limit_is_the_engines_and_no_secret_is_shown(subject: DockerSubject, running: Running) -> None:
    found, limits = inspected(subject, running.spec), running.spec.limits
    host = found["HostConfig"]
    assert (host["NanoCpus"], host["Memory"], host["MemorySwap"]) == (
        round(limits.cpus * 1e9), limits.memory_bytes, limits.memory_bytes,
    )  # fmt: skip
    assert (host["PidsLimit"], host["ShmSize"], host["CapDrop"]) == (limits.pids, limits.shm_bytes, ["ALL"])
    assert (host["Privileged"], host["PidMode"], host["UsernsMode"], host["NetworkMode"]) == (False, "", "", "shiva")
    assert [(m["Destination"], m["RW"]) for m in sorted(found["Mounts"], key=lambda m: m["Destination"])] == [
        ("/home/ada", True), ("/run/shiva", False),
    ]  # fmt: skip
    assert running.spec.token not in json.dumps(found)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [("exit0", "was shut down"), ("exit1", "exit status 1"), ("hungry", "more than its")],
)
def test_an_end_has_a_sentence_and_its_last_lines(subject: DockerSubject, behaviour: str, words: str) -> None:
    seen = ended(subject, behaviour, "ender")
    assert seen.reason is not None
    assert words in seen.reason
    assert "The files in the home are safe." in seen.reason
    assert seen.ended_at is not None


def test_an_image_that_is_nowhere_ends_in_a_sentence_and_holds_nothing(subject: DockerSubject) -> None:
    subject.image = ImageRef("127.0.0.1:1/nothing:1")
    spec = wanted(subject, "puller")
    subject.image = ImageRef(tag("1"))
    subject.launcher.launch(spec)
    assert one(subject, spec).state is ContainerState.PULLING
    settled(subject, spec, ContainerState.FAILED)
    for launcher in (subject.launcher, subject.reopened()):
        seen = shown(launcher, spec.id)
        assert seen is not None
        assert seen.reason is not None
        assert seen.reason.startswith("Its image could not be fetched.")
        assert not seen.holds_resources
    subject.engine.docker("tag", tag("1"), spec.image_ref)  # too late: its GPUs may be somebody else's now
    for launcher in (subject.launcher, subject.reopened()):
        launcher.containers()
        launcher.settle()
        assert one(subject, spec).state is ContainerState.FAILED
    subject.engine.docker("rmi", spec.image_ref)
    subject.launcher.stop(spec.launch_id, grace=GRACE)
    subject.leave(spec.id)
    assert subject.engine.docker("volume", "ls", "-q") == ""


def test_what_waits_for_its_image_is_a_lease_that_a_new_launcher_goes_on_with(
    subject: DockerSubject,
) -> None:
    late = ImageRef(f"{SILENT}/late:1")
    subject.image = late
    spec = wanted(subject, "late")
    subject.image = ImageRef(tag("1"))
    subject.launcher.launch(spec)
    assert one(subject, spec).state is ContainerState.PULLING
    assert one(subject, spec).holds_resources
    again = subject.reopened()
    assert shown(again, spec.id) is not None
    subject.engine.docker("tag", tag("1"), late)  # it arrives

    def goes_on() -> bool:
        again.settle()
        seen = shown(again, spec.id)
        return seen is not None and seen.state is ContainerState.BOOTING

    eventually(goes_on, what="it starts once its image is there")
    eventually(lambda: subject.engine.docker("volume", "ls", "-q") == "", what="its record is gone")
    again.stop(spec.launch_id, grace=timedelta(0))
    subject.leave(spec.id)
    subject.engine.docker("rmi", late)


def test_what_was_created_and_never_started_is_started_by_the_next_launcher(subject: DockerSubject) -> None:
    spec = wanted(subject, "half")
    subject.launcher.launch(spec)
    subject.boot(spec.id)
    found = inspected(subject, spec)
    body = [
        "create",
        "--name",
        found["Name"].lstrip("/"),
        "--network",
        "shiva",
        "-p",
        f"{subject.engine.address}::8888",
    ]
    for key, value in found["Config"]["Labels"].items():
        body += ["--label", f"{key}={value}"]
    for mount in found["Mounts"]:
        body += ["--mount", f"type=bind,src={mount['Source']},dst={mount['Destination']}"]
    subject.engine.docker("rm", "-f", found["Id"])
    subject.engine.docker(*body, "-e", "SHIVA_PREFIX=/user/half/", spec.image_ref)
    again = subject.reopened()
    assert shown(again, spec.id) is not None
    again.settle()
    eventually(lambda: one(subject, spec).state is ContainerState.BOOTING, what="it was started")
    again.stop(spec.launch_id, grace=timedelta(0))
    subject.leave(spec.id)


def test_a_foreign_container_is_neither_listed_nor_touched(subject: DockerSubject) -> None:
    name = subject.engine.docker(
        "create", "--label", "shiva.domain=another", "--label", "shiva.launch=x", tag("1")
    ).strip()
    assert all(each.engine_id != name for each in subject.launcher.containers())
    subject.launcher.stop(LaunchId("x"), grace=timedelta(0))
    subject.launcher.settle()
    assert name.startswith(subject.engine.docker("ps", "-aq", "--filter", "label=shiva.domain=another").strip())
    subject.engine.docker("rm", name)


def test_what_has_ended_is_not_started_by_launching_it_again(subject: DockerSubject) -> None:
    spec = wanted(subject, "ended")
    subject.launcher.launch(spec)
    subject.kill(spec.id)
    eventually(lambda: one(subject, spec).state is ContainerState.FAILED, what="it has failed")
    subject.launcher.launch(spec)
    assert one(subject, spec).state is ContainerState.FAILED
    subject.launcher.stop(spec.launch_id, grace=timedelta(0))
    subject.leave(spec.id)


def test_damaged_labels_keep_nobody_else_from_starting(subject: DockerSubject) -> None:
    ours = ("--label", "shiva.domain=suite", "--label", "shiva.launch=damaged")
    damaged = subject.engine.docker("create", *ours, tag("1")).strip()
    try:
        spec = wanted(subject, "neighbour")
        subject.launcher.launch(spec)
        subject.launcher.settle()
        subject.boot(spec.id)
        subject.launcher.stop(spec.launch_id, grace=timedelta(0))
        subject.leave(spec.id)
    finally:
        subject.engine.docker("rm", damaged)


def test_an_engine_that_is_away_takes_no_container_with_it(subject: DockerSubject, running: Running) -> None:
    subject.engine.kill()
    try:
        for launcher in (subject.launcher, subject.reopened()):
            eventually(lambda la=launcher: shown(la, running.spec.id).state is ContainerState.LOST, what="lost")  # type: ignore[misc, union-attr]
            seen = shown(launcher, running.spec.id)
            assert seen is not None
            assert seen.gpus == running.spec.gpus
            assert not launcher.machines()[running.spec.machine].reachable
            with pytest.raises(LauncherUnavailableError):
                launcher.launch(wanted(subject, "nobody"))
            with pytest.raises(LauncherUnavailableError):
                launcher.stop(running.spec.launch_id, grace=GRACE)
    finally:
        subject.engine.start()
    eventually(lambda: one(subject, running.spec).state is ContainerState.BOOTING, what="it is there again")
    assert subject.launcher.machines()[running.spec.machine].reachable
