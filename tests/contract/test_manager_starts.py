"""Starts: once however often they are asked for, within the quota also when two come at a time, explained as they are done."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from shiva_manager_api.domain.health import GpuHealth
from shiva_manager_api.domain.machines import GpuReading, MachineReading
from shiva_manager_api.domain.people import Quota
from shiva_manager_api.domain.ports import (
    BrokerRefusedError,
    BrokerUnavailableError,
    Container,
    PortError,
    StartUnansweredError,
    StoreUnavailableError,
    Wish,
)
from shiva_manager_api.starts import Starts
from werkzeug.test import TestResponse

from tests.contract.manager_answers import start
from tests.fakes.manager_ports import FakeBroker, container
from tests.fakes.manager_world import ADA, CONTRACT, KEN, ROOT, World, worlds


@pytest.fixture
def world() -> Iterator[World]:
    with worlds() as made:
        yield made


def code(answer: TestResponse) -> str | None:
    """Return the code of a documented refusal, or None."""
    CONTRACT.check(answer)
    return str(answer.get_json()["code"]) if answer.status_code >= 400 else None


def limit(world: World, containers: int | None = None, gpus: int | None = None) -> None:
    world.rules = replace(world.rules, quota=Quota(containers=containers, gpus=gpus))


def test_the_same_key_with_the_same_wish_is_the_same_container(world: World) -> None:
    first, again = start(world, "k1"), start(world, "k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    assert len(world.broker.launched) == 1


def test_many_at_a_time_with_one_key_are_one_container(world: World) -> None:
    together = threading.Barrier(6)

    def one(_: int) -> TestResponse:
        together.wait()
        return start(world, "k1")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(one, range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert len(world.broker.launched) == 1


def test_the_same_key_of_another_person_is_another_key(world: World) -> None:
    assert start(world, "k1").get_json()["owner"] == "ada"
    assert start(world, "k1", who=KEN).get_json()["owner"] == "ken"


def test_the_same_key_with_another_wish_is_a_mistake(world: World) -> None:
    start(world, "k1")
    assert code(start(world, "k1", gpus=1)) == "key-reused"
    assert code(start(world, "k1", name="third")) == "key-reused"
    assert len(world.broker.launched) == 1


def test_a_key_whose_container_has_ended_starts_nothing(world: World) -> None:
    start(world, "k1")
    world.broker.held.pop()
    assert code(start(world, "k1")) == "start-ended"
    world.broker.held.append(container("ada", "second", launch_id="2b" * 16))
    assert code(start(world, "k1")) == "start-ended"
    assert len(world.broker.launched) == 1


def test_a_key_is_kept_for_a_day(world: World) -> None:
    start(world, "k1")
    world.later(timedelta(hours=23))
    assert code(start(world, "k1", gpus=1)) == "key-reused"
    world.later(timedelta(hours=2))
    assert code(start(world, "k1", gpus=1)) is None


REFUSALS: list[PortError] = [
    BrokerRefusedError(409, "no-capacity", "A title", "A detail.", {}),
    BrokerUnavailableError(),
]


@pytest.mark.parametrize("failure", REFUSALS, ids=lambda error: error.code)
def test_a_key_whose_start_was_refused_may_be_used_again(world: World, failure: PortError) -> None:
    world.broker.failure = failure
    assert code(start(world, "k1")) == failure.code
    world.broker.failure = None
    assert start(world, "k1", gpus=1).status_code == 201


def test_a_start_that_nobody_confirmed_is_found_by_asking_again(world: World) -> None:
    world.broker.failure = StartUnansweredError()
    assert code(start(world, "k1")) == "start-unanswered"
    assert code(start(world, "k1", gpus=1)) == "key-reused"
    world.broker.failure = None
    world.broker.held.append(container("ada", "second"))
    assert start(world, "k1").status_code == 200


def test_what_was_started_is_told_although_its_key_cannot_be_kept(world: World) -> None:
    world.store.failing["answered"] = StoreUnavailableError()
    assert start(world, "k1").status_code == 201
    world.store.failing.clear()
    assert start(world, "k1").status_code == 200


def test_without_a_key_asking_again_returns_what_runs(world: World) -> None:
    assert [world.call("start", json={"name": "second"}).status_code for _ in range(2)] == [201, 200]


# quotas


def test_more_than_the_quota_is_refused_with_the_numbers(world: World) -> None:
    limit(world, containers=1)
    answer = world.call("start", json={"name": "second"})
    assert code(answer) == "quota-exceeded"
    assert answer.get_json()["parameters"] == {"kind": "containers", "limit": 1, "held": 1, "wanted": 1}
    limit(world, gpus=2)
    answer = world.call("start", json={"name": "second", "gpus": 2})
    assert answer.get_json()["parameters"] == {"kind": "gpus", "limit": 2, "held": 1, "wanted": 2}
    assert "Your limit of gpus is 2; you hold 1" in answer.get_json()["detail"]
    assert world.broker.launched == []


def test_what_runs_is_returned_also_above_the_quota(world: World) -> None:
    limit(world, containers=0)
    assert world.call("start", json={"name": "default"}).status_code == 200


def test_a_persons_own_quota_holds_in_place_of_everybodys(world: World) -> None:
    limit(world, containers=1)
    world.call("set_quota", ROOT, path={"name": "ada"}, json={"containers": None, "gpus": 0})
    assert code(world.call("start", json={"name": "second"})) is None
    assert code(world.call("start", json={"name": "third", "gpus": 1})) == "quota-exceeded"
    world.call("reset_quota", ROOT, path={"name": "ada"})
    assert code(world.call("start", json={"name": "third"})) == "quota-exceeded"


def test_two_starts_at_a_time_do_not_both_pass_the_quota(world: World) -> None:
    limit(world, containers=2)
    together = threading.Barrier(4)

    def one(number: int) -> TestResponse:
        together.wait()
        return world.call("start", json={"name": f"n{number}"})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(one, range(4)))
    assert sorted(map(str, map(code, answers))) == ["None", *["quota-exceeded"] * 3]
    assert len(world.broker.launched) == 1


def test_nothing_is_started_while_nobody_knows_the_quota(world: World) -> None:
    assert code(world.without_store().call("start")) == "store-unavailable"
    assert world.broker.launched == []


# what a start keeps away from, and what is explained


def steered(world: World) -> World:
    gpus = (GpuReading(uuid="GPU-1", index=0, model="", up=True, foreign_use=True),)
    health = {"GPU-2": GpuHealth(asked_at=0.0, up=False)}
    world.metrics.readings = [MachineReading(name="gpu-01", up=True, gpus=gpus, health=health)]
    return world


@pytest.mark.parametrize("operation", ["start", "explain"])
def test_explain_looks_at_the_gpus_that_a_start_looks_at(world: World, operation: str) -> None:
    wish = {"name": "third", "image": "shiva-jupyter", "machine": "gpu-01", "gpus": 1}
    assert code(steered(world).call(operation, json=wish)) is None
    asked = world.broker.launched + world.broker.explained
    assert asked == [("ada", Wish(name="third", image="shiva-jupyter", machine="gpu-01", gpus=1))]
    assert (world.broker.avoided, world.broker.excluded) == (("GPU-1",), ("GPU-2",))


def test_explain_starts_nothing_and_tells_of_the_quota_too(world: World) -> None:
    assert world.call("explain", json={"name": "second"}).get_json()["fits"] is True
    limit(world, containers=1)
    told = world.call("explain", json={"name": "second"})
    CONTRACT.check(told)
    assert (told.get_json()["fits"], told.get_json()["machine"]) == (False, None)
    assert told.get_json()["everywhere"]["rule"] == "quota-exceeded"
    assert "Your limit of containers is 1" in told.get_json()["everywhere"]["text"]
    assert world.broker.launched == []


def test_a_start_is_in_the_name_of_who_asks_also_of_an_admin(world: World) -> None:
    assert world.call("start", ROOT, json={}).get_json()["owner"] == "root"
    assert code(world.call("start", json={"owner": "ken"})) == "bad-request"


def test_people_see_their_own_containers_only(world: World) -> None:
    world.broker.held += [container("ada2"), container("ada", "second")]
    assert [each["id"] for each in world.call("containers").get_json()["containers"]] == ["ada--default", "ada--second"]
    assert world.call("containers", ROOT).get_json()["containers"] == []
    assert world.call("containers", replace(ADA, name="eve")).get_json()["containers"] == []


def test_a_start_that_does_not_end_keeps_the_same_persons_next_one_short(world: World) -> None:
    slow = SlowBroker(held=world.broker.held)
    starts = Starts(slow, world.use.manager, world.store.port, lambda: world.rules, now=world.clock, patience=0.05)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: starts.start(ADA, Wish(name="second")))
        assert slow.hanging.wait(10)
        with pytest.raises(StartUnansweredError):
            starts.start(ADA, Wish(name="third"))
        slow.released.set()
        assert first.result()[1] is True
    assert starts.start(ADA, Wish(name="third"))[1] is True


def test_no_more_wait_for_their_own_start_than_may(world: World) -> None:
    slow = SlowBroker(held=world.broker.held)
    starts = Starts(slow, world.use.manager, world.store.port, lambda: world.rules, now=world.clock, most_waiting=0)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(lambda: starts.start(ADA, Wish(name="second")))
        assert slow.hanging.wait(10)
        with pytest.raises(StartUnansweredError):
            starts.start(ADA, Wish(name="third"))
        slow.released.set()
        assert first.result()[1] is True


@dataclass
class SlowBroker(FakeBroker):
    """A broker whose launches wait until they are released."""

    hanging: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def launch(
        self, owner: str, wish: Wish, avoid_gpus: Sequence[str] = (), exclude_gpus: Sequence[str] = ()
    ) -> tuple[Container, bool]:
        """Wait, then launch."""
        self.hanging.set()
        self.released.wait(10)
        return super().launch(owner, wish, avoid_gpus, exclude_gpus)
