"""What everybody sees: machines, as measured and as leased, and the catalogue."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from shiva_manager_api.cached import Answer
from shiva_manager_api.domain.idle_ports import IdleBook
from shiva_manager_api.domain.idle_state import IdleState
from shiva_manager_api.domain.images import Image
from shiva_manager_api.domain.machines import MachineReading
from shiva_manager_api.domain.ports import ContainerBroker, IdleUnavailableError, MetricsSource
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

    def unwanted(self) -> tuple[list[str], list[str]]:
        """Return GPUs that something else uses, and GPUs in quarantine, as known last: also where Prometheus is away since."""
        metrics, broker = self.truth.sources()
        readings, leases = metrics.value or (), broker.value
        declared = {machine.name: machine for machine in leases.machines} if leases else {}
        foreign = [gpu.uuid for reading in readings for gpu in reading.gpus if gpu.foreign_use]
        return foreign, [uuid for reading in readings for uuid in reading.quarantined(declared.get(reading.name))]

    def idle(self) -> IdleState:
        """Return what the culler said last; nothing where it cannot be read."""
        try:
            return IdleState() if self._idle is None else self._idle.read()
        except IdleUnavailableError:
            return IdleState()

    def images(self) -> Sequence[Image]:
        """Return the catalogue, and where each image is, as the broker knows now."""
        return self._broker.images()
