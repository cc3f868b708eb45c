"""The last good answer of a source, with its age: one question at a time, whoever asks."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from shiva_manager_api.domain.ports import PortError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """A value with its health; `value` is None where there never was one."""

    value: T | None
    fresh: bool
    age_seconds: float | None  # since it was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known(Generic[T]):
    value: T | None
    good_at: float | None  # when the question was asked
    trouble: str | None = None  # of a later question


class Cached(Generic[T]):
    """Asks again when the value is older than `keep_seconds`; keeps the last good one through failures."""

    def __init__(
        self,
        ask: Callable[[], T],
        *,
        keep_seconds: float,
        clock: Callable[[], float],
        late_seconds: float = float("inf"),
    ) -> None:
        """`clock` is monotonic, in seconds. A value that is older than `late_seconds` is not fresh, whatever became of the source."""
        self._ask = ask
        self._keep = keep_seconds
        self._late = late_seconds
        self._clock = clock
        self._asking = threading.Lock()
        self._tried = threading.Event()
        self._tried_at: float | None = None
        self._known: _Known[T] = _Known(value=None, good_at=None)  # as a whole, for who looks meanwhile

    def get(self, *, wait_seconds: float = 3.0) -> Answer[T]:
        """Return the newest answer; who finds somebody asking waits for that answer, not for one of its own."""
        now = self._clock()
        if self._due(now) and self._asking.acquire(timeout=wait_seconds):
            try:
                if self._due(now):
                    self._refresh(now)
            finally:
                self._asking.release()
        return self.last(now)

    def refresh(self) -> bool:
        """Ask now, after whoever asks; return whether the answer was good."""
        with self._asking:
            self._refresh(self._clock())
            return self._known.trouble is None

    @property
    def tried(self) -> bool:
        """Whether there was an answer or a failure."""
        return self._tried.is_set()

    @property
    def trouble(self) -> str | None:
        """Return why the last question got no answer; None: it got one, or there was none."""
        return self._known.trouble

    def first(self, wait_seconds: float) -> Answer[T]:
        """Return what is known; before anything was, wait for the first answer or failure."""
        self._tried.wait(wait_seconds)
        return self.last()

    def last(self, now: float | None = None) -> Answer[T]:
        """Return what is known, without asking."""
        now = self._clock() if now is None else now
        known = self._known
        age = None if known.good_at is None else max(0.0, now - known.good_at)
        fresh = age is not None and age <= self._late and known.trouble is None
        return Answer(value=known.value, fresh=fresh, age_seconds=age)

    def _due(self, now: float) -> bool:
        return self._tried_at is None or now - self._tried_at >= self._keep

    def _refresh(self, now: float) -> None:
        known = replace(self._known, trouble="a mistake of ours")
        try:
            known = _Known(value=self._ask(), good_at=now)
            self._tried_at = now
        except PortError as error:
            known = replace(known, trouble=repr(error))
            self._tried_at = now
        finally:
            self._known = known
            self._tried.set()
