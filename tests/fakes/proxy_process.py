"""The door as its own process, as in production, for what only a process shows: its memory, its speed."""

import contextlib
import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.fakes.proxy_broker import TOKEN
from tests.fakes.proxy_manager import DOOR_TOKEN, METRICS_TOKEN

START_SECONDS = 20.0
IDENTITY_KEY = "i" * 32
PREFIX = "SHIVA_JUPYTER_PROXY_"
PROGRAM = Path(sys.executable).parent / "shiva-jupyter-proxy"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(port: int, broker_url: str, dashboard: Path) -> dict[str, str]:
    """Return its settings; of a manager there is what lets people log in, at the fake broker's address."""
    settings = {
        "IDENTITY": "dev", "MANAGER_URL": broker_url, "BROKER_URL": broker_url, "BROKER_TOKEN": TOKEN,
        "IDENTITY_KEY": IDENTITY_KEY, "SESSION_KEY": "s" * 32, "DASHBOARD_DIR": str(dashboard), "BIND_PORT": str(port),
        "MANAGER_TOKEN": DOOR_TOKEN, "METRICS_TOKEN": METRICS_TOKEN,
        "STATE_DIR": str(dashboard / "door"), "CONNECTIONS_PER_CLIENT": "20000", "DRAIN": "0",
    }  # fmt: skip
    return {f"{PREFIX}{name}": value for name, value in settings.items()}


@contextlib.contextmanager
def listening(command: list[str], port: int, log: Path, **more: str) -> Iterator[psutil.Process]:
    """Run a command until the context ends, with `more` in its environment; RuntimeError when it does not listen."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | more, stdout=output, stderr=output, cwd=log.parent)
    try:
        deadline = time.monotonic() + START_SECONDS
        started = psutil.Process(process.pid)
        while not _listens(started, port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command} does not listen: {log.read_text(errors='replace')[-500:]}")
            time.sleep(0.05)
        yield started
    finally:
        process.terminate()
        process.wait(20)


def _listens(process: psutil.Process, port: int) -> bool:
    """Tell whether it is this process or a child of it, and no other one, that took the port."""
    with contextlib.suppress(psutil.Error):
        own = [process, *process.children(recursive=True)]
        sockets = [one for each in own for one in each.net_connections("tcp4")]
        return any(one.laddr.port == port for one in sockets if one.status == psutil.CONN_LISTEN)
    return False


def login(port: int, host: str, name: str) -> str:
    """Log in and return the Cookie header; `host` is the name in the address bar."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    own = {"Host": host, "Origin": f"http://{host}"}
    with contextlib.closing(connection):
        connection.request("GET", "/-/login", headers=own)
        page = connection.getresponse()
        own["Cookie"] = str(page.headers["Set-Cookie"]).partition(";")[0]
        form = f"csrf_token={hidden(page.read())}&name={name}"
        own["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("POST", "/-/login", body=form, headers=own)
        return str(connection.getresponse().headers["Set-Cookie"]).partition(";")[0]


def hidden(page: bytes) -> str:
    """Return the token that a page's form holds."""
    found = re.search(rb'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, page
    return found[1].decode()
