"""Images on their way to engines in memory: recorded, told with bytes, and failed for good."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shiva_jupyter_broker.adapters import labels
from shiva_jupyter_broker.adapters.docker_pulls import Progress
from shiva_jupyter_broker.adapters.docker_sentences import no_image
from shiva_jupyter_broker.domain.containers import ContainerState, GpuUuid, ImageRef, LaunchId, MachineName, Pull
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, LaunchRefusedError

from tests.conformance.subjects import eventually
from tests.fakes.docker_api import HANGS, LOST, Trouble
from tests.unit.jupyter_broker.docker_world import GRACE, World, worlds

LATE = ImageRef("registry.lan:5000/late:1")
LINES: list[dict[str, Any]] = [
    {"status": "Pulling from late", "id": "1"},
    {"status": "Downloading", "id": "a", "progressDetail": {"current": 10, "total": 100}},
    {"status": "Already exists", "id": "b"},
    {"status": "Download complete", "id": "a"},
    {"status": "Extracting", "id": "a", "progressDetail": {"current": 5, "total": 100}},
    {"status": "Pull complete", "id": "a"},
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with worlds(tmp_path) as made:
        yield made


def test_bytes_are_those_of_the_layers_that_are_fetched() -> None:
    progress, unknown = Progress(), Pull(done_bytes=None, total_bytes=None)
    heard = [progress.hear(line) for line in LINES]
    assert heard == [
        unknown,
        Pull(done_bytes=10, total_bytes=100),
        Pull(done_bytes=10, total_bytes=100),
        *[Pull(done_bytes=100, total_bytes=100)] * 3,
    ]
    more = {"status": "Downloading", "id": "c", "progressDetail": {"current": 1, "total": 50}}
    assert progress.hear(more) == Pull(done_bytes=101, total_bytes=150)


def test_a_missing_image_is_a_lease_in_a_record_until_the_container_takes_over(world: World) -> None:
    world.api.engine.pulls[LATE] = [{"status": "Retrying"}]
    spec = world.spec(image_ref=LATE, gpus=(GpuUuid("GPU-gpu-01-0"),))
    world.launcher.launch(spec)
    [record] = world.api.engine.volumes.values()
    assert record["Labels"] == labels.labels(spec, domain="lab")
    seen = world.until(spec, ContainerState.BOOTING, settle=True)
    assert seen.gpus == spec.gpus
    eventually(lambda: not world.api.engine.volumes, what="its record is gone")


def test_another_launch_cannot_record_the_same_id(world: World) -> None:
    world.api.always("POST", "/images/create", HANGS)
    world.launcher.launch(spec := world.spec(image_ref=LATE))
    world.api.engine.forgetful = True
    with pytest.raises(LaunchRefusedError, match="another container is called ada--default"):
        world.reopened().launch(replace(spec, launch_id=LaunchId("other")))


def test_a_pull_that_fails_is_written_down_and_never_comes_to_life_again(world: World) -> None:
    spec = world.spec(image_ref=LATE)
    world.launcher.launch(spec)
    assert world.shown(spec).state is ContainerState.PULLING
    seen = world.until(spec, ContainerState.FAILED, settle=True)
    assert seen.reason == (
        "Its image could not be fetched. The image does not exist. The files in the home are safe. "
        "Choose another image, or tell the operator."
    )
    world.api.engine.images.add(LATE)  # too late: its GPUs may be somebody else's now
    for launcher in (world.launcher, world.reopened()):
        assert world.until(spec, ContainerState.FAILED, launcher, settle=True).reason == seen.reason
    assert world.api.engine.containers == {}
    world.launcher.stop(spec.launch_id, grace=GRACE)
    world.gone(spec)
    assert world.api.engine.volumes == {}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('Get "https://registry.lan/v2/": EOF', "Its machine does not reach the registry of the image."),
        ("dial tcp 10.0.0.9:443: connect: no route to host", "Its machine does not reach the registry of the image."),
        (
            "received unexpected HTTP status: 503 Service Unavailable",
            "Its machine does not reach the registry of the image.",
        ),
        (
            "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
            "Its machine does not reach the registry of the image.",
        ),
        (
            "error parsing HTTP 404 response body: invalid character '<' looking for beginning of value",
            "What its machine got from the registry is not the image.",
        ),
        (
            "manifest verification failed for digest sha256:00",
            "What its machine got from the registry is not the image.",
        ),
        ("unauthorized: authentication required", "The registry does not let its machine fetch the image."),
        ("manifest for registry.lan/lab@sha256:00 not found: manifest unknown", "The image does not exist."),
    ],
)
def test_what_engines_say_of_a_registry_is_a_sentence(said: str, sentence: str) -> None:
    told = no_image(said)
    assert told.startswith(
        f"Its image could not be fetched. {sentence} The files in the home are safe. Choose another "
    )


def test_what_a_broker_left_pulling_is_taken_up_by_the_next(world: World) -> None:
    world.api.always("POST", "/images/create", LOST)
    spec = world.spec(image_ref=LATE)
    world.launcher.launch(spec)
    world.api.trouble = lambda _method, _path: None
    world.api.engine.pulls[LATE] = LINES
    world.until(spec, ContainerState.BOOTING, world.reopened(), settle=True)


def test_a_create_that_is_refused_after_the_pull_is_a_failure_too(world: World) -> None:
    world.api.engine.pulls[LATE] = LINES
    world.api.engine.create_errors = ["bind source path does not exist: /srv/homes/ada"]
    spec = world.spec(image_ref=LATE)
    world.launcher.launch(spec)
    seen = world.until(spec, ContainerState.FAILED, settle=True)
    assert seen.reason is not None
    assert "the storage is not mounted there" in seen.reason


def test_what_is_stopped_while_it_pulls_is_not_created(world: World) -> None:
    world.api.engine.pulls[LATE] = LINES
    spec = world.spec(image_ref=LATE)
    world.launcher.launch(spec)
    world.launcher.stop(spec.launch_id, grace=GRACE)
    world.gone(spec)
    world.launcher.settle()
    assert world.launcher.containers() == []
    assert world.api.engine.containers == world.api.engine.volumes == {}


def test_credentials_go_to_their_registry_alone(world: World) -> None:
    world.api.engine.pulls |= {LATE: LINES, "other.lan/late:1": LINES}
    known = {"registry.lan:5000": {"username": "shiva", "password": "secret"}}
    launcher = world.reopened(credentials=known)
    for reference in (LATE, ImageRef("other.lan/late:1")):
        launcher.pull(reference, MachineName("gpu-01"))
        eventually(lambda r=reference: r in world.api.engine.images, what="it is there")  # type: ignore[misc]
    sent = [json.loads(base64.urlsafe_b64decode(each or "")) for each in world.api.engine.auths]
    assert sent == [known["registry.lan:5000"], {}]


def test_a_pull_of_what_is_there_asks_nothing_of_a_registry(world: World) -> None:
    world.launcher.pull(ImageRef("shiva-jupyter"), MachineName("gpu-01"))
    assert not [path for _, path in world.asked() if path == "/images/create"]


def test_an_engine_that_cannot_say_what_it_has_is_in_trouble_and_no_bug_of_ours(world: World) -> None:
    world.api.always("GET", "/images/", Trouble(status=500, body=b'{"message": "input/output error"}'))
    with pytest.raises(LauncherUnavailableError):
        world.launcher.pull(ImageRef("shiva-jupyter"), MachineName("gpu-01"))


def test_a_pulled_image_is_told_of_its_machine(world: World) -> None:
    world.api.engine.pulls[LATE] = LINES
    world.launcher.containers()
    world.launcher.pull(LATE, MachineName("gpu-01"))

    def is_there() -> bool:
        state = world.launcher.machines()[MachineName("gpu-01")]
        return state.images is not None and LATE in state.images and not state.pulls

    eventually(is_there, what="the machine has the image")


def test_a_pull_that_failed_is_told_and_tried_again_when_asked(world: World) -> None:
    machine = MachineName("gpu-01")
    world.launcher.pull(LATE, machine)
    eventually(lambda: world.launcher.machines()[machine].pulls[LATE].error, what="it has failed")
    world.api.engine.pulls[LATE] = LINES
    world.launcher.pull(LATE, machine)
    eventually(lambda: not world.launcher.machines()[machine].pulls, what="it is there")
