"""Processes of a container on this machine: find, limit and end them. By mark, not by parent: kernels outlive parents."""

import contextlib
import os
import resource
from pathlib import Path

import psutil

from shiva_jupyter_broker.adapters.jupyter_settings import LAUNCH_MARK
from shiva_jupyter_broker.domain.containers import LaunchId, Limits

CREATED_TOLERANCE_SECONDS = 2.0  # the kernel's boot time moves a little when the clock is set


def living(launch: LaunchId, pid: int | None, created: float | None) -> psutil.Process | None:
    """Return the process if it still is the one that was started then, and no zombie.

    Where its start seems to have moved, because the clock was set, its mark tells; one that has just begun has none yet.
    """
    if pid is None or created is None:
        return None
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) <= CREATED_TOLERANCE_SECONDS or _has_mark(process, launch)
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def marked(launch: LaunchId) -> list[psutil.Process]:
    """Return every living process that carries the mark of this launch, oldest first."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if _has_mark(process, launch) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return sorted(found, key=lambda each: each.create_time())


def _has_mark(process: psutil.Process, launch: LaunchId) -> bool:
    return process.environ().get(LAUNCH_MARK) == launch


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def limit(pid: int, limits: Limits) -> None:
    """Put what a bare process can carry of the limits on it; its children inherit them.

    Memory counts private data of each process, CPUs are an affinity. A number of processes and shared memory cannot be
    limited without a container engine.

    Raises:
        OSError, ValueError: a limit cannot be set.
    """
    resource.prlimit(pid, resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))
    resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
    cpus = sorted(os.sched_getaffinity(pid))
    first = pid % len(cpus)
    os.sched_setaffinity(pid, (cpus[first:] + cpus[:first])[: max(1, round(limits.cpus))])
    Path(f"/proc/{pid}/oom_score_adj").write_text("500", encoding="ascii")  # a runaway notebook ends before we do


def end(launch: LaunchId, *, first: psutil.Process | None, grace_seconds: float) -> None:
    """End a container's processes: Jupyter is asked first and takes its kernels along; what is left is killed."""
    if first is not None:
        with contextlib.suppress(psutil.Error):
            first.terminate()
        psutil.wait_procs([first], timeout=grace_seconds)
    left = marked(launch)
    if first is not None and _runs(first) and first not in left:
        left.append(first)  # a process that has only just begun does not show its mark yet
    while left:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=5)
        left = marked(launch)
