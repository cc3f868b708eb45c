"""Tolerant readers of what Marathon and Mesos answer: what is missing or of another type is empty or None. Pure."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]

NEXT = re.compile(r"\s*(,|\]\s*\}\s*\Z)\s*")
DECODER = json.JSONDecoder()


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


def listed(document: str, name: str) -> Any:
    """Return the array called `name`, of a document that holds nothing else, item by item.

    A list of thousands takes half a second to read, during which no other thread would get its turn.

    Raises:
        ValueError: that is no JSON, or no object with such a member.
    """
    head = re.match(rf'\s*\{{\s*"{name}"\s*:\s*\[\s*(?=\{{)', document)
    position, items = head.end() if head else 0, []
    while head:
        item, position = DECODER.raw_decode(document, position)
        items.append(item)
        if (after := NEXT.match(document, position)) is None:
            break
        if after[1] != ",":
            return items
        position = after.end()
    whole = json.loads(document)
    if not isinstance(whole, dict):
        raise ValueError(f"no object with {name}")
    return whole.get(name)
