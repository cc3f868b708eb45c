"""Placement constraints as Marathon validates them."""

import re
from collections.abc import Sequence

from tests.marathon_simulator.rules.policy import App, ConversionError, Objections

OPERATORS = ("UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "MAX_PER", "UNLIKE", "IS")
INTEGER = r"[+-]?[0-9]{1,10}"


def objections(app: App) -> Objections:
    """Yield at most one per constraint."""
    for index, constraint in enumerate(app.get("constraints", [])):
        if objection := _objection(constraint):
            yield f"/constraints({index})", objection


def convert(app: App) -> None:
    """Raise ConversionError for an operator in lower case: validation lets it pass."""
    for constraint in app.get("constraints", []):
        if constraint[1] not in OPERATORS:
            raise ConversionError(f"illegal constraint specification {constraint}")


def _objection(constraint: Sequence[str]) -> str | None:
    if len(constraint) not in (2, 3):
        return "Each constraint must have either 2 or 3 fields"
    if not constraint[0]:
        return "illegal constraint specification"
    operator, value = constraint[1].upper(), constraint[2] if len(constraint) == 3 else None
    if operator not in OPERATORS:
        return "operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS"
    return CHECKS[operator](value)


def _unique(value: str | None) -> str | None:
    return None if value is None else "UNIQUE does not accept a value"


def _cluster(_: str | None) -> str | None:
    return None


def _group_by(value: str | None) -> str | None:
    fits = value is None or re.fullmatch(INTEGER, value)
    return None if fits else "GROUP BY must define an integer value or else no value at all"


def _max_per(value: str | None) -> str | None:
    return None if value is not None and re.fullmatch(INTEGER, value) else "MAX_PER requires an integer value"


def _like(value: str | None) -> str | None:
    if not value:
        return "LIKE and UNLIKE require a non-empty, regular expression value"
    try:
        re.compile(value)
    except re.error:
        return "is not a valid regular expression"
    return None


def _is(value: str | None) -> str | None:
    fits = value is None or re.fullmatch(r"[a-zA-Z0-9_/.-]*", value)
    return None if fits else (
        "IS only supports Mesos text and float values (see http://mesos.apache.org/documentation/latest/attributes-resources/)"
    )  # fmt: skip


CHECKS = {
    "UNIQUE": _unique, "CLUSTER": _cluster, "GROUP_BY": _group_by, "MAX_PER": _max_per, "LIKE": _like, "UNLIKE": _like,
    "IS": _is,
}  # fmt: skip
