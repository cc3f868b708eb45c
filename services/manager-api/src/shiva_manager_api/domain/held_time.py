"""Who held how many GPUs for how long, and how much of that time they were used."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

SPANS: Mapping[str, int] = {"24h": 86400, "7d": 7 * 86400, "30d": 30 * 86400}  # seconds
TOLD_SHARE = 0.9  # of the held time: where the cards told of less, nobody knows what they did


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuTime:
    """Seconds times GPUs; None: nobody recorded it, or too little of it."""

    held: float | None
    used: float | None

    @classmethod
    def of(cls, held: float, told: float, used: float) -> "GpuTime":
        """Return what was held and used; the cards told what they did in `told` of it."""
        return cls(held=held, used=used if told >= TOLD_SHARE * held else None)


NOTHING = GpuTime(held=0.0, used=0.0)
UNKNOWN = GpuTime(held=None, used=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldTimes:
    """What was recorded between two moments."""

    start: datetime
    end: datetime
    recorded_from: datetime | None  # what was before is in no sum; None: nothing was recorded at all
    people: Mapping[str, GpuTime]  # who held anything
    machines: Mapping[str, GpuTime]  # where anything was held


class HeldTimeSource(Protocol):
    """The memory of leases."""

    def read(self, span: int, until: datetime) -> HeldTimes:
        """Return what was held in the `span` seconds before `until`.

        Raises:
            MetricsUnavailableError: no usable answer.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A person's or a machine's."""

    name: str
    time: GpuTime
    gpus: int | None = None  # of a machine, now; None: it is not there any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Held times of people and of every machine, the most held first."""

    times: HeldTimes
    people: Sequence[Spent]
    machines: Sequence[Spent]


def usage(times: HeldTimes, gpus: Mapping[str, int]) -> Usage:
    """Add the machines of which nobody held anything: `gpus` are how many each has now."""
    untouched = UNKNOWN if times.recorded_from is None else NOTHING
    return Usage(
        times=times,
        people=_sorted(Spent(name=name, time=time) for name, time in times.people.items()),
        machines=_sorted(
            Spent(name=name, time=times.machines.get(name, untouched), gpus=gpus.get(name))
            for name in {*times.machines, *gpus}
        ),
    )


def _sorted(every: Iterable[Spent]) -> list[Spent]:
    return sorted(every, key=lambda one: (-(one.time.held or 0.0), one.name))
