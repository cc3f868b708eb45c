"""`make run` itself: Ctrl-C leaves nothing but notebooks, and the next start finds them."""

import os
import re
import signal
import socket
import subprocess
import sys
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


def test_ctrl_c_ends_the_services_and_the_next_start_finds_the_notebook(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = start(folder)
    services = first.services()
    assert len(services) >= 7
    ada = Person(first.address, "ada")
    before = ada.start()
    [record] = notebooks.records(folder)

    printed = first.interrupt()
    assert first.process.returncode == 0
    assert "ada" in printed
    assert "make stop-notebooks" in printed
    assert _living(services) == []
    assert record.pid is not None
    assert psutil.pid_exists(record.pid), "the notebook goes on"

    second = start(folder)
    try:
        found = Person(second.address, "ada").api("GET", "containers/ada--default").json()
        keys = ("id", "state", "started_at", "ready_at", "time_to_notebook_seconds")
        assert {key: found[key] for key in keys} == {key: before[key] for key in keys}
        assert Person(second.address, "ada").get("user/ada/api/status").status_code == 200
    finally:
        second.interrupt()
    assert notebooks.stop_all(folder) == 1
    assert not psutil.pid_exists(record.pid)


def test_the_page_answers_at_the_printed_address_and_nowhere_else(tmp_path: Path) -> None:
    running = start(tmp_path / "run")
    try:
        assert requests.get(running.address, timeout=5).status_code == 200
        listening = {
            connection.laddr.ip
            for process in running.services()
            for connection in process.net_connections(kind="tcp")
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}
    finally:
        running.interrupt()


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


def test_a_closed_terminal_ends_the_services(tmp_path: Path) -> None:
    running = start(tmp_path / "run")
    services = running.services()
    running.process.send_signal(signal.SIGHUP)
    assert running.process.wait(30) == 0
    assert _living(services) == []


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


def test_a_restart_continues_the_same_series(tmp_path: Path) -> None:
    for _ in range(2):  # the second run has other ports
        running = start(tmp_path / "run")
        try:
            _assert_each_target_has_one_series(running)
        finally:
            running.interrupt()


def _assert_each_target_has_one_series(running: Running) -> None:
    def asked(path: str) -> Any:
        url = f"http://127.0.0.1:{running.ports()['prometheus']}/api/v1/{path}"
        login = (PROMETHEUS_USER, running.secrets()["prometheus_password"])
        return requests.get(url, auth=login, timeout=5).json()["data"]

    def machines() -> list[dict[str, Any]]:
        return list(Person(running.address, "ada").api("GET", "machines").json()["machines"])

    def scraped() -> bool:
        return [target["health"] for target in asked("targets")["activeTargets"]] == ["up"] * 6

    eventually(scraped, seconds=30, what="every target is scraped by this run")
    ups = [(each["metric"]["job"], each["metric"].get("host")) for each in asked("query?query=up")["result"]]
    host = socket.gethostname()
    assert sorted(ups, key=str) == [("broker", None), ("gpu", host), ("node", host)] + [("services", None)] * 3
    eventually(lambda: machines()[0]["cpus"] is not None, seconds=10, what="the manager has numbers")
    assert [machine["cpus"] for machine in machines()] == [os.cpu_count()]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
