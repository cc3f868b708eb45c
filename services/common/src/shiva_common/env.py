"""Environment variables into one frozen dataclass, with every problem reported at once."""

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


class SettingsError(Exception):
    """The settings cannot be used; the message names every bad key, one a line."""


def _flag(text: str) -> bool:
    if text.lower() in {"1", "true", "yes"}:
        return True
    if text.lower() in {"0", "false", "no"}:
        return False
    raise ValueError("must be 1/true/yes or 0/false/no")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ValueError("must be a whole number") from error


def _number(text: str, *, what: str = "a number") -> float:
    """Return a finite number: nothing else can be compared with a limit."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"must be {what}")
    return number


def _seconds(text: str) -> timedelta:
    seconds = _number(text, what="a number of seconds")
    if seconds < 0:
        raise ValueError("must not be negative")
    try:
        return timedelta(seconds=seconds)
    except OverflowError as error:
        raise ValueError("must be a number of seconds") from error


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


PARSERS: Mapping[Any, Callable[[str], Any]] = {
    str: str,
    int: _whole,
    float: _number,
    bool: _flag,
    timedelta: _seconds,
    Path: Path,
    tuple[str, ...]: _words,
}


def _parser(hint: Any) -> Callable[[str], Any]:
    if typing.get_origin(hint) in {types.UnionType, typing.Union}:
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    return PARSERS[hint]


def _raw(environ: Mapping[str, str], key: str) -> str | None:
    """Return the value of `key`, or the content of the file that `key`_FILE names; never both."""
    if key in environ and f"{key}_FILE" in environ:
        raise ValueError(f"set either {key} or {key}_FILE, not both")
    if f"{key}_FILE" in environ:
        try:
            return Path(environ[f"{key}_FILE"]).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ValueError(f"cannot read the file of {key}_FILE: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise ValueError(f"the file of {key}_FILE is not UTF-8 text") from error
    return environ.get(key)


def load(cls: type[T], environ: Mapping[str, str], *, prefix: str) -> T:
    """Build the dataclass `cls` from the variables that start with `prefix`.

    A field `bind_port: int` is read from PREFIX + "BIND_PORT"; durations are seconds, tuples are separated by commas.
    Any value may come from a file instead: PREFIX + "BIND_PORT_FILE".

    Raises:
        SettingsError: a value is missing, malformed, refused by `cls` itself (ValueError), or a key is unknown.
    """
    problems: list[str] = []
    values: dict[str, Any] = {}
    hints = typing.get_type_hints(cls)
    known: set[str] = set()
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        key = prefix + field.name.upper()
        known |= {key, f"{key}_FILE"}
        try:
            raw = _raw(environ, key)
            if raw is not None:
                values[field.name] = _parser(hints[field.name])(raw)
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                problems.append(f"{key} is required")
        except ValueError as error:
            problems.append(f"{key}: {error}")
    problems += [f"{key} is not a setting" for key in sorted(environ) if key.startswith(prefix) and key not in known]
    if problems:
        raise SettingsError("\n".join(problems))
    try:
        return cls(**values)
    except ValueError as error:
        raise SettingsError(str(error)) from error
