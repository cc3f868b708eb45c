"""The real command: in a terminal, in a pipe, and when somebody presses Ctrl-C."""

import os
import re
import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.fakes.scripted_http import answer
from tests.fakes.shiva_api import TOKEN, FakeShiva, container
from tests.fakes.terminal import COMMAND, SECONDS, Tty, on_a_terminal, piped

Terminals = Callable[..., AbstractContextManager[Tty]]


@pytest.fixture
def environ(shiva: FakeShiva, tmp_path: Path) -> dict[str, str]:
    """The environment of a person who is logged in."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "en_US.UTF-8",
        "PYTHONUTF8": "1",
        "TERM": "xterm",
        "SHIVA_URL": shiva.url,
        "SHIVA_TOKEN": TOKEN,
        "BROWSER": "true",
    }


@pytest.fixture
def tty(environ: dict[str, str]) -> Terminals:
    """Run a command on a terminal."""

    def running(*arguments: str, **more: str) -> AbstractContextManager[Tty]:
        return on_a_terminal(environ | more, *arguments)

    return running


def test_on_a_terminal_the_running_phase_is_written_over(tty: Terminals, shiva: FakeShiva) -> None:
    shiva.on("start", answer(container("pending"), 201))
    shiva.on("container", answer(container("booting")), answer(container()))
    with tty("start", "--wait") as person:
        assert person.end() == 0
    assert "\r\x1b[K" in person.seen
    assert "\x1b[32m✔ ready 2.3 s" in person.seen
    shown = [line.rpartition("\x1b[K")[2] for line in person.seen.rstrip().split("\r\n")]
    assert [re.sub(r"\x1b\[\d*m", "", line) for line in shown] == [
        "✔ placed 0.0 s gpu-02",
        "✔ created 0.2 s",
        "✔ booted 1.7 s",
        f"✔ ready 2.3 s {shiva.url}/user/ada.lovelace/",
        f"{shiva.url}/user/ada.lovelace/",
    ]


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_no_color_gets_none(tty: Terminals, more: dict[str, str]) -> None:
    with tty("ps", **more) as person:
        assert person.end() == 0
    assert "running" in person.seen
    assert "\x1b" not in person.seen


def test_a_terminal_gets_colors_and_a_pipe_does_not(tty: Terminals, environ: dict[str, str]) -> None:
    with tty("ps") as person:
        assert person.end() == 0
    assert "\x1b[32mrunning" in person.seen
    assert "\x1b" not in piped(environ, "ps").stdout


def test_in_a_pipe_data_and_progress_are_apart(environ: dict[str, str], shiva: FakeShiva) -> None:
    done = piped(environ, "start", "--wait")
    assert done.returncode == 0
    assert done.stdout == f"{shiva.url}/user/ada.lovelace/\n"
    assert done.stderr.splitlines()[-1] == f"✔ ready 2.3 s {shiva.url}/user/ada.lovelace/"
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("typed", "said", "stops"),
    [
        ("y\n", "default is stopping.", 1),
        ("n\n", "default goes on starting.", 0),
        ("\n", "default goes on starting.", 0),
        ("\x03", "default goes on starting.", 0),
    ],
    ids=["yes", "no", "enter", "ctrl-c"],
)
def test_ctrl_c_on_a_terminal_asks(tty: Terminals, shiva: FakeShiva, typed: str, said: str, stops: int) -> None:
    shiva.on("start", answer(container("booting"), 201))
    shiva.on("container", answer(container("booting")))
    with tty("start") as person:
        person.until("⧗ booting")
        person.type("\x03")
        person.until("Stop default? [y/N]")
        assert (person.insist(typed) if typed == "\x03" else person.answered(typed)) == 130
    assert said in person.seen
    assert len(shiva.asked("stop")) == stops


def test_ctrl_c_does_not_ask_who_detached(tty: Terminals, shiva: FakeShiva) -> None:
    shiva.on("start", answer(container("booting"), 201))
    shiva.on("container", answer(container("booting")))
    with tty("start", "--wait", "--detach") as person:
        person.until("⧗ booting")
        person.type("\x03")
        assert person.end() == 130
    assert "`shiva stop default` stops it" in person.seen
    assert shiva.asked("stop") == []


def test_an_interrupt_in_a_pipe_says_that_the_start_goes_on(environ: dict[str, str], shiva: FakeShiva) -> None:
    shiva.on("start", answer(container("booting"), 201))
    shiva.on("container", answer(container("booting")))
    with subprocess.Popen(
        [*COMMAND, "start"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
    ) as process:
        assert process.stderr is not None
        while "booting" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (130, "")
    assert "default goes on starting. `shiva stop default` stops it, `shiva ps` shows it." in err


def test_a_reader_who_has_enough_is_no_error(environ: dict[str, str], shiva: FakeShiva) -> None:
    shiva.lawless = True
    shiva.on("images", answer({"images": [{"name": f"image-{number}" * 20} for number in range(5000)]}))
    with subprocess.Popen([*COMMAND, "images"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_a_terminal_without_unicode_is_no_error(environ: dict[str, str]) -> None:
    latin = environ | {"PYTHONIOENCODING": "latin-1", "LANG": "ja_JP.ISO-8859-1"}
    latin.pop("PYTHONUTF8")
    done = subprocess.run([*COMMAND, "start"], env=latin, capture_output=True, timeout=SECONDS, check=False)
    assert done.returncode == 0
    assert b"? " in done.stderr


def test_the_command_starts_quickly_and_knows_its_version(environ: dict[str, str]) -> None:
    done = piped(environ, "--version")
    assert (done.returncode, done.stdout) == (0, "shiva 0.1.0\n")
