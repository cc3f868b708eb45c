"""What launchers of real notebooks promise about activity: each kernel and each terminal is told as what it does."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters.jupyter_activity import JupyterReader
from shiva_jupyter_broker.adapters.local_process import ProcessLauncher
from shiva_jupyter_broker.domain.ports import Activity
from websockets.sync.client import ClientConnection, connect

from tests.conformance.subjects import ProcessSubject, Subject, eventually, shown
from tests.conformance.test_launchers import Running, ask, started, url

KERNEL_IDLE_TIMEOUT = 5
WAIT = "import os, time\nwhile not os.path.exists('gate'): time.sleep(0.02)"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessSubject]:
    subject = ProcessSubject(tmp_path_factory.mktemp("activity"))
    yield subject
    subject.end_all()


@pytest.fixture(scope="module")
def real(process: ProcessSubject) -> Subject:
    return process


@pytest.fixture(scope="module")
def culling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    """A launcher whose notebooks end idle kernels."""
    subject = ProcessSubject(tmp_path_factory.mktemp("culling"))
    subject.launcher = ProcessLauncher(subject.state, kernel_idle_timeout=KERNEL_IDLE_TIMEOUT)
    yield subject
    subject.end_all()


@pytest.fixture(scope="module")
def jupyter(real: Subject) -> Running:
    return started(real, "ada")


@pytest.fixture(scope="module")
def other(real: Subject) -> Running:
    return started(real, "ken")


def told(subject: Subject, running: Running) -> Activity:
    """Return what it does now."""
    seen = shown(subject.launcher, running.spec.id)
    assert seen is not None
    return JupyterReader(lambda: datetime.now(UTC)).read(seen)


def becomes(subject: Subject, running: Running, *, busy: int) -> Activity:
    """Return what it does once so many are busy."""
    seen = told(subject, running)

    def so_many() -> bool:
        nonlocal seen
        seen = told(subject, running)
        return seen.busy == busy

    eventually(so_many, what=f"{busy} are busy")
    return seen


@contextmanager
def channel(subject: Subject, running: Running, path: str) -> Iterator[ClientConnection]:
    """A WebSocket with the token."""
    address, headers = url(subject, running, path), {"Authorization": f"token {running.spec.token}"}
    with connect(address.replace("http:", "ws:"), additional_headers=headers, max_size=None) as socket:
        yield socket


def kernel(subject: Subject, running: Running) -> str:
    """Start one; return its id."""
    answer = ask(subject, running, "api/kernels", token=running.spec.token, method="POST")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def execute(socket: ClientConnection, code: str) -> None:
    """Let a kernel run code; return at once."""
    asked = uuid.uuid4().hex
    header = {"msg_id": asked, "msg_type": "execute_request", "session": asked, "username": "", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    request = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
    socket.send(json.dumps(request))


@contextmanager
def terminal(subject: Subject, running: Running) -> Iterator[ClientConnection]:
    """A new one at its prompt; it is closed afterwards."""
    answer = ask(subject, running, "api/terminals", token=running.spec.token, method="POST")
    assert answer.status_code == 200, answer.text
    name, output = answer.json()["name"], ""
    with channel(subject, running, f"terminals/websocket/{name}") as socket:
        types(socket, "echo at the 'prompt'")
        while "at the prompt" not in output:
            kind, *rest = json.loads(socket.recv(timeout=20))
            output += "".join(map(str, rest)) if kind == "stdout" else ""
        yield socket
    assert ask(subject, running, f"api/terminals/{name}", token=running.spec.token, method="DELETE").status_code == 204
    eventually(lambda: told(subject, running).terminals == 0, what="the terminal is gone")


def types(socket: ClientConnection, line: str) -> None:
    """Type a line into a terminal."""
    socket.send(json.dumps(["stdin", f"{line}\r"]))


def test_a_kernel_is_busy_while_it_executes_and_quiet_before_and_afterwards(real: Subject) -> None:
    running = started(real, "kernels")
    nothing = told(real, running)
    assert (nothing.kernels, nothing.terminals, nothing.busy) == (0, 0, 0)
    assert (nothing.busy_since, nothing.last_activity_at) == (None, None)
    first = kernel(real, running)
    assert told(real, running).busy == 1  # it starts, until somebody has spoken with it
    gate = Path(running.spec.home, "gate")
    with channel(real, running, f"api/kernels/{first}/channels") as socket:
        quiet = becomes(real, running, busy=0)
        assert (quiet.kernels, quiet.busy_since) == (1, None)
        assert quiet.last_activity_at is not None
        execute(socket, WAIT)
        busy = becomes(real, running, busy=1)
        assert busy.last_activity_at is None
        assert busy.busy_since is not None
        assert quiet.last_activity_at <= busy.busy_since <= datetime.now(UTC)
        gate.touch()
        later = becomes(real, running, busy=0)
    assert later.last_activity_at is not None
    assert later.last_activity_at >= busy.busy_since


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ("sleep 600", "\x03"),
        ("sleep 600 &", "kill $!"),
        ("nohup sleep 600 >/dev/null 2>&1 &", "kill $!"),
        ("sh -c 'kill -STOP $$'", "kill -9 %1"),
    ],
)
def test_a_program_in_a_terminal_is_busy_until_it_ends_and_a_prompt_is_quiet(
    real: Subject, jupyter: Running, line: str, end: str
) -> None:
    before = told(real, jupyter)
    with terminal(real, jupyter) as socket:
        prompt = becomes(real, jupyter, busy=0)
        assert (prompt.terminals, prompt.busy_since) == (1, None)
        assert prompt.last_activity_at is not None
        types(socket, line)
        busy = becomes(real, jupyter, busy=1)
        assert busy.busy_since is not None
        assert before.read_at <= busy.busy_since <= datetime.now(UTC)
        types(socket, end)
        becomes(real, jupyter, busy=0)


def test_a_program_in_the_place_of_its_shell_is_busy_for_nobody_knows_how_long(real: Subject, jupyter: Running) -> None:
    with terminal(real, jupyter) as socket:
        becomes(real, jupyter, busy=0)
        types(socket, "exec sleep 600")
        busy = becomes(real, jupyter, busy=1)
    assert (busy.terminals, busy.busy_since) == (1, None)


@pytest.mark.parametrize("start", ["setsid sh -c {}", "nohup sh -c {} & disown"])
def test_what_runs_on_without_a_terminal_is_busy_until_it_ends_and_is_nobody_elses(
    real: Subject, jupyter: Running, other: Running, start: str
) -> None:
    gate = Path(jupyter.spec.home, "gate")
    program = "'(touch begun; while [ ! -e gate ]; do sleep 0.05; done) >/dev/null 2>&1 </dev/null &'"
    with terminal(real, jupyter) as socket:
        types(socket, f"trap '' HUP; {start.format(program)}")
        eventually(lambda: Path(jupyter.spec.home, "begun").exists(), what="it has begun")
    left = becomes(real, jupyter, busy=1)
    assert (left.terminals, left.kernels) == (0, 0)
    assert left.busy_since is not None
    assert told(real, other).busy == 0
    gate.touch()
    becomes(real, jupyter, busy=0)
    for each in ("begun", "gate"):
        Path(jupyter.spec.home, each).unlink()


def test_what_a_living_kernel_started_is_the_kernels_own(real: Subject) -> None:
    running = started(real, "children")
    with channel(real, running, f"api/kernels/{kernel(real, running)}/channels") as socket:
        becomes(real, running, busy=0)
        execute(socket, "import subprocess; each = subprocess.Popen(['sleep', '600']); open('begun', 'w').close()")
        eventually(lambda: Path(running.spec.home, "begun").exists(), what="it has begun")
        becomes(real, running, busy=0)


def kernels(subject: Subject, running: Running) -> set[str]:
    """Return the ids of those that are there."""
    return {each["id"] for each in ask(subject, running, "api/kernels", token=running.spec.token).json()}


def test_an_idle_kernel_ends_and_neither_a_busy_one_nor_one_that_somebody_looks_at(culling: Subject) -> None:
    running = started(culling, "culled")
    idle, watched, busy = [f"api/kernels/{kernel(culling, running)}/channels" for _ in range(3)]
    with channel(culling, running, watched):
        for left, code in ((busy, WAIT), (idle, "1")):
            with channel(culling, running, left) as socket:
                execute(socket, code)
        eventually(lambda: len(kernels(culling, running)) < 3, what="one has ended")
        assert {f"api/kernels/{each}/channels" for each in kernels(culling, running)} == {watched, busy}
        assert told(culling, running).busy == 1
        Path(running.spec.home, "gate").touch()
        eventually(lambda: len(kernels(culling, running)) < 2, what="it ends as well once it is idle")
        assert {f"api/kernels/{each}/channels" for each in kernels(culling, running)} == {watched}


def test_what_it_does_is_told_to_who_has_the_token(real: Subject, jupyter: Running) -> None:
    assert ask(real, jupyter, "api/shiva/activity", token=jupyter.spec.token).json() == {
        "terminals": [],
        "left_running_since": None,
    }
    assert ask(real, jupyter, "api/shiva/activity", token=None).status_code == 403
