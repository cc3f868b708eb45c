"""kill -9 of the broker at fifty random moments of starts and stops, over a simulated Marathon that goes on."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fakes.marathon_cluster import MarathonCluster, eventually, marathon_cluster
from tests.marathon_simulator.instances import Condition
from tests.marathon_simulator.memory_engine import Script

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

MOMENTS = 50
PEOPLE = ("ada", "ken", "mei", "yuki")
TOKENS = {name: name[0] * 40 for name in ("manager", "proxy", "exporter")}
ALIVE = {Condition.PROVISIONED, Condition.STAGING, Condition.STARTING, Condition.RUNNING, Condition.KILLING}
MACHINES = [
    {
        "name": name, "address": "127.0.0.1", "cpus": 32, "memory_bytes": 2**36,
        "gpus": [{"uuid": f"GPU-{name}-{index}", "index": index, "model": "GTX 1080"} for index in range(2)],
    }
    for name in ("gpu-01", "gpu-02")
]  # fmt: skip


class Broker:
    """The real command; its files, and Marathon, outlive it."""

    def __init__(self, folder: Path, cluster: MarathonCluster) -> None:
        """Write its files."""
        self.cluster, self.folder = cluster, folder
        (folder / "machines.json").write_text(json.dumps({"machines": MACHINES}), encoding="utf-8")
        image = {"name": "fake", "title": "Fake", "description": "", "reference": "shiva-fake:1"}
        (folder / "images.json").write_text(json.dumps({"images": [image]}), encoding="utf-8")
        settings = {f"{name}_TOKEN": token for name, token in TOKENS.items()} | {
            "LAUNCHER": "marathon", "MARATHON_URLS": ",".join(cluster.simulator.urls), "BOOT_TIMEOUT": "3600",
            "STATE_DIR": f"{folder}/state", "HOMES_DIR": f"{folder}/homes", "STOP_GRACE": "1",
            "MACHINES_FILE": f"{folder}/machines.json", "IMAGES_FILE": f"{folder}/images.json",
        }  # fmt: skip
        self._settings = {f"SHIVA_JUPYTER_BROKER_{key.upper()}": value for key, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    def start(self) -> None:
        """Return once it answers, on a port that is free now."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        environment = {**os.environ, **self._settings, "SHIVA_JUPYTER_BROKER_BIND_PORT": str(self._port)}
        with (self.folder / "broker.log").open("ab") as log:
            command = [sys.executable, "-m", "shiva_jupyter_broker"]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        eventually(self._answers, "the broker answers", seconds=60)

    def _answers(self) -> bool:
        with suppress(requests.RequestException):
            return self.call("GET", "/v1/containers").status_code == 200
        return False

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKENS['manager']}"}
        return requests.request(method, f"http://127.0.0.1:{self._port}{path}", json=body, headers=headers, timeout=15)

    def containers(self) -> dict[str, Any]:
        return {each["id"]: each for each in self.call("GET", "/v1/containers").json()["containers"]}

    def leased(self) -> set[tuple[str, str]]:
        """Return GPU and container of each lease."""
        machines = self.call("GET", "/v1/machines").json()["machines"]
        return {(gpu["uuid"], holder) for each in machines for gpu in each["gpus"] for holder in gpu["container_ids"]}

    def killed_meanwhile(self, method: str, path: str, body: Any, after_seconds: float) -> None:
        """Ask for something, and kill the broker a moment later."""

        def ask() -> None:
            with suppress(requests.RequestException):
                self.call(method, path, body)

        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(after_seconds)
        self.kill()
        asking.join()

    def kill(self) -> None:
        """End master and worker at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    script = Script(pulls=0.1, dies=0.2)
    with marathon_cluster(tmp_path / "unused", script=script, nodes=2) as cluster:
        made = Broker(tmp_path, cluster)
        made.start()
        yield made
        made.kill()


def running(cluster: MarathonCluster) -> list[dict[str, str]]:
    """Return the labels of everything that runs or is about to, whoever knows of it."""
    with cluster.simulator.marathon.world.change():
        return [
            dict(each.app["labels"]) for each in cluster.simulator.marathon.world.instances if each.condition in ALIVE
        ]


def test_a_broker_killed_at_any_moment_loses_doubles_and_leaves_nothing(broker: Broker) -> None:
    chance = random.Random(4)  # noqa: S311
    cluster = broker.cluster
    for number in range(MOMENTS):
        who, known = chance.choice(PEOPLE), broker.containers()
        change = ("POST", "/v1/containers", {"owner": who, "gpus": 1})
        if f"{who}--default" in known:
            change = ("DELETE", f"/v1/containers/{who}--default", {})
        broker.killed_meanwhile(*change, chance.uniform(0, 0.3))
        real = running(cluster)
        for fact in ("shiva.id", "shiva.gpus"):
            assert max(Counter(each[fact] for each in real).values(), default=0) <= 1, f"round {number}: {fact} twice"
        broker.start()

        def settled() -> bool:
            shown, real = broker.containers(), running(cluster)
            agree = sorted(shown) == sorted(each["shiva.id"] for each in real)
            return agree and all(each["state"] == "booting" for each in shown.values())

        eventually(settled, f"round {number}: everything has settled", seconds=30)
        assert set(known) - {f"{who}--default"} <= broker.containers().keys(), f"round {number}: another's is gone"
        assert broker.leased() == {(each["shiva.gpus"], each["shiva.id"]) for each in running(cluster)}, (
            f"round {number}"
        )
    launches = {each["shiva.launch"] for each in running(cluster)}

    def apps() -> set[str]:
        return {app["labels"]["shiva.launch"] for app in cluster.apps().values()}

    eventually(lambda: apps() == launches, "apps are those of what runs")
    folders = broker.folder / "homes" / ".shiva" / "launches"
    eventually(lambda: {each.name for each in folders.iterdir()} == launches, "folders are those of what runs")
