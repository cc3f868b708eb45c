"""Commands with a time limit, conditions to wait for, and what a machine without the parts says."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable

SECONDS = 60.0
PARTS = {
    "dockerd": "docker.io", "docker": "docker.io", "iptables": "iptables", "ip": "iproute2",
    "nsenter": "util-linux", "ldd": "libc-bin",
}  # fmt: skip


class EngineError(Exception):
    """A machine of the tests did not do what was asked."""


def run(*command: str, given: str | None = None, seconds: float = SECONDS) -> str:
    """Run a command and return what it printed, stripped.

    Raises:
        EngineError: it failed, or took longer than `seconds`.
    """
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{command} took longer than {seconds} s") from error
    if done.returncode:
        raise EngineError(f"{command} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()


def wait_for(condition: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Return as soon as `condition` holds.

    Raises:
        EngineError: it did not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise EngineError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def missing(**parts: str) -> str:
    """Return what keeps this machine from running engines, and from what needs `parts` (command and package) beside them."""
    if os.geteuid() != 0:
        return "engines of the tests need root: they make network namespaces"
    absent = sorted({package for part, package in (PARTS | parts).items() if shutil.which(part) is None})
    if absent:
        return f"engines of the tests need {', '.join(absent)} (apt-get install {' '.join(absent)})"
    probe = f"shiva-probe-{os.getpid()}"
    try:
        run("ip", "netns", "add", probe)
        run("ip", "netns", "delete", probe)
    except EngineError as error:
        return f"network namespaces cannot be made here: {error}"
    return ""
