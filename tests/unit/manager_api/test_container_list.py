"""The broker's list is read once for many, anew after a change, and nobody queues for it."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

import pytest
from shiva_manager_api.adapters.container_list import GRACE_SECONDS, MOST_WAITING, ContainerList
from shiva_manager_api.domain.machines import Tenant
from shiva_manager_api.domain.ports import BrokerUnavailableError, Container

from tests.fakes.manager_ports import container


@dataclass
class Broker:
    """Lists what a test says; a list takes `took` seconds of its clock."""

    held: list[dict[str, Any]] = field(default_factory=lambda: [container("ada"), container("ken")])
    now: float = 100.0
    took: float = 0.0
    asked: int = 0
    failure: Exception | None = None
    slow: threading.Event | None = None
    entered: threading.Event = field(default_factory=threading.Event)

    def clock(self) -> float:
        return self.now

    def ask(self) -> Sequence[Container]:
        self.asked += 1
        self.now += self.took
        self.entered.set()
        if self.slow:
            assert self.slow.wait(10)
        if self.failure:
            raise self.failure
        return [dict(each) for each in self.held]

    def list(self) -> ContainerList:
        return ContainerList(self.ask, self.tenant, clock=self.clock)

    @staticmethod
    def tenant(told: Container) -> Tenant:
        return Tenant(
            id=told["id"], owner=told["owner"], name=told["name"], machine=told["machine"], state=told["state"],
            since=None, gpus=1,
        )  # fmt: skip


def test_who_asks_within_a_moment_gets_the_same_list() -> None:
    broker = Broker()
    known = broker.list()
    first, _ = known.read()
    broker.now += 0.2
    assert known.read()[0] is first
    broker.now += 0.1
    known.read()
    assert broker.asked == 2


def test_a_list_that_took_long_is_kept_for_longer() -> None:
    broker = Broker(took=0.5)
    known = broker.list()
    known.read()
    broker.now += 1.4
    known.read()
    assert broker.asked == 1
    broker.now += 0.2
    known.read()
    assert broker.asked == 2


def test_a_change_is_in_the_next_list() -> None:
    broker = Broker()
    known = broker.list()
    known.changed()
    assert broker.asked == 0, "nobody has looked yet"
    known.read()
    broker.now += 0.01
    broker.held = [container("mei")]
    known.changed()
    assert [each["owner"] for each in known.read()[0]] == ["mei"]


def test_what_did_not_change_is_the_same_object_in_the_next_list() -> None:
    broker = Broker()
    known = broker.list()
    ada, ken = known.read()[0]
    people = known.read()[1]
    broker.now += 1
    broker.held[1]["state"] = "stopping"
    same, other = known.read()[0]
    assert same is ada
    assert (other["state"], ken["state"]) == ("stopping", "ready")
    assert known.read()[1][0] is people[0]
    assert known.read()[1][1].state == "stopping"


def test_who_finds_somebody_reading_takes_the_last_list_for_some_seconds() -> None:
    broker = Broker()
    known = broker.list()
    first, _ = known.read()
    broker.now += 1
    broker.slow, broker.entered = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(known.read)
        assert broker.entered.wait(10)
        assert known.read()[0] is first
        broker.now += GRACE_SECONDS - 1.1
        assert known.read()[0] is first
        broker.slow.set()
        assert reading.result(10)[0] is not first


def test_a_list_that_cannot_be_had_is_the_last_one_for_some_seconds_and_then_an_error() -> None:
    broker = Broker()
    known = broker.list()
    first, _ = known.read()
    broker.failure = BrokerUnavailableError()
    broker.now += GRACE_SECONDS - 0.1
    assert known.read()[0] is first
    broker.now += 0.2
    for _ in range(2):
        with pytest.raises(BrokerUnavailableError):
            known.read()
    broker.failure = None
    assert len(known.read()[0]) == 2


def test_after_a_change_no_list_from_before_it_is_told() -> None:
    broker = Broker()
    known = broker.list()
    known.read()
    broker.now += 0.01
    broker.failure = BrokerUnavailableError()
    for act in (known.changed, known.read, known.read):
        with pytest.raises(BrokerUnavailableError):
            act()


def test_where_nobody_knows_a_list_only_some_wait_for_it() -> None:
    broker = Broker()
    known = broker.list()
    broker.slow, broker.entered = threading.Event(), threading.Event()
    with ThreadPoolExecutor(MOST_WAITING + 2) as pool:
        reading = pool.submit(known.read)
        assert broker.entered.wait(10)
        others = [pool.submit(known.read) for _ in range(MOST_WAITING + 1)]
        told_off = next(as_completed(others, timeout=10))
        assert isinstance(told_off.exception(10), BrokerUnavailableError)
        broker.slow.set()
        assert all(each.result(10) is not None for each in [reading, *others] if each is not told_off)
