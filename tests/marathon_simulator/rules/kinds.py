"""Kinds of JSON values as Marathon's generated readers see them: one table reads bodies and yields JSON Schemas.

Reading is lenient: unknown members are dropped, null means absent, enums match in any case and come out canonical.
The strict schema is what a careful client keeps to: no unknown member, enums in their canonical case.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

ABSENT: Any = object()
INT32 = 2**31 - 1
INT64 = 2**63 - 1


class Problems:
    """What a reader found wrong: tokens per path."""

    def __init__(self) -> None:
        """Begin without any."""
        self.found: dict[str, list[str]] = {}

    def add(self, path: str, token: str) -> Any:
        """Note one, and return the mark of a value that cannot be used."""
        self.found.setdefault(path or "/", []).append(token)
        return ABSENT


class Kind(Protocol):
    """A type of Marathon's API."""

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        """Return the canonical value, or ABSENT after a problem."""

    def schema(self, strict: bool) -> dict[str, Any]:
        """Return a JSON Schema (draft 2020-12)."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string with limits."""

    least: int = 0
    most: int | None = None
    pattern: str | None = None
    strict_pattern: str | None = None

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        """Check type, length, pattern."""
        if not isinstance(value, str):
            return problems.add(at, "error.expected.jsstring")
        tokens = [
            token
            for wrong, token in (
                (len(value) < self.least, "error.minLength"),
                (self.most is not None and len(value) > self.most, "error.maxLength"),
                (self.pattern is not None and not re.fullmatch(self.pattern, value), "error.pattern"),
            )
            if wrong
        ]
        for token in tokens:
            problems.add(at, token)
        return ABSENT if tokens else value

    def schema(self, strict: bool) -> dict[str, Any]:
        """Limits as keywords; the pattern is anchored."""
        pattern = (strict and self.strict_pattern) or self.pattern
        limits = {"minLength": self.least or None, "maxLength": self.most}
        anchored = {"pattern": rf"^(?:{pattern})$(?!\n)"} if pattern else {}
        return {"type": "string"} | anchored | {key: value for key, value in limits.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Number:
    """A number with limits; `whole` numbers may be written 1.0."""

    least: float | None = None
    most: float | None = None
    whole: bool = False

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        """Check type and range."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return problems.add(at, "error.expected.jsnumber")
        if self.whole and value != int(value):
            return problems.add(at, "error.expected.int")
        if self.least is not None and value < self.least:
            return problems.add(at, "error.min")
        if self.most is not None and value > self.most:
            return problems.add(at, "error.max")
        return int(value) if self.whole else value

    def schema(self, strict: bool) -> dict[str, Any]:
        """Limits as keywords."""
        del strict
        limits = {"minimum": self.least, "maximum": self.most}
        bounds = {key: value for key, value in limits.items() if value is not None}
        return {"type": "integer" if self.whole else "number"} | bounds


def whole(least: int | None = 0, most: int = INT32) -> Number:
    """Return the kind of an integer member."""
    return Number(least, most, whole=True)


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean."""

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        """Check the type."""
        return value if isinstance(value, bool) else problems.add(at, "error.expected.jsboolean")

    def schema(self, strict: bool) -> dict[str, Any]:
        """Nothing but the type."""
        del strict
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words, in any case."""

    words: tuple[str, ...]

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        """Return the canonical word."""
        if not isinstance(value, str):
            return problems.add(at, "error.expected.jsstring")
        found = [word for word in self.words if word.lower() == value.lower()]
        return found[0] if found else problems.add(at, "error.unknown.enum.literal")

    def schema(self, strict: bool) -> dict[str, Any]:
        """The words; in any case when lenient."""
        if strict:
            return {"enum": list(self.words)}
        letters = ("".join(f"[{c.lower()}{c.upper()}]" if c.isalpha() else re.escape(c) for c in w) for w in self.words)
        return {"type": "string", "pattern": rf"^(?:{'|'.join(letters)})$(?!\n)"}


def choice(*words: str) -> Choice:
    """Return the kind of an enum member."""
    return Choice(words)


@dataclass(frozen=True, slots=True)
class Items:
    """An array of one kind."""

    kind: Kind
    least: int = 0

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        """Read every item."""
        if not isinstance(value, list):
            return problems.add(at, "error.expected.jsarray")
        if len(value) < self.least:
            return problems.add(at, "error.minLength")
        read = [self.kind.read(item, f"{at}({index})", problems) for index, item in enumerate(value)]
        return [item for item in read if item is not ABSENT]

    def schema(self, strict: bool) -> dict[str, Any]:
        """Items of that kind."""
        return {"type": "array", "items": self.kind.schema(strict)} | ({"minItems": self.least} if self.least else {})


@dataclass(frozen=True, slots=True)
class Words:
    """An object whose member names are free."""

    kind: Kind

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        """Read every value."""
        if not isinstance(value, dict):
            return problems.add(at, "error.expected.jsobject")
        read = {key: self.kind.read(item, f"{at}/{key}", problems) for key, item in value.items()}
        return {key: item for key, item in read.items() if item is not ABSENT}

    def schema(self, strict: bool) -> dict[str, Any]:
        """Values of that kind."""
        return {"type": "object", "additionalProperties": self.kind.schema(strict)}


@dataclass(frozen=True, slots=True)
class Members:
    """An object with known members; null is absence."""

    kinds: Mapping[str, Kind]
    required: Sequence[str] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        """Read the known members and drop the others."""
        if not isinstance(value, dict):
            return problems.add(at, "error.expected.jsobject")
        result: dict[str, Any] = {}
        for name, kind in self.kinds.items():
            if value.get(name) is None:
                self._absent(name, value, at, problems)
                continue
            read = kind.read(value[name], f"{at}/{name}", problems)
            if read is not ABSENT:
                result[name] = read
        return {**self.defaults, **result}

    def _absent(self, name: str, value: Any, at: str, problems: Problems) -> None:
        if name in self.required:
            problems.add(f"{at}/{name}", f"'{name}' is undefined on object: {json.dumps(value)}")

    def schema(self, strict: bool) -> dict[str, Any]:
        """Known members; no others when strict."""
        properties = {
            name: kind.schema(strict) if name in self.required else {"anyOf": [kind.schema(strict), {"type": "null"}]}
            for name, kind in self.kinds.items()
        }
        closed = {"additionalProperties": False} if strict else {}
        return {"type": "object", "properties": properties, "required": list(self.required)} | closed


@dataclass(frozen=True, slots=True)
class Either:
    """The first kind that fits; else the problems of the last."""

    kinds: tuple[Kind, ...]

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        """Try one after the other."""
        for kind in self.kinds[:-1]:
            attempt = Problems()
            read = kind.read(value, at, attempt)
            if not attempt.found:
                return read
        return self.kinds[-1].read(value, at, problems)

    def schema(self, strict: bool) -> dict[str, Any]:
        """Any of them."""
        return {"anyOf": [kind.schema(strict) for kind in self.kinds]}


@dataclass(frozen=True, slots=True)
class Disabled:
    """The word "disabled": any string is read as it."""

    def read(self, value: Any, at: str, problems: Problems) -> Any:
        """Accept every string."""
        return "disabled" if isinstance(value, str) else problems.add(at, "error.expected.jsstring")

    def schema(self, strict: bool) -> dict[str, Any]:
        """Exactly the word when strict."""
        return {"const": "disabled"} if strict else {"type": "string"}
