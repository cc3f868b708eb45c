"""ContainerHistories over Prometheus: seven range queries at most, whatever the container and the range."""

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from shiva_manager_api.adapters.bounded_http import NOBODY, Login
from shiva_manager_api.adapters.prometheus_asking import MOST_GPUS, Ranges, Series, filled, index, only
from shiva_manager_api.domain.container_history import ContainerCurves
from shiva_manager_api.domain.machine_history import Curve, GpuCurves, Range

DEADLINE_SECONDS = 3.0  # somebody waits
WINDOW_SECONDS = 60  # at least: the rules record every 15 seconds, and a rate needs two of those

# NAME is the literal of the container, or of the pattern of its GPUs; WINDOW what one point sums up. By container the rules record.
OWN: Mapping[str, str] = {
    "memory_used_bytes": "max(avg_over_time(container:shiva_memory_used_bytes{container_id=NAME}[WINDOW]))",
    "cpus_used": "max(rate(container:shiva_cpu_seconds_total{container_id=NAME}[WINDOW]))",
    "held": 'max by (uuid) (max_over_time(shiva_gpu_lease{job="broker",container_id=NAME}[WINDOW]))',
    "processes": "max by (uuid, gpu) (max_over_time(container:shiva_gpu_processes{container_id=NAME}[WINDOW]))",
    "gpu_memory": "max by (uuid, gpu) (avg_over_time(container:shiva_gpu_memory_used_bytes{container_id=NAME}[WINDOW]))",
}
CARDS: Mapping[str, str] = {
    "utilization": 'max by (uuid, gpu) (avg_over_time(shiva_gpu_utilization_ratio{job="gpu",uuid=~NAME}[WINDOW]))',
    "told": 'max by (uuid, gpu) (max_over_time(shiva_gpu_processes{job="gpu",kind="container",uuid=~NAME}[WINDOW]))',
}

Found = Mapping[str, list[Series]]


class PrometheusContainers:
    """Asks now, and keeps nothing."""

    def __init__(self, url: str, *, login: Login = NOBODY) -> None:
        """`url` without a path; `login` as for `Prometheus`."""
        self._ranges = Ranges(url, login=login, name="containers")

    def read(
        self, container_id: str, gpus: Sequence[str], cpus: float, asked: Range, until: datetime
    ) -> ContainerCurves:
        """Return a container's curves; see `ContainerHistories.read`."""
        window, deadline = max(asked.step, WINDOW_SECONDS), time.monotonic() + DEADLINE_SECONDS

        def ask(queries: Mapping[str, str], name: str) -> Found:
            every = {key: filled(text, name, window) for key, text in queries.items()}
            return self._ranges.every(every, asked, until, deadline=deadline)

        own = ask(OWN, container_id)
        uuids = [*dict.fromkeys((*gpus, *_uuids(own)))][:MOST_GPUS]
        cards = ask(CARDS, "|".join(map(re.escape, uuids))) if uuids else {}
        nothing: Curve = [None] * asked.points
        found = {**own, **cards}
        return ContainerCurves(
            container_id=container_id,
            start=until - timedelta(seconds=asked.span),
            end=until,
            step=asked.step,
            curves={
                "memory_used_bytes": only(own["memory_used_bytes"], nothing),
                "cpu_ratio": [None if used is None else used / cpus for used in only(own["cpus_used"], nothing)],
            },
            gpus=sorted((_gpu(uuid, found, nothing) for uuid in uuids), key=_by_index),
        )


def _uuids(own: Found) -> Iterable[str]:
    return (labels.get("uuid", "") for key in ("held", "processes") for labels, _ in own[key])


def _gpu(uuid: str, found: Found, nothing: Curve) -> GpuCurves:
    """Return one card's, for when the container held it or was seen on it."""
    of = {
        key: next(((labels, curve) for labels, curve in series if labels.get("uuid") == uuid), ({}, nothing))
        for key, series in found.items()
    }
    points = zip(*(of[key][1] for key in ("held", "processes", "gpu_memory", "utilization", "told")), strict=True)
    shown = [_point(*point) for point in points]
    return GpuCurves(
        uuid=uuid,
        index=next((number for labels, _ in of.values() if (number := index(labels.get("gpu", ""))) is not None), None),
        curves={
            "machine_utilization_ratio": [utilization for utilization, _ in shown],
            "memory_used_bytes": [memory for _, memory in shown],
        },
    )


def _point(
    held: float | None, processes: float | None, memory: float | None, utilization: float | None, told: float | None
) -> tuple[float | None, float | None]:
    """Return the card's utilization and the container's memory: 0 where it held a card whose processes are told, and was none of them."""
    if held is None and processes is None:
        return None, None
    return utilization, 0.0 if memory is processes is None and told is not None else memory


def _by_index(gpu: GpuCurves) -> tuple[bool, int, str]:
    return gpu.index is None, gpu.index or 0, gpu.uuid
