"""Decisions as they are logged, told and counted. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from shiva_manager_api.domain.idle_ports import Decision
from shiva_manager_api.domain.idle_state import IdleState, Launch, Told
from shiva_manager_api.domain.idleness import Keep, Numbers, Stop, Verdict
from shiva_manager_api.domain.signals import moment

TOLD = {"warn", "again", "end"}  # to people


def kind_of(verdict: Verdict) -> str:
    """Return `keep`, `warn` (the first warning), `again` (the second) or `end`."""
    if isinstance(verdict, Keep):
        return "keep"
    return "end" if isinstance(verdict, Stop) else "warn" if verdict.step == 1 else "again"


def decision(
    launch_id: str, kept: Launch, told: Told, numbers: Numbers, *, kind: str, now: datetime, dry_run: bool
) -> Decision:
    """Return a verdict with all that it rests on."""
    return {
        "at": now.isoformat(), "kind": kind, "dry_run": dry_run, "container_id": kept.container_id, "launch_id": launch_id,
        "owner": kept.owner, "gpus": kept.gpus, "reason": told.reason, "sentence": told.sentence,
        "stop_at": _text(told.stop_at), "step": told.step, "idle_seconds": told.idle_seconds,
        "gpu_ratio": numbers.gpu_ratio, "gpu_coverage": numbers.gpu_coverage, "jupyter_busy": numbers.jupyter_busy,
        "jupyter_last_activity_at": _text(numbers.jupyter_last_activity_at),
        "last_access_at": _text(numbers.last_access_at),
    }  # fmt: skip


def reclaimed(kept: Launch, now: datetime) -> Decision:
    """Return for how long a dry run would have freed what a container held: until it was used again, or was gone."""
    return {
        "at": now.isoformat(), "kind": "reclaimed", "dry_run": True, "container_id": kept.container_id,
        "owner": kept.owner, "gpus": kept.gpus, "since": _text(kept.ending_at),
    }  # fmt: skip


@dataclass(slots=True)
class Line:
    """What the rule did to one person, or would have done."""

    warned: int = 0  # first and second warnings
    ended: int = 0
    would_have_ended: int = 0
    gpu_hours: float = 0.0  # that a dry run would have reclaimed


def report(decisions: Iterable[Mapping[str, Any]], state: IdleState, now: datetime) -> dict[str, Line]:
    """Return a line for each person of whom anything is kept, by name."""
    lines: dict[str, Line] = {}
    for each in decisions:
        line = lines.setdefault(str(each.get("owner")), Line())
        match each["kind"]:
            case "warn" | "again":
                line.warned += 1
            case "end" if each.get("dry_run"):
                line.would_have_ended += 1
            case "end":
                line.ended += 1
            case "reclaimed":
                line.gpu_hours += _gpu_hours(moment(each.get("since")), moment(each.get("at")), each.get("gpus", 0))
    for kept in state.launches.values() if state.dry_run else ():
        if kept.ending_at is not None:
            lines.setdefault(kept.owner, Line()).gpu_hours += _gpu_hours(kept.ending_at, now, kept.gpus)
    return dict(sorted(lines.items()))


def table(lines: Mapping[str, Line]) -> str:
    """Return the report as people read it."""
    width = max([len("everybody"), *map(len, lines)])
    total = Line(*(sum(column) for column in zip(*(asdict(line).values() for line in lines.values()), strict=True)))
    rows = [f"{'':{width}}{'warned':>8}{'ended':>8}{'would end':>11}{'GPU-hours':>11}"]
    rows += [
        f"{name:{width}}{line.warned:8}{line.ended:8}{line.would_have_ended:11}{line.gpu_hours:11.1f}"
        for name, line in [*lines.items(), ("everybody", total)]
    ]
    return "\n".join(rows)


def _gpu_hours(since: datetime | None, until: datetime | None, gpus: int) -> float:
    return 0.0 if since is None or until is None else max(0.0, (until - since).total_seconds()) / 3600 * gpus


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
