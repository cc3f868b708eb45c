"""A culler with everything around it in memory: a broker, GPUs and Jupyters that a test sets, and a clock that it moves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shiva_manager_api.culling import Culler
from shiva_manager_api.culling import World as Around
from shiva_manager_api.domain.attendance import Jupyter
from shiva_manager_api.domain.gpu_history import GpuHistory
from shiva_manager_api.domain.idle_policy import Policy
from shiva_manager_api.domain.idle_ports import Decision
from shiva_manager_api.domain.idle_state import IdleState
from shiva_manager_api.domain.ports import BrokerUnavailableError, Container, MetricsUnavailableError, PortError

from tests.fakes.manager_ports import container

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Book:
    """IdleBook in memory; raises `failure` while there is one."""

    state: IdleState = field(default_factory=IdleState)
    failure: PortError | None = None

    def read(self) -> IdleState:
        """Return it."""
        return self.state

    def update(self, change: Callable[[IdleState], IdleState]) -> None:
        """Change it."""
        if self.failure:
            raise self.failure
        self.state = change(self.state)


@dataclass
class Notes:
    """Decisions; a list."""

    notes: list[Decision] = field(default_factory=list)

    def note(self, decision: Decision) -> None:
        """Keep one."""
        self.notes.append(decision)

    def kinds(self, container_id: str = "ada--default") -> list[object]:
        """Return what was decided of one container."""
        return [each["kind"] for each in self.notes if each["container_id"] == container_id]


@dataclass
class IdleWorld:
    """One culler, and the world around it. Times are minutes after the start."""

    policy: Policy = field(default_factory=Policy)
    dry_run: bool = False
    now: datetime = START
    held: dict[str, dict[str, Any]] = field(default_factory=dict)  # by id
    busy: set[str] = field(default_factory=set)  # containers whose kernels work
    silent: set[str] = field(default_factory=set)  # whose Jupyter does not answer
    working: set[str] = field(default_factory=set)  # whose GPU works
    metrics_away: bool = False
    exporter_away: bool = False
    broker_away: bool = False
    refuses_stops: bool = False
    before_last_look: Callable[[], object] = lambda: None  # when the GPUs are asked a second time in a pass
    asked: list[str] = field(default_factory=list)  # Jupyters
    stopped: list[str] = field(default_factory=list)
    book: Book = field(default_factory=Book)
    log: Notes = field(default_factory=Notes)
    people: Notes = field(default_factory=Notes)
    _read_at: datetime | None = None
    _told: list[bool] = field(default_factory=lambda: [True])  # by minute since the start
    _seconds: dict[str, list[float]] = field(default_factory=dict)  # launch → what its counter was each minute

    def adds(self, owner: str = "ada", **changes: Any) -> dict[str, Any]:
        """Let a container have become ready a minute before now."""
        at = (self.now - MINUTE).isoformat()
        number = f"{len(self.held) + 1:032x}"
        made = container(owner, launch_id=number, gpus=[f"GPU-{owner}"], started_at=at, ready_at=at) | changes
        self.held[made["id"]] = made
        return made

    def culler(self) -> Culler:
        """Return a culler as after a restart."""
        around = Around(
            broker=self, gpus=Gpus(self), book=self.book, log=self.log, people=self.people,
            policy=lambda: self.policy, clock=lambda: self.now,
        )  # fmt: skip
        return Culler(around, dry_run=self.dry_run, lasting=3 * MINUTE)

    def passes(self, minutes: int) -> None:
        """Let so many minutes go by with a pass after each."""
        for _ in range(minutes):
            self.minute()
            self.culler().run()

    def minute(self) -> None:
        """Let one minute go by, and note what GPUs did in it."""
        self.now += MINUTE
        self._told.append(not self.exporter_away)
        for each in self.held.values():
            counted = self._seconds.setdefault(each["launch_id"], [0.0] * (len(self._told) - 1))
            counted.append(counted[-1] + 60.0 * (each["id"] in self.working))

    def containers(self) -> Sequence[Container]:
        """Return every container."""
        if self.broker_away:
            raise BrokerUnavailableError
        return [dict(each) for each in self.held.values()]

    def container(self, container_id: str) -> Container:
        """Return one."""
        if self.broker_away or container_id not in self.held:
            raise BrokerUnavailableError
        return self.held[container_id]

    def activity(self, container_id: str) -> Jupyter:
        """Return what its Jupyter does now."""
        self.asked.append(container_id)
        if container_id in self.silent:
            raise BrokerUnavailableError
        busy = container_id in self.busy
        return Jupyter(read_at=self.now, busy=int(busy), busy_since=self.now if busy else None)

    def stop(self, container_id: str, launch_id: str) -> None:
        """End one, if it is that launch."""
        if self.broker_away or self.refuses_stops:
            raise BrokerUnavailableError
        if self.held[container_id]["launch_id"] != launch_id:
            return
        self.stopped.append(container_id)
        self.held[container_id] |= {"state": "stopping"}


@dataclass
class Gpus:
    """GpuHistories of the world: a minute's counter has grown by a minute where the GPU worked."""

    world: IdleWorld

    def read(self, *, until: datetime, span: timedelta) -> GpuHistory:
        """Return the minutes of `span`."""
        world = self.world
        if world._read_at == until:
            world.before_last_look()
        world._read_at = until
        if world.metrics_away:
            raise MetricsUnavailableError
        points = span // MINUTE + 1
        told = [*[False] * points, *world._told[:-1], world._told[-1] and not world.exporter_away][-points:]
        seconds: dict[tuple[str, str], list[float | None]] = {}
        for each in world.held.values():
            counted = world._seconds.get(each["launch_id"], [0.0])
            latest = counted[-1] + 60.0 * (each["id"] in world.working)  # of now, which is later than the last minute
            values = [*[0.0] * points, *counted[:-1], latest][-points:]
            for uuid in each["gpus"]:
                seconds[each["launch_id"], uuid] = [
                    value if known else None for value, known in zip(values, told, strict=True)
                ]
        return GpuHistory(
            until=until, step=MINUTE, points=points, told={uuid: told for _, uuid in seconds}, unclear={},
            processes={key: [1.0 if known else None for known in told] for key in seconds}, seconds=seconds,
        )  # fmt: skip
