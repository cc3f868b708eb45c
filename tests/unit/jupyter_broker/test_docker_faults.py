"""Engines with bad days: nothing is lost, doubled or made up, and the other machines do not wait."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters import docker_machine
from shiva_jupyter_broker.domain.containers import ContainerState, GpuUuid, ImageRef, MachineName
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError

from tests.conformance.subjects import eventually
from tests.fakes.docker_api import DRIPS, HANGS, LOST, REFUSED, STANDBY, Trouble
from tests.unit.jupyter_broker.docker_world import GRACE, World, worlds

FIRST, SECOND = MachineName("gpu-01"), MachineName("gpu-02")
GARBAGE = [b"", b"[", b"null", b"3", b'"x"', b"{}", b'[{"Id": 3}]', b"[3]", b'{"Volumes": [3]}', b"<html>", b"\xff\xfe"]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(docker_machine, "RETRY_SECONDS", 0.0)
    with worlds(tmp_path, machines=2) as made:
        yield made


@pytest.mark.parametrize(
    "trouble", [LOST, REFUSED, STANDBY, HANGS, DRIPS], ids=["lost", "cut", "html", "hangs", "drips"]
)
def test_an_engine_in_trouble_loses_no_container_and_takes_no_other_machine_with_it(
    world: World, trouble: Trouble
) -> None:
    one, two = world.run("ada"), world.run("ken", machine=2)
    before = world.shown(one)
    world.api.always("GET", "", trouble)
    for launcher in (world.launcher, world.reopened()):
        seen = world.until(one, ContainerState.LOST, launcher)
        assert seen.reason is not None
        assert seen.reason.startswith("Its machine has not answered since ")
        assert (seen.gpus, seen.token, seen.endpoint, seen.holds_resources) == (
            one.gpus,
            one.token,
            before.endpoint,
            True,
        )
        assert world.shown(two, launcher).state is ContainerState.BOOTING
        state = launcher.machines()
        assert (state[FIRST].reachable, state[SECOND].reachable) == (False, True)
        assert state[FIRST].since is not None
        with pytest.raises(LauncherUnavailableError):
            launcher.launch(world.spec("mei"))
        with pytest.raises(LauncherUnavailableError):
            launcher.stop(one.launch_id, grace=GRACE)
        with pytest.raises(LauncherUnavailableError):
            launcher.pull(ImageRef("x"), FIRST)
    world.api.trouble = lambda _method, _path: None
    assert world.until(one, ContainerState.BOOTING) == before
    assert world.launcher.machines()[FIRST].reachable


@pytest.mark.parametrize("path", ["/containers/json", "/volumes"])
@pytest.mark.parametrize("body", GARBAGE)
def test_garbage_is_no_list(world: World, path: str, body: bytes) -> None:
    one = world.run()
    world.api.always("GET", path, Trouble(status=200, body=body))
    assert world.shown(one).state is ContainerState.LOST
    world.api.trouble = lambda _method, _path: None
    world.until(one, ContainerState.BOOTING)


def test_what_was_handed_over_is_there_though_its_container_was_not_seen(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.launcher.containers()
    spec = world.spec()
    token = world.folder / "homes/.shiva/launches/lab" / spec.launch_id / "token"
    heard = set[str]()

    def from_the_creation_on(_: str, path: str) -> Trouble | None:
        created = "/containers/create" in heard
        heard.add(path)
        return REFUSED if created else None

    world.api.trouble = from_the_creation_on
    world.launcher.launch(spec)
    eventually(lambda: world.launcher.machines()[spec.machine].reachable is False, what="the engine is away")
    eventually(lambda: "has to be tried again" in caplog.text, what="nobody works at it")
    world.launcher.settle()
    assert token.exists()


def test_a_token_that_was_tidied_away_is_handed_over_again_before_the_start(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.api.always("POST", "/start", REFUSED)
    spec = world.spec()
    world.launcher.launch(spec)
    eventually(lambda: "has to be tried again" in caplog.text, what="nobody works at it")
    folder = world.folder / "homes/.shiva/launches/lab" / spec.launch_id
    shutil.rmtree(folder)
    world.api.trouble = lambda _method, _path: None
    world.until(spec, ContainerState.BOOTING, settle=True)
    assert (folder / "token").read_text(encoding="ascii") == spec.token


def test_nobody_is_cut_off_while_an_engine_is_restarted(world: World) -> None:
    one = world.run()
    patient = world.reopened(patience=timedelta(minutes=1))
    before = world.shown(one, patient)
    world.api.always("GET", "", REFUSED)
    assert world.shown(one, patient) == before
    assert not patient.machines()[FIRST].reachable
    assert world.shown(one, world.reopened(patience=timedelta(minutes=1))).state is ContainerState.LOST


def test_a_machine_that_hangs_is_waited_for_once(world: World) -> None:
    world.run("ken", machine=2)
    world.api.always("GET", "", HANGS)
    world.launcher.containers()
    world.asked()

    for _ in range(50):
        assert len(world.launcher.containers()) == 1
    assert len(world.asked()) <= 1  # by a thread that nobody waits for


def test_what_has_failed_holds_nothing_when_its_machine_goes_away(world: World) -> None:
    one = world.run()
    world.api.engine.end(world.called(), ExitCode=1)
    world.until(one, ContainerState.FAILED)
    world.api.always("GET", "", REFUSED)
    assert world.shown(one).state is ContainerState.FAILED


def test_an_empty_list_is_not_believed_while_the_containers_are_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_machine, "GONE_SECONDS", 0.0)
    late = ImageRef("registry.lan:5000/late:1")
    one, two = world.run(), world.spec("ken", image_ref=late)
    world.api.always("POST", "/images/create", HANGS)
    world.launcher.launch(two)
    world.api.engine.forgetful = True
    for _ in range(5):
        assert world.shown(one).state is ContainerState.BOOTING
        assert world.shown(two).state is ContainerState.PULLING
        world.launcher.settle()


def test_what_is_missing_even_by_name_is_gone_only_after_some_seconds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = world.run()
    monkeypatch.setattr(docker_machine, "GONE_SECONDS", 1e9)
    removed = world.api.engine.containers.pop(world.called())
    for _ in range(3):
        assert world.shown(one).state is ContainerState.BOOTING
    world.api.engine.containers[world.called()] = removed  # an engine that was still reading its records
    assert world.shown(one).state is ContainerState.BOOTING
    del world.api.engine.containers[world.called()]
    monkeypatch.setattr(docker_machine, "GONE_SECONDS", 0.0)
    assert world.launcher.containers() == []


def test_the_next_broker_does_not_believe_an_empty_list_either(world: World) -> None:
    late = ImageRef("registry.lan:5000/late:1")
    one, two = world.run(), world.spec("ken", image_ref=late)
    world.api.always("POST", "/images/create", HANGS)
    world.launcher.launch(two)
    before = world.shown(one)
    assert world.shown(two).state is ContainerState.PULLING
    world.api.engine.forgetful = True
    for _ in range(2):
        launcher = world.reopened()
        for _ in range(3):
            assert world.shown(one, launcher) == before
            assert world.shown(two, launcher).state is ContainerState.PULLING
            launcher.settle()
    assert {each.name for each in (world.folder / "homes/.shiva/launches/lab").iterdir()} == {one.launch_id}


def test_what_an_earlier_broker_saw_is_gone_only_after_some_seconds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = world.run()
    world.launcher.containers()
    removed = world.api.engine.containers.pop(world.called())
    monkeypatch.setattr(docker_machine, "GONE_SECONDS", 1e9)
    launcher = world.reopened()
    for _ in range(3):
        assert world.shown(one, launcher).state is ContainerState.PENDING
        launcher.settle()
    world.api.engine.containers[world.called()] = removed
    assert world.shown(one, launcher).state is ContainerState.BOOTING
    del world.api.engine.containers[world.called()]
    launcher = world.reopened()
    assert world.shown(one, launcher).holds_resources
    monkeypatch.setattr(docker_machine, "GONE_SECONDS", 0.0)
    assert launcher.containers() == []
    assert world.reopened().containers() == []


def test_a_stranger_who_has_its_name_now_is_not_what_an_earlier_broker_saw(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_machine, "GONE_SECONDS", 0.0)
    world.run()
    world.launcher.containers()
    world.api.engine.containers[world.called()]["Config"] = {"Labels": {"shiva.launch": "another"}}
    assert world.reopened().containers() == []


def test_where_it_listened_is_known_to_a_broker_that_starts_while_its_machine_is_away(world: World) -> None:
    one = world.run()
    before = world.shown(one)
    world.api.always("GET", "", REFUSED)
    seen = world.shown(one, world.reopened())
    assert (seen.state, seen.endpoint) == (ContainerState.LOST, before.endpoint)
    assert seen.endpoint is not None


def test_what_an_error_hides_is_never_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_machine, "GONE_SECONDS", 0.0)
    one = world.run()
    world.api.engine.forgetful = True
    world.api.always("GET", "/containers/0", Trouble(deliver=0, status=500, body=b'{"message": "locked"}'))
    for _ in range(3):
        assert world.shown(one).state is ContainerState.LOST


def test_when_nothing_was_ever_seen_nothing_is_made_up(world: World) -> None:
    for api in world.apis:
        api.always("GET", "", REFUSED)
    with pytest.raises(LauncherUnavailableError, match="no engine has answered yet"):
        world.launcher.containers()
    world.apis[1].trouble = lambda _method, _path: None
    assert world.reopened().containers() == []


@pytest.mark.parametrize(
    "text", ["", "[]", '{"gpu-01": []}', '{"gpu-01": {"containers": [{}], "alive": []}}', "\x00", "[" * 99999]
)
def test_a_memory_that_is_damaged_costs_no_more_than_itself(world: World, text: str) -> None:
    one = world.run()
    world.launcher.containers()
    (world.folder / "engines.json").write_text(text, encoding="utf-8")
    assert world.shown(one, world.reopened()).state is ContainerState.BOOTING
    assert json.loads((world.folder / "engines.json").read_text(encoding="utf-8"))["gpu-01"]["alive"] == [one.launch_id]


# ---- engines that come up again ----


def test_what_fell_with_its_engine_is_started_again_and_keeps_its_lease(world: World) -> None:
    spec = world.spec(gpus=(GpuUuid("GPU-gpu-01-0"),))
    world.launcher.launch(spec)
    first = world.until(spec, ContainerState.BOOTING)
    world.api.engine.restart(exit_code=255)
    seen = world.shown(spec)
    assert (seen.state, seen.endpoint, seen.holds_resources) == (ContainerState.PENDING, None, True)
    assert seen.reason is not None
    assert seen.reason.startswith("Its machine's engine was restarted, and it is being started again.")
    again = world.until(spec, ContainerState.BOOTING, settle=True)
    assert again.engine_id == first.engine_id
    assert first.started_at is not None
    assert again.started_at is not None
    assert again.started_at > first.started_at
    assert again.endpoint != first.endpoint


def test_the_next_broker_starts_it_again_too(world: World) -> None:
    spec = world.run()
    world.launcher.containers()
    world.api.engine.restart(exit_code=255)
    world.until(spec, ContainerState.BOOTING, world.reopened(), settle=True)


def test_what_an_engine_without_live_restore_ended_as_it_stopped_is_started_again(world: World) -> None:
    spec = world.run()
    world.api.engine.facts["LiveRestoreEnabled"] = False
    world.api.engine.restart(exit_code=0)
    world.until(spec, ContainerState.BOOTING, settle=True)
    assert world.api.engine.starts == 2


@pytest.mark.parametrize("restores", [True, False])
def test_what_ended_by_itself_before_stays_ended(world: World, restores: bool) -> None:
    spec = world.run()
    world.api.engine.facts["LiveRestoreEnabled"] = restores
    world.api.engine.end(world.called(), ExitCode=1)
    world.until(spec, ContainerState.FAILED)
    world.api.engine.restart()
    for launcher in (world.launcher, world.reopened()):
        assert world.until(spec, ContainerState.FAILED, launcher, settle=True).log_tail
    assert world.api.engine.starts == 1


def test_what_ended_by_itself_while_an_engine_with_live_restore_was_away_stays_ended(world: World) -> None:
    spec = world.run()
    world.api.always("GET", "", REFUSED)
    world.shown(spec)
    world.api.engine.restart(exit_code=137)
    world.api.trouble = lambda _method, _path: None
    world.until(spec, ContainerState.FAILED, settle=True)
    assert world.api.engine.starts == 1


def test_an_engine_without_a_bridge_starts_nothing_again(world: World) -> None:
    spec = world.run()
    world.api.engine.restart(exit_code=255)
    del world.api.engine.networks["bridge"]
    world.until(spec, ContainerState.FAILED, settle=True)
    assert world.api.engine.starts == 1


def test_what_cannot_be_started_again_has_failed_with_the_reason(world: World) -> None:
    spec = world.run()
    world.api.engine.start_errors = ["could not select device driver"]
    world.api.engine.restart(exit_code=255)
    seen = world.until(spec, ContainerState.FAILED, settle=True)
    assert seen.reason is not None
    assert "cannot hand out GPUs" in seen.reason
    world.launcher.settle()
    assert world.api.engine.starts == 2


def test_what_fell_can_be_stopped(world: World) -> None:
    spec = world.run()
    world.api.engine.restart(exit_code=255)
    assert world.shown(spec).state is ContainerState.PENDING
    world.launcher.stop(spec.launch_id, grace=GRACE)
    world.gone(spec)
    assert world.api.engine.starts == 1
