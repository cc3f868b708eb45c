"""What Marathon and Mesos show → the state of each machine. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from shiva_jupyter_broker.adapters import labels, marathon_failures
from shiva_jupyter_broker.adapters.marathon_app import PULL, App
from shiva_jupyter_broker.adapters.marathon_json import members, text
from shiva_jupyter_broker.adapters.marathon_mesos import Agent
from shiva_jupyter_broker.adapters.marathon_state import kept, living, over, suspended, unreachable
from shiva_jupyter_broker.domain.containers import ImageRef, MachineName, MachineState, Pull


def states(
    machines: Iterable[MachineName],
    apps: Sequence[App],
    *,
    agents: Mapping[str, Agent] | None,
    silent_since: datetime | None,
    away_since: Mapping[MachineName, datetime],
) -> Mapping[MachineName, MachineState]:
    """Return the state of each of `machines`; `agents` by host name, where Mesos' master is asked at all.

    Without Mesos a machine is away while a task on it is unreachable, which `away_since` notes.
    """
    pulls: dict[str, dict[ImageRef, Pull]] = {}
    running: dict[str, set[ImageRef]] = {}
    for app in apps:
        if any(text(task, "state") == "TASK_RUNNING" for task in living(app)):
            running.setdefault(_machine(app), set()).add(ImageRef(text(members(app, "labels"), labels.IMAGE_REF)))
        if (pull := _pull(app)) is not None:
            pulls.setdefault(_machine(app), {})[ImageRef(text(members(app, "labels"), PULL))] = pull
    found = {}
    for name in machines:
        agent = None if agents is None else agents.get(name)
        since = away_since.get(name) if agents is None else _missing_since(agent)
        found[name] = MachineState(
            reachable=since is None and (agents is None or agent is not None),
            since=since,
            running=frozenset(running.get(name, ())),
            pulls=pulls.get(name, {}),
            warnings=_warnings(agent, silent_since),
        )
    return found


def away(apps: Iterable[App]) -> frozenset[MachineName]:
    """Return the machines on which a task is unreachable and none runs."""
    known = list(apps)
    if not (lost := {_machine(app) for app in known if unreachable(app)}):
        return frozenset()
    runs = {_machine(app) for app in known if any(text(task, "state") == "TASK_RUNNING" for task in living(app))}
    return frozenset(MachineName(name) for name in lost - runs)


def _missing_since(agent: Agent | None) -> datetime | None:
    return agent.away_since if agent is not None and agent.away else None


def _warnings(agent: Agent | None, silent_since: datetime | None) -> tuple[str, ...]:
    said = list(agent.warnings) if agent is not None else []
    if silent_since is not None:
        said.append(f"Marathon has not answered since {silent_since:%H:%M:%S} UTC; what is shown is as of then.")
    return tuple(said)


def _pull(app: App) -> Pull | None:
    """Return how far an app that fetches an image is; None once it is done, or for another app."""
    if PULL not in members(app, "labels"):
        return None
    if not suspended(app):
        return Pull(done_bytes=None, total_bytes=None)
    if not (over(app) and kept(app)):
        return None
    why = marathon_failures.sentence(app, machine=_machine(app), memory_bytes=0)
    return Pull(done_bytes=None, total_bytes=None, error=why)


def _machine(app: App) -> str:
    return text(members(app, "labels"), "shiva.machine")
