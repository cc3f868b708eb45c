"""kill -9 of the broker at random moments of starts and stops, over a simulated Marathon that runs real containers."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.marathon_engines import EngineCluster, engine_cluster
from tests.fakes.broker_command import BrokerCommand
from tests.fakes.engines.fixtures import Engines
from tests.fakes.marathon_cluster import eventually

pytestmark = [pytest.mark.docker, pytest.mark.timeout(500)]

MOMENTS = 12
PEOPLE = ("ada", "ken", "mei")
MEMORY = 2**28


@pytest.fixture
def cluster(engines: Engines, tmp_path: Path) -> Iterator[EngineCluster]:
    with engine_cluster(tmp_path, engines, 2, gpus=True) as made:
        yield made


@pytest.fixture
def broker(cluster: EngineCluster, tmp_path: Path) -> Iterator[BrokerCommand]:
    machines = [
        {
            "name": each.name, "address": each.address, "cpus": 32, "memory_bytes": 2**36,
            "gpus": [{"uuid": gpu.uuid, "index": gpu.index, "model": gpu.model} for gpu in each.gpus],
        }
        for each in cluster.machines
    ]  # fmt: skip
    made = BrokerCommand(
        tmp_path, machines, LAUNCHER="marathon", MARATHON_URLS=cluster.simulator.url, UID_BASE=str(cluster.uid_base),
        MEMORY_BYTES=str(MEMORY),
    )  # fmt: skip
    made.start()
    yield made
    made.kill()


def running(cluster: EngineCluster) -> list[dict[str, str]]:
    """Return the labels of every container that runs on any engine, whoever knows of it."""
    return [each["Config"]["Labels"] for each in cluster.running()]


def test_a_broker_killed_at_any_moment_loses_doubles_and_leaves_no_real_container(
    cluster: EngineCluster, broker: BrokerCommand
) -> None:
    chance = random.Random(5)  # noqa: S311
    for number in range(MOMENTS):
        who, known = PEOPLE[number % len(PEOPLE)], broker.containers()
        change = ("POST", "/v1/containers", {"owner": who, "gpus": 1})
        if f"{who}--default" in known:
            change = ("DELETE", f"/v1/containers/{who}--default", {})
        broker.killed_meanwhile(*change, chance.uniform(0, 1.0))
        for fact in ("shiva.id", "shiva.gpus"):
            counts = Counter(each[fact] for each in running(cluster))
            assert max(counts.values(), default=0) <= 1, f"round {number}: {fact} twice"
        broker.start()

        def settled() -> bool:
            shown, real = broker.containers(), running(cluster)
            agree = sorted(shown) == sorted(each["shiva.id"] for each in real)
            return agree and all(each["state"] == "ready" for each in shown.values())

        eventually(settled, f"round {number}: everything has settled")
        assert set(known) - {f"{who}--default"} <= broker.containers().keys(), f"round {number}: another's is gone"
        real = running(cluster)
        assert broker.leased() == {(each["shiva.gpus"], each["shiva.id"]) for each in real}, f"round {number}"
        promised = sum(each["memory_promised_bytes"] for each in broker.machines())
        assert promised == MEMORY * len(real), f"round {number}: what is promised is what runs"
    launches = {each["shiva.launch"] for each in running(cluster)}

    def apps() -> set[str]:
        return {app["labels"]["shiva.launch"] for app in cluster.apps().values()}

    eventually(lambda: apps() == launches, "apps are those of what runs")
    eventually(lambda: {each.name for each in broker.handed.iterdir()} == launches, "folders are those of what runs")
