"""`make run` itself: Ctrl-C leaves nothing but notebooks, and the next start finds them."""

import os
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
    assert [each for each in services if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
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


def test_ctrl_c_during_the_start_ends_it_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "deploy.dev.run", "--state", str(folder), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    with process.stdout as printed:
        assert "Starting" in printed.readline()
        process.send_signal(signal.SIGINT)
        assert "Everything has ended" in printed.read()
    assert process.wait(30) == 0
    assert [each.pid for each in psutil.process_iter() if str(folder) in _command(each)] == []


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
        return requests.get(url, timeout=5).json()["data"]

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
