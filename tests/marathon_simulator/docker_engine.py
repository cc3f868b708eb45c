"""The engine that runs real containers, on one real Docker engine for each machine."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.marathon_simulator import probes
from tests.marathon_simulator.docker_tasks import DockerTask, docker
from tests.marathon_simulator.engine import Order, Report, Status

SIGNALS = {0: "TERM", 137: "KILL"}  # what lets the tests' images end with that status
OF_MESOS = "name=^mesos-"


@dataclass(slots=True)
class DockerEngine:
    """`machines`: by hostname, the address of its Docker engine. `sandboxes`: a folder that all of them see."""

    machines: Mapping[str, str]
    sandboxes: Path
    _tasks: dict[str, DockerTask] = field(default_factory=dict)
    _threads: list[threading.Thread] = field(default_factory=list)
    _report: Report = field(default=lambda _: None)

    def open(self, report: Report) -> None:
        """Begin, as agents do: containers of Mesos that they do not know are ended (--docker_kill_orphans)."""
        self._report = report
        self._remove_all()

    def close(self) -> None:
        """End every task and remove its container."""
        for task in list(self._tasks.values()):
            task.abandoned.set()
            self.kill(task.order.task_id, 0)
        for thread in self._threads:
            thread.join()
        self._remove_all()

    def _remove_all(self) -> None:
        for url in self.machines.values():
            if containers := docker(url, "ps", "-aq", "--filter", OF_MESOS).stdout.split():
                docker(url, "rm", "--force", "--volumes", *containers)

    def launch(self, order: Order) -> None:
        """Begin to run a task."""
        sandbox = self.sandboxes / order.container
        task = DockerTask(order, self.machines[order.hostname], sandbox, self._report)
        self._tasks[order.task_id] = task
        self._begin(task.run)

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="mesos-executor", daemon=True)
        self._threads.append(thread)
        thread.start()

    def kill(self, task_id: str, grace: float) -> None:
        """End a task; one whose container does not run yet never begins."""
        task = self._tasks.get(task_id)
        if task is not None and not task.ended.is_set():
            task.killed.set()
            self._begin(lambda: task.stop(grace))

    def lives(self, hostname: str) -> Mapping[str, Status]:
        """Return what the executors of a machine know: they outlive their agent."""
        return {key: task.status() for key, task in list(self._tasks.items()) if task.order.hostname == hostname}

    def probe(self, order: Order, check: Mapping[str, Any], port: int) -> str | None:
        """Check from here as Marathon's leader does, or inside the container as an agent does."""
        task, kind = self._tasks[order.task_id], check["protocol"]
        if kind == "COMMAND":
            done = task.docker("exec", task.name, "/bin/sh", "-c", check["command"]["value"])
            return f"Command returned: exited with status {done.returncode}" if done.returncode else None
        if not kind.startswith("MESOS_"):
            return probes.probe(check, order.address, port)
        process = task.docker("inspect", "--format", "{{.State.Pid}}", task.name).stdout.strip()
        script = [sys.executable, "-I", probes.__file__, json.dumps(check), "127.0.0.1", str(port)]
        inside = ["nsenter", f"--net=/proc/{process or 0}/ns/net", *script]
        done = subprocess.run(inside, capture_output=True, text=True, check=False)
        return done.stderr.strip() if done.returncode else None

    def output(self, task_id: str, stream: str) -> bytes:
        """Return what `docker run` wrote: the container's output, and Docker's own complaints."""
        return (self._tasks[task_id].sandbox / stream).read_bytes()

    def strike(self, task_id: str, code: int, *, oom: bool = False) -> None:
        """Let the container end with status 0 or 137; any other is an image's own doing."""
        task = self._tasks[task_id]
        task.docker("kill", "--signal", SIGNALS[137 if oom else code], task.name)

    def runs(self) -> Sequence[Sequence[str]]:
        """Return the arguments of every `docker run`."""
        return [task.runs for task in list(self._tasks.values()) if task.runs]
