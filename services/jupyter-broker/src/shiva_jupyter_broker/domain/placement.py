"""Choose a machine and GPUs, or say why not, machine by machine. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shiva_jupyter_broker.domain.containers import Container, GpuUuid, Limits, Machine, MachineName, Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where it goes."""

    machine: Machine
    gpus: tuple[GpuUuid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why it goes nowhere: one sentence for every machine that was looked at."""

    reasons: Mapping[MachineName, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is left on a machine."""

    machine: Machine
    free_gpus: tuple[GpuUuid, ...]
    free_memory_bytes: int  # may be negative where somebody overcommitted by hand


def room(machine: Machine, containers: Sequence[Container]) -> Room:
    """Return what no container on `machine` holds."""
    there = [c for c in containers if c.machine == machine.name and c.holds_resources]
    leased = {uuid for c in there for uuid in c.gpus}
    return Room(
        machine=machine,
        free_gpus=tuple(gpu.uuid for gpu in machine.gpus if gpu.uuid not in leased),
        free_memory_bytes=machine.memory_bytes - sum(c.limits.memory_bytes for c in there),
    )


def misfit(left: Room, *, gpus: int, limits: Limits) -> str | None:
    """Return the first reason why it does not fit, or None when it fits."""
    machine = left.machine
    if gpus > len(machine.gpus):
        return f"It has {len(machine.gpus)} GPUs; {gpus} are wanted."
    if gpus > len(left.free_gpus):
        return f"{len(left.free_gpus)} of {len(machine.gpus)} GPUs are free; {gpus} wanted."
    if limits.cpus > machine.cpus:
        return f"It has {machine.cpus} CPUs; {limits.cpus:g} are wanted."
    if limits.memory_bytes > left.free_memory_bytes:
        gib = 2**30
        return f"{max(0, left.free_memory_bytes) / gib:.1f} GiB of memory are not promised yet; {limits.memory_bytes / gib:.1f} GiB are wanted."
    return None


def place(
    wish: Wish, machines: Sequence[Machine], containers: Sequence[Container], limits: Limits
) -> Placement | Refusal:
    """Return the machine and the GPUs, or why no machine fits.

    A chosen machine is honoured or refused, never silently exchanged. Otherwise the tightest fit in GPUs wins (machines
    without GPUs first for those who need none), then the most free memory, then the name.
    """
    rooms = [room(machine, containers) for machine in machines if wish.machine in {None, machine.name}]
    reasons: dict[MachineName, str] = {}
    fitting: list[Room] = []
    for left in rooms:
        reason = misfit(left, gpus=wish.gpus, limits=limits)
        if reason is None:
            fitting.append(left)
        else:
            reasons[left.machine.name] = reason
    if not fitting:
        return Refusal(reasons=reasons)
    best = min(fitting, key=lambda left: (len(left.free_gpus), -left.free_memory_bytes, left.machine.name))
    return Placement(machine=best.machine, gpus=best.free_gpus[: wish.gpus])
