"""Who uses a GPU, summed up: by kind and by launch. One unknown share makes a sum unknown, never smaller."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from shiva_exporters.gpu.source import GpuProcess, GpuSample, Kind, Owner

ORPHANED = Owner(kind=Kind.ORPHAN)

N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some processes on one GPU, together."""

    processes: int
    memory_used_bytes: int | None
    active_ratio: float | None  # share of the GPU's time, 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The processes of one GPU, sorted by owner."""

    kinds: Mapping[Kind, Group]  # every kind, those without a process too
    containers: Mapping[str, Group]  # by launch
    unmanaged: Sequence[tuple[Owner, GpuProcess]]  # those with the most memory first
    unattributed_bytes: int | None  # in use, and held by no process that the driver lists


def usage(gpu: GpuSample, owners: Mapping[int, Owner]) -> Usage | None:
    """Sort a GPU's processes; None where the driver does not tell them."""
    if gpu.processes is None:
        return None
    kinds: dict[Kind, list[GpuProcess]] = {kind: [] for kind in Kind}
    containers: dict[str, list[GpuProcess]] = {}
    unmanaged = []
    for each in gpu.processes:
        owner = owners.get(each.pid, ORPHANED)
        kinds[owner.kind].append(each)
        if owner.launch_id is not None:
            containers.setdefault(owner.launch_id, []).append(each)
        if owner.kind in {Kind.HOST, Kind.FOREIGN}:
            unmanaged.append((owner, each))
    return Usage(
        kinds={kind: _group(some, gpu) for kind, some in kinds.items()},
        containers={name: _group(some, gpu) for name, some in sorted(containers.items())},
        unmanaged=sorted(unmanaged, key=lambda one: (-(one[1].memory_used_bytes or 0), one[1].pid)),
        unattributed_bytes=_left(gpu.memory_used_bytes, _sum(each.memory_used_bytes for each in gpu.processes)),
    )


def _group(some: Sequence[GpuProcess], gpu: GpuSample) -> Group:
    ratio = _sum(each.active_ratio for each in some)
    if ratio is None and len(some) == len(gpu.processes or ()):
        ratio = gpu.utilization_ratio  # nobody else is there, so what the GPU does is theirs
    return Group(
        processes=len(some),
        memory_used_bytes=_sum(each.memory_used_bytes for each in some),
        active_ratio=None if ratio is None else min(1.0, ratio),  # each share is rounded, so that the sum can exceed 1
    )


def _sum(shares: Iterable[N | None]) -> N | None:
    told = list(shares)
    known = [share for share in told if share is not None]
    return sum(known) if len(known) == len(told) else None


def _left(used: int | None, held: int | None) -> int | None:
    """Return the rest; the two are read one after the other, so that a little less than nothing can be left."""
    return None if used is None or held is None else max(0, used - held)
