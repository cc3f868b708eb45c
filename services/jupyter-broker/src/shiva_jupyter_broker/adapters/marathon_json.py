"""Tolerant readers of what Marathon and Mesos answer: what is missing or of another type is empty or None. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]


def members(given: Json, name: str) -> Json:
    """Return the object called `name`, or an empty one."""
    found = given.get(name)
    return found if isinstance(found, dict) else {}


def objects(given: Json, name: str) -> list[Json]:
    """Return the objects in the array called `name`."""
    found = given.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def text(given: Json, name: str) -> str:
    """Return the string called `name`, or an empty one."""
    found = given.get(name)
    return found if isinstance(found, str) else ""


def number(given: Json, name: str) -> float | None:
    """Return the number called `name`."""
    found = given.get(name)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def moment(text: str) -> datetime | None:
    """Return the time that `text` says: "2026-11-23T09:10:00.123Z"."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
