"""The real command `python -m shiva_jupyter_broker`, which tests start, ask, and kill at any moment. Its files outlive it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from tests.conformance.subjects import eventually
from tests.fakes.engines.image import tag

TOKENS = {name: f"planted-token-of-the-{name}".ljust(40, "-") for name in ("manager", "proxy", "exporter", "metrics")}
FAKE = {"name": "fake", "title": "Fake", "description": "", "reference": tag()}
PATIENCE_SECONDS = 30.0  # of a call: an engine that hangs is waited for


class BrokerCommand:
    """One broker after the other over the same files; `homes` and `handed` (launches' folders) are theirs."""

    def __init__(
        self,
        folder: Path,
        machines: Sequence[Mapping[str, Any]],
        images: Sequence[Mapping[str, Any]] = (FAKE,),
        **settings: str,
    ) -> None:
        """Write its files, tokens too, as `deploy/README.md` asks for; `settings` as in the environment, without the prefix."""
        self.folder = folder
        self.handed = folder / "homes/.shiva/launches" / settings.get("DOMAIN", "shiva")
        (folder / "machines.json").write_text(json.dumps({"machines": machines}), encoding="utf-8")
        (folder / "images.json").write_text(json.dumps({"images": list(images)}), encoding="utf-8")
        for name, token in TOKENS.items():
            (folder / f"{name}.token").write_text(token, encoding="ascii")
        self.settings = {f"{name.upper()}_TOKEN_FILE": f"{folder}/{name}.token" for name in TOKENS} | {
            "STATE_DIR": f"{folder}/state", "HOMES_DIR": f"{folder}/homes", "STOP_GRACE": "1",
            "MACHINES_FILE": f"{folder}/machines.json", "IMAGES_FILE": f"{folder}/images.json",
        } | settings  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    def start(self) -> None:
        """Return once it answers, on a port that is free now."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        given = self.settings | {"BIND_PORT": str(self._port)}
        environment = os.environ | {f"SHIVA_JUPYTER_BROKER_{key}": value for key, value in given.items()}
        with (self.folder / "broker.log").open("ab") as log:
            command = [sys.executable, "-m", "shiva_jupyter_broker"]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        eventually(self._answers, what="the broker answers", seconds=60)

    @property
    def url(self) -> str:
        """Where it listens, or did."""
        return f"http://127.0.0.1:{self._port}"

    def _answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return self.call("GET", "/v1/containers").status_code == 200
        return False

    def call(
        self, method: str, path: str, body: Any = None, *, by: str = "manager", **headers: str
    ) -> requests.Response:
        """Ask with a service's token."""
        known = {"Authorization": f"Bearer {TOKENS[by]}"} | headers
        return requests.request(method, self.url + path, json=body, headers=known, timeout=PATIENCE_SECONDS)

    def containers(self) -> dict[str, Any]:
        """Return what it shows, by id."""
        return {each["id"]: each for each in self.call("GET", "/v1/containers").json()["containers"]}

    def routes(self) -> dict[str, Any]:
        """Return what the door is told to reach, by container."""
        return {each["container_id"]: each for each in self.call("GET", "/v1/routes", by="proxy").json()["routes"]}

    def log(self) -> str:
        """Return what it wrote since its files are there."""
        return (self.folder / "broker.log").read_text(encoding="utf-8")

    def machines(self) -> list[Any]:
        """Return what it shows of the machines."""
        return list(self.call("GET", "/v1/machines").json()["machines"])

    def leased(self) -> set[tuple[str, str]]:
        """Return GPU and container of each lease."""
        return {
            (gpu["uuid"], holder) for each in self.machines() for gpu in each["gpus"] for holder in gpu["container_ids"]
        }

    def killed_meanwhile(self, method: str, path: str, body: Any, after_seconds: float) -> None:
        """Ask for something, and kill the broker a moment later."""

        def ask() -> None:
            with contextlib.suppress(requests.RequestException):
                self.call(method, path, body)

        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(after_seconds)  # the moment itself is what is tested
        self.kill()
        asking.join()

    def kill(self) -> None:
        """End master and worker at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
