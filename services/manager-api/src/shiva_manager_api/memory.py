"""How a process of many threads and large answers keeps its memory small and its threads fair. Measured by `make bench-manager`."""

import ctypes
import gc
import sys

M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # of malloc.h
ARENAS = 2
LARGE_BYTES = 2**20
# A thousand machines are half a million objects for each round of numbers, none of them in a cycle: looking for one took a third of the time.
SELDOM = (50_000, 20, 50)
SWITCH_SECONDS = 0.001


def before_threads() -> None:
    """Let threads share their heaps, and what is large go back at once: else each thread keeps what the largest answer took.

    Where the C library has no such switch, nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, ARENAS)
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def when_built() -> None:
    """Leave alone what is there for good, look for cycles more seldom, and let no thread keep the interpreter for long."""
    gc.freeze()
    gc.set_threshold(*SELDOM)
    sys.setswitchinterval(SWITCH_SECONDS)
