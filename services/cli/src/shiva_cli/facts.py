"""A JSON object of the API, read without trust: what is missing or of another kind is None, never zero."""

from collections.abc import Mapping
from datetime import UTC, datetime


class Facts:
    """Read by kind."""

    __slots__ = ("body",)

    def __init__(self, body: object) -> None:
        """Anything but an object reads as an empty one."""
        self.body: Mapping[str, object] = body if isinstance(body, dict) else {}

    def __bool__(self) -> bool:
        """Whether there is anything to read."""
        return bool(self.body)

    def text(self, key: str) -> str | None:
        """Return a text."""
        value = self.body.get(key)
        return value if isinstance(value, str) else None

    def number(self, key: str) -> float | None:
        """Return a number."""
        value = self.body.get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def whole(self, key: str) -> int | None:
        """Return a number without what is behind its point."""
        value = self.number(key)
        return None if value is None else int(value)

    def flag(self, key: str) -> bool:
        """Return whether it is true."""
        return self.body.get(key) is True

    def time(self, key: str) -> datetime | None:
        """Return a moment, aware, in UTC."""
        try:
            at = datetime.fromisoformat(self.text(key) or "")
            return at.astimezone(UTC) if at.tzinfo else None
        except (ValueError, OverflowError):
            return None

    def of(self, key: str) -> "Facts":
        """Return an object within."""
        return Facts(self.body.get(key))

    def each(self, key: str) -> list["Facts"]:
        """Return the objects of a list."""
        value = self.body.get(key)
        return [Facts(one) for one in value] if isinstance(value, list) else []

    def texts(self, key: str) -> list[str]:
        """Return the texts of a list."""
        value = self.body.get(key)
        return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
