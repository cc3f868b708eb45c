"""A thread that waits serves nobody: so only so many wait for the same thing, and whoever comes then is told so at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """Places to wait in; may be used by many threads."""

    def __init__(self, most: int) -> None:
        """Let `most` wait at once."""
        self._free = threading.BoundedSemaphore(most)

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Hold a place inside; False: none is free, do not wait."""
        got = self._free.acquire(blocking=False)
        try:
            yield got
        finally:
            if got:
                self._free.release()
