"""Answers that are dear and good for many: each is asked for once while it holds, and few at a time."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Generic, TypeVar

from shiva_manager_api.domain.ports import MetricsUnavailableError
from shiva_manager_api.waiting import Places

MOST_KEPT = 256
MOST_ASKING = 4  # threads that wait for Prometheus
MOST_WAITING = 8  # threads that wait for one of those
WAIT_SECONDS = 3.0

T = TypeVar("T")


class _Asking(Generic[T]):
    """A question that is on its way."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.answers: list[T] = []  # empty: none came


class Once(Generic[T]):
    """Of each question the last answer; may be used by many threads."""

    def __init__(self, *, wait_seconds: float = WAIT_SECONDS) -> None:
        """Somebody else's question is waited for so long; a little longer than it takes."""
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[datetime, T]] = OrderedDict()
        self._asking: dict[tuple[Hashable, datetime], _Asking[T]] = {}
        self._places = Places(MOST_WAITING)

    def of(self, question: Hashable, until: datetime, ask: Callable[[], T], *, fresh: bool) -> T:
        """Return the answer as of `until`, a whole multiple of how long it holds.

        Unless `fresh`, Prometheus did not answer a moment ago: nobody waits for it.

        Raises:
            MetricsUnavailableError: there is no usable answer, or too many ask.
        """
        key = question, until
        with self._lock:
            at, kept = self._kept.get(question, (None, None))
            if at == until and kept is not None:
                self._kept.move_to_end(question)
                return kept
            asking, first = self._asking.get(key), key not in self._asking
            if first and (not fresh or len(self._asking) >= MOST_ASKING):
                raise MetricsUnavailableError("it did not answer a moment ago" if not fresh else "too many ask at once")
            if asking is None:
                asking = self._asking[key] = _Asking()
        return self._answer(key, asking, ask) if first else self._awaited(asking)

    def _answer(self, key: tuple[Hashable, datetime], asking: _Asking[T], ask: Callable[[], T]) -> T:
        try:
            asking.answers.append(ask())
        finally:
            with self._lock:
                del self._asking[key]
                if asking.answers:
                    self._keep(*key, asking.answers[0])
            asking.done.set()
        return asking.answers[0]

    def _keep(self, question: Hashable, until: datetime, answer: T) -> None:
        self._kept[question] = until, answer
        self._kept.move_to_end(question)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def _awaited(self, asking: _Asking[T]) -> T:
        with self._places.one() as free:
            if free:
                asking.done.wait(self._wait_seconds)
        if not asking.answers:
            raise MetricsUnavailableError("no answer to the one who asked first" if free else "too many wait for one")
        return asking.answers[0]


def floored(now: datetime, seconds: int) -> datetime:
    """Return the last moment that is a whole multiple of so many seconds."""
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, now.tzinfo)
