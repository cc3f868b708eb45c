"""A real broker, a real engine, and faults between them: nothing is dropped, doubled or left over, and all heals by itself."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from shiva_jupyter_broker.adapters.docker_machine import GONE_SECONDS

from tests.conformance.subjects import eventually
from tests.docker.docker_broker import MEMORY, DockerBroker
from tests.fakes.engines.faults import Fault, Injector
from tests.fakes.engines.fixtures import Engines

GPU_01 = "gpu-01"
pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]
LISTS = {"containers": r"^/containers/json", "records": r"^/volumes\?"}
HARMLESS = {Fault.EMPTY, Fault.TWICE, Fault.TWICE_FIRST}  # for a list: the engine is seen to answer
LOOKS = 5
KENS = "ken--default"


@pytest.fixture(scope="module")
def injector(engines: Engines) -> Iterator[Injector]:
    made = Injector(engines.fresh(1).base_url)
    yield made
    made.close()


@pytest.fixture(scope="module")
def running(engines: Engines, injector: Injector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerBroker]:
    """A broker under which ken works."""
    made = DockerBroker(
        tmp_path_factory.mktemp("broker"), {GPU_01: engines.fresh(1)}, urls={GPU_01: injector.url}, DOMAIN="faults"
    )
    made.start()
    start(made, "ken")
    eventually(lambda: KENS in made.routes(), what="ken works")
    yield made
    made.kill()


@pytest.fixture
def broker(running: DockerBroker, injector: Injector) -> Iterator[DockerBroker]:
    """The same, as healthy as before at the end of each test."""
    yield running
    injector.heal()
    eventually(lambda: running.machine()["reachable"], what="the engine is there again")


def start(broker: DockerBroker, owner: str) -> int:
    return broker.call("POST", "/v1/containers", {"owner": owner}).status_code


def is_ready(broker: DockerBroker, owner: str) -> bool:
    return bool(broker.containers().get(f"{owner}--default", {}).get("state") == "ready")


def agree(broker: DockerBroker) -> None:
    """Check that what is shown, what is leased and what the engine runs are the same."""
    real = [each["Config"]["Labels"]["shiva.id"] for each in broker.there()]
    assert sorted(broker.containers()) == sorted(real)
    assert broker.machine()["memory_promised_bytes"] == MEMORY * len(real)
    assert broker.records() == ""


# ---- lists ----


@pytest.mark.parametrize(
    ("which", "fault"),
    [*(("containers", fault) for fault in Fault), *(("records", fault) for fault in (Fault.EMPTY, Fault.GARBAGE))],
)
def test_a_list_that_fails_or_comes_back_empty_drops_nothing(
    broker: DockerBroker, injector: Injector, which: str, fault: Fault
) -> None:
    routes, started = broker.routes(), broker.containers()[KENS]["started_at"]
    injector.order(fault, "GET", LISTS[which])
    for _ in range(LOOKS):
        assert broker.routes() == routes
        [seen] = broker.containers().values()
        assert (seen["id"], seen["state"], seen["started_at"]) == (KENS, "ready", started)
    assert injector.met(fault)
    machine = broker.machine()
    assert machine["reachable"] is (fault in HARMLESS)
    assert (machine["unreachable_since"] is None) is (fault in HARMLESS)
    injector.heal()
    eventually(lambda: broker.machine()["reachable"], what="the engine is there again")
    assert broker.routes() == routes
    agree(broker)


def test_empty_lists_are_not_believed_for_longer_either_nor_by_the_next_broker(
    broker: DockerBroker, injector: Injector
) -> None:
    routes = broker.routes()
    handed = sorted(broker.handed.iterdir())
    for path in LISTS.values():
        injector.order(Fault.EMPTY, "GET", path)
    for _ in range(2):
        until = time.monotonic() + GONE_SECONDS + 1
        while time.monotonic() < until:
            assert broker.routes() == routes
        broker.kill()
        broker.start()
    assert start(broker, "ken") == 200
    assert sorted(broker.handed.iterdir()) == handed
    injector.heal()
    assert broker.routes() == routes
    agree(broker)


def test_who_works_is_not_cut_off_by_an_engine_that_is_away_for_longer(
    broker: DockerBroker, injector: Injector
) -> None:
    routes = broker.routes()
    injector.order(Fault.HANG, "GET", "")
    injector.order(Fault.HANG, "POST", "")
    eventually(lambda: broker.containers()[KENS]["state"] == "lost", what="it is lost", seconds=30)
    lost = broker.containers()[KENS]
    assert lost["reason"].startswith("Its machine has not answered since ")
    assert "The files in the home are safe." in lost["reason"]
    assert broker.routes() == routes
    refused = broker.call("POST", "/v1/containers", {"owner": "ada"})
    assert (refused.status_code, refused.json()["code"]) == (409, "no-capacity")
    assert "has not answered since" in refused.json()["parameters"]["reasons"]["gpu-01"]
    broker.kill()
    broker.start()
    assert broker.routes() == routes
    injector.heal()
    eventually(lambda: is_ready(broker, "ken"), what="it is ready again")
    assert broker.routes() == routes
    agree(broker)


# ---- what changes something ----

CALLS = {  # for a container whose name holds the key; a create that is not answered lets the next one wait, so it is last
    "start": ("POST", r"--.*start.*/start$"),
    "inspect": ("GET", r"--.*inspect.*/json$"),
    "stop": ("POST", r"--.*stop.*/stop\?"),
    "remove": ("DELETE", r"--.*remove"),
    "create": ("POST", r"/create\?name=.*--.*create"),
}
SLOW = {Fault.HANG, Fault.DRIP}
REFUSALS = {(503, "launcher-unavailable"), (409, "no-capacity"), (409, "launch-refused")}


def whole_life(broker: DockerBroker, name: str) -> None:
    """Start a container as a person does who tries again, and stop it once it is ready."""
    called = f"ada--{name}"
    insist(lambda: broker.call("POST", "/v1/containers", {"owner": "ada", "name": name}))
    eventually(lambda: called in broker.routes(), what=f"{called} is ready", seconds=60)
    insist(lambda: broker.call("DELETE", f"/v1/containers/{called}"))
    eventually(lambda: called not in broker.containers(), what=f"{called} is gone", seconds=60)


def insist(call: Callable[[], requests.Response]) -> None:
    """Repeat a call until it is heard; each refusal says that it may be repeated."""

    def is_heard() -> bool:
        answer = call()
        assert answer.ok or (answer.status_code, answer.json()["code"]) in REFUSALS, answer.text
        return answer.ok

    eventually(is_heard, what="it is heard", seconds=60)


def hurt(broker: DockerBroker, injector: Injector, faults: Mapping[str, Fault], names: Sequence[str]) -> None:
    """Live the lives of containers with these names while each call fails once, and check that nobody else notices."""
    routes = broker.routes()
    for call, fault in faults.items():
        injector.order(fault, *CALLS[call], times=1)
    with ThreadPoolExecutor(len(names)) as people:
        lives = [people.submit(whole_life, broker, name) for name in names]
        while not all(life.done() for life in lives):
            now = broker.routes()
            assert {each: now.get(each) for each in routes} == routes
        for life in lives:
            life.result()
    for call, fault in faults.items():
        method, path = CALLS[call]
        assert any(each.method == method and re.search(path, each.path) for each in injector.met(fault)), call
    assert broker.routes() == routes
    agree(broker)


@pytest.mark.parametrize("fault", sorted(set(Fault) - SLOW))
def test_a_life_in_which_every_call_fails_once_ends_well_and_cuts_nobody_off(
    broker: DockerBroker, injector: Injector, fault: Fault
) -> None:
    hurt(broker, injector, dict.fromkeys(CALLS, fault), ["-".join(CALLS)])


def test_calls_that_are_never_answered_end_well_and_cut_nobody_off(broker: DockerBroker, injector: Injector) -> None:
    faults = {
        "create": Fault.DRIP, "start": Fault.HANG, "inspect": Fault.DRIP, "stop": Fault.HANG, "remove": Fault.DRIP,
    }  # fmt: skip
    hurt(broker, injector, faults, list(CALLS))
