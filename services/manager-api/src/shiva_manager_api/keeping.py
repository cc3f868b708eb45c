"""Keeps an answer young in a thread of its own, so that nobody who looks has to wait for the source."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shiva_manager_api.cached import Cached

log = logging.getLogger("shiva.manager_api.keeping")

ATTENTION_SECONDS = 60.0
RETRY_SECONDS = 1.0
REST_TIMES = 4.0  # as long as a question took, its source rests; a scrape at most
MOST_REST_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two questions: while somebody looked in the last minute, and else."""

    watched: float
    idle: float


class Attention:
    """When somebody looked last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self._clock = clock
        self._looked_at = clock()
        self.alarms: list[threading.Event] = []  # set when somebody looks again after a while

    def look(self) -> None:
        """Note that somebody looks."""
        if not self.paid:
            for alarm in self.alarms:
                alarm.set()
        self._looked_at = self._clock()

    @property
    def paid(self) -> bool:
        """Whether somebody looked lately."""
        return self._clock() - self._looked_at <= ATTENTION_SECONDS


class Keeper:
    """One source's thread."""

    def __init__(
        self, source: Cached[Any], then: Callable[[], None], *, pace: Pace, attention: Attention,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        """`then` is called after each answer or failure; `clock` is monotonic, in seconds."""
        self._source, self._then, self._pace = source, then, pace
        self._attention, self._clock = attention, clock
        self._alarm = threading.Event()
        attention.alarms.append(self._alarm)

    def start(self, name: str) -> None:
        """Keep it from now on, until the process ends."""
        threading.Thread(target=self._keep, args=(name,), name=name, daemon=True).start()

    def step(self) -> float:
        """Ask once; return in how many seconds to ask again. A source that labors is given a rest."""
        began, good = self._clock(), False
        try:
            good = self._source.refresh()
            took = self._clock() - began
            self._then()
        except Exception:
            log.exception("a mistake of ours")
            took = self._clock() - began
        pace = self._pace.watched if self._attention.paid else self._pace.idle
        return max(pace - took, min(REST_TIMES * took, MOST_REST_SECONDS)) if good else RETRY_SECONDS

    def _keep(self, name: str) -> None:
        told: str | None = None
        while True:
            self._alarm.clear()
            seconds = self.step()
            if (self._source.trouble is None) != (told is None):
                log.warning(
                    "%s %s", name, "answers again" if told else "does not answer", extra={"cause": self._source.trouble}
                )
            told = self._source.trouble
            self._alarm.wait(seconds)
