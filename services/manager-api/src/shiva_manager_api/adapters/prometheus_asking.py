"""Several questions to Prometheus at once, for somebody who waits: all are answered in time, or none."""

import json
import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import requests

from shiva_manager_api.adapters.bounded_http import NOBODY, BoundedHttp, Login
from shiva_manager_api.adapters.samples import MOST_WHOLE, result
from shiva_manager_api.domain.machine_history import Curve, Range
from shiva_manager_api.domain.ports import MetricsUnavailableError

CONNECT_SECONDS = 1.0
THREADS = 4
MOST_BYTES = 4 * 2**20
MOST_GPUS = 64

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
Series = tuple[Mapping[str, str], Curve]
UNREADABLE = (
    requests.RequestException, TimeoutError, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError,
)  # fmt: skip


def literal(text: str) -> str:
    """Return a text as PromQL has it between double quotes. JSON's escapes are a part of Go's; half a character has none.

    Raises:
        ValueError: it cannot be said.
    """
    text.encode()
    return json.dumps(text, ensure_ascii=False)


def filled(template: str, name: str, window: int) -> str:
    """Return a query; NAME and WINDOW are filled at once: what a name says is no place. `window` is in seconds."""
    parts = (part.replace("WINDOW", f"{window}s") for part in template.split("NAME"))
    return literal(name).join(parts)


class Asking:
    """Asks now, and keeps nothing."""

    def __init__(self, url: str, *, login: Login = NOBODY, name: str) -> None:
        """`url` is the one of the API's method; `login` as for `Prometheus`, `name` is its threads'."""
        self._url = url
        self._http = BoundedHttp(login=login)
        self._pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix=name)

    def every(
        self, forms: Mapping[K, Mapping[str, str]], read: Callable[[bytes], T], *, deadline: float
    ) -> Mapping[K, T]:
        """Return what `read` makes of each answer, by `deadline` of the monotonic clock.

        Raises:
            MetricsUnavailableError: one of them is no usable answer.
        """
        waiting = {key: self._pool.submit(self._ask, form, read, deadline) for key, form in forms.items()}
        try:
            return {key: future.result() for key, future in waiting.items()}
        finally:
            for future in waiting.values():
                future.cancel()

    def _ask(self, form: Mapping[str, str], read: Callable[[bytes], T], deadline: float) -> T:
        try:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("not in time")
            status, body = self._http.ask(
                "POST", self._url, data=dict(form), connect_seconds=CONNECT_SECONDS, seconds=left, most_bytes=MOST_BYTES
            )
            if status != requests.codes.ok:
                raise ValueError(f"status {status}")
            return read(body)
        except UNREADABLE as error:
            raise MetricsUnavailableError(repr(error)[:500]) from error


class Ranges:
    """Curves over a range."""

    def __init__(self, url: str, *, login: Login = NOBODY, name: str) -> None:
        """`url` without a path; the rest as for `Asking`."""
        self._asking = Asking(f"{url.rstrip('/')}/api/v1/query_range", login=login, name=name)

    def every(
        self, queries: Mapping[K, str], asked: Range, end: datetime, *, deadline: float
    ) -> Mapping[K, list[Series]]:
        """Return each query's series; `end` is the last point. Raises as `Asking.every`."""
        first = end.timestamp() - asked.span
        given = {"start": f"{first:.0f}", "end": f"{end.timestamp():.0f}", "step": str(asked.step)}

        def read(body: bytes) -> list[Series]:
            series = result(body, "matrix", most_series=MOST_GPUS * 4, most_values=asked.points)
            return [_series(raw, first, asked) for raw in series]

        forms = {key: {"query": text, **given} for key, text in queries.items()}
        return self._asking.every(forms, read, deadline=deadline)


def _series(raw: Any, start: float, asked: Range) -> Series:
    """Return a series' labels and its values by point; what is no number is none."""
    values: list[float | None] = [None] * asked.points
    for at, text in raw["values"]:
        number, point = float(text), round((float(at) - start) / asked.step)
        if abs(number) <= MOST_WHOLE and 0 <= point < asked.points:
            values[point] = number
    return {key: str(text) for key, text in raw["metric"].items()}, values


def only(series: list[Series], nothing: Curve) -> Curve:
    """Return the curve of a query that sums all up; `nothing` where there is none."""
    return next((curve for _, curve in series), nothing)


def index(gpu: str) -> int | None:
    """Return a GPU's number on its machine, of a label."""
    return int(gpu) if gpu.isdecimal() and len(gpu) < 4 else None
