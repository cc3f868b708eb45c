"""`make run` itself: Ctrl-C leaves nothing but notebooks, and the next start finds them."""

import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from deploy.dev import notebooks
from deploy.dev.suite import PROMETHEUS_USER
from tests.e2e.person import Person
from tests.e2e.running import ROOT, Running, eventually, start

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@dataclass(kw_only=True)
class Lives:
    """What two runs in one folder showed: the first ended by Ctrl-C, the second by closing its terminal."""

    started: dict[str, Any]  # ada's container when it was ready
    found: dict[str, Any]  # and in the second run
    answered: int  # by its Jupyter then
    notebook_lived: bool  # between the runs
    printed: str  # by the first run
    services: int  # of the first run
    left: list[psutil.Process]  # of both runs' services after their ends
    statuses: list[int | None]  # of both runs
    targets: list[list[tuple[str, str | None]]]  # job and host of everything that was seen by Prometheus, in each run
    cpus: list[list[int | None]]  # of the machines, in each run


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Lives:
    folder = tmp_path_factory.mktemp("lives") / "run"
    first = start(folder)
    of_first, ada = first.services(), Person(first.address, "ada")
    started, seen = ada.start(), _seen(first)
    [record] = notebooks.records(folder)
    printed = first.interrupt()
    lived = record.pid is not None and psutil.pid_exists(record.pid)
    second = start(folder)
    try:
        of_second, ada = second.services(), Person(second.address, "ada")
        found = ada.api("GET", "containers/ada--default").json()
        answered = ada.get("user/ada/api/status").status_code
        seen_again = _seen(second)
        second.process.send_signal(signal.SIGHUP)
        second.process.wait(30)
    finally:
        second.process.kill()
        ended = notebooks.stop_all(folder)
    assert (ended, psutil.pid_exists(record.pid or 0)) == (1, False)
    return Lives(
        started=started, found=found, answered=answered, notebook_lived=lived, printed=printed, services=len(of_first),
        left=_living([*of_first, *of_second]), statuses=[first.process.returncode, second.process.returncode],
        targets=[seen[0], seen_again[0]], cpus=[seen[1], seen_again[1]],
    )  # fmt: skip


def test_ctrl_c_and_a_closed_terminal_end_the_services(lives: Lives) -> None:
    assert lives.services >= 7
    assert (lives.statuses, lives.left) == ([0, 0], [])


def test_a_notebook_goes_on_and_the_next_start_finds_it(lives: Lives) -> None:
    assert "ada" in lives.printed
    assert "make stop-notebooks" in lives.printed
    assert lives.notebook_lived
    keys = ("id", "state", "started_at", "ready_at", "time_to_notebook_seconds")
    assert {key: lives.found[key] for key in keys} == {key: lives.started[key] for key in keys}
    assert lives.answered == 200


def test_a_restart_continues_the_same_series(lives: Lives) -> None:
    host = socket.gethostname()
    each = [("broker", None), ("gpu", host), ("node", host)] + [("services", None)] * 3
    assert lives.targets == [each, each]  # the second run has other ports
    assert lives.cpus == [[os.cpu_count()]] * 2


def test_the_page_answers_at_the_printed_address_and_nowhere_else(suite: Running) -> None:
    assert requests.get(suite.address, timeout=5).status_code == 200
    listening = {
        connection.laddr.ip
        for process in suite.services()
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


@pytest.mark.parametrize("moment", ["listening", "holding", "starting"])
def test_ctrl_c_during_the_start_ends_it_at_once_and_leaves_nothing(tmp_path: Path, moment: str) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "deploy.dev.run", "--state", str(folder), "--port", "0"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    reached = {
        "listening": lambda: _catches_hangup(process.pid),  # before the imports
        "holding": lambda: (folder / "run.lock").exists(),  # before the services
        "starting": lambda: (folder / "supervisord.pid").exists(),
    }
    eventually(reached[moment], seconds=30, what=moment)
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in printed
    assert ("Everything has ended" in printed) == ("Starting" in printed)
    assert [each.pid for each in psutil.process_iter() if str(folder) in _command(each)] == []


def _catches_hangup(pid: int) -> bool:
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    return caught is not None and bool(int(caught[1], 16) & 1 << signal.SIGHUP - 1)


def test_after_a_killed_run_the_next_one_ends_its_services_and_keeps_its_notebook(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = start(folder)
    services = first.services()
    Person(first.address, "ada").start()
    [record] = notebooks.records(folder)
    first.process.kill()
    first.process.wait(10)
    assert _living(services) == services

    second = start(folder)
    try:
        assert any("left behind" in line for line in second.output)
        assert _living(services) == []
        assert record.pid is not None
        assert psutil.pid_exists(record.pid), "the notebook goes on"
    finally:
        second.interrupt()
        notebooks.stop_all(folder)


def test_a_killed_supervisor_takes_the_services_along(tmp_path: Path) -> None:
    running = start(tmp_path / "run")
    services = running.services()
    psutil.Process(services[0].ppid()).kill()
    running.process.wait(60)
    running.reader.join(10)
    assert "left behind" in "".join(running.output)
    assert _living(services) == []


def _living(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def _seen(running: Running) -> tuple[list[tuple[str, str | None]], list[int | None]]:
    """Return job and host of each series `up`, and the machines' CPUs, once everything was scraped."""
    login = (PROMETHEUS_USER, running.secrets()["prometheus_password"])

    def asked(path: str) -> Any:
        url = f"http://127.0.0.1:{running.ports()['prometheus']}/api/v1/{path}"
        return requests.get(url, auth=login, timeout=5).json()["data"]

    def cpus() -> list[int | None]:
        told = Person(running.address, "ada").api("GET", "machines").json()["machines"]
        return [machine["cpus"] for machine in told]

    def scraped() -> bool:
        return [target["health"] for target in asked("targets")["activeTargets"]] == ["up"] * 6

    eventually(scraped, seconds=30, what="every target is scraped by this run")
    ups = [(each["metric"]["job"], each["metric"].get("host")) for each in asked("query?query=up")["result"]]
    eventually(lambda: None not in cpus(), seconds=10, what="the manager has numbers")
    return sorted(ups, key=str), cpus()


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
