"""The Docker launcher over engines in memory: what it asks of them, and how often."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters import docker_create, labels
from shiva_jupyter_broker.adapters.template import template
from shiva_jupyter_broker.domain.containers import ContainerState, GpuUuid, ImageRef, LaunchId, MachineName
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, LaunchRefusedError

from tests.fakes.docker_api import LOST, TWICE
from tests.unit.jupyter_broker.docker_world import GRACE, SITE, World, worlds


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with worlds(tmp_path) as made:
        yield made


# ---- launching ----


def test_a_container_is_created_by_the_template_and_by_nothing_else(world: World) -> None:
    gpu = GpuUuid("GPU-gpu-01-0")
    spec = world.spec(gpus=(gpu,))
    world.launcher.launch(spec)
    world.until(spec, ContainerState.BOOTING)
    folder = str(world.folder / "homes/.shiva/launches/lab" / spec.launch_id)
    made = template(spec, SITE, handover=folder)
    written = labels.labels(spec, domain="lab")
    options = {"DeviceRequests": [{"Driver": "", "DeviceIDs": [gpu], "Capabilities": [["gpu"]]}]}
    body = docker_create.body(made, "10.0.0.2", written, gpus=options, layer_limit=True)
    assert world.api.engine.bodies == {"shiva.lab.ada--default": body}
    assert spec.token not in json.dumps(world.api.engine.bodies)


def test_its_endpoint_is_the_port_that_the_engine_gave(world: World) -> None:
    seen = world.shown(world.run())
    assert seen.endpoint is not None
    assert (seen.endpoint.host, seen.endpoint.port) == ("10.0.0.2", 31000)


def test_a_second_launch_of_that_id_is_refused_by_the_engine_too(world: World) -> None:
    spec = world.run()
    other = replace(spec, launch_id=LaunchId("other"))
    with pytest.raises(LaunchRefusedError, match="another container is called ada--default"):
        world.launcher.launch(other)
    world.api.engine.forgetful = True  # it is not seen, and still in the way
    with pytest.raises(LaunchRefusedError, match="another container is called ada--default"):
        world.reopened().launch(other)
    assert len(world.api.engine.containers) == 1


@pytest.mark.parametrize("trouble", [LOST, TWICE], ids=["lost", "twice"])
def test_a_create_whose_answer_is_lost_or_that_comes_twice_makes_one_container(world: World, trouble: object) -> None:
    world.api.once("POST", "/containers/create", trouble)  # type: ignore[arg-type]
    world.run()
    assert len(world.api.engine.containers) == 1


def test_a_start_whose_answer_is_lost_is_finished_by_settling(world: World) -> None:
    world.api.once("POST", "/start", LOST)
    spec = world.spec()
    world.launcher.launch(spec)
    world.until(spec, ContainerState.BOOTING, settle=True)
    assert world.api.engine.starts == 1


def test_twenty_launches_at_once_make_one_container(world: World) -> None:
    spec = world.spec()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(world.launcher.launch, [spec] * 20))
    world.until(spec, ContainerState.BOOTING)
    assert [method for method, path in world.asked() if path == "/containers/create"] == ["POST"]


def test_what_was_created_by_a_broker_that_ended_is_started_by_the_next(world: World) -> None:
    world.api.engine.start_errors = []
    world.api.always("POST", "/start", LOST)
    spec = world.spec()
    world.launcher.launch(spec)
    world.api.engine.containers[world.called()]["State"]["Status"] = "created"
    world.api.trouble = lambda _method, _path: None
    world.until(spec, ContainerState.BOOTING, world.reopened(), settle=True)


def test_a_port_that_is_taken_is_exchanged_and_nobody_sees_a_failure(world: World) -> None:
    taken = "driver failed programming external connectivity: Error starting userland proxy: listen tcp4: bind: address already in use"
    world.api.engine.start_errors = [taken, taken]
    seen = world.shown(world.run())
    assert world.api.engine.starts == 3
    assert seen.endpoint is not None
    assert seen.endpoint.port == 31002


def test_a_start_that_is_refused_is_a_failure_in_a_sentence_and_is_not_tried_again(world: World) -> None:
    world.api.engine.start_errors = ['could not select device driver "" with capabilities: [[gpu]]']
    spec = world.spec()
    world.launcher.launch(spec)
    seen = world.until(spec, ContainerState.FAILED, settle=True)
    assert seen.reason == (
        "Its machine cannot hand out GPUs: the NVIDIA runtime is missing there. The files in the home are safe. "
        "Choose another machine, or tell the operator."
    )
    world.launcher.launch(spec)
    world.launcher.settle()
    assert world.until(spec, ContainerState.FAILED).reason == seen.reason
    assert world.api.engine.starts == 1


def test_a_create_that_is_refused_is_told_at_once_and_leaves_nothing(world: World) -> None:
    world.api.engine.create_errors = [
        'invalid mount config for type "bind": bind source path does not exist: /srv/homes/ada'
    ]
    with pytest.raises(LaunchRefusedError, match="the storage is not mounted there"):
        world.launcher.launch(world.spec())
    assert world.launcher.containers() == []


def test_a_storage_driver_that_cannot_limit_after_all_is_believed_and_said(world: World) -> None:
    world.api.engine.facts |= {"Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "xfs"]]}
    world.api.engine.create_errors = [
        "--storage-opt is supported only for overlay over xfs with 'pquota' mount option."
    ]
    world.run()
    assert "StorageOpt" not in world.api.engine.bodies[world.called()]["HostConfig"]


def test_a_machine_without_an_engine_is_refused(world: World) -> None:
    with pytest.raises(LaunchRefusedError, match="no engine is known for gpu-99"):
        world.launcher.launch(world.spec(machine=99))


# ---- looking ----


def test_a_look_costs_two_calls_however_many_containers_there_are(world: World) -> None:
    for number in range(20):
        world.run(f"u{number}")
    world.launcher.containers()
    world.asked()
    assert len(world.launcher.containers()) == 20
    assert sorted(world.asked()) == [("GET", "/containers/json"), ("GET", "/volumes")]


def test_what_changed_is_inspected_and_nothing_else(world: World) -> None:
    one, _ = world.run("ada"), world.run("ken")
    world.launcher.containers()
    world.asked()
    world.api.engine.one(world.called())["NetworkSettings"]["Ports"]["8888/tcp"][0]["HostPort"] = "31500"
    seen = world.shown(one)
    assert seen.endpoint is not None
    assert seen.endpoint.port == 31500
    assert [path for _, path in world.asked() if path.endswith("/json") and path != "/containers/json"] == [
        f"/containers/{world.api.engine.one(world.called())['Id']}/json"
    ]


def test_foreign_containers_and_those_of_another_installation_are_not_seen(world: World) -> None:
    spec = world.run()
    engine = world.api.engine
    ours = engine.containers[world.called()]
    for name, changed in {"foreign": {}, "other": ours["Config"]["Labels"] | {labels.DOMAIN: "another"}}.items():
        engine.containers[name] = ours | {"Id": name, "Config": {"Labels": changed, "Tty": False}}
    assert [each.launch_id for each in world.launcher.containers()] == [spec.launch_id]
    world.launcher.stop(spec.launch_id, grace=GRACE)
    world.gone(spec)
    world.launcher.settle()
    assert set(engine.containers) == {"foreign", "other"}
    assert not [path for _, path in world.asked() if "foreign" in path or "other" in path]


def test_damaged_labels_are_left_alone_and_hide_nobody(world: World) -> None:
    spec = world.run()
    engine = world.api.engine
    damaged = {labels.DOMAIN: "lab", labels.LAUNCH: "x"}
    engine.containers["x"] = engine.containers[world.called()] | {
        "Id": "x",
        "Config": {"Labels": damaged, "Tty": False},
    }
    assert [each.launch_id for each in world.launcher.containers()] == [spec.launch_id]
    world.launcher.settle()
    world.launcher.stop(LaunchId("x"), grace=GRACE)
    assert "x" in engine.containers


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (
            {"SecurityOptions": ["name=seccomp"]},
            "does not remap users: root inside a container is root of the machine.",
        ),
        ({"DockerRootDir": "/var/lib/docker/231072.231072"}, "another range than the broker's uid base 100000"),
        ({"LiveRestoreEnabled": False}, "has no live-restore"),
        ({"Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"]]}, "cannot limit what is written"),
        ({"SwapLimit": False}, "Its kernel cannot limit swap."),
        ({"DefaultRuntime": "nvidia"}, "default runtime is nvidia"),
    ],
)
def test_what_protects_less_is_said_of_the_machine(world: World, change: dict[str, object], warning: str) -> None:
    world.api.engine.facts |= change
    world.launcher.containers()
    assert any(warning in each for each in world.launcher.machines()[MachineName("gpu-01")].warnings)


def test_a_machine_that_protects_has_no_warning_and_tells_its_images(world: World) -> None:
    world.launcher.containers()
    state = world.launcher.machines()[MachineName("gpu-01")]
    assert (state.reachable, state.since, state.warnings, state.pulls) == (True, None, (), {})
    names = ("shiva-jupyter", "shiva-jupyter:latest", "sha256:" + "1" * 64)
    assert state.images == frozenset(map(ImageRef, names))


@pytest.mark.parametrize(
    ("networks", "warning"),
    [({}, "It has no network shiva"), ({"shiva": {"Options": {}}}, "containers reach one another")],
)
def test_a_network_that_is_missing_or_open_is_said(world: World, networks: dict[str, object], warning: str) -> None:
    world.api.engine.networks = {"bridge": world.api.engine.networks["bridge"], **networks}  # type: ignore[dict-item]
    world.launcher.containers()
    assert any(warning in each for each in world.launcher.machines()[MachineName("gpu-01")].warnings)


# ---- ends ----


def test_a_stop_returns_at_once_and_leaves_nothing(world: World) -> None:
    spec = world.run()
    world.launcher.stop(spec.launch_id, grace=GRACE)
    world.gone(spec)
    world.launcher.settle()
    assert world.api.engine.containers == world.api.engine.volumes == {}
    assert not (world.folder / "homes/.shiva/launches/lab" / spec.launch_id).exists()


def test_a_stop_whose_answer_is_lost_is_finished_by_the_next(world: World) -> None:
    spec = world.run()
    world.api.once("POST", "/stop", LOST)
    world.launcher.stop(spec.launch_id, grace=GRACE)
    world.until(spec, ContainerState.FAILED)  # it ended; its removal was not asked
    world.launcher.stop(spec.launch_id, grace=GRACE)
    world.gone(spec)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"ExitCode": 0}, "Jupyter was shut down."),
        ({"ExitCode": 3}, "Jupyter ended by itself with exit status 3."),
        ({"ExitCode": 137, "OOMKilled": True}, "It used more than its 4 GiB of memory and was ended."),
        ({"ExitCode": 1, "OOMKilled": True}, "It used more than its 4 GiB of memory and was ended."),
        ({"ExitCode": 137}, "It was killed by somebody on its machine, or by the machine itself."),
    ],
)
def test_an_end_is_a_sentence_with_its_last_twenty_lines(world: World, state: dict[str, object], reason: str) -> None:
    spec = world.run()
    world.api.engine.end(world.called(), **state)
    for launcher in (world.launcher, world.reopened()):
        launcher.settle()
        seen = world.shown(spec, launcher)
        assert seen.state is ContainerState.FAILED
        assert seen.reason is not None
        assert seen.reason.startswith(f"{reason} The files in the home are safe.")
        assert seen.log_tail == tuple(f"line {number}" for number in range(21, 41))
        assert (seen.endpoint, seen.holds_resources) == (None, False)
    assert world.api.engine.starts == 1


def test_its_log_is_read_from_its_engine_while_it_runs_and_after(world: World) -> None:
    spec = world.run()
    for _ in range(2):
        world.shown(spec)
        told = world.launcher.log(spec.launch_id, lines=3)
        assert (told.lines, told.truncated) == (("line 38", "line 39", "line 40"), True)
        assert len(world.launcher.log(spec.launch_id, lines=1000).lines) == 40
        world.api.engine.end(world.called(), ExitCode=1)


@pytest.mark.parametrize("part", ["/", "/logs"], ids=["at all", "to this"])
def test_where_its_engine_does_not_answer_its_log_is_not_said_to_be_empty(world: World, part: str) -> None:
    spec = world.run()
    world.shown(spec)
    world.api.always("GET", part, LOST)
    world.launcher.containers()
    with pytest.raises(LauncherUnavailableError):
        world.launcher.log(spec.launch_id, lines=3)


def test_what_has_no_container_yet_wrote_nothing(world: World) -> None:
    assert world.launcher.log(LaunchId("of-nobody"), lines=3).lines == ()


def test_its_last_lines_are_read_once(world: World) -> None:
    spec = world.run()
    world.api.engine.end(world.called(), ExitCode=1)
    world.shown(spec)
    world.asked()
    assert len(world.shown(spec).log_tail) == 20
    assert not any(path.endswith("/logs") for _, path in world.asked())
