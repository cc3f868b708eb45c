"""The broker's real command over real engines; its files outlive it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from tests.conformance.subjects import eventually
from tests.fakes.engines.engine import Engine

TOKENS = {name: f"planted-token-of-the-{name}".ljust(40, "-") for name in ("manager", "proxy", "exporter")}


class Broker:
    """A broker of one engine a machine. Its tokens are in files, as `deploy/README.md` asks for."""

    def __init__(
        self, folder: Path, machines: Mapping[str, Engine], images: Sequence[Mapping[str, Any]], **settings: str
    ) -> None:
        """Write its files; `settings` are more of its settings, by their names without the prefix."""
        self.folder, self.machines = folder, machines
        listed = [
            {
                "name": name, "address": engine.address, "cpus": 16, "memory_bytes": 2**36, "gpus": [],
                "engine": {"url": engine.base_url},
            }
            for name, engine in machines.items()
        ]  # fmt: skip
        (folder / "machines.json").write_text(json.dumps({"machines": listed}), encoding="utf-8")
        (folder / "images.json").write_text(json.dumps({"images": list(images)}), encoding="utf-8")
        for name, token in TOKENS.items():
            (folder / f"{name}.token").write_text(token, encoding="ascii")
        base = {engine.base_uid for engine in machines.values()}.pop()
        self.settings = {f"{name.upper()}_TOKEN_FILE": f"{folder}/{name}.token" for name in TOKENS} | {
            "STATE_DIR": f"{folder}/state", "HOMES_DIR": f"{folder}/homes", "MACHINES_FILE": f"{folder}/machines.json",
            "IMAGES_FILE": f"{folder}/images.json", "LAUNCHER": "docker", "UID_BASE": str(base), "STOP_GRACE": "1",
        } | settings  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> None:
        """Return once it answers, on a port that is free now."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        given = self.settings | {"BIND_PORT": str(self.port)}
        environment = os.environ | {f"SHIVA_JUPYTER_BROKER_{key}": value for key, value in given.items()}
        with (self.folder / "broker.log").open("ab") as log:
            command = [sys.executable, "-m", "shiva_jupyter_broker"]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        eventually(self._answers, what="the broker answers")

    def call(self, method: str, path: str, body: Any = None, *, by: str = "manager") -> requests.Response:
        """Send a request with the token of `by`."""
        headers = {"Authorization": f"Bearer {TOKENS[by]}"}
        return requests.request(method, f"http://127.0.0.1:{self.port}{path}", json=body, headers=headers, timeout=10)

    def containers(self) -> dict[str, Any]:
        """Return its containers by their ids."""
        return {each["id"]: each for each in self.call("GET", "/v1/containers").json()["containers"]}

    def image(self, name: str) -> dict[str, Any]:
        """Return what it tells of an image."""
        [found] = [each for each in self.call("GET", "/v1/images").json()["images"] if each["name"] == name]
        return dict(found)

    def started(self, owner: str, state: str = "ready", **wish: Any) -> dict[str, Any]:
        """Start a container and return it once it is in that state."""
        answer = self.call("POST", "/v1/containers", {"owner": owner} | wish)
        assert answer.status_code == 201, answer.text
        name = answer.json()["id"]
        eventually(lambda: self.containers()[name]["state"] in {state, "failed"}, what=f"{name} is {state}", seconds=60)
        found = self.containers()[name]
        assert found["state"] == state, found
        return dict(found)

    def stopped(self, owner: str) -> None:
        """Stop a container and return once it is gone."""
        self.call("DELETE", f"/v1/containers/{owner}--default")
        eventually(lambda: f"{owner}--default" not in self.containers(), what=f"{owner}'s is gone", seconds=30)

    def log(self) -> str:
        """Return what it wrote since its files are there."""
        return (self.folder / "broker.log").read_text(encoding="utf-8")

    def kill(self) -> None:
        """End master and worker at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return self.call("GET", "/v1/containers").status_code == 200
        return False
