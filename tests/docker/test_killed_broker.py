"""A broker that is killed at any moment of a start or a stop: nothing is lost, doubled or left over afterwards."""

import contextlib
import functools
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from tests.conformance.subjects import eventually
from tests.docker.broker_process import MEMORY, Broker
from tests.fakes.engines.fixtures import Engines

pytestmark = [pytest.mark.docker, pytest.mark.timeout(500)]
MOMENTS = 50
PEOPLE = ("ada", "ken")


@pytest.fixture
def broker(engines: Engines, tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path, engines.fresh(1))
    made.start()
    yield made
    made.kill()


def there(broker: Broker) -> list[dict[str, str]]:
    """Return the labels of each container of ours on the engine, whatever its state."""
    return [each["Config"]["Labels"] for each in broker.there()]


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
        shown, real = broker.containers(), there(broker)
        assert sorted(shown) == sorted(labels["shiva.id"] for labels in real), f"round {number}"
        assert set(known) - {f"{who}--default"} <= set(shown), f"round {number}: another's container is gone"
        assert all(each["state"] == "ready" for each in shown.values()), (number, shown)
        [machine] = broker.call("GET", "/v1/machines").json()["machines"]
        assert machine["memory_promised_bytes"] == MEMORY * len(real), f"round {number}: what is promised is what runs"
    assert broker.engine.docker("volume", "ls", "-q", "--filter", "label=shiva.domain=killed") == ""
    launches = {labels["shiva.launch"] for labels in there(broker)}
    handed = broker.folder / "homes/.shiva/launches/killed"
    eventually(lambda: {each.name for each in handed.iterdir()} == launches, what="handovers are those of what runs")
