"""Seconds of work, counted up from shares of time: any window can be asked for later, and no burst is missed."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from shiva_exporters.gpu.source import GpuSample, Owner, Reading
from shiva_exporters.gpu.usage import usage

FORGET_SECONDS = 600.0  # after its last process left the GPU; until then a scrape sees a container's last seconds

Key = tuple[str, str | None]  # a GPU's UUID, and a container's launch or None for the GPU itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was done so far."""

    seconds: float
    last_at: float | None  # the end of the last round with any, in seconds since 1970; None: none that we saw


Activity = Mapping[Key, Work]  # what the last round did not tell is not in it


@dataclass(slots=True)
class _Count:
    at: float
    used_at: float
    seconds: float = 0.0
    last_at: float | None = None


class Meter:
    """Counts by UUID: a driver that comes back, or a card at another index, goes on where it was."""

    def __init__(self, *, longest_seconds: float, clock: Callable[[], float] = time.time) -> None:
        """A share is taken to hold for `longest_seconds` at most: a gap is no work. `clock` returns seconds since 1970."""
        self._longest = longest_seconds
        self._clock = clock
        self._counts: dict[Key, _Count] = {}

    def add(self, reading: Reading, now: float) -> Activity:
        """Count one reading; `now` is seconds on a clock that never goes back."""
        told: dict[Key, Work] = {}
        for gpu in reading.gpus:
            for key, ratio, used in self._shares(gpu, reading.owners):
                if ratio is not None:
                    told[key] = self._count(key, ratio, now, used=used)
                elif key in self._counts:
                    self._counts[key].used_at = now  # it is there, and nobody tells what it does: not to be forgotten
        self._counts = {key: each for key, each in self._counts.items() if now - each.used_at <= FORGET_SECONDS}
        return told

    def _shares(self, gpu: GpuSample, owners: Mapping[int, Owner]) -> Iterator[tuple[Key, float | None, bool]]:
        """Yield what is counted, its share of the GPU's time now, and whether it is there."""
        if gpu.uuid is None:
            return
        yield (gpu.uuid, None), gpu.utilization_ratio, True
        who = usage(gpu, owners)
        if who is None:
            return
        for name, group in who.containers.items():
            yield (gpu.uuid, name), group.active_ratio, True
        for key in list(self._counts):
            if key[0] == gpu.uuid and key[1] is not None and key[1] not in who.containers:
                yield key, 0.0, False

    def _count(self, key: Key, ratio: float, now: float, *, used: bool) -> Work:
        count = self._counts.setdefault(key, _Count(at=now, used_at=now))
        count.seconds += ratio * min(now - count.at, self._longest)
        count.at = now
        if used:
            count.used_at = now
        if ratio > 0:
            count.last_at = self._clock()
        return Work(seconds=count.seconds, last_at=count.last_at)
