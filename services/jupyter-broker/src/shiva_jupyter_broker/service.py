"""The use cases: start, stop, list, routes, accesses."""

import logging
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerId,
    ContainerSpec,
    ContainerState,
    Image,
    LaunchId,
    Limits,
    Machine,
    Wish,
)
from shiva_jupyter_broker.domain.lifecycle import Marks, View, view
from shiva_jupyter_broker.domain.placement import Refusal, misfit, place, room
from shiva_jupyter_broker.domain.ports import (
    Catalogue,
    Clock,
    ContainerNotFoundError,
    ContainerStoppingError,
    HomeStore,
    ImageNotFoundError,
    Inventory,
    Journal,
    Launcher,
    MachineNotFoundError,
    NoCapacityError,
    Probe,
    Reach,
)
from shiva_jupyter_broker.domain.routes import Routing, routing

log = logging.getLogger("shiva.jupyter_broker")

UNSETTLED = {ContainerState.PENDING, ContainerState.PULLING, ContainerState.BOOTING, ContainerState.STOPPING}


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineView:
    """A machine with what is promised on it."""

    machine: Machine
    memory_promised_bytes: int
    fits_default: bool
    leases: Mapping[str, ContainerId]  # GPU uuid → holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the broker needs from the world."""

    launcher: Launcher
    probe: Probe
    homes: HomeStore
    catalogue: Catalogue
    inventory: Inventory
    journal: Journal
    clock: Clock


class Broker:
    """The hand. Remembers nothing that the engine's own records say."""

    def __init__(
        self, ports: Ports, *, limits: Limits, stop_grace: timedelta, on_ready: Callable[[float], None] = lambda _: None
    ) -> None:
        """`on_ready` gets the time to notebook in seconds, once for each start."""
        self.ports = ports
        self._limits = limits
        self._stop_grace = stop_grace
        self._on_ready = on_ready
        self._deciding = threading.Lock()  # placement and launch are one step: no GPU is given twice
        self.changed = threading.Event()  # set when the watcher should look again soon

    def containers(self) -> Sequence[View]:
        """Return every container, as observed now, by id.

        Raises:
            LauncherUnavailableError: the list would be incomplete.
        """
        return [self._seen(c) for c in sorted(self.ports.launcher.containers(), key=lambda c: c.id)]

    def container(self, container_id: ContainerId) -> View:
        """Return one, as observed now."""
        for found in self.ports.launcher.containers():
            if found.id == container_id:
                return self._seen(found)
        raise ContainerNotFoundError(container_id)

    def launch(self, wish: Wish) -> tuple[View, bool]:
        """Return the container and whether it was started now; a living one of that id is returned as it is."""
        requested_at = self.ports.clock()
        image = self._image(wish)
        machines = self.ports.inventory.machines()
        if wish.machine is not None and wish.machine not in {machine.name for machine in machines}:
            raise MachineNotFoundError(wish.machine)
        container_id = naming.container_id(wish.owner, wish.name)
        with self._deciding:
            existing = self.ports.launcher.containers()
            for found in existing:
                if found.id == container_id and found.state is ContainerState.STOPPING:
                    raise ContainerStoppingError(container_id)
                if found.id == container_id and found.state is not ContainerState.FAILED:
                    return self._seen(found), False
            placement = place(wish, machines, existing, self._limits)
            if isinstance(placement, Refusal):
                raise NoCapacityError(placement.reasons)
            home = self.ports.homes.ensure(wish.owner)
            if any(found.id == container_id for found in existing):
                self._clear(container_id)
            spec = ContainerSpec(
                id=container_id,
                launch_id=LaunchId(uuid.uuid4().hex),
                owner=wish.owner,
                name=wish.name,
                machine=placement.machine.name,
                image=image.name,
                image_ref=image.reference,
                gpus=placement.gpus,
                limits=self._limits,
                home=home.path,
                uid=home.uid,
                token=secrets.token_hex(32),
                requested_at=requested_at,
                placed_at=self.ports.clock(),
            )
            self.ports.launcher.launch(spec)
        log.info("container start accepted", extra={"container": container_id, "machine": spec.machine})
        self.changed.set()
        return self.container(container_id), True

    def stop(self, container_id: ContainerId) -> None:
        """Ask for the end; the home is kept. Stopping what is gone, or can never have been, succeeds."""
        for found in self._launches(container_id):
            self.ports.launcher.stop(found.launch_id, grace=self._stop_grace)
        log.info("container stop requested", extra={"container": container_id})
        self.changed.set()

    def routing(self) -> Routing:
        """Return where each ready container is reached, and why each other one is not."""
        return routing(self.containers())

    def record(self, last_access: Mapping[ContainerId, datetime]) -> None:
        """Keep the later of the known and the reported access; a time in the future counts as now."""
        now = self.ports.clock()
        for found in self.ports.launcher.containers():
            if found.id in last_access:
                self.ports.journal.note(found.launch_id, Marks(last_access_at=min(last_access[found.id], now)))

    def images(self) -> Sequence[Image]:
        """Return the catalogue."""
        return self.ports.catalogue.images()

    def machines(self) -> Sequence[MachineView]:
        """Return the inventory with what is promised on each machine."""
        containers = self.ports.launcher.containers()
        views = []
        for machine in self.ports.inventory.machines():
            left = room(machine, containers)
            holders = [c for c in containers if c.machine == machine.name and c.holds_resources]
            views.append(
                MachineView(
                    machine=machine,
                    memory_promised_bytes=machine.memory_bytes - left.free_memory_bytes,
                    fits_default=misfit(left, gpus=0, limits=self._limits) is None,
                    leases={uuid: c.id for c in holders for uuid in c.gpus},
                )
            )
        return views

    def settle(self) -> bool:
        """Look once at everything; return whether something is still on its way. The watcher's one step."""
        with self._deciding:  # else a launch in between would be forgotten as soon as it is seen
            found = self.ports.launcher.containers()
            self.ports.journal.forget_all_but({each.launch_id for each in found})
        return any([self._seen(each).container.state in UNSETTLED for each in found])  # all of them, not the first

    def _clear(self, container_id: ContainerId) -> None:
        """Let what failed make room for its successor; processes that it left behind may need a moment."""
        for found in self._launches(container_id):
            self.ports.launcher.stop(found.launch_id, grace=timedelta(0))
        if self._launches(container_id):
            self.changed.set()
            raise ContainerStoppingError(container_id)

    def _launches(self, container_id: ContainerId) -> list[Container]:
        return [found for found in self.ports.launcher.containers() if found.id == container_id]

    def _image(self, wish: Wish) -> Image:
        images = self.ports.catalogue.images()
        for image in images:
            if wish.image in {None, image.name}:
                return image
        raise ImageNotFoundError(wish.image)

    def _seen(self, container: Container) -> View:
        """Add what the broker saw of it, looking now if it is booting."""
        journal = self.ports.journal
        marks = journal.marks(container.launch_id)
        if container.state is ContainerState.BOOTING and marks.ready_at is None:
            reach = self.ports.probe.reach(container)
            now = self.ports.clock()
            if reach >= Reach.LISTENING and marks.listening_at is None:
                journal.note(container.launch_id, Marks(listening_at=now))
            if reach is Reach.ANSWERING and journal.note(container.launch_id, Marks(ready_at=now)):
                self._on_ready((now - container.requested_at).total_seconds())
            marks = journal.marks(container.launch_id)
        elif container.state is ContainerState.LOST and marks.lost_at is None:
            journal.note(container.launch_id, Marks(lost_at=self.ports.clock()))
            marks = journal.marks(container.launch_id)
        elif container.state is not ContainerState.LOST and marks.lost_at is not None:
            journal.found(container.launch_id)
        return view(container, marks)
