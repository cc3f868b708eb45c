"""How many may wait at once for somebody who may not answer: whoever cannot be served soon is told so at once.

A thread that waits serves nobody. Without this, a broker that stands still would hold all of them, and with them the pages that need
no broker.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REST_SECONDS = 1.0  # after a question that was not answered in time


class ImpatientError(Exception):
    """Nobody waits any more: too many do already, or the last one waited in vain."""


class Patience:
    """For one source; may be used by many threads."""

    def __init__(self, *, most_waiting: int, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self._most = most_waiting
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting = 0
        self._silent = False
        self._probe_at = 0.0

    @contextmanager
    def waiting(self, seconds: float) -> Iterator[None]:
        """Wait inside, `seconds` at most, and raise TimeoutError when that was in vain.

        Raises:
            ImpatientError: there is no waiting now.
        """
        with self._lock:
            now = self._clock()
            if self._waiting >= self._most or (self._silent and now < self._probe_at):
                raise ImpatientError("it does not answer in time, and others wait already")
            self._probe_at = now + seconds + REST_SECONDS  # one tries, and only then another one
            self._waiting += 1
        silent = False
        try:
            yield
        except TimeoutError:
            silent = True
            raise
        finally:
            with self._lock:
                self._waiting -= 1
                self._silent = silent
                self._probe_at = self._clock() + REST_SECONDS
