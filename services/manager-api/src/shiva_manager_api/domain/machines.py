"""Machines as measured and as leased, and the one word for how free they are. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shiva_manager_api.domain.health import GpuHealth, quarantine, unlisted
from shiva_manager_api.domain.usage import GpuUsage, Shares

STALE_SECONDS = 15.0  # three scrapes


class MachineState(StrEnum):
    """How free a machine is; never better than what is known."""

    FREE = "free"
    PARTLY_FREE = "partly_free"
    FULL = "full"
    CLOSED = "closed"  # it takes no new containers; what runs there goes on
    STALE = "stale"  # the readings are old or did not come yet, or nobody knows what is leased
    UNREACHABLE = "unreachable"  # it does not report


class GpuDriver(StrEnum):
    """What the machine's GPU exporter says of the driver."""

    PRESENT = "present"
    NONE = "none"
    UNKNOWN = "unknown"  # the exporter does not report


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuReading:
    """One GPU as last scraped. None means not reported, which is never zero."""

    uuid: str
    index: int | None
    model: str
    up: bool | None
    utilization_ratio: float | None = None
    memory_total_bytes: int | None = None
    memory_used_bytes: int | None = None
    temperature_celsius: float | None = None
    foreign_use: bool | None = None  # something that is no container of ours uses it
    usage: GpuUsage | None = None  # its processes; None: its exporter does not tell them


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineReading:
    """One machine as last scraped. None means not reported, which is never zero."""

    name: str
    up: bool | None  # its node_exporter answered the last scrape; None: it was not scraped yet
    sample_age_seconds: float | None = None
    cpus: int | None = None
    cpu_ratio: float | None = None
    memory_total_bytes: int | None = None
    memory_used_bytes: int | None = None
    disk_total_bytes: int | None = None
    disk_used_bytes: int | None = None
    network_receive_bytes_per_second: float | None = None
    network_transmit_bytes_per_second: float | None = None
    temperature_celsius: float | None = None
    gpu_driver: GpuDriver = GpuDriver.UNKNOWN
    gpus: tuple[GpuReading, ...] = ()
    health: Mapping[str, GpuHealth] = field(default_factory=dict)  # by UUID; of cards that say nothing now too

    def quarantined(self, declared: "DeclaredMachine | None") -> dict[str, str]:
        """Return the cards that must not be given out, each with the sentence why: also those that should be there and are not."""
        told = {uuid: quarantine(health) for uuid, health in self.health.items()}
        if declared is not None and self.gpu_driver is not GpuDriver.UNKNOWN:
            for uuid in {gpu.uuid for gpu in declared.gpus} - {gpu.uuid for gpu in self.gpus}:
                told[uuid] = told.get(uuid) or unlisted()
        return {uuid: sentence for uuid, sentence in told.items() if sentence}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredGpu:
    """A GPU of the inventory and who holds it."""

    uuid: str
    index: int
    model: str
    container_id: str | None  # None: free
    disabled: str | None = None  # why an admin switched it off


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredMachine:
    """A machine of the inventory, with what is promised on it."""

    name: str
    cpus: int
    memory_bytes: int
    fits_default: bool  # a container without GPU would fit now
    closed: str | None  # why it takes no new containers, a sentence
    gpus: tuple[DeclaredGpu, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A container on a machine, as everybody may see it."""

    id: str
    owner: str
    name: str
    machine: str
    state: str
    since: datetime | None
    gpus: int
    launch_id: str | None = None  # what its processes are told by


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a GPU."""

    container_id: str
    owner: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuView:
    """A GPU with its holder and its users. No holder: free, or unknown while `MachineView.holders_known` is false."""

    reading: GpuReading
    holder: Holder | None
    shares: Shares | None  # None: its exporter does not tell who uses it
    quarantine: str | None  # why it is not given out, as long as the cause lasts
    disabled: str | None  # why an admin switched it off


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineView:
    """A machine as people see it."""

    reading: MachineReading
    state: MachineState
    sample_age_seconds: float | None  # when it is shown; the reading's own is of when Prometheus was asked
    gpus: tuple[GpuView, ...]
    gpus_free: int | None
    holders_known: bool
    closed: str | None  # why it takes no new containers, as the broker last said
    tenants: tuple[Tenant, ...]


def state_of(
    reading: MachineReading,
    declared: DeclaredMachine | None,
    *,
    tenants: int,
    metrics_fresh: bool,
    leases_fresh: bool,
    elapsed: float = 0.0,
) -> MachineState:
    """Return the word; `elapsed` seconds ago Prometheus was asked. What is not known for sure is never called free."""
    if metrics_fresh and reading.up is False:
        return MachineState.UNREACHABLE
    old = reading.sample_age_seconds is None or reading.sample_age_seconds + elapsed > STALE_SECONDS
    if not metrics_fresh or old or declared is None or not leases_fresh:
        return MachineState.STALE
    if declared.closed:
        return MachineState.CLOSED
    if not declared.gpus:
        if not declared.fits_default:
            return MachineState.FULL
        return MachineState.PARTLY_FREE if tenants else MachineState.FREE
    free = free_gpus(reading, declared)
    if free == 0:
        return MachineState.FULL
    return MachineState.FREE if free == len(declared.gpus) else MachineState.PARTLY_FREE


def free_gpus(reading: MachineReading, declared: DeclaredMachine) -> int:
    """Return how many of its GPUs a start could get."""
    if declared.closed:
        return 0
    taken = {gpu.uuid for gpu in reading.gpus if gpu.foreign_use} | reading.quarantined(declared).keys()
    return sum(gpu.container_id is None and gpu.disabled is None and gpu.uuid not in taken for gpu in declared.gpus)
