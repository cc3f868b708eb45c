"""Jupyter's `GET api/shiva/activity`: which programs run beside the kernels, which Jupyter itself does not tell.

A terminal's programs are every process of its session but its shell: in the foreground, stopped, or started with `&` or `nohup`.
What a person left running elsewhere (`tmux`, `setsid`, a terminal that was closed) is told by when the newest of it began.

And the door's script in each page of JupyterLab, which tells the person when the container is gone.
"""

import json
import os
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FunctionLoader
from jupyter_server.base.handlers import APIHandler
from tornado import web

TAB = '<script src="/-/assets/tab.js"></script>'  # first of all: it sees every socket
LAUNCH_MARK = "SHIVA_LAUNCH_ID"  # where people share one user and one /proc, each of a person's processes has it


class Process(NamedTuple):
    """What /proc tells of one."""

    pid: int
    parent: int
    session: int  # the pid of its first process
    began: float  # seconds since 1970


def processes() -> Sequence[Process]:
    """Return those that live."""
    found, booted = [], time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue  # it has ended
        if fields[0] not in {b"Z", b"X"}:
            began = booted + int(fields[19]) / os.sysconf("SC_CLK_TCK")
            found.append(Process(pid=int(name), parent=int(fields[1]), session=int(fields[3]), began=began))
    return found


def lineage(pid: int, parents: Mapping[int, int]) -> Iterator[int]:
    """Yield a process and its ancestors."""
    for _ in range(len(parents) + 1):
        yield pid
        if pid not in parents:
            return
        pid = parents[pid]


def is_persons(pid: int) -> bool:
    """Return whether a process is of the person whose server this is."""
    launch = os.environ.get(LAUNCH_MARK)
    try:
        if launch is not None:
            return f"{LAUNCH_MARK}={launch}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        return os.stat(f"/proc/{pid}").st_uid == os.getuid()
    except OSError:
        return False  # somebody else's, or it has ended


def left_running(living: Sequence[Process], *, terminals: Collection[int], kernels: Collection[int]) -> float | None:
    """Return when the newest of the person's programs began that are no terminal's and no kernel's; None: there is none."""
    parents = {each.pid: each.parent for each in living}
    servers = set(lineage(os.getpid(), parents))
    began = (
        each.began
        for each in living
        if each.pid not in servers
        and each.session not in terminals
        and not any(pid in kernels for pid in lineage(each.pid, parents))
        and is_persons(each.pid)
    )
    return max(began, default=None)


def kernel_pids(manager: Any) -> set[int]:
    """Return the first process of each kernel; what is not known to be a kernel is a program."""
    every = (manager.get_kernel(each).provisioner for each in manager.list_kernel_ids())
    return {pid for each in every if (pid := getattr(each, "pid", None)) is not None}


def is_shell(pid: int, command: Sequence[str]) -> bool:
    """Return whether a terminal's first process still is what it was started as, not what `exec` put in its place."""
    program = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    return program in {os.path.realpath(path) for each in command if (path := shutil.which(each))}


def busy(first: int, command: Sequence[str], living: Iterable[Process]) -> tuple[bool, float | None]:
    """Return whether a program runs, and when the newest began; None where that is not known."""
    try:
        if not is_shell(first, command):
            return True, None
    except OSError:
        return True, None  # somebody else's by now
    began = [each.began for each in living if each.session == first and each.pid != first]
    return bool(began), max(began, default=None)


class Activity(APIHandler):
    """Being asked is no use of the server."""

    _track_activity = False

    @web.authenticated
    def get(self) -> None:
        """Answer `{"terminals": [{"busy", "busy_since", "last_activity"}], "left_running_since"}`."""
        manager: Any = self.settings.get("terminal_manager")
        there, living = dict(manager.terminals) if manager else {}, processes()
        told = []
        for each in there.values():
            runs, began = busy(each.ptyproc.pid, each.ptyproc.argv, living)
            told.append({"busy": runs, "busy_since": moment(began), "last_activity": each.last_activity.isoformat()})
        terminals, kernels = {each.ptyproc.pid for each in there.values()}, kernel_pids(self.kernel_manager)
        left = moment(left_running(living, terminals=terminals, kernels=kernels))
        self.finish(json.dumps({"terminals": told, "left_running_since": left}))


def moment(at: float | None) -> str | None:
    """Write a time down."""
    return None if at is None else datetime.fromtimestamp(at).astimezone().isoformat()


def watch_tabs(environment: Environment) -> None:
    """Put the door's script into each page that is made from JupyterLab's templates."""
    if (given := environment.loader) is None:
        return

    def page(name: str) -> tuple[str, str | None, Any]:
        source, path, fresh = given.get_source(environment, name)
        return source.replace("<head>", f"<head>{TAB}", 1), path, fresh

    environment.loader = FunctionLoader(page)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    app.web_app.add_handlers(".*$", [(f"{app.base_url}api/shiva/activity", Activity)])
    if (pages := app.web_app.settings.get("lab_jinja2_env")) is not None:
        watch_tabs(pages)
