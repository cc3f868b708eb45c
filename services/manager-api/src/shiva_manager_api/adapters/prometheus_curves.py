"""MachineHistories over Prometheus: nine range queries, whatever the machine and the range."""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import requests

from shiva_manager_api.adapters.bounded_http import NOBODY, BoundedHttp, Login
from shiva_manager_api.adapters.samples import MOST_WHOLE, result
from shiva_manager_api.domain.machine_history import Curve, GpuCurves, MachineCurves, Range
from shiva_manager_api.domain.ports import MetricsUnavailableError

CONNECT_SECONDS = 1.0
DEADLINE_SECONDS = 2.5  # somebody waits
THREADS = 4
MOST_BYTES = 4 * 2**20
MOST_GPUS = 64
WINDOW_SECONDS = 30  # at least: two scrapes must be in it

# HOST is the machine's literal, WINDOW what one point sums up.
NODE = 'job="node",host=HOST'
NETWORK = f'{NODE},device!~"lo|veth.*|docker.*|br-.*|virbr.*"'
DISK = f'{NODE},mountpoint="/"'
MACHINE: Mapping[str, str] = {
    "cpu_ratio": f'1 - avg(rate(node_cpu_seconds_total{{{NODE},mode="idle"}}[WINDOW]))',
    "memory_used_bytes": f"max(avg_over_time(node_memory_MemTotal_bytes{{{NODE}}}[WINDOW]) - avg_over_time(node_memory_MemAvailable_bytes{{{NODE}}}[WINDOW]))",
    "disk_used_bytes": f"max(avg_over_time(node_filesystem_size_bytes{{{DISK}}}[WINDOW]) - avg_over_time(node_filesystem_avail_bytes{{{DISK}}}[WINDOW]))",
    "network_receive_bytes_per_second": f"sum(rate(node_network_receive_bytes_total{{{NETWORK}}}[WINDOW]))",
    "network_transmit_bytes_per_second": f"sum(rate(node_network_transmit_bytes_total{{{NETWORK}}}[WINDOW]))",
    "temperature_celsius": f"max(avg_over_time(node_hwmon_temp_celsius{{{NODE}}}[WINDOW]) or avg_over_time(node_thermal_zone_temp{{{NODE}}}[WINDOW]))",
}
GPU: Mapping[str, str] = {
    name: f'max by (uuid, gpu) (avg_over_time(shiva_gpu_{name}{{job="gpu",host=HOST}}[WINDOW]))'
    for name in ("utilization_ratio", "memory_used_bytes", "temperature_celsius")
}

Series = tuple[Mapping[str, str], Curve]


def literal(text: str) -> str:
    """Return a text as PromQL has it between double quotes. JSON's escapes are a part of Go's; half a character has none.

    Raises:
        ValueError: it cannot be said.
    """
    text.encode()
    return json.dumps(text, ensure_ascii=False)


class PrometheusCurves:
    """Asks now, and keeps nothing."""

    def __init__(self, url: str, *, login: Login = NOBODY) -> None:
        """`url` without a path; `login` as for `Prometheus`."""
        self._url = f"{url.rstrip('/')}/api/v1/query_range"
        self._http = BoundedHttp(login=login)
        self._pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="curves")

    def read(self, machine: str, asked: Range, until: datetime) -> MachineCurves:
        """Return a machine's curves; see `MachineHistories.read`."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        start = until - timedelta(seconds=asked.span)
        window = max(asked.step, WINDOW_SECONDS)
        waiting = {
            key: self._pool.submit(self._ask, filled(text, machine, window), start, asked, deadline)
            for key, text in ((*_keys("machine", MACHINE), *_keys("gpu", GPU)))
        }
        try:
            found = {key: future.result() for key, future in waiting.items()}
        finally:
            for future in waiting.values():
                future.cancel()
        nothing: Curve = [None] * asked.points
        return MachineCurves(
            machine=machine,
            start=start,
            end=until,
            step=asked.step,
            curves={name: next((curve for _, curve in found["machine", name]), nothing) for name in MACHINE},
            gpus=_gpus({name: found["gpu", name] for name in GPU}, nothing),
        )

    def _ask(self, text: str, start: datetime, asked: Range, deadline: float) -> list[Series]:
        first = start.timestamp()
        given = {"query": text, "start": f"{first:.0f}", "end": f"{first + asked.span:.0f}", "step": str(asked.step)}
        try:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("not in time")
            status, body = self._http.ask(
                "POST", self._url, data=given, connect_seconds=CONNECT_SECONDS, seconds=left, most_bytes=MOST_BYTES
            )
            if status != requests.codes.ok:
                raise ValueError(f"status {status}")
            series = result(body, "matrix", most_series=MOST_GPUS * 4, most_values=asked.points)
            return [_series(raw, first, asked) for raw in series]
        except (
            requests.RequestException, TimeoutError, ValueError, KeyError, TypeError, IndexError, OverflowError,
        ) as error:  # fmt: skip
            raise MetricsUnavailableError(repr(error)[:500]) from error


def _keys(kind: str, queries: Mapping[str, str]) -> list[tuple[tuple[str, str], str]]:
    return [((kind, name), text) for name, text in queries.items()]


def filled(template: str, machine: str, window: int) -> str:
    """Return a query; both places are filled at once: what a name says is no place. `window` is in seconds."""
    parts = (part.replace("WINDOW", f"{window}s") for part in template.split("HOST"))
    return literal(machine).join(parts)


def _series(raw: Any, start: float, asked: Range) -> Series:
    """Return a series' labels and its values by point; what is no number is none."""
    values: list[float | None] = [None] * asked.points
    for at, text in raw["values"]:
        number, point = float(text), round((float(at) - start) / asked.step)
        if abs(number) <= MOST_WHOLE and 0 <= point < asked.points:
            values[point] = number
    return {key: str(text) for key, text in raw["metric"].items()}, values


def _gpus(told: Mapping[str, list[Series]], nothing: Curve) -> list[GpuCurves]:
    found: dict[tuple[str, str], dict[str, Curve]] = {}
    for name, series in told.items():
        for labels, curve in series:
            found.setdefault((labels.get("uuid", ""), labels.get("gpu", "")), {})[name] = curve
    gpus = [
        GpuCurves(
            uuid=uuid,
            index=int(gpu) if gpu.isdecimal() and len(gpu) < 4 else None,
            curves={name: curves.get(name, nothing) for name in GPU},
        )
        for (uuid, gpu), curves in found.items()
    ]
    return sorted(gpus, key=lambda gpu: (gpu.index is None, gpu.index or 0, gpu.uuid))[:MOST_GPUS]
