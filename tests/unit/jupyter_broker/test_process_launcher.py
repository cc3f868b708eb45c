"""The process launcher where something goes wrong, with small processes in Jupyter's place."""

import json
import logging
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from shiva_jupyter_broker.adapters import jupyter_settings, processes
from shiva_jupyter_broker.adapters.jupyter_settings import LAUNCH_MARK
from shiva_jupyter_broker.adapters.local_process import ProcessLauncher
from shiva_jupyter_broker.adapters.process_records import RECORD, Record, Records
from shiva_jupyter_broker.domain.containers import Container, ContainerSpec, ContainerState, LaunchId, Limits
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, LaunchRefusedError

from tests.conformance.subjects import eventually, shown
from tests.fakes.launcher import spec

NOW = timedelta(0)
Start = Callable[[LaunchId], subprocess.Popen[bytes]]


@pytest.fixture
def wanted(tmp_path: Path) -> ContainerSpec:
    (tmp_path / "home").mkdir()
    return spec(launch_id=LaunchId(f"{tmp_path.name}-{os.getpid()}"), home=str(tmp_path / "home"))


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[ProcessLauncher]:
    opened = ProcessLauncher(tmp_path)
    yield opened
    for each in opened.containers():
        opened.stop(each.launch_id, grace=NOW)
    eventually(lambda: not opened.containers(), what="all have ended")


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let another command run in Jupyter's place."""
    return lambda *command: monkeypatch.setattr(jupyter_settings, "arguments", lambda _: list(command))


@pytest.fixture
def orphan() -> Iterator[Start]:
    """Processes with a launch's mark, as a broker leaves them that is killed."""
    children: list[subprocess.Popen[bytes]] = []

    def start(launch: LaunchId) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(["sleep", "300"], env={"PATH": "/usr/bin:/bin", LAUNCH_MARK: launch})
        children.append(child)
        eventually(lambda: processes.marked(launch), what="it is started")
        return child

    yield start
    for child in children:
        child.kill()
        child.wait()


def failed(launcher: ProcessLauncher, wanted: ContainerSpec) -> Container:
    eventually(lambda: (one := shown(launcher, wanted.id)) and one.state is ContainerState.FAILED, what="it has failed")
    found = shown(launcher, wanted.id)
    assert found is not None
    return found


@pytest.mark.parametrize(("command", "how"), [("exit 3", "with exit status 3"), ("kill -9 $$", "with exit status -9")])
def test_the_reason_tells_how_it_ended(
    launcher: ProcessLauncher,
    wanted: ContainerSpec,
    instead: Callable[..., None],
    tmp_path: Path,
    command: str,
    how: str,
) -> None:
    instead("sh", "-c", command)
    launcher.launch(wanted)
    safe = "The files in the home are safe; start it again."
    assert failed(launcher, wanted).reason == f"Jupyter ended {how}. {safe}"
    assert failed(ProcessLauncher(tmp_path), wanted).reason == f"Jupyter ended by itself. {safe}"


def assert_nothing_is_left(tmp_path: Path, wanted: ContainerSpec) -> None:
    assert list((tmp_path / "containers").iterdir()) == []
    assert processes.marked(wanted.launch_id) == []


def test_without_its_home_it_is_refused_and_nothing_is_left(
    launcher: ProcessLauncher, wanted: ContainerSpec, tmp_path: Path
) -> None:
    with pytest.raises(LaunchRefusedError, match="cannot be started"):
        launcher.launch(replace(wanted, home=str(tmp_path / "nowhere")))
    assert_nothing_is_left(tmp_path, wanted)


def test_what_cannot_be_limited_does_not_run(
    launcher: ProcessLauncher, wanted: ContainerSpec, instead: Callable[..., None], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def refuse(pid: int, limits: Limits) -> None:
        del pid, limits
        raise OSError(1, "Operation not permitted")

    instead("sleep", "300")
    with monkeypatch.context() as patched:
        patched.setattr(processes, "limit", refuse)
        with pytest.raises(LaunchRefusedError, match="Operation not permitted"):
            launcher.launch(wanted)
    assert_nothing_is_left(tmp_path, wanted)
    launcher.launch(wanted)
    assert shown(launcher, wanted.id) is not None


def test_a_process_that_does_not_show_its_mark_yet_is_ended_too(
    launcher: ProcessLauncher, wanted: ContainerSpec, instead: Callable[..., None], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    begun: list[int] = []

    def refuse(pid: int, limits: Limits) -> None:
        del limits
        begun.append(pid)
        raise OSError(1, "Operation not permitted")

    instead("sh", "-c", "trap '' TERM; exec sleep 300")
    with monkeypatch.context() as patched:
        patched.setattr(processes, "limit", refuse)
        patched.setattr(processes, "marked", lambda _: [])
        with pytest.raises(LaunchRefusedError):
            launcher.launch(wanted)
    assert not any(psutil.pid_exists(pid) for pid in begun)
    assert_nothing_is_left(tmp_path, wanted)


def test_a_full_disk_refuses_a_start_and_the_next_one_succeeds(
    launcher: ProcessLauncher, wanted: ContainerSpec, instead: Callable[..., None], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    real = os.fsync

    def full_after(writes: int) -> Callable[[int], None]:
        left = iter(range(writes))

        def fill_up(descriptor: int) -> None:
            if next(left, None) is None:
                raise OSError(28, "No space left on device")
            real(descriptor)

        return fill_up

    instead("sleep", "300")
    for writes in range(3):  # the record, the configuration, the record with its pid
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full_after(writes))
            with pytest.raises(LaunchRefusedError, match="No space left"):
                launcher.launch(wanted)
        assert_nothing_is_left(tmp_path, wanted)
    launcher.launch(wanted)
    assert shown(launcher, wanted.id) is not None


def test_a_start_whose_broker_was_killed_before_its_process_began_is_dropped(
    wanted: ContainerSpec, tmp_path: Path
) -> None:
    Records(tmp_path / "containers").claim(wanted)
    assert ProcessLauncher(tmp_path).containers() == []
    assert_nothing_is_left(tmp_path, wanted)


def test_a_start_whose_broker_was_killed_before_it_wrote_the_pid_is_taken_up(
    wanted: ContainerSpec, tmp_path: Path, orphan: Start
) -> None:
    Records(tmp_path / "containers").claim(wanted)
    child = orphan(wanted.launch_id)
    seen = shown(ProcessLauncher(tmp_path), wanted.id)
    assert seen is not None
    assert seen.state is ContainerState.BOOTING
    assert seen.started_at is not None
    assert abs(seen.started_at.timestamp() - psutil.Process(child.pid).create_time()) < 0.01
    assert len(os.sched_getaffinity(child.pid)) <= wanted.limits.cpus
    launcher = ProcessLauncher(tmp_path)
    launcher.stop(wanted.launch_id, grace=timedelta(seconds=5))
    eventually(lambda: not launcher.containers(), what="it has ended")


def test_a_stop_whose_broker_was_killed_is_finished_by_the_next(
    wanted: ContainerSpec, tmp_path: Path, orphan: Start
) -> None:
    child = orphan(wanted.launch_id)
    records = Records(tmp_path / "containers")
    records.claim(wanted)
    created = psutil.Process(child.pid).create_time()
    records.write(Record(spec=wanted, pid=child.pid, created=created, started_at=created, stopping=True))
    launcher = ProcessLauncher(tmp_path)
    eventually(lambda: not launcher.containers(), what="it has ended")
    assert_nothing_is_left(tmp_path, wanted)


def test_a_stranger_with_a_reused_pid_is_neither_taken_for_it_nor_ended(
    launcher: ProcessLauncher, wanted: ContainerSpec, tmp_path: Path, orphan: Start
) -> None:
    stranger = orphan(LaunchId(f"another-{tmp_path.name}-{os.getpid()}"))
    records = Records(tmp_path / "containers", tidy=False)
    records.claim(wanted)
    records.write(Record(spec=wanted, pid=stranger.pid, created=1.0, started_at=1.0))
    assert failed(launcher, wanted).reason is not None
    launcher.stop(wanted.launch_id, grace=NOW)
    assert shown(launcher, wanted.id) is None
    assert stranger.poll() is None


def test_a_clock_that_is_set_ends_no_notebook_and_frees_no_gpu(
    wanted: ContainerSpec, launcher: ProcessLauncher, instead: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    instead("sleep", "300")
    launcher.launch(wanted)
    eventually(lambda: processes.marked(wanted.launch_id), what="it shows its mark")
    before = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: before(self) + 3600)  # as after a step of an hour
    seen = shown(launcher, wanted.id)
    assert seen is not None
    assert seen.state is ContainerState.BOOTING


def test_a_damaged_record_is_no_free_gpu_but_an_engine_that_does_not_answer(
    wanted: ContainerSpec, tmp_path: Path
) -> None:
    launcher = ProcessLauncher(tmp_path)
    Records(tmp_path / "containers").claim(wanted)
    path = tmp_path / "containers" / wanted.id / RECORD
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    with pytest.raises(LauncherUnavailableError):
        launcher.containers()
    with pytest.raises(LauncherUnavailableError):
        launcher.stop(wanted.launch_id, grace=NOW)
    path.write_bytes(whole)
    assert len(launcher.containers()) == 1


@pytest.mark.parametrize("text", ["", "{", "7", "{}", '{"port": "many"}', '{"port": null}'])
def test_as_long_as_jupyter_writes_its_address_there_is_no_endpoint(
    launcher: ProcessLauncher, wanted: ContainerSpec, instead: Callable[..., None], tmp_path: Path, text: str
) -> None:
    instead("sleep", "300")
    launcher.launch(wanted)
    folder = tmp_path / "containers" / wanted.id
    pid = json.loads((folder / RECORD).read_text(encoding="utf-8"))["pid"]
    (folder / "runtime" / f"jpserver-{pid}.json").write_text(text, encoding="utf-8")
    seen = shown(launcher, wanted.id)
    assert seen is not None
    assert (seen.state, seen.endpoint) == (ContainerState.BOOTING, None)


def test_no_token_is_logged(
    launcher: ProcessLauncher, wanted: ContainerSpec, instead: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    instead("no-such-program")
    with pytest.raises(LaunchRefusedError) as refused:
        launcher.launch(wanted)
    instead("sleep", "300")
    launcher.launch(wanted)
    launcher.stop(wanted.launch_id, grace=NOW)
    eventually(lambda: "container ended" in caplog.text, what="the end is logged")
    assert wanted.token not in caplog.text
    assert wanted.token not in str(refused.value)
    assert all(wanted.token not in str(vars(record)) for record in caplog.records)
