"""Why a demand does not fit, who holds what, and the smallest changes with which it would. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from shiva_jupyter_broker.domain.cluster import Cluster, Demand, Room
from shiva_jupyter_broker.domain.containers import (
    ContainerId,
    GpuUuid,
    ImageName,
    ImagePresence,
    MachineName,
    UserName,
    Wish,
)
from shiva_jupyter_broker.domain.placement import Misfit, Placement, Refusal, misfit, place, refused_everywhere
from shiva_jupyter_broker.domain.wording import counted

GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds something on a machine, and since when."""

    container: ContainerId
    owner: UserName
    gpus: tuple[GpuUuid, ...]
    memory_bytes: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One machine: whether it fits, and who is there."""

    machine: MachineName
    image: ImagePresence  # of what would start
    misfit: Misfit | None  # None: it fits
    holders: tuple[Holder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A changed wish that fits now, and the change as a sentence."""

    wish: Wish
    machine: MachineName
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that one may want to know before, or after, a start was refused."""

    image: ImageName  # what would start
    placement: Placement | None  # None: it does not fit
    everywhere: Misfit | None
    verdicts: tuple[Verdict, ...]
    offers: tuple[Offer, ...]  # none where it fits

    @property
    def reasons(self) -> dict[MachineName, str]:
        """A sentence for each machine that does not fit."""
        return {each.machine: each.misfit.text for each in self.verdicts if each.misfit}


def explain(demand: Demand, cluster: Cluster) -> Explanation:
    """Return whether it fits and why not; a chosen machine is the only one that is judged, others are offered."""
    outcome = place(demand, cluster)
    rooms = [room for room in cluster.rooms if demand.wish.machine in {None, room.machine.name}]
    fits = isinstance(outcome, Placement)
    return Explanation(
        image=demand.image.name,
        placement=outcome if isinstance(outcome, Placement) else None,
        everywhere=outcome.everywhere if isinstance(outcome, Refusal) else None,
        verdicts=tuple(_verdict(demand, room, cluster) for room in rooms),
        offers=() if fits else tuple(_offers(demand, cluster)),
    )


def _verdict(demand: Demand, room: Room, cluster: Cluster) -> Verdict:
    why = refused_everywhere(demand, cluster) or misfit(demand, room, cluster)
    holders = sorted(room.holders, key=lambda c: (not c.gpus, c.requested_at, c.id))
    return Verdict(
        machine=room.machine.name,
        image=room.state.presence(demand.image.reference),
        misfit=why,
        holders=tuple(
            Holder(container=c.id, owner=c.owner, gpus=c.gpus, memory_bytes=c.limits.memory_bytes, since=c.requested_at)
            for c in holders
        ),
    )


def _offers(demand: Demand, cluster: Cluster) -> Iterator[Offer]:
    """Yield the smallest change of each kind, and only what really fits."""
    for kind in (_elsewhere, _sharing, _fewer_gpus, _less_memory, _fewer_cpus):
        for changed, text in kind(demand, cluster):
            limits = cluster.policy.limits(changed)
            outcome = place(Demand(wish=changed, limits=limits, image=demand.image), cluster)
            if isinstance(outcome, Placement):
                yield Offer(wish=changed, machine=outcome.machine.name, text=text.format(outcome.machine.name))
                break


Change = tuple[Wish, str]


def _elsewhere(demand: Demand, _: Cluster) -> Iterator[Change]:
    if demand.wish.machine is not None:
        yield replace(demand.wish, machine=None), "The same fits on {}."


def _sharing(demand: Demand, cluster: Cluster) -> Iterator[Change]:
    if demand.wish.gpus and not demand.wish.gpus_shared and cluster.policy.gpu_sharing > 1:
        yield replace(demand.wish, gpus_shared=True), "It fits on {} with GPUs that others use too."


def _fewer_gpus(demand: Demand, _: Cluster) -> Iterator[Change]:
    for gpus in range(demand.wish.gpus - 1, -1, -1):
        text = f"With {counted(gpus, 'GPU')} it fits on {{}}." if gpus else "Without a GPU it fits on {}."
        for machine in dict.fromkeys([demand.wish.machine, None]):
            yield replace(demand.wish, gpus=gpus, machine=machine), text


def _less_memory(demand: Demand, cluster: Cluster) -> Iterator[Change]:
    """Go down to what is left somewhere, or to what the person may have, in whole GiB."""
    most = cluster.policy.of(demand.wish.owner).memory_bytes
    rooms = [room for room in cluster.rooms if demand.wish.machine in {None, room.machine.name}]
    sizes = {min(room.free_memory_bytes, most) // GIB * GIB for room in rooms}
    for size in sorted((size for size in sizes if 0 < size < demand.limits.memory_bytes), reverse=True):
        yield replace(demand.wish, memory_bytes=size), f"With {size / GIB:g} GiB of memory it fits on {{}}."


def _fewer_cpus(demand: Demand, cluster: Cluster) -> Iterator[Change]:
    """Go down to what is left somewhere, or to what the person may have, in whole CPUs."""
    most = cluster.policy.of(demand.wish.owner).cpus
    rooms = [room for room in cluster.rooms if demand.wish.machine in {None, room.machine.name}]
    counts = {int(min(room.free_cpus, room.machine.cpus, most)) for room in rooms}
    for count in sorted((count for count in counts if 0 < count < demand.limits.cpus), reverse=True):
        yield replace(demand.wish, cpus=float(count)), f"With {counted(count, 'CPU')} it fits on {{}}."
