"""Twenty people press Start for the same container, a hundred times, while the engine's answers get lost or calls arrive twice."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.conformance.subjects import eventually
from tests.docker.docker_broker import DockerBroker
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.faults import Fault, Injector
from tests.fakes.engines.fixtures import Engines

GPU_01 = "gpu-01"
pytestmark = [pytest.mark.docker, pytest.mark.timeout(400)]
AT_ONCE = 20
NAMES = ("one", "two", "three", "four")  # in turns, so that one ends while the next begins
FAULTS = (Fault.LOST, Fault.TWICE, Fault.TWICE_FIRST)
SHARE = 0.3  # of the calls that change something
MAY_BE_REPEATED = {"launcher-unavailable", "container-stopping", "launch-refused"}


@pytest.fixture
def engine(engines: Engines) -> Engine:
    return engines.fresh(1)


@pytest.fixture
def injector(engine: Engine) -> Iterator[Injector]:
    made = Injector(engine.base_url)
    yield made
    made.close()


@pytest.fixture
def broker(engine: Engine, injector: Injector, tmp_path: Path) -> Iterator[DockerBroker]:
    made = DockerBroker(tmp_path, {GPU_01: engine}, urls={GPU_01: injector.url}, DOMAIN="parallel")
    made.start()
    yield made
    made.kill()


def pressed(broker: DockerBroker, name: str, number: int) -> requests.Response:
    """Start it; every second one under the same request id."""
    request = "the-same" if number % 2 else f"number-{number}"
    headers = {"X-Request-Id": request}
    return broker.call("POST", "/v1/containers", {"owner": "ada", "name": name}, **headers)


@pytest.mark.parametrize("rounds", [12, pytest.param(100, marks=pytest.mark.full)])
def test_twenty_starts_at_once_are_one_container(broker: DockerBroker, injector: Injector, rounds: int) -> None:
    chance = random.Random(5)  # noqa: S311
    injector.fault = lambda method, _: chance.choice(FAULTS) if method != "GET" and chance.random() < SHARE else None
    people = ThreadPoolExecutor(AT_ONCE)
    for number in range(rounds):
        name = NAMES[number % len(NAMES)]
        started: set[str] = set()

        def is_started(name: str = name, started: set[str] = started) -> bool:
            answers = list(people.map(lambda each: pressed(broker, name, each), range(AT_ONCE)))
            assert all(each.ok or each.json()["code"] in MAY_BE_REPEATED for each in answers), [a.text for a in answers]
            started |= {each.json()["requested_at"] for each in answers if each.ok}
            return bool(started)

        eventually(is_started, what=f"round {number}: it is started", seconds=30)
        assert len(started) == 1, f"round {number}: they have different containers"
        there = broker.engines[GPU_01].docker("ps", "-aq", "--filter", f"label=shiva.id=ada--{name}").split()
        assert len(there) == 1, f"round {number}"
        assert broker.call("DELETE", f"/v1/containers/ada--{name}").status_code == 204
    people.shutdown()
    assert {each.fault for each in injector.asked} == {None, *FAULTS}
    injector.heal()
    eventually(lambda: broker.containers() == {}, what="everything is gone")
    assert broker.there() == []
    assert broker.machine()["memory_promised_bytes"] == 0
