"""The real broker command over a real engine; its files outlive it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from tests.conformance.subjects import eventually
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.image import tag

TOKENS = {name: name[0] * 40 for name in ("manager", "proxy", "exporter")}
MEMORY = 2**28
PATIENCE = 30.0  # of a call: an engine that hangs is waited for


class Broker:
    """One broker after the other over the same engine."""

    def __init__(self, folder: Path, engine: Engine, *, url: str = "", domain: str = "killed") -> None:
        """Write its files. `url` is where it reaches the engine, if not at its socket."""
        self.engine, self.folder, self.domain = engine, folder, domain
        machine = {
            "name": "gpu-01", "address": engine.address, "cpus": 16, "memory_bytes": 2**36,
            "gpus": [], "engine": {"url": url or engine.base_url},
        }  # fmt: skip
        (folder / "machines.json").write_text(json.dumps({"machines": [machine]}), encoding="utf-8")
        image = {"name": "fake", "title": "Fake", "description": "", "reference": tag("1")}
        (folder / "images.json").write_text(json.dumps({"images": [image]}), encoding="utf-8")
        settings = {f"{name}_TOKEN": token for name, token in TOKENS.items()} | {
            "STATE_DIR": f"{folder}/state", "HOMES_DIR": f"{folder}/homes", "MACHINES_FILE": f"{folder}/machines.json",
            "IMAGES_FILE": f"{folder}/images.json", "LAUNCHER": "docker", "UID_BASE": str(engine.base_uid), "DOMAIN": domain,
            "STOP_GRACE": "1", "MEMORY_BYTES": str(MEMORY),
        }  # fmt: skip
        self._settings = {f"SHIVA_JUPYTER_BROKER_{key.upper()}": value for key, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> None:
        """Return once it answers, on a port that is free now."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = {**os.environ, **self._settings, "SHIVA_JUPYTER_BROKER_BIND_PORT": str(self.port)}
        with (self.folder / "broker.log").open("ab") as log:
            command = [sys.executable, "-m", "shiva_jupyter_broker"]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        eventually(self._answers, what="the broker answers")

    def _answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return self.call("GET", "/v1/containers").status_code == 200
        return False

    def call(
        self, method: str, path: str, body: Any = None, *, by: str = "manager", **headers: str
    ) -> requests.Response:
        """Use its API with a service's token."""
        known = {"Authorization": f"Bearer {TOKENS[by]}"} | headers
        url = f"http://127.0.0.1:{self.port}{path}"
        return requests.request(method, url, json=body, headers=known, timeout=PATIENCE)

    def containers(self) -> dict[str, Any]:
        """Return what it shows, by id."""
        return {each["id"]: each for each in self.call("GET", "/v1/containers").json()["containers"]}

    def routes(self) -> dict[str, Any]:
        """Return what the door is told to reach, by container."""
        return {each["container_id"]: each for each in self.call("GET", "/v1/routes", by="proxy").json()["routes"]}

    def machine(self) -> Any:
        """Return its one machine."""
        [found] = self.call("GET", "/v1/machines").json()["machines"]
        return found

    def there(self) -> list[Any]:
        """Return each container of ours on the engine as inspected, whatever its state; the engine is asked itself."""
        ids = self.engine.docker("ps", "-aq", "--no-trunc", "--filter", f"label=shiva.domain={self.domain}").split()
        return list(json.loads(self.engine.docker("inspect", *ids))) if ids else []

    def kill(self) -> None:
        """End master and worker at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
