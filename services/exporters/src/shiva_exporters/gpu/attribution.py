"""Pid → whom it belongs to, by what the kernel tells in /proc.

What people can write decides nothing about a container: a cgroup's path is the engine's, and in a nest of engines the
outermost id is the machine's own. Which launch of Shiva a container is, and whether it is one at all, its mounts tell: the
broker mounts the launch's folder into it, and nobody inside may mount. The environment is theirs, so it counts in one place
only: for processes in no container whose user is the process launcher's, which nothing separates from one another anyway.
"""

import os
import pwd
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from shiva_exporters.gpu.source import GpuSource, Kind, Owner, Reading

ENGINE_ID = re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")
LAUNCH_MARK = b"SHIVA_LAUNCH_ID="  # the process launcher's, in the environment of all that it starts
LAUNCH_ID = re.compile(rb"[0-9a-f]{32}")
# The launch's folder at its place, in mountinfo, where spaces and line ends of a path are escaped.
HANDOVER = re.compile(
    rb"^\d+ \d+ \d+:\d+ [^ \n]*/\.shiva/launches/[^/ \n]+/([0-9a-f]{32})(?://deleted)? /run/shiva ", re.MULTILINE
)
MPS_SERVER = b"nvidia-cuda-mps"  # the kernel keeps 15 bytes of a name
MAX_FILE_BYTES = 1 << 20
MAX_ANCESTORS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stat:
    name: bytes
    state: bytes
    parent: int
    start: int  # clock ticks since boot; with the pid it names a process for good

    @property
    def dead(self) -> bool:
        return self.state in {b"Z", b"X"}


def stat(text: bytes) -> _Stat:
    """Read /proc/PID/stat, whose name may hold spaces, brackets and line ends; ValueError or IndexError for anything else."""
    head, _, tail = text.rpartition(b")")
    fields = tail.split()
    return _Stat(name=head.partition(b"(")[2], state=fields[0], parent=int(fields[1]), start=int(fields[19]))


def container_of(cgroup: bytes) -> str | None:
    """Return the outermost container of a /proc/PID/cgroup, as its engine calls it.

    Docker, containerd, CRI-O and Podman, cgroup v1 and v2, systemd or not, seen from inside a namespace or not: all of them
    put 64 hexadecimal digits into the path, and whoever is inside can add to its end only.
    """
    for line in cgroup.splitlines():
        found = ENGINE_ID.search(line.split(b":", 2)[-1])
        if found:
            return found[0].decode()
    return None


def launch_of(mountinfo: bytes) -> str | None:
    """Return the launch whose folder /proc/PID/mountinfo shows first at its place: what is mounted later stands below."""
    found = HANDOVER.search(mountinfo)
    return found[1].decode() if found else None


def user_name(uid: int) -> str:
    """Return the name of a user of this machine, or the number of one without."""
    try:
        return pwd.getpwuid(uid).pw_name.encode(errors="replace").decode()  # it need not be UTF-8, a label must
    except KeyError:
        return str(uid)


class Owners:
    """Finds owners, and keeps each as long as its process is asked for: what began in a container stays its."""

    def __init__(self, proc: Path, *, launcher_uid: int | None = None, names: Callable[[int], str] = user_name) -> None:
        """`proc` is the machine's /proc; `launcher_uid` is by default our own: launcher and exporter run as one user."""
        self._proc = proc
        self._launcher_uid = os.geteuid() if launcher_uid is None else launcher_uid
        self._names = names
        self._known: dict[tuple[int, int], Owner] = {}  # by pid and start: a pid alone comes again

    def of(self, pids: Collection[int]) -> dict[int, Owner]:
        """Return the owner of each that lives; a zombie that was seen alive still has one."""
        found, known = {}, {}
        for pid in pids:
            try:
                now = self._stat(pid)
                owner = self._known.get((pid, now.start)) or self._look(pid, now)
            except (OSError, ValueError, IndexError):
                continue  # it ended, or ends while we look
            if owner is not None:
                found[pid] = known[pid, now.start] = owner
        self._known = known
        return found

    def _look(self, pid: int, now: _Stat) -> Owner | None:
        engine_id = container_of(self._read(pid, "cgroup"))
        if now.dead and engine_id is None:
            return None  # its cgroup and its environment went with it
        owner = self._inside(pid, now, engine_id) if engine_id else self._outside(pid, now)
        if self._stat(pid).start != now.start:
            return None  # somebody else by now
        return owner

    def _inside(self, pid: int, now: _Stat, engine_id: str) -> Owner:
        """Go by the mounts of its oldest ancestor in the container that shows a launch.

        It may itself be in a root or a namespace of its own, and where engines are nested its engine is older.
        """
        launch = None
        for each in self._lineage(pid, now):
            if container_of(self._read(each, "cgroup")) != engine_id:
                break
            with suppress(OSError):  # a zombie shows none
                launch = launch_of(self._read(each, "mountinfo")) or launch
        inside, uid = self._status(pid)
        if launch is None:
            return Owner(kind=Kind.FOREIGN, engine_id=engine_id, user=self._names(uid), pid_inside=inside)
        return Owner(kind=Kind.CONTAINER, launch_id=launch, pid_inside=inside)

    def _outside(self, pid: int, now: _Stat) -> Owner:
        if now.name == MPS_SERVER:
            return Owner(kind=Kind.MPS)
        for each in self._lineage(pid, now):
            launch = self._mark(each)
            if launch is not None:
                return Owner(kind=Kind.CONTAINER, launch_id=launch, pid_inside=pid)
        return Owner(kind=Kind.HOST, user=self._names(self._status(pid)[1]))

    def _lineage(self, pid: int, now: _Stat) -> Iterator[int]:
        """Yield the process and its ancestors: one may have cleared its environment, or written over it."""
        for _ in range(MAX_ANCESTORS):
            yield pid
            pid = now.parent
            if pid <= 1:
                return
            now = self._stat(pid)

    def _mark(self, pid: int) -> str | None:
        if self._status(pid)[1] != self._launcher_uid:
            return None
        try:
            environment = self._read(pid, "environ")
        except PermissionError:
            return None  # of our user, but its program may not be looked at
        for line in environment.split(b"\0"):
            value = line.removeprefix(LAUNCH_MARK)
            if value != line and LAUNCH_ID.fullmatch(value):
                return value.decode()
        return None

    def _stat(self, pid: int) -> _Stat:
        return stat(self._read(pid, "stat"))

    def _status(self, pid: int) -> tuple[int | None, int]:
        """Return its pid in the innermost namespace, which kernels before 4.1 do not tell, and its real user."""
        lines = (line.split() for line in self._read(pid, "status").splitlines())
        fields = {words[0]: words[1:] for words in lines if words}
        inside = fields.get(b"NSpid:")
        return int(inside[-1]) if inside else None, int(fields[b"Uid:"][0])

    def _read(self, pid: int, name: str) -> bytes:
        with open(f"{self._proc}/{pid}/{name}", "rb") as file:  # a Path of each would cost as much as the rest
            return file.read(MAX_FILE_BYTES)


class Attributed:
    """A GpuSource whose readings know the owners."""

    def __init__(self, source: GpuSource, owners: Owners) -> None:
        """`source` reads the driver."""
        self._source = source
        self._owners = owners

    def read(self) -> Reading:
        """Return one reading; see `GpuSource.read`."""
        reading = self._source.read()
        pids = {process.pid for gpu in reading.gpus for process in gpu.processes or ()}
        return replace(reading, owners=self._owners.of(pids))
