"""kill -9 of the broker at fifty random moments of starts and stops, over a simulated Marathon that goes on."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.broker_command import BrokerCommand
from tests.fakes.marathon_cluster import MarathonCluster, eventually, marathon_cluster
from tests.marathon_simulator.instances import Condition
from tests.marathon_simulator.memory_engine import Script

pytestmark = [pytest.mark.full, pytest.mark.timeout(900)]

MOMENTS = 50
PEOPLE = ("ada", "ken", "mei", "yuki")
ALIVE = {Condition.PROVISIONED, Condition.STAGING, Condition.STARTING, Condition.RUNNING, Condition.KILLING}
MACHINES = [
    {
        "name": name, "address": "127.0.0.1", "cpus": 32, "memory_bytes": 2**36,
        "gpus": [{"uuid": f"GPU-{name}-{index}", "index": index, "model": "GTX 1080"} for index in range(2)],
    }
    for name in ("gpu-01", "gpu-02")
]  # fmt: skip


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[MarathonCluster]:
    with marathon_cluster(tmp_path / "unused", script=Script(pulls=0.1, dies=0.2), nodes=2) as made:
        yield made


@pytest.fixture
def broker(cluster: MarathonCluster, tmp_path: Path) -> Iterator[BrokerCommand]:
    urls = ",".join(cluster.simulator.urls)
    made = BrokerCommand(tmp_path, MACHINES, LAUNCHER="marathon", MARATHON_URLS=urls, BOOT_TIMEOUT="3600")
    made.start()
    yield made
    made.kill()


def running(cluster: MarathonCluster) -> list[dict[str, str]]:
    """Return the labels of everything that runs or is about to, whoever knows of it."""
    with cluster.simulator.marathon.world.change():
        return [
            dict(each.app["labels"]) for each in cluster.simulator.marathon.world.instances if each.condition in ALIVE
        ]


def test_a_broker_killed_at_any_moment_loses_doubles_and_leaves_nothing(
    cluster: MarathonCluster, broker: BrokerCommand
) -> None:
    chance = random.Random(4)  # noqa: S311
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
    eventually(lambda: {each.name for each in broker.handed.iterdir()} == launches, "folders are those of what runs")
