"""What people and the door are told on each bad day of Marathon, through the broker's own API."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from shiva_jupyter_broker.adapters import marathon_client, marathon_setup, marathon_watch
from shiva_jupyter_broker.adapters.marathon_http import Patience
from shiva_jupyter_broker.adapters.marathon_launcher import MarathonLauncher
from shiva_jupyter_broker.api.access import Tokens
from shiva_jupyter_broker.api.app import create_app
from shiva_jupyter_broker.service import Broker
from werkzeug.test import TestResponse

from tests.fakes.broker_world import broker_over, ports, settled
from tests.fakes.marathon_cluster import MACHINES, MarathonCluster, eventually, marathon_cluster
from tests.marathon_simulator import faults
from tests.marathon_simulator.faults import Fault

TOKENS = Tokens(manager="m" * 32, proxy="p" * 32, exporter="e" * 32, metrics="x" * 32)


@dataclass
class Desk:
    """A broker over a simulated cluster, and its API."""

    cluster: MarathonCluster
    launcher: MarathonLauncher
    broker: Broker
    client: FlaskClient

    def call(self, method: str, path: str, body: object = None, *, by: str = "manager") -> TestResponse:
        headers = {"Authorization": f"Bearer {getattr(TOKENS, by)}"}
        return self.client.open(path, method=method, data=body and json.dumps(body), headers=headers)

    def start(self, owner: str = "ada", **wish: object) -> TestResponse:
        return self.call("POST", "/v1/containers", {"owner": owner, "machine": "gpu-01", **wish})

    def shown(self, owner: str = "ada") -> dict[str, Any]:
        """Look as the watcher does, and return a container as people see it."""
        settled(self.broker)
        found: dict[str, Any] = self.call("GET", f"/v1/containers/{owner}--default").get_json()
        return found

    def becomes(self, state: str, owner: str = "ada") -> dict[str, Any]:
        eventually(lambda: self.shown(owner).get("state") == state, f"{owner}'s is {state}")
        return self.shown(owner)

    def routes(self) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", "/v1/routes", by="proxy").get_json()
        return found


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    quick = Patience(total_seconds=1.5, attempt_seconds=0.5)
    monkeypatch.setattr(marathon_setup, "PATIENCE", quick)
    monkeypatch.setattr(marathon_client, "LISTING", quick)
    monkeypatch.setattr(marathon_watch, "ALONE_SECONDS", 0.1)
    monkeypatch.setattr(marathon_watch, "ATTACHED_SECONDS", 0.2)
    with marathon_cluster(tmp_path / "homes", nodes=2) as cluster:
        launcher = cluster.launcher()
        around = replace(ports(tmp_path, launcher, machines=MACHINES), clock=lambda: datetime.now(UTC))
        broker = broker_over(around)
        yield Desk(cluster, launcher, broker, create_app(broker, TOKENS, CollectorRegistry()).test_client())


@pytest.mark.parametrize("stored", [True, False])
def test_a_change_of_leaders_in_the_middle_of_a_start_is_no_news(desk: Desk, stored: bool) -> None:
    desk.cluster.simulator.faults.arm(desk.cluster.simulator.falling_leader(stored=stored), method="POST")
    assert desk.start(gpus=1).status_code == 201
    assert desk.becomes("ready")["reason"] is None
    assert len(desk.cluster.engine.runs()) == 1


def unavailable(answer: TestResponse) -> str:
    """Return what is said of the cause, after checking what people are told of their data and of what to do."""
    body = answer.get_json()
    assert (answer.status_code, body["code"], body["title"]) == (
        503,
        "launcher-unavailable",
        "The engine does not answer",
    )
    assert body["detail"] == "Running notebooks and homes are not touched. Try again in a few seconds."
    said: str = body["parameters"]["what"]
    return said


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (faults.no_leader, "HTTP 502"),
        (faults.unavailable, "HTTP 503"),
        (faults.garbage, "an answer that is not JSON"),
        (faults.refused, "no connection"),
        (faults.slow(2.0), "no answer in time"),
        (faults.drip(0.05), "no answer in time"),
    ],
)
def test_a_marathon_that_gives_no_answer_is_said_and_takes_no_notebook_with_it(
    desk: Desk, fault: Fault, cause: str
) -> None:
    desk.start()
    desk.becomes("ready")
    before = desk.routes()
    desk.cluster.simulator.faults.arm(fault, method="POST", times=None)
    desk.cluster.simulator.faults.arm(fault, method="GET", prefix="/v2/apps", times=None)
    said = unavailable(desk.start("mei"))
    assert said.startswith("Marathon does not answer (http://127.0.0.1:")
    assert cause in said
    eventually(lambda: len(desk.cluster.simulator.faults.struck) > 6, "some looks fail, too")
    settled(desk.broker)
    assert desk.routes()["routes"] == before["routes"]
    assert desk.shown()["state"] == "ready"


def test_a_lock_that_stays_is_said(desk: Desk) -> None:
    desk.cluster.simulator.faults.arm(faults.locked, method="POST", times=None)
    said = unavailable(desk.start())
    assert said.startswith("Marathon is busy with another deployment: App is locked by one or more deployments.")
    desk.cluster.simulator.faults.clear()
    assert desk.start().status_code == 201
    desk.becomes("ready")


def test_an_end_while_the_events_were_cut_is_told_with_its_reason(desk: Desk) -> None:
    desk.start()
    desk.becomes("ready")
    desk.cluster.simulator.faults.arm(faults.unavailable, method="GET", prefix="/v2/events", times=3)
    desk.cluster.simulator.cut_events()
    desk.cluster.simulator.end_task(desk.cluster.only_app(), 137, oom=True)
    reason = "It was killed, most often because its memory (4.0 GiB) was full. The files in the home are safe; start it again and load less at once."
    assert desk.becomes("failed")["reason"] == reason
    [unrouted] = desk.routes()["unrouted"]
    assert (unrouted["state"], unrouted["reason"]) == ("failed", reason)


def test_a_lost_machine_is_told_to_the_door_and_its_notebook_is_back_with_it(desk: Desk) -> None:
    desk.start(gpus=1)
    ready = desk.becomes("ready")
    before = desk.routes()["routes"]
    desk.cluster.simulator.lose_agent("gpu-01")
    lost = desk.becomes("lost")
    assert (
        lost["reason"]
        == "gpu-01 does not answer. The files in the home are safe; wait for the machine, or start on another one."
    )
    assert lost["gpus"] == ready["gpus"]
    answer = desk.routes()
    [unrouted] = answer["unrouted"]
    assert (answer["routes"], unrouted["state"], unrouted["machine"]) == ([], "lost", "gpu-01")
    assert unrouted["since"] is not None
    desk.cluster.simulator.return_agent("gpu-01")
    desk.becomes("ready")
    assert desk.routes()["routes"] == before
    assert len(desk.cluster.engine.runs()) == 1


def test_a_start_elsewhere_outlives_the_one_on_the_lost_machine(desk: Desk) -> None:
    desk.start()
    desk.becomes("ready")
    desk.cluster.simulator.lose_agent("gpu-01")
    desk.becomes("lost")
    assert desk.start(machine="gpu-02").status_code == 201
    assert desk.becomes("ready")["machine"] == "gpu-02"
    desk.cluster.simulator.return_agent("gpu-01")

    def one_is_left() -> bool:
        settled(desk.broker)
        return len(desk.cluster.apps()) == 1

    eventually(one_is_left, "the older one is ended")
    assert desk.shown()["machine"] == "gpu-02"
    assert desk.shown()["state"] == "ready"


def test_a_stop_of_a_lost_one_is_carried_out_when_its_machine_is_back(desk: Desk) -> None:
    desk.start()
    desk.becomes("ready")
    desk.cluster.simulator.lose_agent("gpu-01")
    desk.becomes("lost")
    assert desk.call("DELETE", "/v1/containers/ada--default").status_code in {202, 204}
    desk.cluster.simulator.return_agent("gpu-01")

    def nothing_is_left() -> bool:
        settled(desk.broker)
        return desk.cluster.apps() == {}

    eventually(nothing_is_left, "it is ended")


def test_waiting_says_what_for_and_a_stop_ends_it(desk: Desk) -> None:
    desk.cluster.simulator.agent("gpu-01").used_cpus = 31.0
    desk.start()
    eventually(lambda: desk.shown()["reason"], "a reason")
    assert desk.shown()["reason"] == "gpu-01 has 1 CPUs free; 2 are wanted. It starts by itself once that changes."
    assert desk.call("DELETE", "/v1/containers/ada--default").status_code in {202, 204}
    eventually(lambda: desk.shown().get("code") == "container-not-found", "it is gone")
