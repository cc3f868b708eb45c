"""What a container used lately, point by point, over its restarts. None at a point: nobody told, which is never zero."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shiva_manager_api.domain.machine_history import Curve, GpuCurves, Range

SERIES = ("memory_used_bytes", "cpu_ratio")
GPU_SERIES = ("machine_utilization_ratio", "memory_used_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerCurves:
    """A container's, by name of SERIES, and of GPU_SERIES on each GPU; each has a value for each point from `start` to `end`."""

    container_id: str
    start: datetime
    end: datetime
    step: int  # seconds
    curves: Mapping[str, Curve]
    gpus: Sequence[GpuCurves]  # those that it holds, and those that it held or used in this range


class ContainerHistories(Protocol):
    """The memory of containers."""

    def read(
        self, container_id: str, gpus: Sequence[str], cpus: float, asked: Range, until: datetime
    ) -> ContainerCurves:
        """Return a container's curves; it holds `gpus` now, its ratio is of so many `cpus`, and `until` is the last point.

        Raises:
            MetricsUnavailableError: no usable answer.
        """
