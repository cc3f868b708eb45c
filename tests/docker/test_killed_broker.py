"""A broker that is killed at any moment of a start or a stop: nothing is lost, doubled or left over afterwards."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.subjects import eventually
from tests.fakes.broker_command import BrokerCommand
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines

pytestmark = [pytest.mark.docker, pytest.mark.timeout(500)]
MOMENTS = 50
PEOPLE = ("ada", "ken")
MEMORY = 2**28


@pytest.fixture
def engine(engines: Engines) -> Engine:
    return engines.fresh(1)


@pytest.fixture
def broker(engine: Engine, tmp_path: Path) -> Iterator[BrokerCommand]:
    machine = {
        "name": "gpu-01", "address": engine.address, "cpus": 16, "memory_bytes": 2**36,
        "gpus": [], "engine": {"url": engine.base_url},
    }  # fmt: skip
    made = BrokerCommand(
        tmp_path, [machine], LAUNCHER="docker", DOMAIN="killed", UID_BASE=str(engine.base_uid), MEMORY_BYTES=str(MEMORY)
    )
    made.start()
    yield made
    made.kill()


def there(engine: Engine) -> list[dict[str, str]]:
    """Return the labels of each container of ours on the engine, whatever its state."""
    ids = engine.docker("ps", "-aq", "--filter", "label=shiva.domain=killed").split()
    found = json.loads(engine.docker("inspect", *ids)) if ids else []
    return [each["Config"]["Labels"] for each in found]


def settled(broker: BrokerCommand) -> bool:
    return all(each["state"] in {"ready", "failed"} for each in broker.containers().values())


def test_a_broker_killed_at_any_moment_leaves_nothing_behind(engine: Engine, broker: BrokerCommand) -> None:
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
        shown, real = broker.containers(), there(engine)
        assert sorted(shown) == sorted(labels["shiva.id"] for labels in real), f"round {number}"
        assert set(known) - {f"{who}--default"} <= set(shown), f"round {number}: another's container is gone"
        assert all(each["state"] == "ready" for each in shown.values()), (number, shown)
        [machine] = broker.machines()
        assert machine["memory_promised_bytes"] == MEMORY * len(real), f"round {number}: what is promised is what runs"
    assert engine.docker("volume", "ls", "-q", "--filter", "label=shiva.domain=killed") == ""
    launches = {labels["shiva.launch"] for labels in there(engine)}
    eventually(
        lambda: {each.name for each in broker.handed.iterdir()} == launches, what="handovers are those of what runs"
    )
