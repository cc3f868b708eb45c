"""A broker that is killed at any moment of a start or a stop: nothing is lost, doubled or left over afterwards."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.subjects import eventually
from tests.docker.docker_broker import MEMORY, DockerBroker
from tests.fakes.engines.fixtures import Engines

pytestmark = [pytest.mark.docker, pytest.mark.timeout(500)]
MOMENTS = 50
PEOPLE = ("ada", "ken")


@pytest.fixture
def broker(engines: Engines, tmp_path: Path) -> Iterator[DockerBroker]:
    made = DockerBroker(tmp_path, {"gpu-01": engines.fresh(1)}, DOMAIN="killed")
    made.start()
    yield made
    made.kill()


def there(broker: DockerBroker) -> list[dict[str, str]]:
    """Return the labels of each container of ours, whatever its state."""
    return [each["Config"]["Labels"] for each in broker.there()]


def settled(broker: DockerBroker) -> bool:
    return all(each["state"] in {"ready", "failed"} for each in broker.containers().values())


def test_a_broker_killed_at_any_moment_leaves_nothing_behind(broker: DockerBroker) -> None:
    chance = random.Random(4)  # noqa: S311
    for number in range(MOMENTS):
        who = PEOPLE[number % len(PEOPLE)]
        known = broker.containers()
        change = ("POST", "/v1/containers", {"owner": who})
        if f"{who}--default" in known:
            change = ("DELETE", f"/v1/containers/{who}--default", {})
        broker.killed_meanwhile(*change, chance.uniform(0, 0.6))
        broker.start()
        eventually(lambda: settled(broker), what=f"round {number}: everything has settled", seconds=30)
        shown, real = broker.containers(), there(broker)
        assert sorted(shown) == sorted(labels["shiva.id"] for labels in real), f"round {number}"
        assert set(known) - {f"{who}--default"} <= set(shown), f"round {number}: another's container is gone"
        assert all(each["state"] == "ready" for each in shown.values()), (number, shown)
        assert broker.machine()["memory_promised_bytes"] == MEMORY * len(real), (
            f"round {number}: what is promised is what runs"
        )
    assert broker.records() == ""
    launches = {labels["shiva.launch"] for labels in there(broker)}
    eventually(
        lambda: {each.name for each in broker.handed.iterdir()} == launches, what="handovers are those of what runs"
    )
