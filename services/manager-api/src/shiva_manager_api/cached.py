"""The last good answer of a source, with its age: one question at a time, whoever asks."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from shiva_manager_api.domain.ports import PortError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """A value with its health; `value` is None where there never was one."""

    value: T | None
    fresh: bool
    age_seconds: float | None


class Cached(Generic[T]):
    """Asks again when the value is older than `keep_seconds`; keeps the last good one through failures."""

    def __init__(self, ask: Callable[[], T], *, keep_seconds: float, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self._ask = ask
        self._keep = keep_seconds
        self._clock = clock
        self._asking = threading.Lock()
        self._value: T | None = None
        self._good_at: float | None = None
        self._tried_at: float | None = None
        self._failed = False

    def get(self, *, wait_seconds: float = 3.0) -> Answer[T]:
        """Return the newest answer; who finds somebody asking waits for that answer, not for one of its own."""
        if self._due() and self._asking.acquire(timeout=wait_seconds):
            try:
                if self._due():
                    self._refresh()
            finally:
                self._asking.release()
        return self.last()

    def last(self) -> Answer[T]:
        """Return what is known, without asking."""
        age = None if self._good_at is None else max(0.0, self._clock() - self._good_at)
        return Answer(value=self._value, fresh=self._good_at is not None and not self._failed, age_seconds=age)

    def _due(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= self._keep

    def _refresh(self) -> None:
        try:
            self._value = self._ask()
            self._good_at, self._failed = self._clock(), False
        except PortError:
            self._failed = True
        self._tried_at = self._clock()
