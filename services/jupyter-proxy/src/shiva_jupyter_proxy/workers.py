"""Several processes on one port: started together, ended together, and one that dies is started again."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

log = logging.getLogger("shiva.jupyter_proxy.workers")

MIN_LIFE_SECONDS = 1.0  # a worker that dies younger is started again after this long


def reserved(host: str, port: int) -> socket.socket:
    """Return a socket that holds the address for workers to share; OSError when somebody listens there.

    A second door would be let in silently by SO_REUSEPORT, so the address is asked for alone first.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as alone:
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind((host, port))
    held = socket.socket(family)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind((host, port))
    return held


class Workers:
    """The parent of the processes; it serves nobody itself."""

    def __init__(self, count: int, serve: Callable[[int], None]) -> None:
        """Each of `count` processes calls `serve` with its number, from 0."""
        self._count = count
        self._serve = serve
        self._pids: dict[int, tuple[int, float]] = {}  # pid → number, and when it was started
        self._ending = False

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, and until every worker has ended then."""
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: self._end())
        for number in range(self._count):
            self._start(number)
        while self._pids:
            pid, status = os.wait()
            number, born = self._pids.pop(pid)
            if not self._ending:
                log.error("a worker ended", extra={"worker": number, "status": os.waitstatus_to_exitcode(status)})
                time.sleep(max(0.0, born + MIN_LIFE_SECONDS - time.monotonic()))
                self._start(number)

    def _start(self, number: int) -> None:
        if self._ending:
            return
        if pid := os.fork():
            self._pids[pid] = (number, time.monotonic())
            return
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
        status = 1
        try:
            self._serve(number)
            status = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _end(self) -> None:
        self._ending = True
        for pid in self._pids:
            os.kill(pid, signal.SIGTERM)
