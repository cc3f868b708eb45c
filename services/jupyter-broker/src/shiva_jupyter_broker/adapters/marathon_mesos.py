"""What Mesos tells beside Marathon: which machines it reaches, and what a container wrote. Optional, and never in the way."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shiva_jupyter_broker.adapters.marathon_http import Addresses, Patience, RefusedError, UnansweredError, read
from shiva_jupyter_broker.adapters.marathon_json import Json, members, number, objects, text
from shiva_jupyter_broker.domain import logs
from shiva_jupyter_broker.domain.containers import MachineName

log = logging.getLogger("shiva.jupyter_broker.mesos")

LOG_TAIL_LINES = 20
LOG_BYTES = 64 * 2**10  # an agent gives no more at once
BRIEF = Patience(total_seconds=5.0, attempt_seconds=2.0)
PID = re.compile(r"@(\[[0-9a-fA-F:]+\]|[0-9.]+):(\d+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A machine as Mesos knows it."""

    id: str
    url: str | None  # of the agent itself, where what containers wrote can be read
    away_since: datetime | None = None  # when it was first missing
    missed: int = 0  # in how many lists in a row
    warnings: tuple[str, ...] = ()

    @property
    def away(self) -> bool:
        """Whether two lists in a row lacked it."""
        return self.missed > 1


class Mesos:
    """The master under several addresses; only the leading one answers itself."""

    def __init__(self, addresses: Addresses, clock: Callable[[], datetime]) -> None:
        """Begin without having seen a machine."""
        self._addresses = addresses
        self._clock = clock
        self.agents: Mapping[str, Agent] | None = None  # by host name; None before the first look

    def look(self) -> None:
        """Look at the list of agents; where there is none now, what was seen last stays."""
        attempts = replace(BRIEF, attempts=len(self._addresses.in_order()))
        try:
            answer = self._addresses.ask(lambda address, seconds: self._get(f"{address}/slaves", seconds), attempts)
        except (UnansweredError, RefusedError) as error:
            log.info("Mesos does not tell of its machines", extra={"why": str(error)})
            return
        after_failover = objects(answer, "recovered_slaves")  # which a new master knows of, and waits for
        present = [each for each in objects(answer, "slaves") if each.get("active") is not False] + after_failover
        listed = {text(each, "hostname"): _agent(each) for each in present}
        now = self._clock()
        missing = {
            host: replace(agent, missed=agent.missed + 1, away_since=agent.away_since or now)
            for host, agent in (self.agents or {}).items()
            if host not in listed
        }
        self.agents = listed | missing

    def away(self) -> frozenset[MachineName]:
        """Return the machines that Mesos reached before and misses now."""
        return frozenset(MachineName(host) for host, agent in (self.agents or {}).items() if agent.away)

    def log_tail(self, framework: str, task: Json) -> tuple[str, ...]:
        """Return the last lines that a task wrote; none where they cannot be read."""
        told = self.log(framework, task, LOG_TAIL_LINES)
        return () if told is None else told.lines

    def log(self, framework: str, task: Json, lines: int) -> logs.Log | None:
        """Return the last lines that a task wrote, read now; None where its agent does not give them, or not any more."""
        agents = [agent for agent in (self.agents or {}).values() if agent.id == text(task, "slaveId")]
        task_id = text(task, "id") or text(task, "taskId")
        if not agents or agents[0].url is None or not framework:
            return None
        path = f"/frameworks/{framework}/executors/{task_id}/runs/latest/stderr"
        try:
            return self._tail(agents[0].url, path, lines)
        except (UnansweredError, RefusedError) as error:
            log.info("what a container wrote cannot be read", extra={"task": task_id, "why": str(error)})
            return None

    def _tail(self, agent: str, path: str, lines: int) -> logs.Log:
        end = number(self._get(f"{agent}/files/read", BRIEF.attempt_seconds, path=path, offset="-1"), "offset") or 0
        start = max(0, int(end) - LOG_BYTES)
        query = {"path": path, "offset": str(start), "length": str(LOG_BYTES)}
        written = text(self._get(f"{agent}/files/read", BRIEF.attempt_seconds, **query), "data")
        return logs.last(written.encode(errors="replace"), lines, cut=start > 0)

    def _get(self, url: str, seconds: float, **query: str) -> Json:
        found: object = read(self._addresses.session.request("GET", url, params=query, timeout=seconds), json.loads)
        if not isinstance(found, dict) or ("slaves" not in found and url.endswith("/slaves")):
            raise UnansweredError(f"{url}: an answer that is not Mesos'")
        return found


def _agent(given: Json) -> Agent:
    place = PID.search(text(given, "pid"))
    host = text(given, "hostname")
    draining = bool(members(given, "drain_info")) or given.get("deactivated") is True
    warning = f"Mesos drains {host}: nothing new starts there, and what runs there is ended."
    return Agent(
        id=text(given, "id"),
        url=f"http://{place[1]}:{place[2]}" if place else None,
        warnings=(warning,) if draining else (),
    )
