"""What was measured joined with what is leased. Pure but for a memory: a machine of which nothing changed is not worked out anew."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shiva_manager_api.domain.machines import (
    STALE_SECONDS,
    DeclaredGpu,
    DeclaredMachine,
    GpuReading,
    GpuView,
    Holder,
    MachineReading,
    MachineView,
    Tenant,
    free_gpus,
    state_of,
)
from shiva_manager_api.domain.usage import Person, split


class _People(NamedTuple):
    """The broker's containers, by what they are looked up by."""

    by_machine: Mapping[str, tuple[Tenant, ...]]
    by_id: Mapping[str, Tenant]
    by_launch: Mapping[str, Person]


class _Inputs(NamedTuple):
    """All that a machine's GPUs and containers are made of; equal ones give equal views."""

    reading: MachineReading
    declared: DeclaredMachine | None
    tenants: tuple[Tenant, ...]
    holders: tuple[Tenant | None, ...]
    people: tuple[Person | None, ...]


class _Made(NamedTuple):
    inputs: _Inputs
    gpus: tuple[GpuView, ...]
    free: int | None


class Merge:
    """Joins again and again. Where nothing changed, `gpus` and `tenants` of a view are the very objects of the last one."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._made: dict[str, _Made] = {}
        self._silent: dict[str, MachineReading] = {}  # what is said of machines of which Prometheus says nothing

    def views(
        self,
        readings: Sequence[MachineReading],
        declared: Sequence[DeclaredMachine] | None,
        tenants: Sequence[Tenant] | None,
        *,
        metrics_fresh: bool,
        leases_fresh: bool,
        elapsed: float = 0.0,
    ) -> list[MachineView]:
        """Return every machine by name; None where the broker never answered. Prometheus was asked `elapsed` seconds ago."""
        measured = {reading.name: reading for reading in readings}
        known = {machine.name: machine for machine in declared or ()}
        people = _people(tenants or ())
        silent = known.keys() - measured.keys()
        self._silent = {name: self._silent.get(name) or MachineReading(name=name, up=None) for name in silent}
        every = sorted({**measured, **self._silent}.items(), key=lambda each: each[0])
        self._made = {name: self._machine(reading, known.get(name), people) for name, reading in every}
        return [
            _view(made, metrics_fresh=metrics_fresh, leases_fresh=leases_fresh, elapsed=elapsed)
            for made in self._made.values()
        ]

    def _machine(self, reading: MachineReading, declared: DeclaredMachine | None, people: _People) -> _Made:
        before = self._made.get(reading.name)
        inputs = _inputs(reading, declared, people)
        if before is not None and _same(before.inputs, inputs):
            return before
        return _Made(
            inputs=inputs,
            gpus=_gpus(inputs, people),
            free=None if declared is None else free_gpus(reading, declared),
        )  # fmt: skip


def _people(tenants: Sequence[Tenant]) -> _People:
    by_machine: dict[str, list[Tenant]] = defaultdict(list)
    for tenant in tenants:
        by_machine[tenant.machine].append(tenant)
    return _People(
        by_machine={machine: tuple(there) for machine, there in by_machine.items()},
        by_id={tenant.id: tenant for tenant in tenants},
        by_launch={each.launch_id: Person(container_id=each.id, owner=each.owner) for each in tenants if each.launch_id},
    )  # fmt: skip


def _inputs(reading: MachineReading, declared: DeclaredMachine | None, people: _People) -> _Inputs:
    held = [gpu.container_id for gpu in declared.gpus if gpu.container_id is not None] if declared else []
    launches = [launch for gpu in reading.gpus if gpu.usage for launch in gpu.usage.launches]
    return _Inputs(
        reading=reading,
        declared=declared,
        tenants=people.by_machine.get(reading.name, ()),
        holders=tuple(map(people.by_id.get, held)),
        people=tuple(map(people.by_launch.get, launches)),
    )


def _same(before: _Inputs, now: _Inputs) -> bool:
    """Readings are told apart by identity: Prometheus is asked for all of them at once, and none stays as it was."""
    return before.reading is now.reading and before[1:] == now[1:]


def _view(made: _Made, *, metrics_fresh: bool, leases_fresh: bool, elapsed: float) -> MachineView:
    reading, declared, tenants = made.inputs[:3]
    age = reading.sample_age_seconds
    return MachineView(
        reading=reading,
        state=state_of(
            reading, declared, tenants=len(tenants), metrics_fresh=metrics_fresh, leases_fresh=leases_fresh,
            elapsed=elapsed,
        ),
        sample_age_seconds=None if age is None else age + elapsed,
        gpus=made.gpus,
        gpus_free=made.free if leases_fresh else None,
        holders_known=declared is not None,
        closed=None if declared is None else declared.closed,
        tenants=tenants,
    )  # fmt: skip


def words_last(views: Sequence[MachineView]) -> float:
    """Return in how many seconds a word changes if nothing else happens than that time passes."""
    ages = (view.sample_age_seconds for view in views)
    return min((STALE_SECONDS - age for age in ages if age is not None and age <= STALE_SECONDS), default=float("inf"))


def _gpus(inputs: _Inputs, people: _People) -> tuple[GpuView, ...]:
    """Return the GPUs of both lists, by index: one that is declared and not reported has no values, and is no zero."""
    reading, declared = inputs.reading, inputs.declared
    readings = {gpu.uuid: gpu for gpu in reading.gpus}
    cards = {gpu.uuid: gpu for gpu in declared.gpus} if declared else {}
    for gpu in cards.values():
        readings.setdefault(gpu.uuid, GpuReading(uuid=gpu.uuid, index=gpu.index, model=gpu.model, up=None))
    quarantined = reading.quarantined(declared)
    ordered = sorted(readings.values(), key=lambda gpu: (gpu.index is None, gpu.index or 0, gpu.uuid))
    return tuple(
        GpuView(
            reading=gpu,
            holder=_holder(cards.get(gpu.uuid), people.by_id),
            shares=None if gpu.usage is None else split(gpu.usage, people.by_launch),
            quarantine=quarantined.get(gpu.uuid),
            disabled=cards[gpu.uuid].disabled if gpu.uuid in cards else None,
        )
        for gpu in ordered
    )


def _holder(card: DeclaredGpu | None, tenants: Mapping[str, Tenant]) -> Holder | None:
    if card is None or card.container_id is None:
        return None
    tenant = tenants.get(card.container_id)
    owner = tenant.owner if tenant else card.container_id.partition("--")[0]
    return Holder(container_id=card.container_id, owner=owner, since=tenant.since if tenant else None)
