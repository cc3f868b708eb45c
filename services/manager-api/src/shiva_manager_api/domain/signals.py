"""From a broker's container and the readings around it to what the idle rule judges. Pure."""

from datetime import datetime

from shiva_manager_api.domain.attendance import Access, Attendance, Jupyter, Record
from shiva_manager_api.domain.gpu_history import GpuHistory, activity
from shiva_manager_api.domain.idle_policy import Rule
from shiva_manager_api.domain.ports import Container


def attendance(
    container: Container,
    *,
    read_at: datetime,
    rule: Rule,
    history: GpuHistory | None,
    jupyter: Jupyter | None,
    keep_until: datetime | None,
    record: Record,
) -> Attendance:
    """Return what is known of a running container; `read_at` is when the broker told of it."""
    gpus = container["gpus"]
    return Attendance(
        name=container["name"],
        gpus=len(gpus),
        started_at=moment(container["started_at"]),
        gpu=activity(history, container["launch_id"], gpus, busy_ratio=rule.gpu_busy_ratio),
        jupyter=jupyter,
        access=_access(container, read_at),
        keep_until=keep_until,
        record=record,
    )


def jupyter(raw: Container) -> Jupyter:
    """Read the broker's answer; KeyError, TypeError or ValueError where it is none."""
    read_at = moment(raw["read_at"])
    busy = raw["busy"]
    if read_at is None or not isinstance(busy, int) or isinstance(busy, bool) or busy < 0:
        raise ValueError("busy or read_at")
    return Jupyter(
        read_at=read_at,
        busy=busy,
        busy_since=moment(raw["busy_since"]),
        last_activity_at=moment(raw["last_activity_at"]),
    )


def moment(text: str | None) -> datetime | None:
    """Read RFC 3339; ValueError for a time without a zone."""
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at


def _access(container: Container, read_at: datetime) -> Access | None:
    """Nobody came: since it was ready. A broker that lost its journal has seen nothing before it found it ready again."""
    seen_since = moment(container["last_access_at"]) or moment(container["ready_at"])
    return None if seen_since is None else Access(read_at=read_at, last_at=seen_since)
