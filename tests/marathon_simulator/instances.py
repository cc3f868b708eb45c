"""Instances of apps: what Marathon keeps about each task, and the indices to find them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.rules.policy import App
from tests.marathon_simulator.stamps import new_id, now


class Condition(StrEnum):
    """As instance_changed_event names them."""

    SCHEDULED = "Scheduled"
    PROVISIONED = "Provisioned"
    STAGING = "Staging"
    STARTING = "Starting"
    RUNNING = "Running"
    KILLING = "Killing"
    KILLED = "Killed"
    FINISHED = "Finished"
    FAILED = "Failed"
    ERROR = "Error"
    GONE = "Gone"
    DROPPED = "Dropped"
    UNREACHABLE = "Unreachable"
    UNREACHABLE_INACTIVE = "UnreachableInactive"


class Goal(StrEnum):
    """What shall become of an instance."""

    RUNNING = "Running"
    DECOMMISSIONED = "Decommissioned"


C = Condition
TERMINAL = frozenset({C.KILLED, C.FINISHED, C.FAILED, C.ERROR, C.GONE, C.DROPPED})
ACTIVE = frozenset({C.PROVISIONED, C.STAGING, C.STARTING, C.RUNNING, C.KILLING, C.UNREACHABLE})
LAUNCHED = ACTIVE | {C.UNREACHABLE_INACTIVE}
UNREACHABLE = frozenset({C.UNREACHABLE, C.UNREACHABLE_INACTIVE})
STATES = {C.PROVISIONED: "TASK_STAGING", C.UNREACHABLE_INACTIVE: "TASK_UNREACHABLE"}


@dataclass(slots=True)
class Instance:
    """One of an app's instances. `app` is the definition that its task was, or will be, started with."""

    app: App
    uuid: str = field(default_factory=new_id)
    condition: Condition = Condition.SCHEDULED
    goal: Goal = Goal.RUNNING
    incarnation: int = 0
    agent: Agent | None = None
    ports: list[int] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    staged_at: datetime | None = None
    started_at: str | None = None
    running_since: float | None = None  # monotonic
    health: dict[str, Any] | None = None
    since: str = field(default_factory=now)
    container: str = ""  # the id in the container's name, mesos-<id>
    killing: bool = False

    @property
    def app_id(self) -> str:
        """Return the app's id."""
        return str(self.app["id"])

    @property
    def id(self) -> str:
        """Return the instance id."""
        return f"{self.app_id.strip('/').replace('/', '_')}.instance-{self.uuid}"

    @property
    def task_id(self) -> str:
        """Return the id of the present task."""
        return f"{self.id}._app.{self.incarnation}"

    @property
    def state(self) -> str:
        """Return the task's state as Mesos calls it."""
        return STATES.get(self.condition, f"TASK_{self.condition.upper()}")

    @property
    def healthy(self) -> bool | None:
        """Return the result of the health checks; None without one."""
        return None if self.health is None else bool(self.health["alive"])

    @property
    def up(self) -> bool:
        """Return whether a deployment may count on it: running, and healthy where the app has checks."""
        return self.condition is C.RUNNING and (not self.app.get("healthChecks") or self.healthy is True)

    def provision(self, agent: Agent, ports: list[int]) -> None:
        """Place the next task."""
        self.incarnation += 1
        self.agent, self.ports, self.container = agent, ports, new_id()
        self.addresses, self.started_at, self.running_since, self.health, self.killing = [], None, None, None, False
        self.staged_at = datetime.now(UTC)
        self.condition = C.PROVISIONED


class Instances:
    """All of them, by app and by task."""

    def __init__(self) -> None:
        """Begin empty."""
        self._by_app: dict[str, dict[str, Instance]] = {}
        self._by_uuid: dict[str, Instance] = {}

    def __iter__(self) -> Iterator[Instance]:
        """Iterate over all."""
        return iter(list(self._by_uuid.values()))

    def add(self, instance: Instance) -> None:
        """Keep one more."""
        self._by_app.setdefault(instance.app_id, {})[instance.uuid] = instance
        self._by_uuid[instance.uuid] = instance

    def drop(self, instance: Instance) -> None:
        """Forget one."""
        self._by_uuid.pop(instance.uuid, None)
        of_app = self._by_app.get(instance.app_id, {})
        of_app.pop(instance.uuid, None)
        if not of_app:
            self._by_app.pop(instance.app_id, None)

    def of(self, app_id: str) -> list[Instance]:
        """Return those of one app."""
        return list(self._by_app.get(app_id, {}).values())

    def task(self, task_id: str) -> Instance | None:
        """Return the instance whose present task has that id."""
        uuid = task_id.partition(".instance-")[2].partition("._app.")[0]
        found = self._by_uuid.get(uuid)
        return found if found is not None and found.task_id == task_id else None

    def by_id(self, instance_id: str) -> Instance | None:
        """Return the instance of that instance id."""
        found = self._by_uuid.get(instance_id.partition(".instance-")[2])
        return found if found is not None and found.id == instance_id else None
