"""GpuHistories over Prometheus: four range queries, whatever the number of containers."""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import requests

from shiva_manager_api.adapters.bounded_http import NOBODY
from shiva_manager_api.domain.gpu_history import GpuHistory
from shiva_manager_api.domain.ports import MetricsUnavailableError

DEADLINE_SECONDS = 10.0
MOST_POINTS = 10_000  # Prometheus refuses more than 11,000; at a step of a minute a week, longer than any rule may ask
LATE = 1.5  # steps: an older reading was made by an exporter, or for a Prometheus, that has stopped since

# `timestamp` tells when a value was read: a Prometheus that stood still goes on to show its last one for five minutes.
QUERIES: Mapping[str, str] = {
    "read_at": 'max by (uuid) (timestamp(shiva_gpu_processes{job="gpu",kind="container"}))',
    # Dead, an MPS server's, or in a container without our mark, as one from before the marks: maybe the container's own.
    "unclear": 'sum by (uuid) (shiva_gpu_processes{job="gpu",kind!~"container|host"})',
    "processes": 'max by (launch_id, uuid) (shiva_container_gpu_processes{job="gpu",launch_id!=""})',
    "seconds": 'max by (launch_id, uuid) (shiva_container_gpu_active_seconds_total{job="gpu",launch_id!=""})',
}

Series = tuple[Mapping[str, str], list[float | None]]


class PrometheusHistory:
    """Asks now, and keeps nothing."""

    def __init__(self, url: str, *, step: timedelta, login: tuple[str, str] = NOBODY) -> None:
        """`url` without a path; `step` is no shorter than the time between two scrapes; `login` as Prometheus' own."""
        self._url = f"{url.rstrip('/')}/api/v1/query_range"
        self._step = step
        self._login = None if login == NOBODY else login

    def read(self, *, until: datetime, span: timedelta) -> GpuHistory:
        """Return the history of every container; see `GpuHistories.read`."""
        step = max(self._step, span / MOST_POINTS)
        points = math.ceil(span / step) + 1
        start = until.timestamp() - (points - 1) * step.total_seconds()

        def ask(text: str) -> list[Series]:
            return self._ask(text, start=start, step=step.total_seconds(), points=points)

        with ThreadPoolExecutor(max_workers=len(QUERIES)) as pool:
            read_at, unclear, processes, seconds = pool.map(ask, QUERIES.values())
        return GpuHistory(
            until=until,
            step=step,
            points=points,
            told={labels["uuid"]: _fresh(values, start, step.total_seconds()) for labels, values in read_at},
            unclear={labels["uuid"]: values for labels, values in unclear},
            processes={(labels["launch_id"], labels["uuid"]): values for labels, values in processes},
            seconds={(labels["launch_id"], labels["uuid"]): values for labels, values in seconds},
        )

    def _ask(self, text: str, *, start: float, step: float, points: int) -> list[Series]:
        asked = {
            "query": text,
            "start": f"{start:.3f}",
            "end": f"{start + (points - 1) * step + 0.001:.3f}",
            "step": f"{step}",
        }
        try:
            answer = requests.get(self._url, params=asked, auth=self._login, timeout=DEADLINE_SECONDS)
            answer.raise_for_status()
            body = answer.json()
            if body["status"] != "success" or body["data"]["resultType"] != "matrix":
                raise ValueError("not a matrix")
            if body.get("warnings"):
                raise ValueError(f"perhaps not all of it: {body['warnings']}")
            return [_series(raw, lambda at: round((at - start) / step), points) for raw in body["data"]["result"]]
        except (requests.RequestException, ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
            raise MetricsUnavailableError(repr(error)) from error


def _series(raw: Any, index: Callable[[float], int], points: int) -> Series:
    """Return a series' labels and its values by point; what is no number is none."""
    values: list[float | None] = [None] * points
    for at, text in raw["values"]:
        number, point = float(text), index(float(at))
        if math.isfinite(number) and 0 <= point < points:
            values[point] = number
    return {"uuid": "", "launch_id": "", **raw["metric"]}, values


def _fresh(read_at: Sequence[float | None], start: float, step: float) -> list[bool]:
    return [at is not None and start + i * step - at <= LATE * step for i, at in enumerate(read_at)]
