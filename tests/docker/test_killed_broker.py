"""A broker that is killed at any moment of a start or a stop: nothing is lost, doubled or left over afterwards."""

import contextlib
import functools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conformance.subjects import eventually
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.image import tag

pytestmark = [pytest.mark.docker, pytest.mark.timeout(500)]
TOKENS = {name: name[0] * 40 for name in ("manager", "proxy", "exporter")}
MOMENTS = 50
PEOPLE = ("ada", "ken")
MEMORY = 2**28


class Broker:
    """The real command over a real engine; its files outlive it."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        """Write its files."""
        self.engine, self.folder = engine, folder
        machine = {
            "name": "gpu-01", "address": engine.address, "cpus": 16, "memory_bytes": 2**36,
            "gpus": [], "engine": {"url": engine.base_url},
        }  # fmt: skip
        (folder / "machines.json").write_text(json.dumps({"machines": [machine]}), encoding="utf-8")
        image = {"name": "fake", "title": "Fake", "description": "", "reference": tag("1")}
        (folder / "images.json").write_text(json.dumps({"images": [image]}), encoding="utf-8")
        settings = {f"{name}_TOKEN": token for name, token in TOKENS.items()} | {
            "STATE_DIR": f"{folder}/state", "HOMES_DIR": f"{folder}/homes", "MACHINES_FILE": f"{folder}/machines.json",
            "IMAGES_FILE": f"{folder}/images.json", "LAUNCHER": "docker", "UID_BASE": str(engine.base_uid), "DOMAIN": "killed",
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

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKENS['manager']}"}
        return requests.request(method, f"http://127.0.0.1:{self.port}{path}", json=body, headers=headers, timeout=10)

    def containers(self) -> dict[str, Any]:
        return {each["id"]: each for each in self.call("GET", "/v1/containers").json()["containers"]}

    def kill(self) -> None:
        """End master and worker at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@pytest.fixture
def broker(engines: Engines, tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path, engines.fresh(1))
    made.start()
    yield made
    made.kill()


def there(engine: Engine) -> list[dict[str, str]]:
    """Return the labels of each container of ours on the engine, whatever its state."""
    ids = engine.docker("ps", "-aq", "--filter", "label=shiva.domain=killed").split()
    found = json.loads(engine.docker("inspect", *ids)) if ids else []
    return [each["Config"]["Labels"] for each in found]


def killed_meanwhile(broker: Broker, act: Callable[[], object], after: float) -> None:
    """Begin something, and kill the broker a moment later."""

    def begin() -> None:
        with contextlib.suppress(requests.RequestException):
            act()

    thread = threading.Thread(target=begin)
    thread.start()
    time.sleep(after)  # the moment itself is what is tested
    broker.kill()
    thread.join()


def settled(broker: Broker) -> bool:
    return all(each["state"] in {"ready", "failed"} for each in broker.containers().values())


def test_a_broker_killed_at_any_moment_leaves_nothing_behind(broker: Broker) -> None:
    chance = random.Random(4)  # noqa: S311
    for number in range(MOMENTS):
        who = PEOPLE[number % len(PEOPLE)]
        known = broker.containers()
        act = functools.partial(broker.call, "POST", "/v1/containers", {"owner": who})
        if f"{who}--default" in known:
            act = functools.partial(broker.call, "DELETE", f"/v1/containers/{who}--default")
        killed_meanwhile(broker, act, chance.uniform(0, 0.6))
        broker.start()
        eventually(lambda: settled(broker), what=f"round {number}: everything has settled", seconds=30)
        shown, real = broker.containers(), there(broker.engine)
        assert sorted(shown) == sorted(labels["shiva.id"] for labels in real), f"round {number}"
        assert set(known) - {f"{who}--default"} <= set(shown), f"round {number}: another's container is gone"
        assert all(each["state"] == "ready" for each in shown.values()), (number, shown)
        [machine] = broker.call("GET", "/v1/machines").json()["machines"]
        assert machine["memory_promised_bytes"] == MEMORY * len(real), f"round {number}: what is promised is what runs"
    assert broker.engine.docker("volume", "ls", "-q", "--filter", "label=shiva.domain=killed") == ""
    launches = {labels["shiva.launch"] for labels in there(broker.engine)}
    handed = broker.folder / "homes/.shiva/launches/killed"
    eventually(lambda: {each.name for each in handed.iterdir()} == launches, what="handovers are those of what runs")
