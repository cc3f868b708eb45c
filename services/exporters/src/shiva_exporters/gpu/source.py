"""What a GPU says, and how asking it may fail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class GpuReadError(Exception):
    """The driver is there but did not answer: no sample of this round may be used."""


class NoDriverError(Exception):
    """This machine has no NVIDIA driver; that is a state, not a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSample:
    """One GPU as read now. None means that the card or its driver does not tell, which is never zero."""

    index: int  # NVML's; may change at a reboot, so join on `uuid`
    uuid: str | None  # None where even that could not be read
    model: str
    up: bool  # False: the driver lists it but cannot reach it
    memory_total_bytes: int | None = None
    memory_used_bytes: int | None = None  # without what the driver reserves for itself
    utilization_ratio: float | None = None  # 0 to 1
    temperature_celsius: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All GPUs of a machine, read in one round."""

    driver_version: str
    gpus: Sequence[GpuSample]


class GpuSource(Protocol):
    """Reads the GPUs of one machine."""

    def read(self) -> Reading:
        """Return one reading.

        Raises:
            NoDriverError: there is no driver (any more, or yet).
            GpuReadError: the driver failed as a whole; a single lost GPU is a sample with `up` False instead.
        """
