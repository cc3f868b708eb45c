"""The demo's simulated people: seen by everybody, entered and stopped by nobody, and no work for the watcher."""

from datetime import timedelta
from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters.demo import CAST, DemoLauncher
from shiva_jupyter_broker.domain.containers import ContainerId, ContainerState, Machine, UserName, Wish
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, NoCapacityError
from shiva_jupyter_broker.service import Broker

from tests.fakes.broker_world import broker_over, ports, settled
from tests.fakes.launcher import LIMITS, NOW, FakeClock, FakeLauncher, machine

THREE = [machine("gpu-01"), machine("gpu-02"), machine("gpu-03")]


def demo(inner: FakeLauncher, machines: list[Machine] | None = None, clock: FakeClock | None = None) -> DemoLauncher:
    return DemoLauncher(inner, THREE if machines is None else machines, LIMITS, clock or FakeClock())


@pytest.fixture
def inner() -> FakeLauncher:
    return FakeLauncher()


@pytest.fixture
def broker(inner: FakeLauncher, tmp_path: Path) -> Broker:
    return broker_over(ports(tmp_path, demo(inner), machines=THREE))


def test_its_name_says_demo(inner: FakeLauncher) -> None:
    assert demo(inner).name == "fake (demo)"


def test_three_machines_are_held_as_the_cast_says(broker: Broker) -> None:
    held = {m.machine.name: sorted(who for held in m.holders.values() for who in held) for m in broker.machines()}
    assert held == {
        "gpu-01": ["yuki--simulated"],
        "gpu-02": ["ken--simulated", "ken--simulated"],
        "gpu-03": ["mei--simulated"],
    }


def test_simulated_containers_are_settled_and_have_no_route(broker: Broker) -> None:
    assert {seen.container.state for seen in broker.containers()} == {ContainerState.READY}
    assert not settled(broker)
    assert broker.routing().routes == ()


def test_what_nobody_measured_of_them_is_unknown(broker: Broker) -> None:
    for seen in broker.containers():
        assert seen.time_to_notebook_seconds is None
        assert seen.phases.booting_seconds is None


def test_a_visitor_gets_a_real_container_on_what_they_left(broker: Broker, inner: FakeLauncher) -> None:
    seen, new = broker.launch(Wish(owner=UserName("ada"), gpus=1))
    assert new
    assert seen.container.gpus in {("GPU-gpu-01-1",), ("GPU-gpu-03-1",)}
    assert list(inner.held) == ["ada--default"]
    with pytest.raises(NoCapacityError):
        broker.launch(Wish(owner=UserName("eve"), gpus=2))
    broker.stop(seen.container.id)
    inner.end(seen.container.id)
    assert len(broker.containers()) == len(CAST)


def test_a_simulated_one_that_is_stopped_goes_until_the_next_start(inner: FakeLauncher, broker: Broker) -> None:
    before = {seen.container.id for seen in broker.containers()}
    broker.stop(ContainerId("ken--simulated"))
    assert {seen.container.id for seen in broker.containers()} == before - {"ken--simulated"}
    assert {each.id for each in demo(inner).containers()} == before


def test_a_real_container_of_that_name_takes_the_simulated_ones_place(inner: FakeLauncher) -> None:
    launcher = demo(inner)
    [yuki] = [each for each in launcher.containers() if each.owner == "yuki"]
    inner.held[yuki.id] = yuki
    assert [each.id for each in launcher.containers()].count(yuki.id) == 1


@pytest.mark.parametrize("machines", [[], [machine("gpu-01", gpus=0)], [machine("gpu-01"), machine("gpu-02", gpus=1)]])
def test_nobody_is_simulated_where_there_is_no_such_gpu(inner: FakeLauncher, machines: list[Machine]) -> None:
    gpus = {gpu.uuid for each in machines for gpu in each.gpus}
    assert {uuid for each in demo(inner, machines).containers() for uuid in each.gpus} <= gpus


@pytest.mark.parametrize("hours", range(0, 24, 3))
def test_they_started_within_the_last_day_and_never_in_the_future(inner: FakeLauncher, hours: int) -> None:
    clock = FakeClock(NOW + timedelta(hours=hours))
    for each in demo(inner, clock=clock).containers():
        assert each.started_at is not None
        assert timedelta(0) <= clock.now - each.started_at < timedelta(days=1)


def test_when_the_real_engine_does_not_answer_the_demo_does_not_pretend(inner: FakeLauncher) -> None:
    inner.failure = LauncherUnavailableError("no answer")
    with pytest.raises(LauncherUnavailableError):
        demo(inner).containers()
