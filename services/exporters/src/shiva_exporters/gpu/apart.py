"""GpuSource that reads in a process of its own, and replaces it: a driver may hang, crash, or be updated under it."""

import logging
import pickle
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from shiva_exporters.gpu.counted import Counted
from shiva_exporters.gpu.source import GpuReadError, NoDriverError, Reading

log = logging.getLogger("shiva.exporters.gpu")

FAILED_ROUNDS = 3  # of the driver as a whole; then a new process, which loads the driver's library anew
LONGEST_PAUSE_SECONDS = 30.0
FIRST_ANSWER = 2  # times as long: a driver that nobody used wakes each card first
MOST_LEFT_BEHIND = 1  # killed and still there, for the driver holds them; with more of them no other is started


class Process(Protocol):
    """What we need of a Popen."""

    pid: int
    returncode: int | None

    def kill(self) -> None:
        """Ask the kernel to end it."""

    def poll(self) -> int | None:
        """Return its status once it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Return its status when it has ended; subprocess.TimeoutExpired when it did not in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A process that reads."""

    process: Process
    line: socket.socket  # a byte asks, a pickle answers: it is our own program, so that a pickle is as good as its code

    def ask(self, *, seconds: float) -> Reading | NoDriverError | GpuReadError:
        """Return its answer, waiting for so long.

        Raises:
            TimeoutError: it did not come in time.
            Exception: there is nobody to answer, or what came is no answer.
        """
        self.line.settimeout(seconds)
        self.line.sendall(b"?")
        with self.line.makefile("rb") as answers:
            told: Reading | NoDriverError | GpuReadError = pickle.load(answers)  # noqa: S301  # see above
            return told

    def end(self) -> None:
        """End it for good; it may take until the driver lets go of it."""
        self.process.kill()
        self.line.close()


def start(command: Sequence[str]) -> Reader:
    """Start one; in a group of its own, for Ctrl-C is for the exporter."""
    line, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=theirs.fileno(), process_group=0)
    return Reader(process=process, line=line)


def command(proc_dir: Path) -> list[str]:
    """Return what to run; -P: nothing that lies in the current folder is loaded."""
    return [sys.executable, "-P", "-m", "shiva_exporters.gpu.reader", str(proc_dir)]


class Apart:
    """Asks one reader at a time. Readers end with the process that began them."""

    def __init__(
        self,
        start: Callable[[], Reader],
        *,
        hung_seconds: float,
        pause: float = 1.0,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what starts a reader.

        `hung_seconds` without an answer end a reader. `pause` is seconds until the next, doubled while none has a good round;
        `steady` returns seconds that never go back.
        """
        self._start = start
        self._hung_seconds = hung_seconds
        self._pause = self._first_pause = pause
        self._steady = steady
        self._reader: Reader | None = None
        self._left: list[Reader] = []  # killed, and not seen to be gone
        self._answered = False  # this reader
        self._failed = 0  # rounds of this reader in a row
        self._not_before = 0.0
        self._counted = Counted()

    def read(self) -> Reading:
        """Return one reading, or raise, after twice `hung_seconds` at most; see `GpuSource.read`."""
        if self._reader is None:
            self._reader = self._next()
        told = self._asked(self._reader)
        self._answered = True
        if isinstance(told, GpuReadError):
            self._failed += 1
            if self._failed == FAILED_ROUNDS:
                self._end(self._reader, str(told))
            raise told
        self._failed, self._pause = 0, self._first_pause
        if isinstance(told, NoDriverError):
            raise told
        return self._counted.with_earlier(told)

    def _asked(self, reader: Reader) -> Reading | NoDriverError | GpuReadError:
        try:
            return reader.ask(seconds=self._hung_seconds * (1 if self._answered else FIRST_ANSWER))
        except TimeoutError as error:
            raise self._end(reader, "the driver hangs") from error
        except Exception as error:
            with suppress(subprocess.TimeoutExpired):
                reader.process.wait(1)
            raise self._end(reader, f"it ended by itself, status {reader.process.returncode}") from error

    def _end(self, reader: Reader, why: str) -> GpuReadError:
        """End a reader. The more of them in a row without a good round, the later comes the next."""
        if self._pause == self._first_pause:  # the others say the same
            log.warning("the reader of the driver is replaced", extra={"reader": reader.process.pid, "cause": why})
        reader.end()
        self._left.append(reader)
        self._reader, self._answered, self._failed = None, False, 0
        self._counted.begin_anew()
        self._not_before = self._steady() + self._pause
        self._pause = min(LONGEST_PAUSE_SECONDS, self._pause * 2)
        return GpuReadError(why)

    def _next(self) -> Reader:
        self._left = [each for each in self._left if each.process.poll() is None]
        if len(self._left) > MOST_LEFT_BEHIND:
            raise GpuReadError("the driver holds readers that were killed; it would hold another one as well")
        if self._steady() < self._not_before:
            raise GpuReadError("the reader of the driver is started again soon")
        return self._start()
