"""What the watcher sees to: twins, stops that were begun, notebooks that never answer."""

from pathlib import Path

import pytest
from shiva_jupyter_broker.domain.containers import (
    ContainerId,
    ContainerState,
    MachineName,
    MachineState,
    UserName,
    Wish,
)
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, NoCapacityError, Reach
from shiva_jupyter_broker.service import Broker

from tests.conformance.subjects import eventually
from tests.fakes.broker_world import BOOT_TIMEOUT, World, settled

ADAS = ContainerId("ada--default")
WISH = Wish(owner=UserName("ada"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def broker(world: World) -> Broker:
    return world.broker()


def test_what_was_lost_starts_anew_elsewhere_and_the_older_twin_ends_on_its_return(
    world: World, broker: Broker
) -> None:
    broker.launch(WISH)
    world.launcher.lose(ADAS)
    world.clock.advance(1)
    second, started = broker.launch(WISH)
    assert started
    assert len(world.launcher.containers()) == 2
    assert [seen.container.launch_id for seen in broker.containers()] == [second.container.launch_id]
    settled(broker)
    assert len(world.launcher.containers()) == 2  # it cannot be asked while it is away, and holds what it held
    world.launcher.return_away()
    settled(broker)
    assert [each.launch_id for each in world.launcher.containers()] == [second.container.launch_id]


def test_the_newer_launch_is_the_container_also_when_the_clock_went_back(world: World, broker: Broker) -> None:
    broker.launch(WISH)
    world.launcher.lose(ADAS)
    world.clock.advance(-3600)
    second, _ = broker.launch(WISH)
    settled(broker)
    assert second.container.state is ContainerState.BOOTING
    assert broker.container(ADAS).container == second.container


def test_what_failed_on_a_machine_that_is_away_starts_anew_elsewhere(world: World, broker: Broker) -> None:
    first, _ = broker.launch(WISH)
    world.launcher.fail(ADAS)
    world.launcher.known[first.container.machine] = MachineState(reachable=False)
    world.clock.advance(1)
    second, started = broker.launch(WISH)
    assert started
    assert second.container.machine != first.container.machine
    settled(broker)
    assert len(world.launcher.containers()) == 2
    world.launcher.known.clear()
    settled(broker)
    assert [each.launch_id for each in world.launcher.containers()] == [second.container.launch_id]


def test_a_stop_that_no_machine_hears_yet_is_accepted_and_carried_on(world: World, broker: Broker) -> None:
    seen, _ = broker.launch(WISH)
    world.launcher.known[seen.container.machine] = MachineState(reachable=False)
    broker.stop(ADAS)
    assert broker.container(ADAS).container.state is ContainerState.STOPPING
    assert world.launcher.held[ADAS].state is ContainerState.BOOTING
    world.launcher.known.clear()
    settled(broker)
    assert world.launcher.held[ADAS].state is ContainerState.STOPPING


def test_a_lost_containers_machine_is_refused_with_its_time(world: World, broker: Broker) -> None:
    seen, _ = broker.launch(WISH)
    world.launcher.lose(ADAS)
    away = MachineName(seen.container.machine)
    world.launcher.known[away] = MachineState(reachable=False, since=world.clock())
    with pytest.raises(NoCapacityError) as refused:
        broker.launch(Wish(owner=UserName("ada"), machine=away))
    assert refused.value.explanation.reasons == {away: "It has not answered since 09:10 UTC."}
    assert [offer.text for offer in refused.value.explanation.offers] == ["The same fits on gpu-01."]


def test_a_stop_is_carried_on_by_the_next_broker(world: World, broker: Broker) -> None:
    broker.launch(WISH)
    world.launcher.failure = LauncherUnavailableError("away")
    with pytest.raises(LauncherUnavailableError):
        broker.stop(ADAS)
    world.launcher.failure = None
    assert world.launcher.held[ADAS].state is ContainerState.BOOTING
    broker.stop(ADAS)
    world.launcher.report_again(ADAS)  # the engine forgot: it was killed in between
    settled(world.broker())
    assert world.launcher.held[ADAS].state is ContainerState.STOPPING


def test_a_stop_of_what_is_lost_is_kept_until_its_machine_returns(world: World, broker: Broker) -> None:
    broker.launch(WISH)
    world.launcher.lose(ADAS)
    broker.stop(ADAS)
    settled(broker)
    assert broker.container(ADAS).container.state is ContainerState.LOST
    world.launcher.report_again(ADAS)
    assert broker.container(ADAS).container.state is ContainerState.STOPPING
    settled(world.broker())
    assert world.launcher.held[ADAS].state is ContainerState.STOPPING


def test_a_notebook_that_never_answers_is_ended_and_says_so(world: World, broker: Broker) -> None:
    broker.launch(WISH)
    world.launcher.listen(ADAS)
    world.probe.found = Reach.LISTENING
    world.clock.advance(BOOT_TIMEOUT.total_seconds())
    assert settled(broker)
    world.clock.advance(1)
    settled(broker)
    seen = world.broker().container(ADAS)
    assert seen.container.state is ContainerState.FAILED
    assert seen.container.reason is not None
    assert seen.container.reason.startswith("Jupyter did not answer within 120 s and was ended. The files")
    assert seen.history[-1].state is ContainerState.FAILED
    again, started = broker.launch(WISH)
    assert started
    assert again.container.launch_id != seen.container.launch_id


def test_one_that_answered_in_time_may_be_slow_later(world: World, broker: Broker) -> None:
    broker.launch(WISH)
    world.launcher.listen(ADAS)
    settled(broker)
    world.probe.found = Reach.NOTHING
    world.clock.advance(BOOT_TIMEOUT.total_seconds() * 10)
    assert not settled(broker)
    assert broker.container(ADAS).container.state is ContainerState.READY


def test_the_launcher_settles_at_every_look(world: World, broker: Broker) -> None:
    settled(broker)
    settled(broker)
    assert world.launcher.settled == 2


def test_what_fell_with_its_engine_is_ready_only_once_it_answers_again(world: World, broker: Broker) -> None:
    broker.launch(WISH)
    world.launcher.listen(ADAS)
    assert broker.container(ADAS).container.state is ContainerState.READY
    world.launcher.fall(ADAS)
    settled(broker)
    world.probe.found = Reach.NOTHING
    world.launcher.report_again(ADAS)
    world.launcher.listen(ADAS)
    assert broker.container(ADAS).container.state is ContainerState.BOOTING
    assert broker.routing().routes == ()
    world.probe.found = Reach.ANSWERING
    eventually(lambda: broker.container(ADAS).container.state is ContainerState.READY, what="it answers again")
    assert len(world.took) == 1
