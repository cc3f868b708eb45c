"""Times and ids as Marathon writes them."""

import uuid
from datetime import UTC, datetime, timedelta


def stamp(at: datetime) -> str:
    """Return milliseconds and a Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def now() -> str:
    """Return the time of now."""
    return stamp(datetime.now(UTC))


class Versions:
    """Timestamps that never repeat, because a version names a definition."""

    def __init__(self) -> None:
        """Begin before every time."""
        self._last = datetime.min.replace(tzinfo=UTC)

    def next(self) -> str:
        """Return the time of now, or a millisecond after the last one."""
        current = datetime.now(UTC)
        current = current.replace(microsecond=current.microsecond // 1000 * 1000)
        self._last = max(current, self._last + timedelta(milliseconds=1))
        return stamp(self._last)


def new_id() -> str:
    """Return a UUID."""
    return str(uuid.uuid4())


def absolute(path: str) -> str:
    """Return the canonical form of an app or group id: one leading slash, no doubles, "." and ".." resolved."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def parents(app_id: str) -> list[str]:
    """Return the ids of the groups around an app, outermost first, without the root."""
    parts = app_id.strip("/").split("/")[:-1]
    return ["/" + "/".join(parts[: count + 1]) for count in range(len(parts))]
