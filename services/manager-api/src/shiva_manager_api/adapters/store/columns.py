"""How our values stand in a column, the same in both databases."""

from dataclasses import Field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

from sqlalchemy import JSON, DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

from shiva_manager_api.domain.people import Scope


class Noun(Protocol):
    """A dataclass whose fields are the columns of a table."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def values(noun: Noun, *without: str) -> dict[str, Any]:
    """Return what to write of it."""
    return {each.name: getattr(noun, each.name) for each in fields(noun) if each.name not in without}


class Words(TypeDecorator[str]):
    """Text from outside; what PostgreSQL could not keep, NUL and half of a pair, becomes a mark."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return what is kept."""
        del dialect
        return (
            None
            if value is None
            else value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
        )


class Moment(TypeDecorator[datetime]):
    """An aware time; UTC comes back. SQLite keeps text that sorts as times do."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what is kept; ValueError for a time without a zone."""
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what was kept."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Several(TypeDecorator[frozenset[str]]):
    """A set of words."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> list[str] | None:
        """Return what is kept."""
        del dialect
        return None if value is None else sorted(value)

    def process_result_value(self, value: list[str] | None, dialect: Dialect) -> frozenset[str] | None:
        """Return what was kept."""
        del dialect
        return None if value is None else frozenset(value)


class Scopes(Several):
    """A set of scopes."""

    cache_ok = True

    def process_result_value(self, value: list[str] | None, dialect: Dialect) -> frozenset[str] | None:
        """Return what was kept."""
        del dialect
        return None if value is None else frozenset(map(Scope, value))
