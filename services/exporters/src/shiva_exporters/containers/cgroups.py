"""What the kernel counts for an engine's container, with cgroup v1, v2 or both."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shiva_exporters.gpu.attribution import ENGINE_ID

MAX_FILE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Of one launch; None: the kernel does not tell."""

    memory_used_bytes: int | None  # without files that were read once and could be forgotten at any time
    cpu_seconds: float | None  # counted up


class Cgroups:
    """Reads where the kernel shows them."""

    def __init__(self, root: Path) -> None:
        """`root` is the machine's own, most often /sys/fs/cgroup."""
        self._root = os.fsencode(root)

    def use(self, cgroup: bytes) -> Use:
        """Return what the outermost container of a /proc/PID/cgroup uses, all of it."""
        paths = _paths(cgroup)
        one, memory, cpu = (_of_the_engine(paths.get(name, b"")) for name in (b"", b"memory", b"cpuacct"))
        return Use(
            memory_used_bytes=self._memory(b"/memory" + memory, b"usage_in_bytes", b"total_inactive_file")
            if memory
            else self._memory(one, b"current", b"inactive_file"),
            cpu_seconds=self._number(b"/cpuacct" + cpu + b"/cpuacct.usage", 1e9)
            if cpu
            else self._fact(one + b"/cpu.stat", b"usage_usec", 1e6),
        )

    def _memory(self, folder: bytes, used: bytes, forgettable: bytes) -> int | None:
        whole = self._number(folder + b"/memory." + used, 1)
        files = self._fact(folder + b"/memory.stat", forgettable, 1)
        return None if whole is None or files is None else max(0, int(whole - files))

    def _number(self, path: bytes, unit: float) -> float | None:
        with suppress(OSError, ValueError):
            return int(self._read(path)) / unit
        return None

    def _fact(self, path: bytes, name: bytes, unit: float) -> float | None:
        with suppress(OSError, ValueError):
            for line in self._read(path).splitlines():
                key, _, value = line.partition(b" ")
                if key == name:
                    return int(value) / unit
        return None

    def _read(self, path: bytes) -> bytes:
        with open(self._root + path, "rb") as file:
            return file.read(MAX_FILE_BYTES)


def _paths(cgroup: bytes) -> Mapping[bytes, bytes]:
    """Return the path in each hierarchy of v1 by controller, and in that of v2 by the empty name."""
    found: dict[bytes, bytes] = {}
    for line in cgroup.splitlines():
        parts = line.split(b":", 2)
        if len(parts) == 3:
            found.update(dict.fromkeys(parts[1].split(b","), parts[2]))
    return found


def _of_the_engine(path: bytes) -> bytes:
    """Return the path up to the engine's own part; empty where there is none, or where it leads out of what we see."""
    found = ENGINE_ID.search(path)
    if found is None or b".." in path.split(b"/"):
        return b""
    end = path.find(b"/", found.end())
    return path if end < 0 else path[:end]
