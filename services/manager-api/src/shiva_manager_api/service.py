"""What everybody sees: machines, as measured and as leased, and the catalogue."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shiva_manager_api.cached import Answer, Cached
from shiva_manager_api.domain.idle_ports import IdleBook
from shiva_manager_api.domain.idle_state import IdleState
from shiva_manager_api.domain.machines import DeclaredMachine, MachineReading, MachineView, Tenant, merged
from shiva_manager_api.domain.ports import ContainerBroker, IdleUnavailableError, Image, MetricsSource

METRICS_KEEP_SECONDS = 2.0
BROKER_KEEP_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Leases:
    """The broker's answer of one moment."""

    machines: Sequence[DeclaredMachine]
    tenants: Sequence[Tenant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Every machine, with how good the two sources are."""

    machines: Sequence[MachineView]
    metrics: Answer[Sequence[MachineReading]]
    broker: Answer[Leases]


class Manager:
    """The head. Keeps the last good answers with their age, and nothing else."""

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
        self._metrics = Cached(metrics.machines, keep_seconds=METRICS_KEEP_SECONDS, clock=clock)
        self._leases = Cached(self._ask_leases, keep_seconds=BROKER_KEEP_SECONDS, clock=clock)

    def _ask_leases(self) -> Leases:
        return Leases(machines=self._broker.machines(), tenants=self._broker.tenants())

    def overview(self) -> Overview:
        """Return every machine; never raises: what is missing is said, and what is old has its age."""
        leases = self._leases.get()
        metrics = self._metrics.get()
        views = merged(
            metrics.value or (),
            leases.value.machines if leases.value else None,
            leases.value.tenants if leases.value else None,
            metrics_fresh=metrics.fresh,
            leases_fresh=leases.fresh,
        )
        return Overview(machines=views, metrics=metrics, broker=leases)

    def sources(self) -> tuple[Answer[Sequence[MachineReading]], Answer[Leases]]:
        """Return how Prometheus and the broker are, asking them if nobody did lately."""
        return self._metrics.get(), self._leases.get()

    def unwanted(self) -> tuple[list[str], list[str]]:
        """Return GPUs that something else uses, and GPUs in quarantine, as known last: also where Prometheus is away since."""
        readings, leases = self._metrics.get().value or (), self._leases.get().value
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
        """Return the catalogue."""
        return self._broker.images()
