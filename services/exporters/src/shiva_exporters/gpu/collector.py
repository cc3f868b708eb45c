"""A snapshot of the GPUs → metric families; see METRICS.md."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from shiva_exporters.gpu.process_metrics import LABELS, activity, labels, processes
from shiva_exporters.gpu.sampler import Snapshot
from shiva_exporters.gpu.source import GpuSample, Reading
from shiva_exporters.serve import CollectError

VALUES: tuple[tuple[str, str, Callable[[GpuSample], float | None]], ...] = (
    ("shiva_gpu_utilization_ratio", "Share of time in which a kernel ran, 0 to 1.", lambda g: g.utilization_ratio),
    ("shiva_gpu_memory_total_bytes", "Memory of the card.", lambda g: g.memory_total_bytes),
    ("shiva_gpu_memory_used_bytes", "Memory in use, without the driver's own.", lambda g: g.memory_used_bytes),
    ("shiva_gpu_temperature_celsius", "Temperature of the chip.", lambda g: g.temperature_celsius),
)


class GpuCollector:
    """Renders what the sampler saw; a value that nobody told has no series."""

    name = "gpu"

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        """`snapshot` returns at once."""
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Yield the health of reading, then the GPUs of the last good round."""
        now = self._snapshot()
        yield from _health(now)
        if now.driver_present is None or not now.success:
            raise CollectError("the last round of the driver failed or is old")
        if now.reading is not None:
            yield from _gpus(now.reading)
            yield from processes(now.reading)
            yield from activity(now.reading, now.activity)


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
        "shiva_gpu_collect_errors", "Rounds in which the driver failed as a whole.", value=now.errors
    )


def _gpus(reading: Reading) -> Iterator[Metric]:
    yield GaugeMetricFamily("shiva_gpu_devices", "GPUs that the driver lists.", value=len(reading.gpus))
    info = GaugeMetricFamily("shiva_gpu_info", "Identity of each GPU.", labels=[*LABELS, "driver_version"])
    up = GaugeMetricFamily("shiva_gpu_up", "1 if the driver reaches it, 0 if it is lost.", labels=["gpu", "uuid"])
    for gpu in reading.gpus:
        up.add_metric([str(gpu.index), gpu.uuid or ""], float(gpu.up))
        if gpu.uuid is not None:
            info.add_metric([*labels(gpu), reading.driver_version], 1)
    yield info
    yield up
    for name, text, value_of in VALUES:
        family = GaugeMetricFamily(name, text, labels=list(LABELS))
        for gpu in reading.gpus:
            value = value_of(gpu)
            if value is not None and gpu.uuid is not None:
                family.add_metric(labels(gpu), value)
        yield family
