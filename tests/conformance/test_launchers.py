"""What every launcher promises. An adapter to another engine joins by adding a subject."""

import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
import requests
from shiva_jupyter_broker.adapters import local_process, processes
from shiva_jupyter_broker.adapters.jupyter_probe import JupyterProbe
from shiva_jupyter_broker.adapters.jupyter_settings import LAUNCH_MARK
from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import ContainerId, ContainerSpec, ContainerState, ImagePresence, LaunchId
from shiva_jupyter_broker.domain.ports import LaunchRefusedError, Reach

from tests.conformance.marathon import MarathonSubject, marathon_subject
from tests.conformance.subjects import GRACE, FakeSubject, ProcessSubject, Subject, eventually, shown, wanted
from tests.fakes.launcher import LIMITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A booted container that tests share and leave as it is."""

    spec: ContainerSpec
    asked: datetime
    booted: datetime


def started(subject: Subject, owner: str) -> Running:
    """Launch a container, and return once its Jupyter answers."""
    spec, asked = wanted(subject, owner), datetime.now(UTC)
    subject.launcher.launch(spec)
    subject.boot(spec.id)
    return Running(spec=spec, asked=asked, booted=datetime.now(UTC))


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessSubject]:
    subject = ProcessSubject(tmp_path_factory.mktemp("process"))
    yield subject
    subject.end_all()


@pytest.fixture(scope="module")
def real(process: ProcessSubject) -> Subject:
    """A launcher of real notebooks."""
    return process


@pytest.fixture(scope="module")
def jupyter(process: ProcessSubject) -> Running:
    """The real one that is shared."""
    return started(process, "ada")


@pytest.fixture(scope="module")
def marathon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarathonSubject]:
    with marathon_subject(tmp_path_factory.mktemp("marathon")) as subject:
        yield subject


@pytest.fixture(scope="module", params=["fake", "process", "marathon"])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "fake":
        return FakeSubject()
    real: Subject = request.getfixturevalue(request.param)
    return real


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest, subject: Subject) -> Running:
    if isinstance(subject, FakeSubject):
        return replace(started(subject, "ada"), asked=datetime.min.replace(tzinfo=UTC))  # its clock stands still
    if isinstance(subject, MarathonSubject):
        return started(subject, "ada")
    real: Running = request.getfixturevalue("jupyter")
    return real


# ---- every launcher ----


def test_what_runs_is_shown_as_it_was_wanted(subject: Subject, running: Running) -> None:
    seen, spec = shown(subject.launcher, running.spec.id), running.spec
    assert seen is not None
    for member in ("id", "launch_id", "owner", "name", "machine", "image", "image_ref", "gpus", "limits", "token"):
        assert getattr(seen, member) == getattr(spec, member), member
    assert (seen.requested_at, seen.placed_at) == (spec.requested_at, spec.placed_at)
    assert (seen.state, seen.reason) == (ContainerState.BOOTING, None)
    assert seen.endpoint is not None


def test_its_start_lies_between_the_question_and_jupyters_answer(subject: Subject, running: Running) -> None:
    seen = shown(subject.launcher, running.spec.id)
    assert seen is not None
    assert seen.started_at is not None
    assert running.asked <= seen.started_at <= running.booted


def test_launching_the_same_again_changes_nothing(subject: Subject, running: Running) -> None:
    before = list(subject.launcher.containers())
    subject.launcher.launch(running.spec)
    subject.reopened().launch(running.spec)
    assert list(subject.launcher.containers()) == before


def test_another_container_of_that_id_is_refused_and_the_running_one_stays(subject: Subject, running: Running) -> None:
    before = list(subject.launcher.containers())
    with pytest.raises(LaunchRefusedError):
        subject.launcher.launch(replace(running.spec, launch_id=LaunchId("another")))
    assert list(subject.launcher.containers()) == before


def test_a_new_launcher_finds_it_with_the_same_start_and_endpoint(subject: Subject, running: Running) -> None:
    assert shown(subject.reopened(), running.spec.id) == shown(subject.launcher, running.spec.id)


def test_what_runs_on_a_machine_is_there_and_fetching_it_again_changes_nothing(
    subject: Subject, running: Running
) -> None:
    spec, before = running.spec, list(subject.launcher.containers())
    for _ in range(2):
        assert subject.launcher.machines()[spec.machine].presence(spec.image_ref) is ImagePresence.PRESENT
        subject.launcher.pull(spec.image_ref, spec.machine)
    assert list(subject.launcher.containers()) == before


@pytest.mark.parametrize("keep", [True, False])
def test_stopping_what_is_not_there_succeeds(subject: Subject, running: Running, keep: bool) -> None:
    before = list(subject.launcher.containers())
    subject.launcher.stop(LaunchId("of-nobody"), grace=GRACE, keep=keep)
    assert list(subject.launcher.containers()) == before
    assert shown(subject.launcher, running.spec.id) is not None


def test_a_stop_is_shown_until_it_is_done_and_may_be_repeated(subject: Subject) -> None:
    spec = wanted(subject, "stopper")
    subject.launcher.launch(spec)
    for _ in range(2):
        subject.launcher.stop(spec.launch_id, grace=GRACE)
        seen = shown(subject.launcher, spec.id)
        assert seen is None or (seen.state, seen.endpoint) == (ContainerState.STOPPING, None)
    subject.leave(spec.id)
    subject.launcher.stop(spec.launch_id, grace=GRACE)
    assert shown(subject.launcher, spec.id) is None
    assert shown(subject.reopened(), spec.id) is None


def test_the_id_is_free_once_it_is_gone(subject: Subject) -> None:
    for _ in range(2):
        spec = wanted(subject, "again")
        subject.launcher.launch(spec)
        seen = shown(subject.launcher, spec.id)
        assert seen is not None
        assert seen.launch_id == spec.launch_id
        subject.launcher.stop(spec.launch_id, grace=timedelta(0))
        subject.leave(spec.id)


def has_failed(subject: Subject, container: ContainerId) -> bool:
    subject.launcher.settle()
    seen = shown(subject.launcher, container)
    return seen is not None and seen.state is ContainerState.FAILED


def test_a_killed_notebook_has_failed_with_a_reason_and_makes_room(subject: Subject) -> None:
    spec = wanted(subject, "victim")
    subject.launcher.launch(spec)
    subject.kill(spec.id)
    eventually(lambda: has_failed(subject, spec.id), what="it has failed")
    for launcher in (subject.launcher, subject.reopened()):
        seen = shown(launcher, spec.id)
        assert seen is not None
        assert seen.state is ContainerState.FAILED
        assert seen.endpoint is None
        assert seen.reason is not None
        assert seen.reason.endswith(".")
    subject.launcher.stop(spec.launch_id, grace=timedelta(0))
    subject.leave(spec.id)


def test_what_it_wrote_can_be_read_of_a_failed_one_too_or_nobody_keeps_it(subject: Subject, running: Running) -> None:
    spec = wanted(subject, "writer")
    subject.launcher.launch(spec)
    subject.kill(spec.id)
    eventually(lambda: has_failed(subject, spec.id), what="it has failed")
    for launcher in (subject.launcher, subject.reopened()):
        for launch in (spec.launch_id, running.spec.launch_id):
            told = launcher.log(launch, lines=2)
            assert told is None or len(told.lines) <= 2
            assert (told is None) is (subject.launcher.name == "marathon")  # there is no Mesos to ask here
        of_nobody = launcher.log(LaunchId("of-nobody"), lines=2)
        assert of_nobody is None or (of_nobody.lines, of_nobody.truncated) == ((), False)
    subject.launcher.stop(spec.launch_id, grace=timedelta(0))
    subject.leave(spec.id)


def test_with_keep_it_is_shown_as_failed_until_it_is_stopped_once_more(subject: Subject) -> None:
    spec = wanted(subject, "kept")
    subject.launcher.launch(spec)
    subject.boot(spec.id)
    subject.launcher.stop(spec.launch_id, grace=GRACE, keep=True)
    eventually(lambda: has_failed(subject, spec.id), what="it has failed")
    for launcher in (subject.launcher, subject.reopened()):
        launcher.settle()
        seen = shown(launcher, spec.id)
        assert seen is not None
        assert seen.reason is not None
        assert "files in the home are safe" in seen.reason
        assert (seen.endpoint, seen.holds_resources) == (None, False)
    subject.launcher.stop(spec.launch_id, grace=timedelta(0))
    subject.leave(spec.id)


# ---- launchers of real notebooks ----


def url(subject: Subject, running: Running, path: str) -> str:
    seen = shown(subject.launcher, running.spec.id)
    assert seen is not None
    assert seen.endpoint is not None
    prefix = naming.prefix(running.spec.owner, running.spec.name)
    return f"http://{seen.endpoint.host}:{seen.endpoint.port}{prefix}{path}"


def ask(subject: Subject, running: Running, path: str, *, token: str | None, method: str = "GET") -> requests.Response:
    headers = {} if token is None else {"Authorization": f"token {token}"}
    return requests.request(
        method, url(subject, running, path), headers=headers, timeout=10, allow_redirects=False, data="{}"
    )


def test_its_endpoint_answers_with_the_token_and_refuses_without(real: Subject, jupyter: Running) -> None:
    assert ask(real, jupyter, "api/status", token=jupyter.spec.token).status_code == 200
    assert ask(real, jupyter, "api/status", token=None).status_code == 403
    assert ask(real, jupyter, "api/status", token="0" * 64).status_code == 403
    assert ask(real, jupyter, "lab", token=None).status_code in {302, 403}
    assert ask(real, jupyter, "api/kernels", token=None, method="POST").status_code == 403


def test_the_probe_tells_the_notebook_from_a_stranger(real: Subject, jupyter: Running) -> None:
    seen = shown(real.launcher, jupyter.spec.id)
    assert seen is not None
    assert JupyterProbe().reach(seen) is Reach.ANSWERING
    assert JupyterProbe().reach(replace(seen, token="0" * 64)) is Reach.LISTENING
    assert JupyterProbe().reach(replace(seen, endpoint=None)) is Reach.NOTHING


def test_its_token_stands_in_no_process_list_and_in_no_log(process: ProcessSubject, jupyter: Running) -> None:
    token = jupyter.spec.token
    assert ask(process, jupyter, "api/contents/none", token=token).status_code == 404  # which Jupyter logs
    eventually(lambda: "404" in process.log(jupyter.spec.id), what="Jupyter logs the 404")
    for pid in psutil.pids():
        for name in ("cmdline", "environ"):
            try:
                text = Path(f"/proc/{pid}/{name}").read_bytes()
            except OSError:
                continue
            assert token.encode() not in text, f"{name} of {pid}"
    folder = process.state / "containers" / jupyter.spec.id
    holders = {p for p in folder.rglob("*") if p.is_file() and token.encode() in p.read_bytes()}
    assert token not in process.log(jupyter.spec.id)
    assert {folder / "container.json", folder / "jupyter_server_config.json"} <= holders
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_its_last_lines_are_what_jupyter_wrote_last(process: ProcessSubject, jupyter: Running) -> None:
    assert (
        ask(process, jupyter, "api/contents/nowhere", token=jupyter.spec.token).status_code == 404
    )  # which Jupyter logs
    eventually(lambda: "nowhere" in process.log(jupyter.spec.id), what="Jupyter logs the 404")
    written = process.log(jupyter.spec.id).splitlines()
    told = process.launcher.log(jupyter.spec.launch_id, lines=3)
    assert (told.lines, told.truncated) == (tuple(written[-3:]), True)
    whole = process.reopened().log(jupyter.spec.launch_id, lines=1000)
    assert whole is not None
    assert (whole.lines, whole.truncated) == (tuple(written), False)


def test_it_has_a_session_and_a_process_group_of_its_own(process: ProcessSubject, jupyter: Running) -> None:
    pid = process.pid(jupyter.spec.id)
    assert os.getsid(pid) == os.getpgid(pid) == pid
    assert os.getsid(pid) != os.getsid(0)


def limit(pid: int, name: str) -> list[str]:
    lines = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    [line] = [each for each in lines if each.startswith(name)]
    return line.removeprefix(name).split()[:2]


def test_its_limits_are_the_kernels_and_its_kernels_inherit_them(process: ProcessSubject, jupyter: Running) -> None:
    answer = ask(process, jupyter, "api/kernels", token=jupyter.spec.token, method="POST")
    assert answer.status_code == 201, answer.text
    main = psutil.Process(process.pid(jupyter.spec.id))
    family = [main, *main.children()]
    assert len(family) == 2
    for each in family:
        assert limit(each.pid, "Max data size") == [str(LIMITS.memory_bytes)] * 2
        assert limit(each.pid, "Max core file size") == ["0", "0"]
        assert 1 <= len(os.sched_getaffinity(each.pid)) <= max(1, round(LIMITS.cpus))
        assert Path(f"/proc/{each.pid}/oom_score_adj").read_text(encoding="ascii").strip() == "500"
        assert each.environ()["CUDA_VISIBLE_DEVICES"] == ""


def test_a_port_that_was_taken_meanwhile_is_exchanged_for_another(
    process: ProcessSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(local_process, "_free_port", lambda: port)
        running = started(process, "crowded")
    seen = shown(process.launcher, running.spec.id)
    assert seen is not None
    assert seen.endpoint is not None
    assert seen.endpoint.port != port
    process.launcher.stop(running.spec.launch_id, grace=GRACE)
    process.leave(running.spec.id)


@pytest.fixture
def detached() -> Iterator[Callable[[LaunchId], subprocess.Popen[bytes]]]:
    """What `nohup … &` in a notebook's terminal leaves: the mark, but neither parent, group nor session."""
    children: list[subprocess.Popen[bytes]] = []

    def start(launch: LaunchId) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            ["sleep", "300"], env={"PATH": "/usr/bin:/bin", LAUNCH_MARK: launch}, start_new_session=True
        )
        children.append(child)
        eventually(lambda: processes.marked(launch), what="it is started")
        return child

    yield start
    for child in children:
        child.kill()
        child.wait()


def test_a_stop_ends_kernels_and_detached_processes_and_keeps_the_home(
    process: ProcessSubject, detached: Callable[[LaunchId], subprocess.Popen[bytes]]
) -> None:
    running = started(process, "worker")
    spec = running.spec
    work = Path(spec.home) / "work.ipynb"
    work.write_text("mine", encoding="utf-8")
    assert ask(process, running, "api/kernels", token=spec.token, method="POST").status_code == 201
    main = psutil.Process(process.pid(spec.id))
    child = detached(spec.launch_id)
    family = [main, *main.children(recursive=True)]
    assert len(family) >= 2
    process.launcher.stop(spec.launch_id, grace=GRACE)
    process.leave(spec.id)
    assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family)
    child.wait(5)
    assert work.read_text(encoding="utf-8") == "mine"
    assert not (process.state / "containers" / spec.id).exists()


def test_what_a_killed_notebook_leaves_behind_is_ended_before_its_successor_starts(
    process: ProcessSubject, detached: Callable[[LaunchId], subprocess.Popen[bytes]]
) -> None:
    spec = wanted(process, "orphaned")
    process.launcher.launch(spec)
    child = detached(spec.launch_id)
    process.kill(spec.id)
    process.launcher.stop(spec.launch_id, grace=timedelta(0))
    seen = shown(process.launcher, spec.id)
    assert seen is None or seen.state is ContainerState.STOPPING
    process.leave(spec.id)
    child.wait(5)
