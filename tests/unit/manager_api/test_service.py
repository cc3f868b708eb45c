"""The use cases: whose containers, in whose name, and an overview that never fails."""

import pytest
from shiva_common.identity import Identity
from shiva_manager_api.domain.health import GpuHealth
from shiva_manager_api.domain.machines import GpuReading, MachineReading, MachineState
from shiva_manager_api.domain.ports import (
    BrokerRefusedError,
    BrokerUnavailableError,
    MetricsUnavailableError,
    NotYoursError,
    Wish,
)
from shiva_manager_api.service import Manager

from tests.fakes.manager_ports import JUPYTER, FakeBroker, FakeMetrics, container, declared

ADA = Identity(name="ada", shown_name="Ada")
ROOT = Identity(name="root", shown_name="Root")
SOMEBODYS = ["ken--default", "ken--nothing-of-that-name", "ada2--default", "", "--", "ADA--default", "ada.--default"]


@pytest.fixture
def broker() -> FakeBroker:
    held = [container("ada"), container("ada", "second"), container("ken"), container("ada2")]
    return FakeBroker(held=held, inventory=[declared(held={"GPU-1": "ada--default"})])


@pytest.fixture
def metrics() -> FakeMetrics:
    return FakeMetrics([MachineReading(name="gpu-01", up=True, sample_age_seconds=1.0)])


@pytest.fixture
def manager(metrics: FakeMetrics, broker: FakeBroker) -> Manager:
    ticks = iter(range(0, 10**9, 60))  # every look at the clock is a minute later: nothing is kept
    return Manager(metrics, broker, clock=lambda: float(next(ticks)))


def test_people_see_their_own_containers_only(manager: Manager) -> None:
    assert [each["id"] for each in manager.containers(ADA)] == ["ada--default", "ada--second"]
    assert manager.containers(Identity(name="eve", shown_name="Eve")) == []
    assert manager.container(ADA, "ada--second")["name"] == "second"


@pytest.mark.parametrize("container_id", SOMEBODYS)
def test_what_is_not_ones_own_is_refused_whether_it_exists_or_not(
    manager: Manager, broker: FakeBroker, container_id: str
) -> None:
    broker.failure = AssertionError("the broker must not be asked")
    with pytest.raises(NotYoursError):
        manager.container(ADA, container_id)
    with pytest.raises(NotYoursError):
        manager.stop(ADA, container_id)
    assert broker.stopped == []


def test_the_owner_may_stop(manager: Manager, broker: FakeBroker) -> None:
    manager.stop(ADA, "ada--default")
    assert broker.stopped == ["ada--default"]


def test_an_admin_may_see_and_stop_what_is_anybodys(manager: Manager, broker: FakeBroker) -> None:
    assert manager.container(ROOT, "ken--default")["owner"] == "ken"
    manager.stop(ROOT, "ken--default")
    assert broker.stopped == ["ken--default"]


def test_an_admins_own_list_is_the_admins_own(manager: Manager) -> None:
    assert manager.containers(ROOT) == []


def test_ones_own_that_does_not_exist_is_not_found(manager: Manager) -> None:
    with pytest.raises(BrokerRefusedError, match="container-not-found"):
        manager.container(ADA, "ada--third")


@pytest.mark.parametrize("identity", [ADA, ROOT], ids=lambda identity: identity.role)
def test_a_start_is_in_the_name_of_who_asks(manager: Manager, broker: FakeBroker, identity: Identity) -> None:
    wish = Wish(name="third", image="shiva-jupyter", machine="gpu-01", gpus=1)
    started, new = manager.start(identity, wish)
    assert (started["id"], new) == (f"{identity.name}--third", True)
    assert broker.launched == [(identity.name, wish)]
    assert manager.start(identity, wish)[1] is False


def test_a_start_keeps_away_from_gpus_that_others_use(
    metrics: FakeMetrics, manager: Manager, broker: FakeBroker
) -> None:
    uses = {"GPU-1": True, "GPU-2": False, "GPU-3": None}
    gpus = tuple(GpuReading(uuid=uuid, index=0, model="", up=True, foreign_use=use) for uuid, use in uses.items())
    metrics.readings = [MachineReading(name="gpu-01", up=True, gpus=gpus)]
    manager.start(ADA, Wish(name="third", gpus=1))
    assert broker.avoided == ("GPU-1",)


def test_a_start_never_gets_a_gpu_in_quarantine_also_when_prometheus_went_away_since(
    metrics: FakeMetrics, manager: Manager, broker: FakeBroker
) -> None:
    health = {"GPU-1": GpuHealth(asked_at=0.0, up=False), "GPU-2": GpuHealth(asked_at=0.0, up=True)}
    metrics.readings = [MachineReading(name="gpu-01", up=True, health=health)]
    manager.start(ADA, Wish(name="third", gpus=1))
    assert broker.excluded == ("GPU-1",)
    metrics.failure = MetricsUnavailableError()
    manager.start(ADA, Wish(name="fourth", gpus=1))
    assert broker.excluded == ("GPU-1",)


def test_nobody_who_measures_keeps_nobody_from_a_start(
    metrics: FakeMetrics, manager: Manager, broker: FakeBroker
) -> None:
    metrics.failure = MetricsUnavailableError()
    assert manager.start(ADA, Wish(name="third", gpus=1))[1] is True
    assert (broker.avoided, broker.excluded) == ((), ())


def test_the_catalogue_is_the_brokers(manager: Manager) -> None:
    assert manager.images() == [JUPYTER]


def test_a_broker_that_is_away_fails_the_containers_and_not_the_overview(manager: Manager, broker: FakeBroker) -> None:
    assert manager.overview().machines[0].state is MachineState.PARTLY_FREE
    broker.failure = BrokerUnavailableError()
    with pytest.raises(BrokerUnavailableError):
        manager.containers(ADA)
    seen = manager.overview()
    assert seen.machines[0].state is MachineState.STALE
    assert seen.machines[0].gpus_free is None
    holder = seen.machines[0].gpus[0].holder
    assert holder is not None
    assert holder.owner == "ada"
    assert (seen.metrics.fresh, seen.broker.fresh) == (True, False)


def test_a_prometheus_that_is_away_leaves_the_last_snapshot_with_its_age(
    manager: Manager, metrics: FakeMetrics
) -> None:
    manager.overview()
    metrics.failure = MetricsUnavailableError()
    seen = manager.overview()
    assert [view.reading.name for view in seen.machines] == ["gpu-01"]
    assert seen.machines[0].reading.up
    assert seen.machines[0].state is MachineState.STALE
    assert not seen.metrics.fresh
    assert seen.metrics.age_seconds is not None
    assert seen.metrics.age_seconds > 0


def test_with_both_away_from_the_start_the_overview_is_empty_and_says_so(
    manager: Manager, metrics: FakeMetrics, broker: FakeBroker
) -> None:
    metrics.failure, broker.failure = MetricsUnavailableError(), BrokerUnavailableError()
    seen = manager.overview()
    assert list(seen.machines) == []
    assert (seen.metrics.age_seconds, seen.broker.age_seconds) == (None, None)


def test_without_prometheus_from_the_start_the_inventory_is_shown_and_nothing_is_free(
    manager: Manager, metrics: FakeMetrics
) -> None:
    metrics.failure = MetricsUnavailableError()
    (view,) = manager.overview().machines
    assert (view.reading.name, view.state, view.reading.cpu_ratio) == ("gpu-01", MachineState.STALE, None)


def test_sources_are_asked_when_nobody_did(manager: Manager, broker: FakeBroker) -> None:
    assert [source.fresh for source in manager.sources()] == [True, True]
    broker.failure = BrokerUnavailableError()
    assert [source.fresh for source in manager.sources()] == [True, False]
