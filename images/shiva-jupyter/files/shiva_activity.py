"""Jupyter's `GET api/shiva/activity`: in which terminals a program runs, which Jupyter itself does not tell.

A program is every process of a terminal's session but its shell: in the foreground, stopped, or started with `&` or `nohup`.
"""

import json
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado import web

Session = list[tuple[int, float]]  # pid, and when it began in seconds since 1970


def sessions() -> Mapping[int, Session]:
    """Return the living processes by session, whose number is the pid of its first process."""
    found, booted = defaultdict(list), time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue  # it has ended
        if fields[0] not in {b"Z", b"X"}:
            found[int(fields[3])].append((int(name), booted + int(fields[19]) / os.sysconf("SC_CLK_TCK")))
    return found


def is_shell(pid: int, command: Sequence[str]) -> bool:
    """Return whether a terminal's first process still is what it was started as, not what `exec` put in its place."""
    program = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    return program in {os.path.realpath(path) for each in command if (path := shutil.which(each))}


def busy(first: int, command: Sequence[str], session: Session) -> tuple[bool, float | None]:
    """Return whether a program runs, and when the newest began; None where that is not known."""
    try:
        if not is_shell(first, command):
            return True, None
    except OSError:
        return True, None  # somebody else's by now
    began = [at for pid, at in session if pid != first]
    return bool(began), max(began, default=None)


class Activity(APIHandler):
    """Being asked is no use of the server."""

    _track_activity = False

    @web.authenticated
    def get(self) -> None:
        """Answer `{"terminals": [{"busy", "busy_since", "last_activity"}]}`."""
        manager: Any = self.settings.get("terminal_manager")
        there, living = dict(manager.terminals) if manager else {}, sessions()
        told = []
        for each in there.values():
            runs, began = busy(each.ptyproc.pid, each.ptyproc.argv, living.get(each.ptyproc.pid, []))
            since = None if began is None else datetime.fromtimestamp(began).astimezone().isoformat()
            told.append({"busy": runs, "busy_since": since, "last_activity": each.last_activity.isoformat()})
        self.finish(json.dumps({"terminals": told}))


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    app.web_app.add_handlers(".*$", [(f"{app.base_url}api/shiva/activity", Activity)])
