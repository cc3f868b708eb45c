"""What everybody sees: an overview that never fails, and the GPUs that nobody is to get."""

import pytest
from shiva_manager_api.domain.health import GpuHealth
from shiva_manager_api.domain.machines import GpuReading, MachineReading, MachineState
from shiva_manager_api.domain.ports import BrokerUnavailableError, MetricsUnavailableError
from shiva_manager_api.service import Manager

from tests.fakes.manager_ports import JUPYTER, FakeBroker, FakeMetrics, container, declared


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


def test_a_start_keeps_away_from_gpus_that_others_use(metrics: FakeMetrics, manager: Manager) -> None:
    uses = {"GPU-1": True, "GPU-2": False, "GPU-3": None}
    gpus = tuple(GpuReading(uuid=uuid, index=0, model="", up=True, foreign_use=use) for uuid, use in uses.items())
    metrics.readings = [MachineReading(name="gpu-01", up=True, gpus=gpus)]
    assert manager.unwanted() == (["GPU-1"], [])


def test_a_start_never_gets_a_gpu_in_quarantine_also_when_prometheus_went_away_since(
    metrics: FakeMetrics, manager: Manager
) -> None:
    health = {"GPU-1": GpuHealth(asked_at=0.0, up=False), "GPU-2": GpuHealth(asked_at=0.0, up=True)}
    metrics.readings = [MachineReading(name="gpu-01", up=True, health=health)]
    assert manager.unwanted() == ([], ["GPU-1"])
    metrics.failure = MetricsUnavailableError()
    assert manager.unwanted() == ([], ["GPU-1"])


def test_nobody_who_measures_keeps_nobody_from_a_start(metrics: FakeMetrics, manager: Manager) -> None:
    metrics.failure = MetricsUnavailableError()
    assert manager.unwanted() == ([], [])


def test_the_catalogue_is_the_brokers(manager: Manager) -> None:
    assert manager.images() == [JUPYTER]


def test_a_broker_that_is_away_fails_the_catalogue_and_not_the_overview(manager: Manager, broker: FakeBroker) -> None:
    assert manager.overview().machines[0].state is MachineState.PARTLY_FREE
    broker.failure = BrokerUnavailableError()
    with pytest.raises(BrokerUnavailableError):
        manager.images()
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
