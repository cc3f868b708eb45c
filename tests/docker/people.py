"""Containers of the real image, run as its README's contract says, and what people do in them."""

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from shiva_jupyter_broker.adapters.template import CAPABILITIES, OOM_SCORE, OPEN_FILES
from websockets.sync.client import ClientConnection, connect

from tests.fakes.engines.engine import Engine
from tests.fakes.engines.jupyter_image import TAG
from tests.fakes.engines.shell import wait_for

LIMITS = ("--cpus", "2", "--memory", "1g", "--memory-swap", "1g", "--pids-limit", "256", "--shm-size", "64m")
ULIMITS = ("--ulimit", f"nofile={OPEN_FILES}", "--ulimit", "core=0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notebook:
    """A container of one person on one machine."""

    engine: Engine
    container: str
    name: str
    uid: int  # inside
    home: Path  # outside
    token: str
    port: int

    @property
    def address(self) -> str:
        """Where its Jupyter is, with a slash at the end."""
        return f"http://{self.engine.address}:{self.port}/user/{self.name}/"

    def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> requests.Response:
        """GET a path of its Jupyter with the token, unless `headers` say otherwise."""
        return requests.get(self.address + path, headers=self._headers if headers is None else headers, timeout=10)

    def answers(self) -> bool:
        """Tell whether its Jupyter answers with its token."""
        try:
            return self.get("api/status").ok
        except requests.ConnectionError:
            return False

    @property
    def server(self) -> str:
        """Process id of its Jupyter, as the container counts."""
        return self.root("pgrep", "-f", "^/opt/shiva/bin/python -I /opt/shiva/app/shiva_server.py")

    def root(self, *command: str) -> str:
        """Run a command inside as the container's root, as an operator would; return what it printed."""
        return self.engine.docker("exec", self.container, *command)

    def person(self, script: str) -> str:
        """Run a shell script inside as the person, at home; return what it printed."""
        ids = (f"--reuid={self.uid}", f"--regid={self.uid}", "--init-groups")
        home = f"/home/{self.name}"
        return self.root("setpriv", *ids, "env", f"HOME={home}", "sh", "-ec", f"cd; {script}")

    def log(self) -> str:
        """Return what the container wrote."""
        return self.engine.docker("logs", self.container) + errors(self.engine, self.container)

    def cell(self, code: str, *, kernel: str = "python3") -> str:
        """Run code in a new kernel; return what it printed, its value, or its error."""
        with self.kernel(kernel) as channels:
            return run_cell(channels, code)

    @contextmanager
    def kernel(self, name: str = "python3") -> Iterator[ClientConnection]:
        """A new kernel's channels; it goes on afterwards."""
        started = requests.post(f"{self.address}api/kernels", headers=self._headers, json={"name": name}, timeout=20)
        assert started.status_code == 201, started.text
        with self._socket(f"api/kernels/{started.json()['id']}/channels") as channels:
            yield channels

    def terminal(self, line: str, until: str) -> str:
        """Type a line into a new terminal; return what it shows up to and with `until`."""
        started = requests.post(f"{self.address}api/terminals", headers=self._headers, timeout=20)
        shown = ""
        with self._socket(f"terminals/websocket/{started.json()['name']}") as socket:
            socket.send(json.dumps(["stdin", f"{line}\r"]))
            while until not in shown:
                kind, *rest = json.loads(socket.recv(timeout=20))
                shown += "".join(map(str, rest)) if kind == "stdout" else ""
        return shown

    def _socket(self, path: str) -> Any:
        address = self.address.replace("http:", "ws:") + path
        return connect(address, additional_headers=self._headers, open_timeout=20, max_size=None)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self.token}"}


def ask(channels: ClientConnection, code: str) -> str:
    """Let a kernel run code; return the message's id, without waiting."""
    asked = uuid.uuid4().hex
    header = {"msg_id": asked, "msg_type": "execute_request", "session": asked, "username": "", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    request = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
    channels.send(json.dumps(request))
    return asked


def run_cell(channels: ClientConnection, code: str) -> str:
    """Run code in a kernel; return what it printed, its value, or its error."""
    asked = ask(channels, code)
    shown = ""
    while True:
        message = json.loads(channels.recv(timeout=30))
        if message["parent_header"].get("msg_id") != asked:
            continue
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            return shown
        shown += content.get("text", "") if kind == "stream" else ""
        shown += content["data"]["text/plain"] if kind == "execute_result" else ""
        shown += f"{content['ename']}: {content['evalue']}" if kind == "error" else ""


def errors(engine: Engine, container: str) -> str:
    """Return what a container wrote to standard error."""
    path = Path(engine.docker("inspect", "--format", "{{.LogPath}}", container))
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return "".join(line["log"] for line in lines if line["stream"] == "stderr")


def contract(engine: Engine, folder: Path, *, name: str, uid: int, home: Path, token: str) -> list[str]:
    """Return the options of `docker run` that the contract asks for, the token's file made."""
    run = folder / f"run-{uuid.uuid4().hex}"
    run.mkdir(mode=0o700)
    (run / "token").write_text(token, encoding="ascii")
    (run / "token").chmod(0o400)
    for path in (run, run / "token"):
        os.chown(path, engine.base_uid, engine.base_uid)
    values = {"USER": name, "UID": str(uid), "PREFIX": f"/user/{name}/", "CONTAINER_ID": f"{name}--default"}
    return [
        *(f"--env=SHIVA_{key}={value}" for key, value in values.items()),
        *(f"--mount=type=bind,src={home},dst=/home/{name}", f"--mount=type=bind,src={run},dst=/run/shiva,readonly"),
        *("--cap-drop=ALL", *(f"--cap-add={each}" for each in CAPABILITIES)),
        *(*LIMITS, *ULIMITS, f"--oom-score-adj={OOM_SCORE}", "--network=shiva"),
    ]


def make_home(engine: Engine, folder: Path, name: str, uid: int) -> Path:
    """Make a person's home, as the broker's store does."""
    folder.chmod(0o755)
    home = folder / f"home-{name}"
    home.mkdir(mode=0o700)
    os.chown(home, engine.base_uid + uid, engine.base_uid + uid)
    return home


def begun(
    engine: Engine,
    folder: Path,
    *options: str,
    name: str = "ada",
    uid: int = 20001,
    port: int = 31000,
    home: Path | None = None,
    image: str = TAG,
) -> Notebook:
    """Start a person's container by a plain `docker run`."""
    home = home or make_home(engine, folder, name, uid)
    token = uuid.uuid4().hex + uuid.uuid4().hex
    given = contract(engine, folder, name=name, uid=uid, home=home, token=token)
    published = f"--publish={engine.address}:{port}:8888"
    container = engine.docker("run", "--detach", *given, published, *options, image)
    return Notebook(engine=engine, container=container, name=name, uid=uid, home=home, token=token, port=port)


def notebook(engine: Engine, folder: Path, *options: str, **wishes: Any) -> Notebook:
    """Start a person's container as `begun` does, and wait until its Jupyter answers."""
    started = begun(engine, folder, *options, **wishes)
    wait_for(lambda: started.answers() or not _runs(started), f"the Jupyter of {started.name} answers")
    assert _runs(started), started.log()
    return started


def _runs(notebook: Notebook) -> bool:
    return notebook.engine.docker("inspect", "--format", "{{.State.Running}}", notebook.container) == "true"
