"""The log of what happened, in memory: looked for when somebody asks, at most once a second."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shiva_manager_api.cached import Cached
from shiva_manager_api.domain import events
from shiva_manager_api.domain.events import Event, Kind
from shiva_manager_api.domain.idle_state import IdleState
from shiva_manager_api.domain.ports import BrokerUnavailableError, Container

LOOK_SECONDS = 1.0
FIRST_SECONDS = 3.0  # for somebody else's first look
KEPT = 5000

Mark = tuple[Kind, datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What can be seen at one moment."""

    containers: Sequence[Container]
    idle: IdleState
    machines: Mapping[str, str]  # name → state word


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to read."""

    reader: str | None  # a person: own events and everybody's; None: all
    after: str | None = None
    container: str | None = None
    limit: int = 100

    def wants(self, event: Event) -> bool:
        """Whether it is for them to read, and asked for."""
        return self.container in {None, event.container_id} and (
            self.reader is None or event.owner in {None, self.reader}
        )


class EventLog:
    """Events in order. An id is `<boot>-<n>`, both of fixed width: ids sort as text, also those of different boots."""

    def __init__(
        self, sight: Callable[[], Sight], *, clock: Callable[[], float], now: Callable[[], datetime]
    ) -> None:  # fmt: skip
        """`sight` raises a PortError where it cannot be seen; `clock` is monotonic, in seconds; `now` is aware."""
        self._sight = sight
        self._now = now
        self._boot = f"{int(now().timestamp() * 1000):012x}"
        self._count = 0
        self._events: deque[Event] = deque(maxlen=KEPT)
        self._reading = threading.Lock()
        self._told: dict[str, set[Mark]] = {}  # launch → what was told of it
        self._there: dict[str, Container] = {}  # launch → as last seen
        self._machines: Mapping[str, str] = {}
        self._looks = Cached(self._look, keep_seconds=LOOK_SECONDS, clock=clock)

    def read(self, asked: Asked) -> tuple[list[Event], str]:
        """Return events, oldest first, and the id after which to go on: of the newest that is known, or of the last one here
        where there are more.

        Raises:
            BrokerUnavailableError: nobody could look since the start; later, what was seen before is told.
        """
        wait = 0.0 if self._looks.last().value else FIRST_SECONDS  # what was seen a second ago is good enough
        if self._looks.get(wait_seconds=wait).value is None:
            raise BrokerUnavailableError("nothing was seen yet")
        with self._reading:
            known = list(self._events)
            last = f"{self._boot}-{self._count:010d}"
        found = [each for each in known if asked.wants(each) and each.id > (asked.after or "")]
        if asked.after is None:
            return found[-asked.limit :], last
        page = found[: asked.limit]
        return page, page[-1].id if len(page) < len(found) else last

    def _look(self) -> bool:
        sight, now = self._sight(), self._now()
        there = {each["launch_id"]: each for each in sight.containers}
        fresh: list[Event] = []
        for launch_id, each in there.items():
            fresh += self._untold(launch_id, events.of_container(each, now=now))
        where = {each["id"]: each["machine"] for each in sight.containers}
        for launch_id, warning in events.of_warnings(sight.idle, where):
            if launch_id in there:
                fresh += self._untold(launch_id, [warning])
        fresh += [events.ended(self._there[gone], now=now) for gone in self._there.keys() - there.keys()]
        fresh += events.of_machines(self._machines, sight.machines, now=now)
        self._there, self._machines = there, sight.machines
        self._told = {launch_id: self._told[launch_id] for launch_id in there if launch_id in self._told}
        with self._reading:
            for event in sorted(fresh, key=lambda each: each.at):
                self._count += 1
                self._events.append(replace(event, id=f"{self._boot}-{self._count:010d}"))
        return True

    def _untold(self, launch_id: str, told: Iterable[Event]) -> list[Event]:
        """Return what is new of a launch. Its state now, where no time is kept of it, is told once and not at each look."""
        known = self._told.setdefault(launch_id, set())
        fresh = []
        for event in told:
            mark = (event.kind, event.at if event.timed else None)
            if mark not in known:
                known.add(mark)
                fresh.append(event)
        return fresh
