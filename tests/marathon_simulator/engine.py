"""What the simulated agents need from whatever runs containers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tests.marathon_simulator.rules.policy import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One task, as an agent is told to run it."""

    task_id: str
    container: str  # the container is called mesos-<container>
    app: App
    hostname: str
    address: str  # where the machine is reached
    ports: tuple[int, ...]  # on the host, one per mapping or definition
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A status update of Mesos."""

    task_id: str
    state: str  # TASK_STARTING, TASK_RUNNING, TASK_FINISHED, TASK_FAILED, TASK_KILLED, …
    message: str = ""
    address: str | None = None  # the container's IP
    reason: str = ""


Report = Callable[[Status], None]


class Engine(Protocol):
    """Runs tasks on machines, by their hostnames. Every method returns soon; what happens is told to `report`."""

    def open(self, report: Report) -> None:
        """Begin; `report` may be called from any thread."""

    def launch(self, order: Order) -> None:
        """Begin to run a task."""

    def kill(self, task_id: str, grace: float) -> None:
        """End a task: ask, and after `grace` seconds force. Reports TASK_KILLED; what is unknown is not reported."""

    def lives(self, hostname: str) -> Mapping[str, Status]:
        """Return, by task id, the state of every task that the machine knows, ended ones included."""

    def probe(self, order: Order, check: Mapping[str, Any], port: int) -> str | None:
        """Run a MESOS_* or COMMAND health check inside; return what failed, None when all is well. May block."""

    def output(self, task_id: str, stream: str) -> bytes:
        """Return the sandbox's `stdout` or `stderr`."""

    def strike(self, task_id: str, code: int, *, oom: bool = False) -> None:
        """Let the container end by itself with that exit code (a fault that a test asks for)."""

    def runs(self) -> Sequence[Sequence[str]]:
        """Return the arguments of every `docker run` so far."""

    def close(self) -> None:
        """End, with everything that runs."""
