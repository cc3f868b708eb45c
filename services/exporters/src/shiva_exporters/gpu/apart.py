"""GpuSource that reads in a process of its own, and replaces it: a driver may hang, crash, or be updated under it."""

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from shiva_exporters.gpu import wire
from shiva_exporters.gpu.source import GpuReadError, NoDriverError, Reading

log = logging.getLogger("shiva.exporters.gpu")

FAILED_ROUNDS = 3  # of the driver as a whole; then a new process, which loads the driver's library anew
LONGEST_PAUSE_SECONDS = 30.0
MOST_LEFT_BEHIND = 1  # killed and still there, for the driver holds them; with more of them no other is started

Process = subprocess.Popen[bytes]


def start(command: Sequence[str]) -> Process:
    """Start a reader; in a group of its own, for Ctrl-C is for the exporter."""
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, process_group=0)


def reader(proc_dir: Path) -> list[str]:
    """Return the command of the process that reads; -P: nothing that lies in the current folder is loaded."""
    return [sys.executable, "-P", "-m", "shiva_exporters.gpu.reader", str(proc_dir)]


class Apart:
    """Asks one reader at a time. Readers end with the process that began them."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        hung_seconds: float,
        start: Callable[[Sequence[str]], Process] = start,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """A reader that does not answer for `hung_seconds` is killed; `steady` returns seconds that never go back."""
        self._command = command
        self._hung_seconds = hung_seconds
        self._start = start
        self._steady = steady
        self._reader: Process | None = None
        self._left: list[Process] = []  # killed, and not seen to be gone
        self._failed = 0  # rounds of this reader in a row
        self._replaced = 0  # readers in a row, none with a good round
        self._not_before = 0.0

    def read(self) -> Reading:
        """Return one reading, or raise, after `hung_seconds` at most; see `GpuSource.read`."""
        if self._reader is None:
            self._reader = self._next()
        told = self._asked(self._reader)
        if isinstance(told, GpuReadError):
            self._failed += 1
            if self._failed == FAILED_ROUNDS:
                self._end(self._reader, str(told))
            raise told
        self._failed = self._replaced = 0
        if isinstance(told, NoDriverError):
            raise told
        return told

    def _asked(self, reader: Process) -> wire.Answer:
        assert reader.stdin is not None and reader.stdout is not None  # noqa: S101  # `start` makes them pipes
        try:
            return wire.ask(reader.stdin.fileno(), reader.stdout.fileno(), seconds=self._hung_seconds)
        except TimeoutError as error:
            why = f"the driver did not answer for {self._hung_seconds:g} seconds"
            self._end(reader, why)
            raise GpuReadError(why) from error
        except (OSError, EOFError) as error:
            with suppress(subprocess.TimeoutExpired):
                reader.wait(1)
            why = f"the reader of the driver ended by itself with status {reader.returncode}"
            self._end(reader, why)
            raise GpuReadError(why) from error

    def _end(self, reader: Process, why: str) -> None:
        """End a reader for good. The more of them in a row, the later comes the next."""
        if not self._replaced:
            log.warning("the reader of the driver is replaced", extra={"reader": reader.pid, "cause": why})
        reader.kill()
        for pipe in (reader.stdin, reader.stdout):
            if pipe is not None:
                pipe.close()
        self._left.append(reader)
        self._not_before = self._steady() + min(LONGEST_PAUSE_SECONDS, 2.0**self._replaced)
        self._reader, self._failed, self._replaced = None, 0, self._replaced + 1

    def _next(self) -> Process:
        self._left = [each for each in self._left if each.poll() is None]
        if len(self._left) > MOST_LEFT_BEHIND:
            raise GpuReadError("the driver holds readers that were killed; another one would be held as well")
        if self._steady() < self._not_before:
            raise GpuReadError("the reader of the driver is started again soon")
        return self._start(self._command)
