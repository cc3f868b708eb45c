"""Choose a machine and GPUs, or say why not, machine by machine. Pure.

`misfit` is the one rule: `place` takes what it lets through, `explain` tells what it stops, so the two cannot disagree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shiva_jupyter_broker.domain import drivers
from shiva_jupyter_broker.domain.cluster import Cluster, Demand, Room
from shiva_jupyter_broker.domain.containers import GpuUuid, ImagePresence, Machine, MachineName
from shiva_jupyter_broker.domain.wording import counted

GIB = 2**30
DISTANCES = {ImagePresence.PRESENT: 0, ImagePresence.ABSENT: 2}


class Rule(StrEnum):
    """What stops a demand; stable words for clients, in the order in which they are looked at."""

    IMAGE_NEEDS_GPU = "image-needs-gpu"
    QUOTA = "quota"
    UNREACHABLE = "machine-unreachable"
    DRAINED = "machine-drained"
    DRIVER = "driver-too-old"
    GPUS_THERE = "too-few-gpus"
    GPUS_QUARANTINED = "gpus-quarantined"  # without what is excluded it would fit
    GPUS_FREE = "gpus-taken"
    CPUS_THERE = "too-few-cpus"
    CPUS_FREE = "cpus-taken"
    MEMORY_THERE = "too-little-memory"
    MEMORY_FREE = "memory-taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """The first rule that stops it, as a word and as a sentence."""

    rule: Rule
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where it goes."""

    machine: Machine
    gpus: tuple[GpuUuid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why it goes nowhere: for whatever machine, or one misfit for every machine that was looked at."""

    everywhere: Misfit | None
    machines: Mapping[MachineName, Misfit]


def place(demand: Demand, cluster: Cluster) -> Placement | Refusal:
    """Return the machine and the GPUs, or why no machine fits.

    A chosen machine is honoured or refused, never silently exchanged. Otherwise a machine that has the image wins, then the
    tightest fit in GPUs (machines without GPUs first for those who need none), then the most free memory, then the name.
    """
    if everywhere := refused_everywhere(demand, cluster):
        return Refusal(everywhere=everywhere, machines={})
    rooms = [room for room in cluster.rooms if demand.wish.machine in {None, room.machine.name}]
    misfits = {room.machine.name: misfit(demand, room, cluster) for room in rooms}
    fitting = [room for room in rooms if misfits[room.machine.name] is None]
    if not fitting:
        return Refusal(everywhere=None, machines={name: why for name, why in misfits.items() if why})
    best = min(
        fitting,
        key=lambda room: (
            _distance_of_image(demand, room),
            len(room.free_gpus),
            -room.free_memory_bytes,
            room.machine.name,
        ),
    )
    return Placement(machine=best.machine, gpus=tuple(usable_gpus(demand, best, cluster)[: demand.wish.gpus]))


def refused_everywhere(demand: Demand, cluster: Cluster) -> Misfit | None:
    """Return what no machine can change: the person's maxima, and what the image itself asks for."""
    wish = demand.wish
    if demand.image.needs_gpu and not wish.gpus:
        return Misfit(rule=Rule.IMAGE_NEEDS_GPU, text=f"{demand.image.title} needs a GPU, and none is wanted.")
    own = [c for c in cluster.containers if c.owner == wish.owner and c.name != wish.name and c.holds_resources]
    if text := cluster.policy.exceeded(wish, demand.limits, own):
        return Misfit(rule=Rule.QUOTA, text=text)
    return None


def misfit(demand: Demand, room: Room, cluster: Cluster) -> Misfit | None:
    """Return the first rule that stops it on this machine, or None when it fits."""
    return _closed(demand, room) or _gpus(demand, room, cluster) or _sizes(demand, room, cluster)


def usable_gpus(demand: Demand, room: Room, cluster: Cluster) -> Sequence[GpuUuid]:
    """Return the GPUs it may get here, best first: for those who share, the fullest ones with a place left."""
    foreign = frozenset[GpuUuid]() if demand.wish.machine else demand.wish.avoid
    faulty = demand.wish.exclude
    free = [uuid for uuid in room.free_gpus if uuid not in foreign and uuid not in faulty]
    if not demand.wish.gpus_shared or cluster.policy.gpu_sharing == 1:
        return free
    shared = [
        uuid
        for uuid, holders in room.by_gpu.items()
        if len(holders) < cluster.policy.gpu_sharing
        and all(holder.gpus_shared for holder in holders)
        and uuid not in room.disabled | foreign | faulty
        and any(gpu.uuid == uuid for gpu in room.machine.gpus)
    ]
    return sorted(shared, key=lambda uuid: (-len(room.by_gpu[uuid]), uuid)) + free


def _closed(demand: Demand, room: Room) -> Misfit | None:
    if not room.state.reachable:
        since = f" since {room.state.since:%H:%M} UTC" if room.state.since else ""
        return Misfit(rule=Rule.UNREACHABLE, text=f"It has not answered{since}.")
    if room.drained is not None:
        return Misfit(rule=Rule.DRAINED, text=f"It takes no new containers: {room.drained}")
    if demand.wish.gpus and drivers.too_old(room.machine.driver, demand.image.cuda):
        return Misfit(
            rule=Rule.DRIVER,
            text=f"Its driver {room.machine.driver} is too old for {demand.image.title} "
            f"(CUDA {demand.image.cuda} needs {drivers.needed(demand.image.cuda)}).",
        )
    return None


def _gpus(demand: Demand, room: Room, cluster: Cluster) -> Misfit | None:
    wanted, there = demand.wish.gpus, len(room.machine.gpus)
    if wanted > there:
        return Misfit(rule=Rule.GPUS_THERE, text=f"It has {counted(there, 'GPU')}; {wanted} wanted.")
    usable = len(usable_gpus(demand, room, cluster))
    if wanted <= usable:
        return None
    notes = []
    if room.disabled:
        notes.append(f"{len(room.disabled)} switched off")
    if foreign := [] if demand.wish.machine else [uuid for uuid in room.free_gpus if uuid in demand.wish.avoid]:
        notes.append(f"{len(foreign)} used by programs outside Shiva")
    rule = Rule.GPUS_FREE
    if faulty := sum(gpu.uuid in demand.wish.exclude for gpu in room.machine.gpus):
        notes.append(f"{faulty} kept back because of errors")
        healthy = replace(demand, wish=replace(demand.wish, exclude=frozenset()))
        rule = Rule.GPUS_FREE if wanted > len(usable_gpus(healthy, room, cluster)) else Rule.GPUS_QUARANTINED
    more = f" ({', '.join(notes)})" if notes else ""
    return Misfit(rule=rule, text=f"{usable} of its {counted(there, 'GPU')} free{more}; {wanted} wanted.")


def _sizes(demand: Demand, room: Room, cluster: Cluster) -> Misfit | None:
    machine, limits = room.machine, demand.limits
    if limits.cpus > machine.cpus:
        return Misfit(rule=Rule.CPUS_THERE, text=f"It has {machine.cpus} CPUs; {limits.cpus:g} are wanted.")
    if limits.cpus > room.free_cpus:
        text = f"{max(0.0, room.free_cpus):g} CPUs are not promised yet; {limits.cpus:g} are wanted."
        return Misfit(rule=Rule.CPUS_FREE, text=text)
    wanted = f"{limits.memory_bytes / GIB:.1f} GiB are wanted."
    usable = machine.memory_bytes - cluster.policy.memory_reserve_bytes
    if limits.memory_bytes > usable:
        return Misfit(rule=Rule.MEMORY_THERE, text=f"It has {usable / GIB:.1f} GiB of memory for notebooks; {wanted}")
    if limits.memory_bytes > room.free_memory_bytes:
        free = max(0, room.free_memory_bytes) / GIB
        return Misfit(rule=Rule.MEMORY_FREE, text=f"{free:.1f} GiB of memory are not promised yet; {wanted}")
    return None


def _distance_of_image(demand: Demand, room: Room) -> int:
    """Return 0 where the image is, 1 where it is on its way or nobody knows, 2 where it would have to be fetched."""
    return DISTANCES.get(room.state.presence(demand.image.reference), 1)
