"""The use cases: what everybody sees, and what a person may do with the own containers."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from shiva_common.identity import Identity

from shiva_manager_api.cached import Answer
from shiva_manager_api.domain.idle_ports import IdleBook
from shiva_manager_api.domain.idle_state import IdleState, kept_longer
from shiva_manager_api.domain.machines import MachineReading
from shiva_manager_api.domain.permissions import may_touch
from shiva_manager_api.domain.ports import (
    Container,
    ContainerBroker,
    IdleUnavailableError,
    Image,
    MetricsSource,
    NotYoursError,
    Wish,
)
from shiva_manager_api.truth import Leases, Overview, Truth


class Manager:
    """The head. What it remembers of the world is in `truth`: the last good answers, with their age."""

    def __init__(
        self,
        metrics: MetricsSource,
        broker: ContainerBroker,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        idle: IdleBook | None = None,
    ) -> None:
        """`clock` is monotonic, in seconds; `now` is aware; without `idle` no culler runs."""
        self._broker = broker
        self._idle = idle
        self.now = now
        self.truth = Truth(metrics, broker, clock=clock, now=now)

    def overview(self) -> Overview:
        """Return every machine; never raises: what is missing is said, and what is old has its age."""
        return self.truth.shown().overview

    def sources(self) -> tuple[Answer[Sequence[MachineReading]], Answer[Leases]]:
        """Return how Prometheus and the broker are."""
        return self.truth.sources()

    def containers(self, identity: Identity) -> list[Container]:
        """Return the person's own containers, asked now."""
        return [each for each in self._broker.containers() if each["owner"] == identity.name]

    def container(self, identity: Identity, container_id: str) -> Container:
        """Return one of the person's containers, asked now."""
        self._check(identity, container_id)
        return self._broker.container(container_id)

    def start(self, identity: Identity, wish: Wish) -> tuple[Container, bool]:
        """Start the person's own container; a running one of that name is returned as it is.

        It keeps away from GPUs in use by others, and never gets one in quarantine, also where Prometheus is away since.
        """
        metrics, broker = self.truth.sources()
        readings, leases = metrics.value or (), broker.value
        declared = {machine.name: machine for machine in leases.machines} if leases else {}
        foreign = [gpu.uuid for reading in readings for gpu in reading.gpus if gpu.foreign_use]
        quarantined = [uuid for reading in readings for uuid in reading.quarantined(declared.get(reading.name))]
        return self._broker.launch(identity.name, wish, foreign, quarantined)

    def stop(self, identity: Identity, container_id: str) -> None:
        """End one of the person's containers."""
        self._check(identity, container_id)
        self._broker.stop(container_id)

    def idle(self) -> IdleState:
        """Return what the culler said last; nothing where it cannot be read."""
        try:
            return IdleState() if self._idle is None else self._idle.read()
        except IdleUnavailableError:
            return IdleState()

    def extend(self, identity: Identity, container_id: str) -> datetime:
        """Keep one of the person's containers longer although nobody uses it; return until when."""
        self._check(identity, container_id)
        if self._idle is None:
            raise IdleUnavailableError("no culler runs")
        launch_id, now = self._broker.container(container_id)["launch_id"], self.now()
        until = now

        def change(state: IdleState) -> IdleState:
            nonlocal until
            changed, until = kept_longer(state, launch_id, now)
            return changed

        self._idle.update(change)
        return until

    def images(self) -> Sequence[Image]:
        """Return the catalogue."""
        return self._broker.images()

    def _check(self, identity: Identity, container_id: str) -> None:
        # The owner is part of the id, so that nobody learns whether somebody else's container exists.
        if not may_touch(identity, container_id.partition("--")[0]):
            raise NotYoursError(container_id)
