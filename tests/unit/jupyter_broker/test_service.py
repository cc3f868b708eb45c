"""The use cases over an engine in memory: start, stop, routes, accesses, and a restart that loses nothing."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from shiva_jupyter_broker import service
from shiva_jupyter_broker.adapters.catalogue import LOCAL
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerId,
    ContainerState,
    GpuUuid,
    ImageName,
    LaunchId,
    MachineName,
    UserName,
    Wish,
)
from shiva_jupyter_broker.domain.logs import Log
from shiva_jupyter_broker.domain.ports import (
    ContainerNotFoundError,
    ContainerStoppingError,
    HomeUnavailableError,
    ImageNotFoundError,
    LauncherUnavailableError,
    LaunchRefusedError,
    MachineNotFoundError,
    NoCapacityError,
    PortError,
    Reach,
)
from shiva_jupyter_broker.service import Broker
from shiva_jupyter_broker.upkeep import Upkeep

from tests.fakes.broker_world import World, settled
from tests.fakes.launcher import LIMITS, NOW, FakeLauncher, FakeProbe

ADA = UserName("ada")
ADAS = ContainerId("ada--default")
WISH = Wish(owner=ADA)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def broker(world: World) -> Broker:
    return world.broker()


def test_a_log_is_told_without_the_containers_token_and_none_is_no_empty_one(world: World, broker: Broker) -> None:
    container = ready(world, broker)
    world.launcher.written[container.launch_id] = ["begins", f"http://gpu-01/lab?token={container.token}"]
    assert broker.log(ADAS, 200) == Log(lines=("begins", "http://gpu-01/lab?token=…"))
    assert broker.log(ADAS, 1) == Log(lines=("http://gpu-01/lab?token=…",), truncated=True)
    world.launcher.keeps_logs = False
    assert broker.log(ADAS, 200) is None


def ready(world: World, broker: Broker, wish: Wish = WISH) -> Container:
    """Start a container, and return it as it looks once Jupyter answers."""
    seen, _ = broker.launch(wish)
    world.launcher.listen(seen.container.id)
    return broker.container(seen.container.id).container


def test_a_start_is_accepted_with_limits_a_home_and_a_secret_of_its_own(world: World, broker: Broker) -> None:
    seen, new = broker.launch(WISH)
    assert new
    assert (seen.container.id, seen.container.state) == (ADAS, ContainerState.BOOTING)
    wanted = world.launcher.specs[ADAS]
    assert (wanted.limits, wanted.home, wanted.image) == (LIMITS, "/home/ada", LOCAL.name)
    assert world.homes.made == ["ada"]
    broker.launch(Wish(owner=UserName("ken")))
    tokens = {each.token for each in world.launcher.specs.values()}
    assert len(tokens) == 2
    assert all(len(token) >= 64 for token in tokens)


def test_a_second_start_returns_the_running_one(world: World, broker: Broker) -> None:
    first, _ = broker.launch(WISH)
    second, new = broker.launch(Wish(owner=ADA, gpus=1))
    assert not new
    assert second == first
    assert world.launcher.launches == 1


def test_each_start_has_a_launch_id_of_its_own(world: World, broker: Broker) -> None:
    first, _ = broker.launch(WISH)
    world.launcher.fail(ADAS)
    second, new = broker.launch(WISH)
    assert new
    assert second.container.launch_id != first.container.launch_id
    assert second.container.token != first.container.token


def test_it_is_ready_when_jupyter_answers_and_the_time_is_told_once(world: World, broker: Broker) -> None:
    broker.launch(WISH)
    assert settled(broker)
    world.clock.advance(2)
    world.launcher.listen(ADAS)
    world.probe.found = Reach.LISTENING
    assert settled(broker)
    world.clock.advance(0.5)
    world.probe.found = Reach.ANSWERING
    assert not settled(broker)
    seen = broker.container(ADAS)
    assert seen.container.state is ContainerState.READY
    assert (seen.phases.booting_seconds, seen.phases.ready_seconds) == (2.0, 0.5)
    assert world.took == [2.5]


def test_a_ready_container_is_not_knocked_at_again(world: World, broker: Broker) -> None:
    ready(world, broker)
    knocks = world.probe.knocks
    broker.containers()
    assert world.probe.knocks == knocks


def test_only_ready_containers_have_a_route(world: World, broker: Broker) -> None:
    broker.launch(WISH)
    assert broker.routing().routes == ()
    world.launcher.listen(ADAS, 31742)
    [route] = broker.routing().routes
    assert (route.prefix, route.target, route.owner) == ("/user/ada/", "http://127.0.0.1:31742", "ada")
    assert route.token == world.launcher.specs[ADAS].token
    assert route.token not in repr(route)
    broker.stop(ADAS)
    assert broker.routing().routes == ()


@pytest.mark.parametrize("found", [Reach.NOTHING, Reach.LISTENING])
def test_somebody_else_on_the_port_gets_no_route(world: World, broker: Broker, found: Reach) -> None:
    world.probe.found = found
    ready(world, broker)
    assert broker.routing().routes == ()


def test_a_failed_container_has_no_route_and_no_lease_but_a_reason(world: World, broker: Broker) -> None:
    ready(world, broker, Wish(owner=ADA, gpus=2))
    world.launcher.fail(ADAS, "Jupyter ended.")
    assert broker.routing().routes == ()
    assert broker.machines()[0].holders == {}
    assert broker.container(ADAS).container.reason == "Jupyter ended."
    assert broker.launch(Wish(owner=UserName("ken"), gpus=2))[1]


def test_a_stop_is_asked_for_and_its_container_holds_its_gpus_until_it_is_gone(world: World, broker: Broker) -> None:
    ready(world, broker, Wish(owner=ADA, gpus=2))
    broker.stop(ADAS)
    assert settled(broker)
    with pytest.raises(NoCapacityError):
        broker.launch(Wish(owner=UserName("ken"), gpus=1))
    world.launcher.end(ADAS)
    assert not settled(broker)
    assert broker.launch(Wish(owner=UserName("ken"), gpus=1))[1]


@pytest.mark.parametrize("container", ["ada--default", "", "..", "ada", "a\x00--b", "x" * 5000, "../../x--default"])
def test_stopping_what_is_not_there_succeeds(broker: Broker, container: str) -> None:
    broker.stop(ContainerId(container))
    with pytest.raises(ContainerNotFoundError):
        broker.container(ContainerId(container))


def test_a_stop_of_an_earlier_launch_leaves_this_one_alone(world: World, broker: Broker) -> None:
    ready(world, broker)
    broker.stop(ADAS, LaunchId("f" * 32))
    assert len(broker.routing().routes) == 1
    broker.stop(ADAS, broker.container(ADAS).container.launch_id)
    assert broker.routing().routes == ()


def test_stopping_twice_succeeds(world: World, broker: Broker) -> None:
    ready(world, broker)
    broker.stop(ADAS)
    broker.stop(ADAS)
    assert broker.container(ADAS).container.state is ContainerState.STOPPING


def test_a_start_while_it_stops_is_refused_with_a_word_of_its_own(world: World, broker: Broker) -> None:
    ready(world, broker)
    broker.stop(ADAS)
    with pytest.raises(ContainerStoppingError):
        broker.launch(WISH)
    assert broker.container(ADAS).container.state is ContainerState.STOPPING


def test_a_failed_one_that_leaves_processes_behind_is_stopping_until_they_are_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CLEAR_SECONDS", 0.1)

    class Lingering(FakeLauncher):
        def end(self, container: ContainerId) -> None:
            self._change(container, state=ContainerState.STOPPING)

    world.launcher = Lingering()
    broker = world.broker()
    broker.launch(WISH)
    world.launcher.fail(ADAS)
    for _ in range(2):
        with pytest.raises(ContainerStoppingError):
            broker.launch(WISH)
    FakeLauncher.end(world.launcher, ADAS)
    assert broker.launch(WISH)[1]


def test_a_failed_one_that_its_engine_removes_in_a_moment_makes_room_at_once(world: World) -> None:
    class Slow(FakeLauncher):
        looks = 0

        def end(self, container: ContainerId) -> None:
            self._change(container, state=ContainerState.STOPPING)

        def containers(self) -> Sequence[Container]:
            if (found := self.held.get(ADAS)) and found.state is ContainerState.STOPPING:
                self.looks += 1
                if self.looks > 3:
                    super().end(ADAS)
            return super().containers()

    world.launcher = launcher = Slow()
    broker = world.broker()
    broker.launch(WISH)
    launcher.fail(ADAS)
    assert broker.launch(WISH)[1]
    assert launcher.looks > 3


def test_a_stop_that_the_engine_did_not_hear_is_carried_on_and_not_called_a_failure(world: World) -> None:
    class Deaf(FakeLauncher):
        deaf = True

        def stop(self, launch: LaunchId, *, grace: timedelta, keep: bool = False) -> None:
            if self.deaf:
                raise LauncherUnavailableError("the engine of gpu-01")
            super().stop(launch, grace=grace, keep=keep)

    world.launcher = launcher = Deaf()
    broker = world.broker()
    ready(world, broker)
    broker.stop(ADAS)
    assert broker.container(ADAS).container.state is ContainerState.STOPPING
    launcher.deaf = False
    Upkeep(broker, boot_timeout=timedelta(minutes=2)).step()
    assert launcher.held[ADAS].state is ContainerState.STOPPING


def test_unknown_images_and_machines_are_refused_by_name(world: World, broker: Broker) -> None:
    with pytest.raises(ImageNotFoundError, match="no-such-image"):
        broker.launch(Wish(owner=ADA, image=ImageName("no-such-image")))
    with pytest.raises(MachineNotFoundError, match="gpu-99"):
        broker.launch(Wish(owner=ADA, machine=MachineName("gpu-99")))
    assert world.launcher.launches == 0


def test_a_refusal_for_want_of_room_has_a_reason_for_each_machine(broker: Broker) -> None:
    with pytest.raises(NoCapacityError) as refused:
        broker.launch(Wish(owner=ADA, gpus=3))
    assert refused.value.explanation.reasons.keys() == {"gpu-01", "gpu-02"}


@pytest.mark.parametrize("error", [LaunchRefusedError("no"), LauncherUnavailableError("no answer")])
def test_a_launch_that_fails_leaves_no_container_no_route_and_no_lease(
    world: World, broker: Broker, error: PortError
) -> None:
    world.launcher.refusal = error
    with pytest.raises(type(error)):
        broker.launch(Wish(owner=ADA, gpus=2))
    world.launcher.refusal = None
    assert broker.containers() == []
    assert broker.routing().routes == ()
    assert broker.machines()[0].holders == {}
    assert broker.launch(Wish(owner=ADA, gpus=2))[1]


def test_without_a_home_nothing_starts_and_what_failed_before_is_still_told(world: World, broker: Broker) -> None:
    broker.launch(WISH)
    world.launcher.fail(ADAS)
    world.homes.failure = HomeUnavailableError("ada")
    with pytest.raises(HomeUnavailableError):
        broker.launch(WISH)
    assert broker.container(ADAS).container.state is ContainerState.FAILED
    assert world.launcher.launches == 1


def test_while_the_engine_does_not_answer_nothing_is_guessed(world: World, broker: Broker) -> None:
    ready(world, broker)
    world.launcher.failure = LauncherUnavailableError("no answer")
    asked: list[Callable[[], object]] = [
        broker.containers, broker.routing, broker.machines, lambda: settled(broker), lambda: broker.launch(WISH),
        lambda: broker.stop(ADAS), lambda: broker.record({ADAS: NOW}), lambda: broker.container(ADAS),
    ]  # fmt: skip
    for each in asked:
        with pytest.raises(LauncherUnavailableError):
            each()
    world.launcher.failure = None
    assert len(broker.routing().routes) == 1


def test_no_gpu_is_given_twice_however_many_ask_at_once(world: World, broker: Broker) -> None:
    def ask(number: int) -> tuple[GpuUuid, ...]:
        try:
            return broker.launch(Wish(owner=UserName(f"u{number}"), gpus=1))[0].container.gpus
        except NoCapacityError:
            return ()

    with ThreadPoolExecutor(8) as pool:
        given = [uuid for uuids in pool.map(ask, range(16)) for uuid in uuids]
    assert sorted(given) == ["GPU-gpu-01-0", "GPU-gpu-01-1"]
    assert world.launcher.launches == 2


def test_one_container_is_started_once_however_often_its_owner_presses(world: World, broker: Broker) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: broker.launch(WISH)[1], range(16)))
    assert answers.count(True) == 1
    assert world.launcher.launches == 1


def test_accesses_only_move_forward_and_never_beyond_now(world: World, broker: Broker) -> None:
    ready(world, broker)
    later = world.clock.advance(60)
    broker.record({ADAS: later, ContainerId("ken--default"): later})
    broker.record({ADAS: NOW})
    assert broker.container(ADAS).marks.last_access_at == later
    broker.record({ADAS: later + timedelta(days=1)})
    assert broker.container(ADAS).marks.last_access_at == later


def test_a_new_start_knows_nothing_of_the_last_ones_accesses(world: World, broker: Broker) -> None:
    ready(world, broker)
    broker.record({ADAS: NOW})
    world.launcher.fail(ADAS)
    seen, _ = broker.launch(WISH)
    assert seen.marks.last_access_at is None
    assert seen.marks.ready_at is None


def test_machines_show_what_is_promised_and_to_whom(world: World, broker: Broker) -> None:
    ready(world, broker, Wish(owner=ADA, gpus=1))
    first, second = broker.machines()
    assert first.holders == {"GPU-gpu-01-0": (ADAS,)}
    assert first.memory_promised_bytes == LIMITS.memory_bytes
    assert (second.memory_promised_bytes, second.holders, second.fits_default) == (0, {}, True)


def test_a_restart_of_the_broker_loses_nothing(world: World, broker: Broker) -> None:
    ready(world, broker, Wish(owner=ADA, gpus=1))
    broker.launch(Wish(owner=UserName("ken")))
    broker.record({ADAS: world.clock.advance(5)})
    before = (broker.containers(), broker.routing(), broker.machines())
    again = world.broker()
    assert (again.containers(), again.routing(), again.machines()) == before
    assert not again.launch(WISH)[1]
    assert len(world.took) == 1


def test_without_its_journal_the_broker_still_finds_every_container(world: World, broker: Broker) -> None:
    ready(world, broker)
    before = broker.routing().routes
    (world.folder / "journal.json").unlink()
    assert world.broker().routing().routes == before


def test_a_launch_during_the_watchers_look_is_not_forgotten(world: World) -> None:
    class Meanwhile(FakeProbe):
        armed = False

        def reach(self, container: Container) -> Reach:
            if self.armed:
                self.armed = False
                ready(world, busy, Wish(owner=UserName("ken")))
            return super().reach(container)

    world.probe = probe = Meanwhile()
    busy = world.broker()
    busy.launch(WISH)
    probe.armed = True
    settled(busy)
    assert busy.container(ContainerId("ken--default")).marks.ready_at is not None
    assert len(world.took) == 1


def test_the_watcher_forgets_what_is_gone(world: World, broker: Broker) -> None:
    launch = ready(world, broker).launch_id
    world.launcher.end(ADAS)
    settled(broker)
    assert broker.ports.journal.marks(launch).ready_at is None
