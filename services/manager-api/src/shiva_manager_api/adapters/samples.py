"""What Prometheus answers: series with one value each. A hostile answer costs no more than a large one."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

MOST_SERIES = 200_000  # of one answer; a thousand machines with eight GPUs have 40,000
MOST_TEXT = 2048  # characters of a series' labels together
MOST_WHOLE = 2**63 - 1


class Sample(NamedTuple):
    """One series' value at a moment."""

    labels: Mapping[str, str]
    value: float


def whole(value: float | None) -> int | None:
    """Return a count or bytes as the whole number that it is; what is none, as a negative one, was not told."""
    return None if value is None or not 0 <= value <= MOST_WHOLE else int(value)


def vector(body: bytes) -> list[Sample]:
    """Read the answer to an instant query; NaN and infinities are no values, endless labels no series.

    Raises:
        ValueError, KeyError, TypeError, IndexError: it is none, or perhaps not all of it.
    """
    return [each for raw in result(body, "vector") if (each := _sample(raw)) is not None]


def result(body: bytes, kind: str, *, most_series: int = MOST_SERIES, most_values: int = 1) -> list[Any]:
    """Return an answer's series, raw; a series has `most_values` at most.

    Raises:
        ValueError, KeyError, TypeError: it is none, or perhaps not all of it.
    """
    if body.count(b"{") + body.count(b"[") > (3 + most_values) * most_series:  # before they become objects
        raise ValueError("too many series")
    if body.count(b",") > (12 + 2 * most_values) * most_series:
        raise ValueError("too many members")
    told = orjson.loads(body)
    if told["status"] != "success" or told["data"]["resultType"] != kind:
        raise ValueError(f"not a {kind}")
    if told.get("warnings"):
        raise ValueError(f"perhaps not all of it: {str(told['warnings'])[:200]}")
    series = told["data"]["result"]
    if not isinstance(series, list):
        raise TypeError("result")
    return series


def _sample(raw: Any) -> Sample | None:
    labels = raw["metric"]
    value = float(raw["value"][1])
    long = len("".join(labels.values())) > MOST_TEXT  # also a TypeError where one is no text
    return None if long or not math.isfinite(value) else Sample(labels, value)
