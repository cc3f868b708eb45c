"""What a killed run left behind: the supervisor and services of its folder, never its notebooks."""

import contextlib
import time
from pathlib import Path

import psutil
from shiva_jupyter_broker.adapters.jupyter_settings import LAUNCH_MARK

PATIENCE_SECONDS = 10.0


def end(folder: Path) -> int:
    """End the supervisor and the services that run from `folder`; return how many they were."""
    found = _running(folder)
    for signal in (psutil.Process.terminate, psutil.Process.kill):
        deadline = time.monotonic() + PATIENCE_SECONDS
        for process in _running(folder):
            with contextlib.suppress(psutil.Error):
                signal(process)
        while _running(folder) and time.monotonic() < deadline:
            time.sleep(0.1)
    return len(found)


def _running(folder: Path) -> list[psutil.Process]:
    """Return them, the supervisor first: it would start again what ends."""
    found = [process for process in psutil.process_iter() if _is_of(process, folder)]
    return sorted(found, key=lambda process: not _supervises(process, folder))


def _is_of(process: psutil.Process, folder: Path) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        if _supervises(process, folder):
            return True
        environment = process.environ()
        service = "SUPERVISOR_PROCESS_NAME" in environment and LAUNCH_MARK not in environment
        return service and process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE
    return False


def _supervises(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.cmdline()[-3:] == ["supervisor.supervisord", "-c", str(folder / "supervisord.conf")]
    except psutil.Error:
        return False
