"""Launcher without Docker: one JupyterLab process a container, on this machine. For `make run` and tests.

Its labels are files (`process_records`). A container survives a broker's restart, because it has a session of its own, and
is found again by pid and the kernel's start time. Everybody's container runs as the same operating system user: it keeps
people apart at the door, not on the machine.
"""

import json
import logging
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from shiva_jupyter_broker.adapters import jupyter_settings, processes
from shiva_jupyter_broker.adapters.files import write_atomically
from shiva_jupyter_broker.adapters.process_records import Record, Records
from shiva_jupyter_broker.domain import logs
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerSpec,
    ContainerState,
    Endpoint,
    ImageRef,
    LaunchId,
    MachineName,
    MachineState,
)
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, LaunchRefusedError

log = logging.getLogger("shiva.jupyter_broker.local_process")


LOG_TAIL_LINES = 20
LOG_BYTES = 2 * 2**20  # that are read at most; as much as the other engines keep


class ProcessLauncher:
    """Launcher over processes of this machine."""

    name = "process"

    def __init__(
        self, state: Path, *, machines: Sequence[MachineName] = (), demo: bool = False, kernel_idle_timeout: int = 0
    ) -> None:
        """Take up what an earlier broker left under `state`: running containers, and stops that were under way.

        `machines` are all names of this machine; `kernel_idle_timeout` is seconds, 0 for never.
        """
        self._machines = dict.fromkeys(machines, MachineState(imageless=True))
        self._demo = demo
        self._kernel_idle_timeout = kernel_idle_timeout
        self._records = Records(state / "containers")
        self._children: dict[LaunchId, subprocess.Popen[bytes]] = {}  # ours to reap, and to ask for an exit status
        self._lock = threading.Lock()
        for record in self._read_all():
            if record.pid is None:
                self._adopt(record)
            if record.stopping:
                self._in_background(self._end, record, grace=timedelta(0))

    def launch(self, spec: ContainerSpec) -> None:
        """Start JupyterLab for `spec`; see `Launcher.launch`."""
        try:
            if not self._records.claim(spec):
                existing = self._records.read(spec.id)
                if existing is None or existing.spec != spec:
                    raise LaunchRefusedError(f"another container is called {spec.id}")
                return
            self._start(spec)
        except (OSError, ValueError, psutil.Error) as error:
            self._end(Record(spec=spec), grace=timedelta(0))  # nothing runs without a record or without limits
            raise LaunchRefusedError(f"the process cannot be started: {error}") from error

    def stop(self, launch: LaunchId, *, grace: timedelta, keep: bool = False) -> None:
        """End it in the background; see `Launcher.stop`."""
        before = next((each for each in self._read_all() if each.spec.launch_id == launch), None)
        if before is None:
            return
        if keep:
            self._in_background(self._end_processes, before, grace=grace)
            return
        try:
            record = self._records.mark_stopping(before.spec.id)
        except (OSError, ValueError) as error:
            raise LauncherUnavailableError(f"stopping {before.spec.id}") from error
        if record is None:
            return
        if self._first(record) is None and not processes.marked(launch):
            self._drop(record)
        elif not before.stopping:
            self._in_background(self._end, record, grace=grace)

    def containers(self) -> Sequence[Container]:
        """Return every container by its record and its process; see `Launcher.containers`."""
        return [self._observed(record) for record in self._read_all()]

    def machines(self) -> Mapping[MachineName, MachineState]:
        """Return that it answers, as long as the broker does, and has whatever is on offer."""
        return self._machines

    def settle(self) -> None:
        """Nothing is left half done that `__init__` and the threads of `stop` do not see to."""

    def pull(self, reference: ImageRef, machine: MachineName) -> None:
        """Nothing has to be fetched: a notebook is this machine's own Python."""

    def log(self, launch: LaunchId, *, lines: int) -> logs.Log:
        """Return the end of its file; see `Launcher.log`."""
        record = next((each for each in self._read_all() if each.spec.launch_id == launch), None)
        return logs.Log() if record is None else self._log(record, lines)

    def _read_all(self) -> list[Record]:
        try:
            return list(self._records.all())
        except (OSError, ValueError) as error:
            raise LauncherUnavailableError("the records of the containers cannot be read") from error

    def _start(self, spec: ContainerSpec) -> None:
        folder = self._records.folder(spec.id)
        config, runtime = folder / "jupyter_server_config.json", folder / "runtime"
        runtime.mkdir(mode=0o700)
        settings = jupyter_settings.configuration(
            spec, port=_free_port(), kernel_idle_timeout=self._kernel_idle_timeout
        )
        write_atomically(config, json.dumps(settings))
        started_at = time.time()
        with (folder / "jupyter.log").open("wb") as output:
            child = subprocess.Popen(
                jupyter_settings.arguments(config),
                env=jupyter_settings.environment(spec, runtime=runtime, ours=os.environ, demo=self._demo),
                cwd=spec.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        with self._lock:
            self._children[spec.launch_id] = child
        processes.limit(child.pid, spec.limits)
        created = psutil.Process(child.pid).create_time()
        self._records.write(Record(spec=spec, pid=child.pid, created=created, started_at=started_at))

    def _adopt(self, record: Record) -> None:
        """Complete a record whose broker ended before it wrote the pid; drop it where no process came of it."""
        found = processes.marked(record.spec.launch_id)
        if not found:
            self._drop(record)
            return
        processes.limit(found[0].pid, record.spec.limits)
        created = found[0].create_time()
        self._records.write(replace(record, pid=found[0].pid, created=created, started_at=created))

    def _observed(self, record: Record) -> Container:
        spec = record.spec
        state, reason = self._state(record)
        started = None if record.started_at is None else datetime.fromtimestamp(record.started_at, UTC)
        return replace(
            Container.of(spec, state, reason),
            started_at=started,
            endpoint=self._endpoint(record) if state is ContainerState.BOOTING else None,
            log_tail=self._log(record, LOG_TAIL_LINES).lines if state is ContainerState.FAILED else (),
        )

    def _state(self, record: Record) -> tuple[ContainerState, str | None]:
        status = self._exit_status(record.spec.launch_id)
        if record.stopping:
            return ContainerState.STOPPING, None
        if record.pid is None:
            return ContainerState.PENDING, None
        if processes.living(record.spec.launch_id, record.pid, record.created) is not None:
            return ContainerState.BOOTING, None
        how = "by itself" if status is None else f"with exit status {status}"
        return ContainerState.FAILED, f"Jupyter ended {how}. The files in the home are safe; start it again."

    def _exit_status(self, launch: LaunchId) -> int | None:
        """Return the status of a child of ours that ended, and reap it."""
        with self._lock:
            child = self._children.get(launch)
        return None if child is None else child.poll()

    def _endpoint(self, record: Record) -> Endpoint | None:
        """Return where Jupyter says it listens: it writes that once it does."""
        path = self._records.folder(record.spec.id) / "runtime" / f"jpserver-{record.pid}.json"
        try:
            return Endpoint(host="127.0.0.1", port=int(json.loads(path.read_text(encoding="utf-8"))["port"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _log(self, record: Record, lines: int) -> logs.Log:
        try:
            with (self._records.folder(record.spec.id) / "jupyter.log").open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(-min(LOG_BYTES, size), os.SEEK_END)
                return logs.last(file.read(LOG_BYTES), lines, cut=size > LOG_BYTES)
        except OSError:
            return logs.Log()

    @staticmethod
    def _in_background(end: Callable[..., None], record: Record, *, grace: timedelta) -> None:
        threading.Thread(target=end, args=(record,), kwargs={"grace": grace}, daemon=True).start()

    def _end_processes(self, record: Record, *, grace: timedelta) -> None:
        processes.end(record.spec.launch_id, first=self._first(record), grace_seconds=grace.total_seconds())

    def _end(self, record: Record, *, grace: timedelta) -> None:
        self._end_processes(record, grace=grace)
        self._drop(record)
        log.info("container ended", extra={"container": record.spec.id})

    def _first(self, record: Record) -> psutil.Process | None:
        """Return its Jupyter: by its record, or by our own hand on it where no pid was recorded."""
        with self._lock:
            child = self._children.get(record.spec.launch_id)
        if record.pid is None and child is not None and child.poll() is None:
            return psutil.Process(child.pid)
        return processes.living(record.spec.launch_id, record.pid, record.created)

    def _drop(self, record: Record) -> None:
        """Forget a container whose processes have ended."""
        self._exit_status(record.spec.launch_id)
        with self._lock:
            self._children.pop(record.spec.launch_id, None)
        self._records.remove(record.spec.id, record.spec.launch_id)


def _free_port() -> int:
    """Ask the kernel for a free port. Should somebody take it before Jupyter does, Jupyter tries others."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
