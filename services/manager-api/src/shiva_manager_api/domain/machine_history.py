"""What a machine did lately, point by point, for small curves. None at a point: nobody told, which is never zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Curve = Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """How far back, and how fine; seconds."""

    span: int
    step: int

    @property
    def points(self) -> int:
        """Return how many there are, both ends included."""
        return self.span // self.step + 1


# The last point is of a whole multiple of the step: until the next one there is nothing new to ask.
RANGES: Mapping[str, Range] = {
    "1h": Range(span=3600, step=15),
    "6h": Range(span=6 * 3600, step=90),
    "24h": Range(span=24 * 3600, step=300),
    "7d": Range(span=7 * 86400, step=2100),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuCurves:
    """One GPU's, by name of the reading."""

    uuid: str
    index: int | None
    curves: Mapping[str, Curve]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineCurves:
    """A machine's, by name of the reading, and its GPUs' by index; each has a value for each point from `start` to `end`."""

    machine: str
    start: datetime
    end: datetime
    step: int  # seconds
    curves: Mapping[str, Curve]
    gpus: Sequence[GpuCurves]


class MachineHistories(Protocol):
    """The memory of machines."""

    def read(self, machine: str, asked: Range, until: datetime) -> MachineCurves:
        """Return a machine's curves; `until` is the last point.

        Raises:
            MetricsUnavailableError: no usable answer.
        """
