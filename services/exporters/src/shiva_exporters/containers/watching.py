"""Reads in the background what each launch uses: a scrape never waits for a process that hangs."""

import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from shiva_exporters.containers.cgroups import Cgroups, Use
from shiva_exporters.gpu.attribution import Owners, container_of

log = logging.getLogger("shiva.exporters.containers")

FRESH_INTERVALS = 3  # older rounds are not shown
TICKS = os.sysconf("SC_CLK_TCK")  # of /proc/PID/stat, in a second
MEMORY = (b"RssAnon:", b"RssShmem:")  # of /proc/PID/status: not the files that are mapped, which others have as well

Process = tuple[int, int]  # pid and start: a pid alone comes again
Uses = Mapping[str, Use]  # by launch


@dataclass(slots=True)
class _Counted:
    """The processes of a launch in no container, whose ends take their seconds along."""

    total: float = 0.0  # since we watch
    seconds: dict[Process, float] | None = None  # of the last round; None: there was none

    def add(self, now: dict[Process, float]) -> float:
        """Return the total, with what was done since the last round."""
        if self.seconds is not None:
            self.total += sum(max(0.0, each - self.seconds.get(who, 0.0)) for who, each in now.items())
        self.seconds = now
        return self.total


@dataclass(slots=True)
class Watching:
    """Keeps one round fresh."""

    owners: Owners
    cgroups: Cgroups
    proc: Path  # the machine's own /proc
    interval_seconds: float
    steady: Callable[[], float] = time.monotonic
    _counted: dict[str, _Counted] = field(default_factory=dict)
    _last: tuple[float, Uses] | None = None  # when, and what

    def start(self) -> None:
        """Watch from now on, in a thread of its own."""
        threading.Thread(target=self._run, name="containers", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                self.round()
            except Exception:  # a mistake of ours in one round is none in the next
                log.exception("a round broke off")
            time.sleep(self.interval_seconds)

    def round(self) -> None:
        """Take one round."""
        found: dict[str, list[int]] = {}
        for pid, owner in self.owners.of(self._pids()).items():
            if owner.launch_id is not None:
                found.setdefault(owner.launch_id, []).append(pid)
        self._counted = {launch: self._counted.get(launch, _Counted()) for launch in found}
        uses = {launch: use for launch, pids in found.items() if (use := self._use(launch, pids)) is not None}
        self._last = self.steady(), uses

    def latest(self) -> Uses | None:
        """Return the last round; None where it is old, or there is none yet."""
        if self._last is None or self.steady() - self._last[0] > FRESH_INTERVALS * self.interval_seconds:
            return None
        return self._last[1]

    def _pids(self) -> Collection[int]:
        return [int(name) for name in os.listdir(self.proc) if name.isdecimal()]

    def _use(self, launch: str, pids: Collection[int]) -> Use | None:
        """Return what the engine's container of these uses, or where there is none they themselves."""
        for pid in pids:
            with suppress(OSError):
                cgroup = self._read(pid, "cgroup")
                return self.cgroups.use(cgroup) if container_of(cgroup) else self._of_processes(launch, pids)
        return None  # all of them ended meanwhile

    def _of_processes(self, launch: str, pids: Collection[int]) -> Use:
        memory, seconds = 0, {}
        for pid in pids:
            with suppress(OSError, ValueError, IndexError):  # it ended meanwhile
                fields = self._read(pid, "stat").rpartition(b")")[2].split()
                seconds[pid, int(fields[19])] = (int(fields[11]) + int(fields[12])) / TICKS
                memory += self._resident(pid)
        return Use(memory_used_bytes=memory, cpu_seconds=self._counted[launch].add(seconds))

    def _resident(self, pid: int) -> int:
        lines = (line.split() for line in self._read(pid, "status").splitlines())
        return sum(int(words[1]) * 1024 for words in lines if words and words[0] in MEMORY)

    def _read(self, pid: int, name: str) -> bytes:
        return (self.proc / str(pid) / name).read_bytes()
