"""The control groups of one machine: every process of it is in there, so that none is ever left behind."""

import contextlib
import os
import signal
from functools import partial
from pathlib import Path

from tests.fakes.engines.shell import wait_for

ROOT = Path("/sys/fs/cgroup")


def _processes() -> Path:
    """Return the hierarchy that tells of processes: of version 1 that of `pids`, the only one in version 2."""
    return ROOT / "pids" if (ROOT / "pids").is_dir() else ROOT


def prepare(name: str) -> Path:
    """Make the group of a machine and return the file into which its daemon writes itself."""
    daemon = _processes() / name / "daemon"
    daemon.mkdir(parents=True, exist_ok=True)
    _most(name, "max")
    return daemon / "cgroup.procs"


def pids(name: str) -> list[int]:
    """Return every process of the machine: daemon, shims and containers."""
    found = []
    for path in (_processes() / name).rglob("cgroup.procs"):
        with contextlib.suppress(OSError):  # the group has just gone
            found += [int(pid) for pid in path.read_text(encoding="ascii").split()]
    return found


def kill(name: str) -> None:
    """End every process of the machine as a power cut does; return when they are gone."""
    _most(name, "0")  # nothing forks any more, not even a fork bomb

    def gone() -> bool:
        left = pids(name)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not left

    wait_for(gone, f"the processes of {name} end")


def named(pattern: str) -> set[str]:
    """Return the names of groups, in any hierarchy, that match."""
    return {path.name for path in (*ROOT.glob(pattern), *ROOT.glob(f"*/{pattern}"))}


def remove(name: str) -> None:
    """Remove the empty groups in every hierarchy."""
    for top in (ROOT / name, *ROOT.glob(f"*/{name}")):
        for path in sorted((each.parent for each in top.rglob("cgroup.procs")), reverse=True):
            wait_for(partial(_removed, path), f"{path} can be removed")


def _removed(path: Path) -> bool:
    with contextlib.suppress(OSError):
        path.rmdir()
    return not path.exists()


def _most(name: str, number: str) -> None:
    with contextlib.suppress(FileNotFoundError, PermissionError):  # no such group, or not a controller here
        (_processes() / name / "pids.max").write_text(number, encoding="ascii")
