"""MetricsSource over Prometheus' HTTP API: a constant number of queries, whatever the number of machines."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from shiva_manager_api.adapters import prometheus_gpus
from shiva_manager_api.adapters.bounded_http import NOBODY, BoundedHttp, Login
from shiva_manager_api.adapters.samples import Sample, vector, whole
from shiva_manager_api.domain.machines import GpuDriver, MachineReading
from shiva_manager_api.domain.ports import MetricsUnavailableError

CONNECT_SECONDS = 2.0
DEADLINE_SECONDS = 30.0  # nobody waits for it but a thread
THREADS = 4
MOST_BYTES = 64 * 2**20  # of all answers together; a thousand machines with eight GPUs have 13 MB
MOST_NAME = 255

# Each query gives series that carry `host`, the machine's name in the inventory.
NETWORK = 'device!~"lo|veth.*|docker.*|br-.*|virbr.*"'
DISK = 'mountpoint="/"'
QUERIES: Mapping[str, str] = {
    **prometheus_gpus.QUERIES,  # the largest first
    "up": 'max by (host) (up{job="node"})',
    "sample_age_seconds": 'min by (host) (time() - timestamp(node_time_seconds{job="node"}))',
    "cpus": 'count by (host) (node_cpu_seconds_total{job="node",mode="idle"})',
    "cpu_ratio": '1 - avg by (host) (rate(node_cpu_seconds_total{job="node",mode="idle"}[30s]))',
    "memory_total_bytes": 'max by (host) (node_memory_MemTotal_bytes{job="node"})',
    "memory_used_bytes": 'max by (host) (node_memory_MemTotal_bytes{job="node"} - node_memory_MemAvailable_bytes{job="node"})',
    "disk_total_bytes": f'max by (host) (node_filesystem_size_bytes{{job="node",{DISK}}})',
    "disk_used_bytes": f'max by (host) (node_filesystem_size_bytes{{job="node",{DISK}}} - node_filesystem_avail_bytes{{job="node",{DISK}}})',
    "network_receive_bytes_per_second": f'sum by (host) (rate(node_network_receive_bytes_total{{job="node",{NETWORK}}}[30s]))',
    "network_transmit_bytes_per_second": f'sum by (host) (rate(node_network_transmit_bytes_total{{job="node",{NETWORK}}}[30s]))',
    "temperature_celsius": 'max by (host) (node_hwmon_temp_celsius{job="node"} or node_thermal_zone_temp{job="node"})',
    "gpu_exporter_up": 'max by (host) (up{job="gpu"})',
    "gpu_driver_present": 'max by (host) (shiva_gpu_driver_present{job="gpu"})',
}  # fmt: skip
# What is remembered for hours and days costs Prometheus as much as all of the others, and changes less often.
REMEMBERED: Mapping[str, str] = prometheus_gpus.REMEMBERED
REMEMBERED_SECONDS = 30.0

WHOLE = {"cpus", "memory_total_bytes", "memory_used_bytes", "disk_total_bytes", "disk_used_bytes"}
PER_HOST = [name for name in QUERIES if not name.startswith("gpu_") and name != "up"]

Answers = Mapping[str, Sequence[Sample]]


class Prometheus:
    """Asks all queries at once and joins them by host."""

    def __init__(
        self,
        url: str,
        *,
        login: Login = NOBODY,
        clock: Callable[[], float] = time.monotonic,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """`url` without a path; `login` is name and password, both empty where Prometheus asks for none; `clock` is monotonic."""
        self._url = f"{url.rstrip('/')}/api/v1/query"
        self._http = BoundedHttp(login=login)
        self._clock, self._most_bytes = clock, most_bytes
        self._pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="prometheus")
        self._remembered: Answers = {}
        self._remembered_at: float | None = None

    def machines(self) -> Sequence[MachineReading]:
        """Return one reading per machine; see `MetricsSource.machines`. Not for two threads at once."""
        began = self._clock()
        due = self._remembered_at is None or began - self._remembered_at >= REMEMBERED_SECONDS
        answers = self._round({**QUERIES, **REMEMBERED} if due else QUERIES)
        if due:
            self._remembered, self._remembered_at = {name: answers[name] for name in REMEMBERED}, began
        # A card that fell silent is as it was when it was last seen, also where that was since the memory was read.
        self._remembered = prometheus_gpus.remembered(self._remembered, answers)
        return joined({**answers, **self._remembered}, asked_at=time.time())

    def _round(self, queries: Mapping[str, str]) -> dict[str, list[Sample]]:
        budget = _Budget(self._most_bytes, time.monotonic() + DEADLINE_SECONDS)
        waiting = {name: self._pool.submit(self._ask, text, budget) for name, text in queries.items()}
        answers: dict[str, list[Sample]] = {}
        try:
            for name in queries:
                answers[name] = _read(waiting.pop(name).result())
        finally:
            budget.close()  # what was not asked yet is not asked any more
        return answers

    def query(self, text: str) -> list[Sample]:
        """Return the series of an instant query; NaN and infinities are no values.

        Raises:
            MetricsUnavailableError: no usable answer.
        """
        return _read(self._ask(text, _Budget(self._most_bytes, time.monotonic() + DEADLINE_SECONDS)))

    def _ask(self, text: str, budget: "_Budget") -> bytes:
        try:
            seconds, most_bytes = budget.left()
            status, body = self._http.ask(
                "POST", self._url, data={"query": text}, connect_seconds=CONNECT_SECONDS, seconds=seconds,
                most_bytes=most_bytes,
            )  # fmt: skip
        except requests.RequestException as error:
            raise MetricsUnavailableError(repr(error)[:500]) from error
        budget.spend(len(body))
        if status != requests.codes.ok:
            raise MetricsUnavailableError(f"status {status}")
        return body


class _Budget:
    """Time and bytes for all queries of a round together."""

    def __init__(self, most_bytes: int, until: float) -> None:
        self._left, self._until = most_bytes, until
        self._lock = threading.Lock()

    def left(self) -> tuple[float, int]:
        """Return seconds and bytes.

        Raises:
            MetricsUnavailableError: one of them is used up.
        """
        with self._lock:
            seconds, most_bytes = self._until - time.monotonic(), self._left
        if seconds <= 0 or most_bytes <= 0:
            raise MetricsUnavailableError("Prometheus does not answer in time, or tells too much")
        return seconds, most_bytes

    def spend(self, size: int) -> None:
        with self._lock:
            self._left -= size

    def close(self) -> None:
        with self._lock:
            self._left = 0


def _read(body: bytes) -> list[Sample]:
    try:
        return vector(body)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise MetricsUnavailableError(repr(error)[:500]) from error


def joined(answers: Answers, *, asked_at: float) -> list[MachineReading]:
    """Join the answers by host: a query that told nothing of a host leaves None there. `asked_at`: seconds since 1970."""
    values: dict[str, dict[str, Any]] = defaultdict(dict)
    for name in PER_HOST:
        for host, value in _by_host(answers[name]).items():
            values[host][name] = whole(value) if name in WHOLE else value
    ups = _by_host(answers["up"])
    drivers, exporters = _by_host(answers["gpu_driver_present"]), _by_host(answers["gpu_exporter_up"])
    gpus, health = prometheus_gpus.gpus(answers), prometheus_gpus.health(answers, asked_at=asked_at)
    hosts = ups.keys() | values.keys() | exporters.keys()
    return [
        MachineReading(
            name=host,
            up=ups[host] == 1 if host in ups else None,
            gpu_driver=_driver(exporters.get(host), drivers.get(host)),
            gpus=tuple(gpus.get(host, ())),
            health=health.get(host, {}),
            **_clamped(values.get(host, {})),
        )
        for host in sorted(hosts)
    ]


def _clamped(facts: dict[str, Any]) -> dict[str, Any]:
    """A rate over a counter's reset can leave 0 to 1 by a hair."""
    if "cpu_ratio" in facts:
        facts["cpu_ratio"] = min(1.0, max(0.0, facts["cpu_ratio"]))
    return facts


def _by_host(samples: Sequence[Sample]) -> dict[str, float]:
    """What has no name of a machine is nobody's."""
    return {
        host: sample.value for sample in samples if (host := sample.labels.get("host")) and len(host) <= MOST_NAME
    }  # fmt: skip


def _driver(exporter_up: float | None, present: float | None) -> GpuDriver:
    if exporter_up != 1 or present is None:
        return GpuDriver.UNKNOWN
    return GpuDriver.PRESENT if present == 1 else GpuDriver.NONE
