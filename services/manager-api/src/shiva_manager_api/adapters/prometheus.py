"""MetricsSource over Prometheus' HTTP API: a constant number of queries, whatever the number of machines."""

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as PoolTimeoutError
from typing import Any

import requests

from shiva_manager_api.adapters import prometheus_gpus
from shiva_manager_api.adapters.samples import Sample
from shiva_manager_api.domain.machines import GpuDriver, MachineReading
from shiva_manager_api.domain.ports import MetricsUnavailableError

DEADLINE_SECONDS = 2.0
THREADS = 4
NOBODY = ("", "")

# Each query gives series that carry `host`, the machine's name in the inventory.
NETWORK = 'device!~"lo|veth.*|docker.*|br-.*|virbr.*"'
DISK = 'mountpoint="/"'
QUERIES: Mapping[str, str] = {
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
    **prometheus_gpus.QUERIES,
}  # fmt: skip

WHOLE = {"cpus", "memory_total_bytes", "memory_used_bytes", "disk_total_bytes", "disk_used_bytes"}
PER_HOST = [name for name in QUERIES if not name.startswith("gpu_") and name != "up"]


class Prometheus:
    """Asks all queries at once and joins them by host."""

    def __init__(self, url: str, *, login: tuple[str, str] = NOBODY) -> None:
        """`url` without a path; `login` is name and password, both empty where Prometheus asks for none."""
        self._url = f"{url.rstrip('/')}/api/v1/query"
        self._session = requests.Session()
        self._session.auth = None if login == NOBODY else login
        self._pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="prometheus")

    def machines(self) -> Sequence[MachineReading]:
        """Return one reading per machine; see `MetricsSource.machines`."""
        waiting = {name: self._pool.submit(self.query, text) for name, text in QUERIES.items()}
        try:
            answers = {name: future.result(timeout=DEADLINE_SECONDS) for name, future in waiting.items()}
        except PoolTimeoutError as error:
            raise MetricsUnavailableError("Prometheus does not answer in time") from error
        finally:
            _cancel(waiting.values())
        return joined(answers, asked_at=time.time())

    def query(self, text: str) -> list[Sample]:
        """Return the series of an instant query; NaN and infinities are no values.

        Raises:
            MetricsUnavailableError: no usable answer.
        """
        try:
            answer = self._session.post(self._url, data={"query": text}, timeout=DEADLINE_SECONDS)
            answer.raise_for_status()
            body = answer.json()
            if body["status"] != "success" or body["data"]["resultType"] != "vector":
                raise ValueError("not a vector")
            samples = [_sample(raw) for raw in body["data"]["result"]]
        except (requests.RequestException, ValueError, KeyError, TypeError, IndexError) as error:
            raise MetricsUnavailableError(repr(error)) from error
        return [sample for sample in samples if math.isfinite(sample.value)]


def _cancel(futures: Any) -> None:
    for future in futures:
        if isinstance(future, Future):
            future.cancel()


def _sample(raw: Any) -> Sample:
    labels = raw["metric"]
    if not isinstance(labels, dict):
        raise TypeError("labels")
    return Sample(labels={str(k): str(v) for k, v in labels.items()}, value=float(raw["value"][1]))


def joined(answers: Mapping[str, Sequence[Sample]], *, asked_at: float) -> list[MachineReading]:
    """Join the answers by host: a query that told nothing of a host leaves None there. `asked_at`: seconds since 1970."""
    values: dict[str, dict[str, Any]] = defaultdict(dict)
    for name in PER_HOST:
        for sample in answers[name]:
            if "host" in sample.labels:
                values[sample.labels["host"]][name] = int(sample.value) if name in WHOLE else sample.value
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
    return {sample.labels["host"]: sample.value for sample in samples if "host" in sample.labels}


def _driver(exporter_up: float | None, present: float | None) -> GpuDriver:
    if exporter_up != 1 or present is None:
        return GpuDriver.UNKNOWN
    return GpuDriver.PRESENT if present == 1 else GpuDriver.NONE
