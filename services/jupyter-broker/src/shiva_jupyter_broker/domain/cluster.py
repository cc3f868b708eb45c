"""What there is and who holds it: everything that placement looks at, and what is left on each machine. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shiva_jupyter_broker.domain.containers import (
    Container,
    GpuUuid,
    Image,
    Limits,
    Machine,
    MachineName,
    MachineState,
    Wish,
)
from shiva_jupyter_broker.domain.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What an operator took out of placement, each with a sentence for people; what runs there goes on."""

    drained: Mapping[MachineName, str] = field(default_factory=dict)
    disabled: Mapping[GpuUuid, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A wish made complete."""

    wish: Wish
    limits: Limits
    image: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One machine, and what is left on it."""

    machine: Machine
    state: MachineState
    holders: tuple[Container, ...]  # who holds anything on it
    by_gpu: Mapping[GpuUuid, tuple[Container, ...]]
    free_memory_bytes: int  # may be negative where somebody promised too much by hand
    free_cpus: float
    drained: str | None
    disabled: frozenset[GpuUuid]

    @property
    def free_gpus(self) -> tuple[GpuUuid, ...]:
        """The GPUs that nobody holds and nobody switched off."""
        return tuple(
            gpu.uuid for gpu in self.machine.gpus if not self.by_gpu.get(gpu.uuid) and gpu.uuid not in self.disabled
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The machines with what is left on them, and the rules."""

    rooms: tuple[Room, ...]
    containers: Sequence[Container]
    policy: Policy


def cluster(
    machines: Sequence[Machine],
    containers: Sequence[Container],
    policy: Policy,
    *,
    states: Mapping[MachineName, MachineState] | None = None,
    switches: Switches | None = None,
) -> Cluster:
    """Return the cluster as it stands; a machine whose state nobody told counts as reachable."""
    there: dict[MachineName, list[Container]] = defaultdict(list)
    where = {gpu.uuid: machine.name for machine in machines for gpu in machine.gpus}
    for each in containers:
        if each.holds_resources:
            there[each.machine].append(each)
            for uuid in each.gpus:  # a lease is by UUID: a machine may have got another name, and a GPU another machine
                if (now_at := where.get(uuid, each.machine)) != each.machine and each not in there[now_at]:
                    there[now_at].append(each)
    states, switches = states or {}, switches or Switches()
    rooms = [_room(m, there[m.name], policy, states.get(m.name, MachineState()), switches) for m in machines]
    return Cluster(rooms=tuple(rooms), containers=containers, policy=policy)


def _room(
    machine: Machine, holders: Sequence[Container], policy: Policy, state: MachineState, switches: Switches
) -> Room:
    by_gpu: dict[GpuUuid, tuple[Container, ...]] = {}
    memory_bytes, cpus = 0, 0.0
    for holder in holders:
        memory_bytes += holder.limits.memory_bytes
        cpus += holder.limits.cpus
        for uuid in holder.gpus:
            by_gpu[uuid] = (*by_gpu.get(uuid, ()), holder)
    return Room(
        machine=machine,
        state=state,
        holders=tuple(holders),
        by_gpu=by_gpu,
        free_memory_bytes=machine.memory_bytes - policy.memory_reserve_bytes - memory_bytes,
        free_cpus=machine.cpus * policy.cpu_overcommit - cpus,
        drained=switches.drained.get(machine.name),
        disabled=frozenset(gpu.uuid for gpu in machine.gpus if gpu.uuid in switches.disabled),
    )
