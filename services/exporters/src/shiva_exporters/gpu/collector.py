"""A snapshot of the GPUs → metric families; see METRICS.md."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from shiva_exporters.gpu.dcgm import aliases
from shiva_exporters.gpu.device_metrics import devices
from shiva_exporters.gpu.process_metrics import activity, processes
from shiva_exporters.gpu.sampler import Snapshot
from shiva_exporters.serve import CollectError


class GpuCollector:
    """Renders what the sampler saw; a value that nobody told has no series."""

    name = "gpu"

    def __init__(self, snapshot: Callable[[], Snapshot], *, dcgm_hostname: str | None = None) -> None:
        """`snapshot` returns at once; with a host's name everything is told under DCGM's names as well."""
        self._snapshot = snapshot
        self._dcgm_hostname = dcgm_hostname

    def collect(self) -> Iterator[Metric]:
        """Yield the health of reading, then the GPUs of the last good round."""
        now = self._snapshot()
        yield from _health(now)
        if now.driver_present is None or not now.success:
            raise CollectError("the last round of the driver failed or is old")
        if now.reading is not None:
            yield from devices(now.reading)
            yield from processes(now.reading)
            yield from activity(now.reading, now.activity)
            if self._dcgm_hostname is not None:
                yield from aliases(now.reading, self._dcgm_hostname)


def _health(now: Snapshot) -> Iterator[Metric]:
    if now.driver_present is not None:
        yield GaugeMetricFamily(
            "shiva_gpu_driver_present",
            "1 if this machine has an NVIDIA driver, else 0.",
            value=float(now.driver_present),
        )
    if now.collected_at is not None:
        yield GaugeMetricFamily(
            "shiva_gpu_last_collect_timestamp_seconds", "End of the last successful round.", value=now.collected_at
        )
    if now.duration_seconds is not None:
        yield GaugeMetricFamily(
            "shiva_gpu_last_collect_duration_seconds", "Time of the last round.", value=now.duration_seconds
        )
    yield CounterMetricFamily(
        "shiva_gpu_rounds_failed", "Rounds in which the driver failed as a whole.", value=now.errors
    )
