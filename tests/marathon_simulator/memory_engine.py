"""An engine without Docker: tasks that pull, start, run, end and answer health checks as a script says. Thousands of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.marathon_simulator.agenda import Agenda
from tests.marathon_simulator.docker_flags import refusal
from tests.marathon_simulator.docker_run import arguments
from tests.marathon_simulator.engine import Order, Report, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How a task goes: seconds until each step; `exits` is an exit code after `runs` seconds, None for ever."""

    pulls: float = 0.0
    starts: float = 0.0
    runs: float = 0.0
    exits: int | None = None
    oom: bool = False
    dies: float = 0.0  # after being asked to end, up to the grace period
    unhealthy: str | None = None  # what its health checks say
    stdout: str = ""
    stderr: str = ""


Scripts = Callable[[Order], Script]


@dataclass(slots=True)
class _Task:
    order: Order
    script: Script
    state: str = "TASK_STAGING"
    message: str = ""
    stderr: str = ""
    address: str = ""

    @property
    def over(self) -> bool:
        return self.state in ("TASK_FINISHED", "TASK_FAILED", "TASK_KILLED")

    def status(self) -> Status:
        return Status(task_id=self.order.task_id, state=self.state, message=self.message, address=self.address or None)


@dataclass(slots=True)
class MemoryEngine:
    """Runs nothing. `script` may be replaced at any time; it counts for tasks that begin later."""

    script: Scripts = field(default=lambda _: Script())
    _tasks: dict[str, _Task] = field(default_factory=dict)
    _runs: list[list[str]] = field(default_factory=list)
    _agenda: Agenda = field(default_factory=Agenda)
    _report: Report = field(default=lambda _: None)

    def open(self, report: Report) -> None:
        """Begin."""
        self._report = report
        self._agenda.start()

    def close(self) -> None:
        """End; nothing moves any more."""
        self._agenda.close()

    def launch(self, order: Order) -> None:
        """Follow the script from its beginning."""
        script = self.script(order)
        task = self._tasks[order.task_id] = _Task(order, script, stderr=script.stderr)
        self._runs.append(arguments(order))
        refused = refusal(order.app["container"]["docker"]["parameters"])
        if refused:
            task.stderr = refused
            self._agenda.after(script.pulls, lambda: self._end(task, "TASK_FAILED", "Container exited with status 125"))
            return
        self._agenda.after(script.pulls, lambda: self._start(task))

    def _start(self, task: _Task) -> None:
        self._move(task, "TASK_STARTING")
        self._agenda.after(task.script.starts, lambda: self._run(task))

    def _run(self, task: _Task) -> None:
        number = len(self._tasks)
        task.address = f"172.17.{number // 250 % 250}.{number % 250 + 2}"
        self._move(task, "TASK_RUNNING")
        if task.script.exits is not None:
            self._agenda.after(
                task.script.runs, lambda: self.strike(task.order.task_id, task.script.exits or 0, oom=task.script.oom)
            )

    def _move(self, task: _Task, state: str) -> None:
        if not task.over:
            task.state = state
            self._report(task.status())

    def _end(self, task: _Task, state: str, message: str) -> None:
        if not task.over:
            task.state, task.message = state, message
            self._report(task.status())

    def strike(self, task_id: str, code: int, *, oom: bool = False) -> None:
        """Let the task end by itself."""
        code = 137 if oom else code
        state = "TASK_FAILED" if code else "TASK_FINISHED"
        self._end(self._tasks[task_id], state, f"Container exited with status {code}")

    def kill(self, task_id: str, grace: float) -> None:
        """End the task after the script's time to die, or the grace period."""
        task = self._tasks.get(task_id)
        if task is not None and not task.over:
            self._agenda.after(
                min(task.script.dies, grace), lambda: self._end(task, "TASK_KILLED", "Container exited with status 143")
            )

    def lives(self, hostname: str) -> Mapping[str, Status]:
        """Return what the machine knows."""
        return {key: task.status() for key, task in list(self._tasks.items()) if task.order.hostname == hostname}

    def probe(self, order: Order, check: Mapping[str, Any], port: int) -> str | None:
        """Answer as the script says."""
        del check, port
        task = self._tasks.get(order.task_id)
        return "no such container" if task is None or task.over else task.script.unhealthy

    def ail(self, task_id: str, reason: str | None) -> None:
        """Let a task fail its health checks from now on, or pass them again."""
        task = self._tasks[task_id]
        task.script = replace(task.script, unhealthy=reason)

    def output(self, task_id: str, stream: str) -> bytes:
        """Return what the script wrote."""
        task = self._tasks[task_id]
        return (task.stderr if stream == "stderr" else task.script.stdout).encode()

    def runs(self) -> Sequence[Sequence[str]]:
        """Return the arguments of every `docker run`."""
        return list(self._runs)
