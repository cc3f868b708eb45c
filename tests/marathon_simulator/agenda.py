"""The simulator's one thread of its own: calls what is due."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable

Call = Callable[[], None]


class Agenda:
    """Calls in order of their time. A call must not block."""

    def __init__(self) -> None:
        """Begin with nothing to do; `start` begins to do it."""
        self._heap: list[tuple[float, int, Call]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="marathon-agenda", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def after(self, seconds: float, call: Call) -> None:
        """Call once, so many seconds from now."""
        with self._changed:
            heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._order), call))
            self._changed.notify()

    def close(self) -> None:
        """End; what is not due yet never happens."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while call := self._next():
            call()

    def _next(self) -> Call | None:
        with self._changed:
            while not self._ended:
                wait = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(wait)
            return None
