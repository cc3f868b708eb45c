"""MachineHistories over Prometheus: nine range queries, whatever the machine and the range."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from shiva_manager_api.adapters.bounded_http import NOBODY, Login
from shiva_manager_api.adapters.prometheus_asking import MOST_GPUS, Ranges, Series, filled, index, only
from shiva_manager_api.domain.machine_history import Curve, GpuCurves, MachineCurves, Range

DEADLINE_SECONDS = 2.5  # somebody waits
WINDOW_SECONDS = 30  # at least: two scrapes must be in it

# NAME is the machine's literal, WINDOW what one point sums up.
NODE = 'job="node",host=NAME'
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
    name: f'max by (uuid, gpu) (avg_over_time(shiva_gpu_{name}{{job="gpu",host=NAME}}[WINDOW]))'
    for name in ("utilization_ratio", "memory_used_bytes", "temperature_celsius")
}


class PrometheusCurves:
    """Asks now, and keeps nothing."""

    def __init__(self, url: str, *, login: Login = NOBODY) -> None:
        """`url` without a path; `login` as for `Prometheus`."""
        self._ranges = Ranges(url, login=login, name="curves")

    def read(self, machine: str, asked: Range, until: datetime) -> MachineCurves:
        """Return a machine's curves; see `MachineHistories.read`."""
        window = max(asked.step, WINDOW_SECONDS)
        every = (*_keys("machine", MACHINE), *_keys("gpu", GPU))
        queries = {key: filled(text, machine, window) for key, text in every}
        found = self._ranges.every(queries, asked, until, deadline=time.monotonic() + DEADLINE_SECONDS)
        nothing: Curve = [None] * asked.points
        return MachineCurves(
            machine=machine,
            start=until - timedelta(seconds=asked.span),
            end=until,
            step=asked.step,
            curves={name: only(found["machine", name], nothing) for name in MACHINE},
            gpus=_gpus({name: found["gpu", name] for name in GPU}, nothing),
        )


def _keys(kind: str, queries: Mapping[str, str]) -> list[tuple[tuple[str, str], str]]:
    return [((kind, name), text) for name, text in queries.items()]


def _gpus(told: Mapping[str, list[Series]], nothing: Curve) -> list[GpuCurves]:
    found: dict[tuple[str, str], dict[str, Curve]] = {}
    for name, series in told.items():
        for labels, curve in series:
            found.setdefault((labels.get("uuid", ""), labels.get("gpu", "")), {})[name] = curve
    gpus = [
        GpuCurves(
            uuid=uuid,
            index=index(gpu),
            curves={name: curves.get(name, nothing) for name in GPU},
        )
        for (uuid, gpu), curves in found.items()
    ]
    return sorted(gpus, key=lambda gpu: (gpu.index is None, gpu.index or 0, gpu.uuid))[:MOST_GPUS]
