"""What happened to containers and machines, worked out from what they tell of themselves. Pure.

A container names the times of its own life, so the same events come out of it whoever looks, and however late.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from shiva_manager_api.domain.idle_state import IdleState
from shiva_manager_api.domain.ports import Container


class Kind(StrEnum):
    """What can happen."""

    REQUESTED = "container.requested"
    PLACED = "container.placed"
    STARTED = "container.started"
    READY = "container.ready"
    FAILED = "container.failed"
    STOPPING = "container.stopping"
    LOST = "container.lost"
    ENDED = "container.ended"
    IDLE_WARNED = "container.idle-warned"
    MACHINE_STATE = "machine.state"


LATER = {"failed": Kind.FAILED, "stopping": Kind.STOPPING, "lost": Kind.LOST}  # of the broker's states


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. No owner: it concerns everybody."""

    kind: Kind
    at: datetime
    container_id: str | None = None
    owner: str | None = None
    machine: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    timed: bool = True  # False: nobody kept its time, `at` is when it was seen
    id: str = ""  # given by the log, in order


def of_container(told: Container, *, now: datetime) -> Iterator[Event]:
    """Yield what a container tells of its life; what has no time of its own is seen now."""
    requested, started, ready = (_moment(told[key]) for key in ("requested_at", "started_at", "ready_at"))
    if requested is not None:
        yield _event(Kind.REQUESTED, requested, told, image=told["image"], gpus=len(told["gpus"]))
        if (placed := told["phases"]["placed_seconds"]) is not None:
            yield _event(Kind.PLACED, requested + timedelta(seconds=placed), told, gpus=list(told["gpus"]))
    if started is not None:
        yield _event(Kind.STARTED, started, told)
    if ready is not None:
        yield _event(Kind.READY, ready, told, seconds=told["time_to_notebook_seconds"])
    yield from _later(told, now)


def _later(told: Container, now: datetime) -> Iterator[Event]:
    before, current = "", told["state"]
    for each in told["history"]:
        at = _moment(each["at"])
        if at is not None and each["state"] in LATER:
            yield _event(LATER[each["state"]], at, told, **_reason(told, each["state"]))
        elif at is not None and (before, each["state"]) == ("lost", "ready"):
            yield _event(Kind.READY, at, told, seconds=None)
        before = each["state"]
    if current in LATER and before != current:
        yield replace(_event(LATER[current], now, told, **_reason(told, current)), timed=False)


def _reason(told: Container, state: str) -> dict[str, object]:
    return {"reason": told["reason"]} if state == told["state"] == "failed" else {}


def _event(kind: Kind, at: datetime, told: Container, **facts: object) -> Event:
    return Event(
        kind=kind, at=at, container_id=told["id"], owner=told["owner"], machine=told["machine"], facts=facts
    )  # fmt: skip


def ended(told: Container, *, now: datetime) -> Event:
    """Return that a container is gone."""
    return _event(Kind.ENDED, now, told)


def of_warnings(idle: IdleState, machines: Mapping[str, str]) -> Iterator[tuple[str, Event]]:
    """Yield the warnings that people were given, each with its launch; none of a dry run. `machines` is by container."""
    for launch_id, kept in idle.launches.items() if not idle.dry_run else ():
        stop_at = None if kept.told is None or kept.told.stop_at is None else kept.told.stop_at.isoformat()
        for step, at in enumerate((kept.record.first_warned_at, kept.record.second_warned_at), start=1):
            if at is not None:
                yield launch_id, Event(
                    kind=Kind.IDLE_WARNED, at=at, container_id=kept.container_id, owner=kept.owner,
                    machine=machines.get(kept.container_id), facts={"step": step, "stop_at": stop_at},
                )  # fmt: skip


def of_machines(before: Mapping[str, str], after: Mapping[str, str], *, now: datetime) -> Iterator[Event]:
    """Yield which machines have another state word; one that is new or gone is no event."""
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            facts = {"state": after[name], "before": before[name]}
            yield Event(kind=Kind.MACHINE_STATE, at=now, machine=name, facts=facts)


def _moment(raw: Any) -> datetime | None:
    """Return a time of the broker; None: it tells none."""
    if raw is None:
        return None
    at = datetime.fromisoformat(raw)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
