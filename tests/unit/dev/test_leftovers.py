"""What a killed run left behind is found by its folder, with real processes; a notebook is never one of them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters.jupyter_settings import LAUNCH_MARK

from deploy.dev import leftovers

SERVICE = {"SUPERVISOR_PROCESS_NAME": "manager-api"}
WAIT = "print(flush=True); import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAIT

Begin = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start small processes, and end them afterwards."""
    begun: list[subprocess.Popen[bytes]] = []

    def one(folder: Path, environment: dict[str, str], *arguments: str, code: str = WAIT) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", code, *arguments]
        process = subprocess.Popen(command, cwd=folder, env=os.environ | environment, stdout=subprocess.PIPE)
        begun.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    yield one
    for process in begun:
        process.kill()
        process.communicate()


def test_services_and_the_supervisor_of_the_folder_are_ended(tmp_path: Path, begin: Begin) -> None:
    supervisor = begin(Path("/"), {}, "supervisor.supervisord", "-c", str(tmp_path / "supervisord.conf"))
    service = begin(tmp_path, SERVICE)
    assert leftovers.end(tmp_path) == 2
    assert supervisor.poll() is not None
    assert service.poll() is not None
    assert leftovers.end(tmp_path) == 0


def test_what_ignores_the_request_is_killed(tmp_path: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "PATIENCE_SECONDS", 0.5)
    service = begin(tmp_path, SERVICE, code=STUBBORN)
    assert leftovers.end(tmp_path) == 1
    assert service.wait(10) == -9


def test_notebooks_and_what_is_elsewhere_go_on(tmp_path: Path, begin: Begin) -> None:
    elsewhere = tmp_path / "other"
    elsewhere.mkdir()
    others = [
        begin(tmp_path, {}),
        begin(tmp_path, SERVICE | {LAUNCH_MARK: "1"}),
        begin(elsewhere, SERVICE),
        begin(tmp_path, {}, "supervisor.supervisord", "-c", str(elsewhere / "supervisord.conf")),
    ]
    assert leftovers.end(tmp_path) == 0
    assert [process.poll() for process in others] == [None] * 4
