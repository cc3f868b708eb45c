"""The use cases: start, stop, list, routes, accesses, explanations, switches, images."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from shiva_jupyter_broker.domain import logs, naming
from shiva_jupyter_broker.domain.cluster import Cluster, Demand, cluster
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerId,
    ContainerSpec,
    ContainerState,
    GpuUuid,
    Image,
    ImageName,
    LaunchId,
    Machine,
    MachineName,
    MachineState,
    Wish,
)
from shiva_jupyter_broker.domain.explain import Explanation, explain
from shiva_jupyter_broker.domain.lifecycle import Marks, View, newest
from shiva_jupyter_broker.domain.placement import Refusal, misfit, place
from shiva_jupyter_broker.domain.policy import Policy
from shiva_jupyter_broker.domain.ports import (
    Activity,
    ActivityReader,
    Catalogue,
    Clock,
    ContainerNotFoundError,
    ContainerStoppingError,
    GpuNotFoundError,
    HomeStore,
    ImageNotFoundError,
    ImageWithdrawnError,
    Inventory,
    Journal,
    Launcher,
    LauncherUnavailableError,
    MachineNotFoundError,
    NoCapacityError,
    Probe,
    Registry,
    SwitchBoard,
)
from shiva_jupyter_broker.domain.routes import Routing, routing
from shiva_jupyter_broker.sight import Sight

log = logging.getLogger("shiva.jupyter_broker")

TICK = timedelta(microseconds=1)  # of two launches the newer is the one that was placed later
PULLS = 16  # engines that are asked at the same time to fetch an image
CLEAR_SECONDS = 3.0  # an engine removes what has failed in well under a second


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineView:
    """A machine with what is promised on it."""

    machine: Machine
    state: MachineState
    memory_promised_bytes: int
    fits_default: bool
    holders: Mapping[GpuUuid, tuple[ContainerId, ...]]
    drained: str | None
    disabled: Mapping[GpuUuid, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the broker needs from the world."""

    launcher: Launcher
    probe: Probe
    reader: ActivityReader
    homes: HomeStore
    catalogue: Catalogue
    registry: Registry
    inventory: Inventory
    journal: Journal
    switches: SwitchBoard
    clock: Clock
    token: Callable[[LaunchId], str]  # Jupyter's secret of a launch


class Broker:
    """The hand. Remembers nothing that the engine's own records say."""

    def __init__(
        self, ports: Ports, *, policy: Policy, stop_grace: timedelta, on_ready: Callable[[View], None] = lambda _: None
    ) -> None:
        """`on_ready` gets each container once, when its Jupyter has first answered."""
        self.ports = ports
        self.policy = policy
        self.stop_grace = stop_grace
        self.sight = Sight(ports.journal, ports.probe, ports.clock, on_ready)
        self.deciding = threading.Lock()  # placement and launch are one step: no GPU is given twice
        self.changed = threading.Event()  # set when the watcher should look again soon

    def containers(self) -> Sequence[View]:
        """Return every container, as observed now, by id; of twins only the newest.

        Raises:
            LauncherUnavailableError: the list would be incomplete.
        """
        return self.sight.all_seen(newest(self.ports.launcher.containers()))

    def container(self, container_id: ContainerId) -> View:
        """Return one, as observed now."""
        for found in newest(self.ports.launcher.containers()):
            if found.id == container_id:
                return self.sight.seen(found)
        raise ContainerNotFoundError(container_id)

    def activity(self, container_id: ContainerId) -> Activity:
        """Return what the Jupyter of one does now; JupyterUnknownError where that does not tell."""
        return self.ports.reader.read(self.container(container_id).container)

    def log(self, container_id: ContainerId, lines: int) -> logs.Log | None:
        """Return the last lines that one wrote, without its secret; see `Launcher.log`."""
        found = self.container(container_id).container
        told = self.ports.launcher.log(found.launch_id, lines=lines)
        return None if told is None else logs.without(told, found.token)

    def launch(self, wish: Wish) -> tuple[View, bool]:
        """Return the container and whether it was started now; a living one of that id is returned as it is.

        One that was lost is started anew elsewhere; the lost one is ended when its machine reports again.
        """
        requested_at = self.ports.clock()
        demand = self._demand(wish)
        container_id = naming.container_id(wish.owner, wish.name)
        with self.deciding:
            existing = self.ports.launcher.containers()
            own = [found for found in existing if found.id == container_id]
            for found in map(self.sight.seen, newest(own)):
                if found.container.state is ContainerState.STOPPING:
                    raise ContainerStoppingError(container_id)
                if found.container.state not in {ContainerState.FAILED, ContainerState.LOST}:
                    return found, False
            state = self._cluster(existing)
            placement = place(demand, state)
            if isinstance(placement, Refusal):
                raise NoCapacityError(explain(demand, state))
            home = self.ports.homes.ensure(wish.owner)
            self._clear(container_id, own)
            launch_id = LaunchId(uuid.uuid4().hex)
            spec = ContainerSpec(
                id=container_id,
                launch_id=launch_id,
                owner=wish.owner,
                name=wish.name,
                machine=placement.machine.name,
                image=demand.image.name,
                image_ref=demand.image.reference,
                gpus=placement.gpus,
                gpus_shared=wish.gpus_shared and bool(placement.gpus),
                limits=demand.limits,
                home=home.path,
                uid=home.uid,
                token=self.ports.token(launch_id),
                requested_at=requested_at,
                placed_at=max(
                    [self.ports.clock(), *(each.placed_at + TICK for each in own)]
                ),  # also if the clock went back
            )
            self.ports.launcher.launch(spec)
        facts = {"container": container_id, "machine": spec.machine, "image": spec.image_ref}
        log.info("container start accepted", extra=facts)
        self.changed.set()
        return self.container(container_id), True

    def stop(self, container_id: ContainerId, launch_id: LaunchId | None = None) -> None:
        """Ask for the end, of that launch alone where one is named; the home is kept. Stopping what is gone succeeds.

        The intent is noted first: what is lost, or was not asked before this broker ended, is ended later.
        """
        if not naming.is_id(container_id):
            return
        now = self.ports.clock()
        for found in self.ports.launcher.containers():
            if found.id == container_id and launch_id in {None, found.launch_id}:
                self.ports.journal.note({found.launch_id: Marks(stopping_at=now)})
                if found.state is not ContainerState.LOST:
                    self._ask_for_the_end(found.launch_id)
        log.info("container stop requested", extra={"container": container_id})
        self.changed.set()

    def routing(self) -> Routing:
        """Return where each ready container is reached, and why each other one is not."""
        return routing(self.containers())

    def record(self, last_access: Mapping[ContainerId, datetime]) -> None:
        """Keep the later of the known and the reported access; a time in the future counts as now."""
        now = self.ports.clock()
        self.ports.journal.note(
            {
                found.launch_id: Marks(last_access_at=min(last_access[found.id], now))
                for found in newest(self.ports.launcher.containers())
                if found.id in last_access
            }
        )

    def explain(self, wish: Wish) -> Explanation:
        """Return whether `wish` would start now, why not, and what would; nothing is changed."""
        return explain(self._demand(wish), self._cluster(self.ports.launcher.containers()))

    def images(self) -> Sequence[Image]:
        """Return the catalogue."""
        return self.ports.catalogue.images()

    def states(self) -> Mapping[MachineName, MachineState]:
        """Return what the engine knows of each machine of the inventory, as of its last look; it is not asked."""
        known = self.ports.launcher.machines()
        return {each.name: known.get(each.name, MachineState()) for each in self.ports.inventory.machines()}

    def pull(self, name: ImageName, machines: frozenset[MachineName] | None) -> None:
        """Fetch an image on these machines, or with None on all that answer; progress is in `states`.

        Nothing is fetched where one of them does not exist, or does not answer.
        """
        image, states = self._image(name), self.states()
        for each in sorted(machines or ()):
            if each not in states:
                raise MachineNotFoundError(each)
            if not states[each].reachable:
                raise LauncherUnavailableError(f"the engine of {each}")
        wanted = [each for each in states if states[each].reachable and (machines is None or each in machines)]
        with ThreadPoolExecutor(
            PULLS
        ) as pool:  # each engine is asked what it has; one that is slow must not hold up the rest
            list(pool.map(lambda each: self.ports.launcher.pull(image.reference, each), wanted))
        self.changed.set()

    def drain(self, machine: MachineName, why: str | None) -> None:
        """Keep new containers off a machine, with a sentence for people; None opens it again. What runs there goes on."""
        if machine not in {each.name for each in self.ports.inventory.machines()}:
            raise MachineNotFoundError(machine)
        self.ports.switches.drain(machine, why)

    def disable(self, gpu: GpuUuid, why: str | None) -> None:
        """Keep new containers off a GPU, with a sentence for people; None gives it back."""
        if not any(each.uuid == gpu for machine in self.ports.inventory.machines() for each in machine.gpus):
            raise GpuNotFoundError(gpu)
        self.ports.switches.disable(gpu, why)

    def machines(self) -> Sequence[MachineView]:
        """Return the inventory with what is promised on each machine."""
        state, switches = self._cluster(self.ports.launcher.containers()), self.ports.switches.switches()
        plain = Demand(
            wish=Wish(owner=naming.NOBODY), limits=self.policy.defaults, image=self.ports.catalogue.images()[0]
        )
        return [
            MachineView(
                machine=room.machine,
                state=room.state,
                memory_promised_bytes=sum(holder.limits.memory_bytes for holder in room.holders),
                fits_default=misfit(plain, room, state) is None,
                holders={uuid: tuple(holder.id for holder in held) for uuid, held in room.by_gpu.items()},
                drained=room.drained,
                disabled={uuid: switches.disabled[uuid] for uuid in room.disabled},
            )
            for room in state.rooms
        ]

    def _clear(self, container_id: ContainerId, own: Sequence[Container]) -> None:
        """Let what failed make room for its successor; processes that it left behind may need a moment."""
        away = {name for name, state in self.states().items() if not state.reachable}  # ended there as an older twin
        failed = {
            found.launch_id for found in own if found.state is ContainerState.FAILED and found.machine not in away
        }
        for launch in failed:
            self.ports.launcher.stop(launch, grace=timedelta(0))
        deadline = time.monotonic() + CLEAR_SECONDS
        while failed and any(found.launch_id in failed for found in self.ports.launcher.containers()):
            if time.monotonic() > deadline:
                self.changed.set()
                raise ContainerStoppingError(container_id)
            time.sleep(0.05)

    def _ask_for_the_end(self, launch: LaunchId) -> None:
        """Ask the engine; what is noted already is asked again once it answers, so its silence is no failure."""
        try:
            self.ports.launcher.stop(launch, grace=self.stop_grace)
        except LauncherUnavailableError:
            log.info("an end has to wait for its machine", extra={"launch": launch})

    def _cluster(self, containers: Sequence[Container]) -> Cluster:
        return cluster(
            self.ports.inventory.machines(),
            containers,
            self.policy,
            states=self.states(),
            switches=self.ports.switches.switches(),
        )

    def _demand(self, wish: Wish) -> Demand:
        """Complete a wish: the image pinned, the limits by the policy."""
        image = self._image(wish.image)
        if wish.machine is not None and wish.machine not in {each.name for each in self.ports.inventory.machines()}:
            raise MachineNotFoundError(wish.machine)
        return Demand(wish=wish, limits=self.policy.limits(wish), image=image)

    def _image(self, name: ImageName | None) -> Image:
        for image in self.ports.catalogue.images():
            if name in {None, image.name}:
                return self._pinned(image)
        raise ImageNotFoundError(name)

    def _pinned(self, image: Image) -> Image:
        try:
            return self.ports.registry.pinned(image)
        except ImageWithdrawnError:
            if any(image.reference in (state.images or ()) for state in self.states().values()):
                return image  # loaded by hand, and never pushed
            raise
