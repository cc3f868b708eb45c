"""The door's process: several workers on one port, a certificate that changes, an address that is taken."""

import asyncio
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from tests.e2e.running import eventually
from tests.fakes.certificates import signed
from tests.fakes.proxy_broker import broker_standing
from tests.fakes.proxy_manager import METRICS_TOKEN
from tests.fakes.proxy_process import PROGRAM, environment, free_port, listening

SECONDS = 15.0


def nowhere(folder: Path, port: int, **more: str) -> dict[str, str]:
    """Return settings of a door without a broker."""
    own = {f"SHIVA_JUPYTER_PROXY_{name}": value for name, value in more.items()}
    return environment(port, "http://127.0.0.1:9", folder) | own


def served(port: int) -> float:
    """Return the answers that a scrape tells of."""
    token = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    text = requests.get(f"http://127.0.0.1:{port}/-/metrics", headers=token, timeout=5).text
    lines = [
        line for line in text.splitlines() if line.startswith('shiva_proxy_requests_total{kind="shiva",status="2xx"}')
    ]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def listening_workers(parent: psutil.Process) -> set[int]:
    """Return the pids of the workers that take connections."""
    found = set()
    for child in parent.children():
        with contextlib.suppress(psutil.Error):
            if any(each.status == psutil.CONN_LISTEN for each in child.net_connections("tcp4")):
                found.add(child.pid)
    return found


def test_workers_share_a_port_and_count_as_one_and_one_that_dies_is_replaced(tmp_path: Path) -> None:
    port = free_port()
    with _with_parent(tmp_path, port, "3") as parent:
        eventually(lambda: len(listening_workers(parent)) == 3, seconds=SECONDS, what="three workers")
        for _ in range(60):  # each on a connection of its own, so the system spreads them
            assert requests.get(f"http://127.0.0.1:{port}/-/health", timeout=5).status_code == 200
        eventually(lambda: served(port) >= 60, seconds=SECONDS, what="all answers are counted, whoever gave them")
        before = {child.pid for child in parent.children()}
        victim = parent.children()[0]
        victim.kill()
        eventually(
            lambda: len(listening_workers(parent)) == 3 and victim.pid not in listening_workers(parent),
            seconds=SECONDS,
            what="another worker in its place",
        )
        assert len(before & {child.pid for child in parent.children()}) == 2
        eventually(lambda: served(port) >= 60, seconds=SECONDS, what="nothing that was counted is forgotten")
        workers = parent.children()
    assert not any(worker.is_running() for worker in workers)


@contextlib.contextmanager
def _with_parent(folder: Path, port: int, workers: str) -> Iterator[psutil.Process]:
    process = subprocess.Popen([PROGRAM, "--workers", workers], env=os.environ | nowhere(folder, port))
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_a_second_door_is_not_let_in_beside_workers(tmp_path: Path) -> None:
    port = free_port()
    with _with_parent(tmp_path, port, "2") as parent:
        eventually(lambda: len(listening_workers(parent)) == 2, seconds=SECONDS, what="two workers")
        second = subprocess.run(
            [PROGRAM, "--workers", "2"],
            env=os.environ | nowhere(tmp_path, port),
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert second.returncode == 1
        assert f"cannot listen on 127.0.0.1:{port}" in second.stderr


def fingerprint(port: int) -> bytes:
    """Return the certificate that the door shows."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain, context.wrap_socket(plain) as secure:
        return secure.getpeercert(binary_form=True) or b""


def test_a_certificate_is_read_anew_when_it_changes_and_a_broken_one_is_not_taken(tmp_path: Path) -> None:
    port, old, new = free_port(), signed(tmp_path / "old", "door"), signed(tmp_path / "new", "door")
    cert, key = Path(shutil.copy(old.cert, tmp_path / "cert.pem")), Path(shutil.copy(old.key, tmp_path / "key.pem"))
    settings = nowhere(tmp_path, port, TLS_CERT=str(cert), TLS_KEY=str(key))
    with listening([str(PROGRAM)], port, tmp_path / "log", **settings):
        first = fingerprint(port)
        answer = requests.get(f"https://127.0.0.1:{port}/-/login", verify=str(old.ca), timeout=5)
        assert (answer.status_code, "strict-transport-security" in answer.headers) == (200, True)
        cert.write_text("no certificate")
        eventually(lambda: "not taken" in (tmp_path / "log").read_text(), seconds=SECONDS, what="it is said")
        assert fingerprint(port) == first
        shutil.copy(new.key, key)
        shutil.copy(new.cert, cert)
        eventually(lambda: fingerprint(port) != first, seconds=SECONDS, what="the new one is shown")
        assert requests.get(f"https://127.0.0.1:{port}/-/health", verify=str(new.ca), timeout=5).status_code == 200


@pytest.mark.parametrize("missing", ["TLS_CERT", "TLS_KEY"])
def test_a_certificate_that_is_not_there_ends_the_start(tmp_path: Path, missing: str) -> None:
    pair = signed(tmp_path / "own", "door")
    files = {"TLS_CERT": str(pair.cert), "TLS_KEY": str(pair.key)} | {missing: str(tmp_path / "nothing.pem")}
    ended = subprocess.run(
        [PROGRAM],
        env=os.environ | nowhere(tmp_path, free_port(), **files),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr


def test_an_access_log_is_json_and_names_no_query(tmp_path: Path) -> None:
    async def scenario() -> str:
        async with broker_standing() as broker:
            port = free_port()
            settings = environment(port, broker.url, tmp_path) | {"SHIVA_JUPYTER_PROXY_ACCESS_LOG": "1"}
            with listening([str(PROGRAM)], port, tmp_path / "log", **settings):
                url = f"http://127.0.0.1:{port}/-/health?secret=value"
                await asyncio.to_thread(requests.get, url, timeout=5)
        return (tmp_path / "log").read_text(encoding="utf-8")

    log = asyncio.run(scenario())
    assert '"path": "/-/health"' in log
    assert "secret" not in log
