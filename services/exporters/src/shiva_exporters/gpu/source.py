"""What a GPU says, and how asking it may fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class GpuReadError(Exception):
    """The driver is there but did not answer: no sample of this round may be used."""


class NoDriverError(Exception):
    """This machine has no NVIDIA driver; that is a state, not a fault."""


class Kind(StrEnum):
    """Whom a process belongs to."""

    CONTAINER = "container"  # one of Shiva's
    FOREIGN = "foreign"  # a container that somebody else started: unmanaged
    HOST = "host"  # somebody's on the machine itself: unmanaged
    MPS = "mps"  # the driver's own server, which holds memory for processes that it does not name
    ORPHAN = "orphan"  # nobody's: the driver lists it, and no such process lives


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whom a process belongs to, as the kernel tells."""

    kind: Kind
    launch_id: str | None = None  # which start of a container it is, as the broker calls it; for CONTAINER alone
    engine_id: str | None = None  # what the engine calls its container; for FOREIGN alone
    user: str | None = None  # on the machine itself; for HOST and FOREIGN
    pid_inside: int | None = None  # its pid as those in its container see it


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuProcess:
    """A process on one GPU; None means that nobody tells, which is never zero."""

    pid: int  # on the machine
    memory_used_bytes: int | None = None
    active_ratio: float | None = None  # 0 to 1; a process that only holds memory has 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a card is beside its name; empty is what the driver does not tell."""

    pci_bus_id: str = ""
    minor: str = ""  # of /dev/nvidiaN, which need not be the index
    compute_capability: str = ""
    mig_mode: str = ""  # enabled or disabled; empty for a card without MIG


@dataclass(frozen=True, slots=True, kw_only=True)
class MigSample:
    """One MIG device of a card: a part of it with memory and multiprocessors of its own."""

    uuid: str
    instance: int  # the GPU instance's number on its card
    memory_total_bytes: int | None = None
    memory_used_bytes: int | None = None
    sm_utilization_ratio: float | None = None  # of its own multiprocessors, 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Xid:
    """How often a card reported one kind of error since we watch, and when last."""

    count: int
    last_at: float  # seconds since 1970


Fact = tuple[str, ...]  # a metric of facts.ABOUT, and the values of its own labels


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSample:
    """One GPU as read now. None means that the card or its driver does not tell, which is never zero."""

    index: int  # NVML's; may change at a reboot, so join on `uuid`
    uuid: str | None  # None where even that could not be read, or where another card says the same
    model: str
    up: bool  # False: the driver lists it but cannot reach it, or cannot tell it from another
    memory_total_bytes: int | None = None
    memory_used_bytes: int | None = None  # without what the driver reserves for itself
    utilization_ratio: float | None = None  # 0 to 1
    temperature_celsius: float | None = None
    processes: Sequence[GpuProcess] | None = None  # by pid, each once
    identity: Identity = field(default_factory=Identity)
    facts: Mapping[Fact, float] = field(default_factory=dict)  # what else it tells, each within its range
    mig: Sequence[MigSample] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All GPUs of a machine, read in one round."""

    driver_version: str
    gpus: Sequence[GpuSample]
    cuda_version: str = ""
    owners: Mapping[int, Owner] = field(default_factory=dict)  # by pid; a process without one is an orphan
    xids: Mapping[str, Mapping[int, Xid]] = field(default_factory=dict)  # of the cards that are watched, by UUID
    errors: Mapping[tuple[str, str], int] = field(
        default_factory=dict
    )  # calls that failed since we ask, by NVML's code


class GpuSource(Protocol):
    """Reads the GPUs of one machine."""

    def read(self) -> Reading:
        """Return one reading.

        Raises:
            NoDriverError: there is no driver (any more, or yet).
            GpuReadError: the driver failed as a whole; a single lost GPU is a sample with `up` False instead.
        """
