"""An app as Marathon shows it → a container in the broker's words. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from shiva_jupyter_broker.adapters import marathon_failures, marathon_queue
from shiva_jupyter_broker.adapters.marathon_app import ENDED, KEPT, App
from shiva_jupyter_broker.adapters.marathon_json import Json, members, moment, number, objects, text
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerSpec,
    ContainerState,
    Endpoint,
    LaunchId,
    MachineName,
    Pull,
)

OVER = {
    "TASK_FINISHED",
    "TASK_FAILED",
    "TASK_KILLED",
    "TASK_ERROR",
    "TASK_GONE",
    "TASK_GONE_BY_OPERATOR",
    "TASK_DROPPED",
}
AWAY = {"TASK_UNREACHABLE", "TASK_UNKNOWN", "TASK_LOST"}
STAGING_MOMENT_SECONDS = 3.0  # staging for longer than that is fetching the image
INCARNATION = re.compile(r"\._app\.(\d+)$")

Seen = tuple[ContainerState, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What has to be known beside the apps."""

    now: datetime
    addresses: Mapping[str, str] = field(default_factory=dict)  # of machines, by the host name that Mesos knows
    away: frozenset[MachineName] = frozenset()  # machines that Mesos does not reach
    queue: Mapping[str, Json] = field(default_factory=dict)  # app id → item
    endings: Mapping[str, str] = field(
        default_factory=dict
    )  # app id → state in which an event said that its task ended
    log_tails: Mapping[LaunchId, tuple[str, ...]] = field(default_factory=dict)


def living(app: App) -> list[Json]:
    """Return the tasks of which something may still run."""
    return [task for task in objects(app, "tasks") if text(task, "state") not in OVER]


def unreachable(app: App) -> bool:
    """Return whether a task of it stands on a machine that does not answer."""
    return any(text(task, "state") in AWAY for task in objects(app, "tasks"))


def suspended(app: App) -> bool:
    """Return whether nothing of it shall run."""
    return number(app, "instances") == 0


def kept(app: App) -> bool:
    """Return whether it is shown after its end."""
    return text(members(app, "labels"), KEPT) == "true"


def over(app: App) -> bool:
    """Return whether nothing of it runs, and nothing is under way."""
    return suspended(app) and not living(app) and not objects(app, "deployments")


def ended_by_itself(app: App, around: Surroundings) -> str | None:
    """Return how its only task ended without our doing, as a value for the label `shiva.ended`; None while it has not."""
    if suspended(app):
        return None
    alive = living(app)
    if any(_incarnation(task) > 1 for task in alive):
        return marathon_failures.REPLACED
    if alive:
        return None
    states = {text(task, "state") for task in objects(app, "tasks")} | {around.endings.get(text(app, "id"), "")}
    if "TASK_FINISHED" in states:
        return marathon_failures.FINISHED
    if members(app, "lastTaskFailure"):
        return ""
    if states & OVER or _backing_off(around.queue.get(text(app, "id"), {})):
        return next((each for each in marathon_failures.BY_STATE if each in states), "")
    return None


def observed(app: App, spec: ContainerSpec, around: Surroundings) -> Container | None:
    """Return the container of `app`; None once nothing of it is left but the app."""
    if (seen := _seen(app, spec, around)) is None:
        return None
    state, reason = seen
    failed = state is ContainerState.FAILED
    alive = living(app)
    task: Json = alive[0] if alive else {}
    return replace(
        Container.of(spec, state, reason),
        started_at=moment(text(task, "startedAt")),
        ended_at=_ended_at(app) if failed else None,
        endpoint=_endpoint(task, around) if state is ContainerState.BOOTING else None,
        engine_id=text(task, "id") or None,
        log_tail=around.log_tails.get(spec.launch_id, ()) if failed else (),
        pull=Pull(done_bytes=None, total_bytes=None) if state is ContainerState.PULLING else None,
    )


def _seen(app: App, spec: ContainerSpec, around: Surroundings) -> Seen | None:
    alive = living(app)
    if unreachable(app) or (suspended(app) and not kept(app) and spec.machine in around.away):
        return ContainerState.LOST, _lost(app, spec)
    if suspended(app):
        return _stopped(app, spec)
    if (ending := ended_by_itself(app, around)) is not None:
        return ContainerState.STOPPING, _failure(_with_ending(app, ending), spec)
    if not alive:
        item = around.queue.get(text(app, "id"), {})
        return ContainerState.PENDING, marathon_queue.waiting(
            item, machine=spec.machine, now=around.now
        ) if item else None
    return _started(alive[0], around), None


def _stopped(app: App, spec: ContainerSpec) -> Seen | None:
    if not over(app):
        return ContainerState.STOPPING, None
    return (ContainerState.FAILED, _failure(app, spec)) if kept(app) else None


def _started(task: Json, around: Surroundings) -> ContainerState:
    if text(task, "state") in {"TASK_RUNNING", "TASK_STARTING"}:
        return ContainerState.BOOTING
    if text(task, "state") == "TASK_KILLING":
        return ContainerState.STOPPING
    staged = moment(text(task, "stagedAt"))
    pulling = staged is not None and (around.now - staged).total_seconds() > STAGING_MOMENT_SECONDS
    return ContainerState.PULLING if pulling else ContainerState.PENDING


def _lost(app: App, spec: ContainerSpec) -> str:
    if suspended(app):
        return f"{spec.machine} does not answer. What still runs there ends as soon as it is back; the files in the home are safe."
    return f"{spec.machine} does not answer. The files in the home are safe; wait for the machine, or start on another one."


def _failure(app: App, spec: ContainerSpec) -> str:
    return marathon_failures.sentence(app, machine=spec.machine, memory_bytes=spec.limits.memory_bytes)


def _with_ending(app: App, ending: str) -> App:
    return {**app, "labels": {**members(app, "labels"), ENDED: ending}}


def _ended_at(app: App) -> datetime | None:
    noted = moment(text(members(app, "lastTaskFailure"), "timestamp"))
    return noted or moment(text(members(app, "versionInfo"), "lastScalingAt"))


def _endpoint(task: Json, around: Surroundings) -> Endpoint | None:
    """Return where Jupyter's port was published; Marathon knows as soon as the task is placed."""
    host, ports = text(task, "host"), task.get("ports")
    if text(task, "state") != "TASK_RUNNING" or not host or not isinstance(ports, list) or not ports:
        return None
    return Endpoint(host=around.addresses.get(host, host), port=int(ports[0])) if isinstance(ports[0], int) else None


def _incarnation(task: Json) -> int:
    found = INCARNATION.search(text(task, "id"))
    return int(found[1]) if found else 1


def _backing_off(item: Json) -> bool:
    """Return whether Marathon waits before a relaunch: it does so only after an end."""
    delay = members(item, "delay")
    return delay.get("overdue") is False and (number(delay, "timeLeftSeconds") or 0) > 0
