"""What the GPU exporter told of containers, step by step, and what a container's GPUs did. Pure: unknown stays unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shiva_manager_api.domain.attendance import GpuActivity

LaunchGpu = tuple[str, str]  # a launch's id and a GPU's UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuHistory:
    """Readings at `points` times, `step` apart, oldest first; the last is `until`. A series has one value for each."""

    until: datetime
    step: timedelta
    points: int
    told: Mapping[str, Sequence[bool]]  # GPU → whether it was told then which processes are on it
    unclear: Mapping[str, Sequence[float | None]]  # GPU → processes that may be anybody's
    processes: Mapping[LaunchGpu, Sequence[float | None]]
    seconds: Mapping[LaunchGpu, Sequence[float | None]]  # of work so far, a counter that may begin anew


def activity(
    history: GpuHistory | None, launch_id: str, gpus: Sequence[str], *, busy_ratio: float
) -> GpuActivity | None:
    """Return what the busiest of the container's GPUs did in each step.

    A step in which one of them is unknown is unknown, unless another one's ratio reached `busy_ratio`.
    """
    if history is None or not gpus:
        return None
    each = [_ratios(history, launch_id, uuid) for uuid in gpus]
    return GpuActivity(
        until=history.until, step=history.step, ratios=[_busiest(step, busy_ratio) for step in zip(*each, strict=True)]
    )


def _busiest(ratios: Sequence[float | None], busy_ratio: float) -> float | None:
    most = max((ratio for ratio in ratios if ratio is not None), default=None)
    if most is None or (None in ratios and most < busy_ratio):
        return None
    return most


def _ratios(history: GpuHistory, launch_id: str, uuid: str) -> list[float | None]:
    """Return the share of each step in which the container worked on the GPU; the first point only begins the count."""
    nothing: Sequence[None] = [None] * history.points
    told = history.told.get(uuid, [False] * history.points)
    there = _either(history.processes.get((launch_id, uuid), nothing), history.unclear.get(uuid, nothing))
    seconds = history.seconds.get((launch_id, uuid), nothing)
    ratios: list[float | None] = []
    before: float | None = None  # over a gap as well: what was counted there is work of the step that shows it
    for known, may_work, now in zip(told, there, seconds, strict=True):
        if known and now is None and not may_work:  # a counter outlives the last process by minutes: it did nothing
            ratios.append(0.0)
            before = 0.0
        elif known and now is not None:
            ratios.append(None if before is None else _growth(before, now) / history.step.total_seconds())
            before = now
        else:
            ratios.append(None)
    return [None if ratio is None else min(1.0, ratio) for ratio in ratios[1:]]


def _either(*series: Sequence[float | None]) -> list[bool]:
    return [any(each) for each in zip(*series, strict=True)]


def _growth(before: float, now: float) -> float:
    return now - before if now >= before else now
