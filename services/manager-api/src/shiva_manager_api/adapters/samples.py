"""What Prometheus answers: series with one value each."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One series' value now."""

    labels: Mapping[str, str]
    value: float


def whole(value: float | None) -> int | None:
    """Return a count or bytes as the whole number that it is."""
    return None if value is None else int(value)
