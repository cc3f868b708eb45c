"""Who uses a GPU, with how much of its memory. Pure. One unknown share makes a sum unknown, never smaller."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

OUTSIDE = ("host", "foreign", "mps")  # kinds of processes that are in no container of ours
FOREIGN_BYTES = 256 * 2**20  # a screen and a driver's own share are less
UNEXPLAINED_BYTES = 2**30  # a driver's bookkeeping is less


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What some processes together have of a GPU. None: nobody told, which is never zero."""

    processes: int
    memory_used_bytes: int | None
    active_ratio: float | None = None  # of its time, lately; 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose a launch is."""

    container_id: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmanaged:
    """Something on a GPU that is no container of ours: a process, or a whole container that nobody knows."""

    pid: int | None  # on the machine; None for a whole container
    user: str | None  # on the machine
    engine_id: str | None  # the container that it is in
    memory_used_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuUsage:
    """A GPU's processes as its exporter last told them, with Prometheus' last word for whose the launches are."""

    kinds: Mapping[str, Share]
    launches: Mapping[str, Share] = field(default_factory=dict)
    last_known: Mapping[str, Person] = field(default_factory=dict)  # by launch
    unmanaged: Sequence[Unmanaged] = ()
    unattributed_bytes: int | None = None  # in use, and held by no process that the driver lists


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuUser:
    """One container's use of one GPU."""

    owner: str
    container_id: str
    memory_used_bytes: int | None
    active_ratio: float | None
    processes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """The whole of a GPU's memory, split: users, unmanaged, other and unattributed add up to what is in use."""

    users: tuple[GpuUser, ...]
    unmanaged: tuple[Unmanaged, ...]
    other_bytes: int | None  # of dead processes, of the driver's own server, of unmanaged ones that are not listed
    unattributed_bytes: int | None


def split(usage: GpuUsage, people: Mapping[str, Person]) -> Shares:
    """Sort the launches by person. `people` is by launch, from the broker: it is fresher than what Prometheus last knew.

    A launch of which neither knows is an unknown container: nobody's, and still counted.
    """
    owned: dict[Person, list[Share]] = {}
    strange: list[Unmanaged] = []
    for launch, share in usage.launches.items():
        whose = people.get(launch) or usage.last_known.get(launch)
        if whose is None:
            strange.append(Unmanaged(pid=None, user=None, engine_id=launch, memory_used_bytes=share.memory_used_bytes))
        else:
            owned.setdefault(whose, []).append(share)
    return Shares(
        users=tuple(sorted((_user(whose, shares) for whose, shares in owned.items()), key=lambda user: user.container_id)),
        unmanaged=(*usage.unmanaged, *strange),
        other_bytes=_other(usage),
        unattributed_bytes=usage.unattributed_bytes,
    )  # fmt: skip


def _user(whose: Person, shares: Sequence[Share]) -> GpuUser:
    ratios = [share.active_ratio for share in shares if share.active_ratio is not None]
    return GpuUser(
        owner=whose.owner,
        container_id=whose.container_id,
        memory_used_bytes=_sum(share.memory_used_bytes for share in shares),
        active_ratio=min(1.0, sum(ratios)) if len(ratios) == len(shares) else None,
        processes=sum(share.processes for share in shares),
    )


def _other(usage: GpuUsage) -> int | None:
    held = _group(usage, (*OUTSIDE, "orphan")).memory_used_bytes
    listed = _sum(each.memory_used_bytes for each in usage.unmanaged)
    return None if held is None or listed is None else max(0, held - listed)


def used_by_others(usage: GpuUsage, *, full_without_lease: bool | None) -> bool:
    """Whether something that is no container of ours uses the GPU.

    `full_without_lease`: its memory is in use, though nobody of ours held it lately; None while somebody does. Then a launch
    there is a stranger's, and memory that no living process explains keeps others away.
    """
    outside = _group(usage, OUTSIDE)
    if outside.processes and (outside.memory_used_bytes is None or outside.memory_used_bytes > FOREIGN_BYTES):
        return True
    unexplained = _sum([usage.unattributed_bytes, _group(usage, ("orphan",)).memory_used_bytes])
    explained = unexplained is not None and unexplained <= UNEXPLAINED_BYTES
    return full_without_lease is True and (bool(usage.launches) or not explained)


def _group(usage: GpuUsage, kinds: Iterable[str]) -> Share:
    shares = [usage.kinds[kind] for kind in kinds if kind in usage.kinds]
    return Share(
        processes=sum(share.processes for share in shares),
        memory_used_bytes=_sum(share.memory_used_bytes for share in shares),
    )


def _sum(shares: Iterable[int | None]) -> int | None:
    told = list(shares)
    known = [share for share in told if share is not None]
    return sum(known) if len(known) == len(told) else None
