"""What everybody sees: one overview of all machines at a time, made anew when something changed, and never waited for."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shiva_manager_api.cached import Answer, Cached
from shiva_manager_api.domain.machines import DeclaredMachine, MachineReading, MachineView, Tenant
from shiva_manager_api.domain.merging import Merge, words_last
from shiva_manager_api.domain.ports import ContainerBroker, MetricsSource
from shiva_manager_api.keeping import Attention, Keeper, Pace

METRICS_KEEP_SECONDS = 2.0  # without a keeper
BROKER_KEEP_SECONDS = 0.5
METRICS_PACE = Pace(watched=2.0, idle=10.0)  # a scrape apart where it takes longer than half a second
BROKER_PACE = Pace(watched=1.0, idle=10.0)
METRICS_LATE_SECONDS = 20.0
BROKER_LATE_SECONDS = 15.0
FIRST_SECONDS = 3.0  # for the very first answer
OVERDUE_SECONDS = 12.0  # an overview that no keeper made anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Leases:
    """The broker's answer of one moment."""

    machines: Sequence[DeclaredMachine]
    tenants: Sequence[Tenant]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Every machine, with how good the two sources are; all ages are those of `as_of`."""

    as_of: datetime
    machines: Sequence[MachineView]
    metrics: Answer[Sequence[MachineReading]]
    broker: Answer[Leases]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An overview, and by the monotonic clock when it was made and until when its words hold."""

    overview: Overview
    made_at: float
    holds_until: float


class Truth:
    """Keeps the last good answers with their age, and what was made of them."""

    def __init__(
        self,
        metrics: MetricsSource,
        broker: ContainerBroker,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime],
        first_seconds: float = FIRST_SECONDS,
    ) -> None:
        """`clock` is monotonic, in seconds; `now` is aware; `first_seconds` are waited for the very first answers."""
        self._first_seconds = first_seconds
        self._broker = broker
        self._clock, self._now = clock, now
        self._metrics = Cached(
            metrics.machines, keep_seconds=METRICS_KEEP_SECONDS, late_seconds=METRICS_LATE_SECONDS, clock=clock
        )
        self._leases = Cached(
            self._ask_leases, keep_seconds=BROKER_KEEP_SECONDS, late_seconds=BROKER_LATE_SECONDS, clock=clock
        )
        self._attention = Attention(clock)
        self._merge = Merge()
        self._making = threading.Lock()
        self._shown: Shown | None = None
        self._watching: list[Callable[[Shown], object]] = []
        self.keepers: list[Keeper] = []
        self._kept, self._kept_since = False, 0.0

    def _ask_leases(self) -> Leases:
        """Return the very object of the last answer where nothing changed: then nothing is made anew of it."""
        now, before = (
            Leases(machines=self._broker.machines(), tenants=self._broker.tenants()),
            self._leases.last().value,
        )
        return now if before is None or before != now else before

    def watch(self, renew: Callable[[Shown], object]) -> None:
        """Have this called after each answer, once `keep` was called."""
        self._watching.append(renew)

    def keep(self, *, start: bool = True) -> None:
        """Ask in the background from now on, without `start` when told to; until then who looks asks, and waits."""
        self._kept, self._kept_since = True, self._clock()
        sources: list[tuple[str, Cached[Any], Pace]] = [
            ("prometheus", self._metrics, METRICS_PACE), ("broker", self._leases, BROKER_PACE),
        ]  # fmt: skip
        for name, source, pace in sources:
            keeper = Keeper(source, self._tell, pace=pace, attention=self._attention, clock=self._clock)
            self.keepers.append(keeper)
            if start:
                keeper.start(name)

    def _tell(self) -> None:
        """Nothing is shown while the first answer of a source may still come: what is looked at first should be whole."""
        if (self._metrics.tried and self._leases.tried) or self._clock() - self._kept_since >= self._first_seconds:
            shown = self.renewed()
            for renew in self._watching:
                renew(shown)

    def age(self, shown: Shown) -> float:
        """Return how many seconds ago it was made."""
        return max(0.0, self._clock() - shown.made_at)

    def sources(self) -> tuple[Answer[Sequence[MachineReading]], Answer[Leases]]:
        """Return how Prometheus and the broker are; their first answers are waited for, for a moment."""
        if not self._kept:
            return self._metrics.get(), self._leases.get()
        self._attention.look()
        until = self._clock() + self._first_seconds
        metrics = self._metrics.first(self._first_seconds)
        return metrics, self._leases.first(max(0.0, until - self._clock()))

    def shown(self) -> Shown:
        """Return the overview. It is made here only where nobody else keeps it, or did in time."""
        sources = self.sources()
        shown = self._shown
        if shown is not None and self._kept and self._clock() < shown.holds_until:
            return shown
        return self._renewed(*sources)

    def renewed(self) -> Shown:
        """Return an overview of what is known now: the same one, if nothing changed."""
        return self._renewed(self._metrics.last(), self._leases.last())

    def _renewed(self, metrics: Answer[Sequence[MachineReading]], leases: Answer[Leases]) -> Shown:
        with self._making:
            shown, now = self._shown, self._clock()
            if shown is None or _changed(shown.overview, metrics, leases) or now >= shown.holds_until:
                self._shown = shown = self._made(metrics, leases, now)
            return shown

    def _made(self, metrics: Answer[Sequence[MachineReading]], leases: Answer[Leases], now: float) -> Shown:
        views = self._merge.views(
            metrics.value or (),
            leases.value.machines if leases.value else None,
            leases.value.tenants if leases.value else None,
            metrics_fresh=metrics.fresh,
            leases_fresh=leases.fresh,
            elapsed=metrics.age_seconds or 0.0,
        )
        return Shown(
            overview=Overview(as_of=self._now(), machines=views, metrics=metrics, broker=leases),
            made_at=now,
            holds_until=now + max(1.0, min(OVERDUE_SECONDS, words_last(views))),
        )


def _changed(before: Overview, metrics: Answer[Sequence[MachineReading]], leases: Answer[Leases]) -> bool:
    sources = ((before.metrics, metrics), (before.broker, leases))
    return any(old.value is not new.value or old.fresh != new.fresh for old, new in sources)
