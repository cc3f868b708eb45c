"""What the cards tell → metric families; see METRICS.md."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from shiva_exporters.gpu.facts import ABOUT
from shiva_exporters.gpu.process_metrics import LABELS, labels
from shiva_exporters.gpu.source import GpuSample, MigSample, Reading

VALUES: tuple[tuple[str, str, Callable[[GpuSample], float | None]], ...] = (
    ("shiva_gpu_utilization_ratio", "Share of time in which a kernel ran, 0 to 1.", lambda g: g.utilization_ratio),
    ("shiva_gpu_memory_total_bytes", "Memory of the card.", lambda g: g.memory_total_bytes),
    ("shiva_gpu_memory_used_bytes", "Memory in use, without the driver's own.", lambda g: g.memory_used_bytes),
    ("shiva_gpu_temperature_celsius", "Temperature of the chip.", lambda g: g.temperature_celsius),
)
OF_MIG: tuple[tuple[str, str, Callable[[MigSample], float | None]], ...] = (
    ("shiva_gpu_mig_memory_total_bytes", "Memory of a MIG device.", lambda part: part.memory_total_bytes),
    ("shiva_gpu_mig_memory_used_bytes", "Memory in use of a MIG device.", lambda part: part.memory_used_bytes),
    (
        "shiva_gpu_mig_sm_utilization_ratio",
        "Share of a MIG device's multiprocessors' time with work.",
        lambda part: part.sm_utilization_ratio,
    ),
)
IDENTITY = ("pci_bus_id", "minor", "compute_capability", "mig_mode")


def devices(reading: Reading) -> Iterator[Metric]:
    """Yield the cards, what each tells, its MIG devices and its errors."""
    yield GaugeMetricFamily("shiva_gpu_devices", "GPUs that the driver lists.", value=len(reading.gpus))
    yield from _presence(reading)
    named = [gpu for gpu in reading.gpus if gpu.uuid is not None]
    for name, text, value_of in VALUES:
        family = GaugeMetricFamily(name, text, labels=LABELS)
        for gpu in named:
            value = value_of(gpu)
            if value is not None:
                family.add_metric(labels(gpu), value)
        yield family
    yield from _facts(named)
    yield from _mig(named)
    yield from _xids(named, reading)
    errors = CounterMetricFamily(
        "shiva_gpu_collect_errors", "Calls of the driver that failed.", labels=["call", "code"]
    )
    for key, count in reading.errors.items():
        errors.add_metric(list(key), count)
    yield errors


def _presence(reading: Reading) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "shiva_gpu_info", "Identity of each GPU.", labels=[*LABELS, *IDENTITY, "driver_version", "cuda_version"]
    )
    up = GaugeMetricFamily("shiva_gpu_up", "1 if the driver reaches it, 0 if it is lost.", labels=["gpu", "uuid"])
    for gpu in reading.gpus:
        up.add_metric([str(gpu.index), gpu.uuid or ""], float(gpu.up))
        if gpu.uuid is not None:
            identity = [getattr(gpu.identity, label) for label in IDENTITY]
            info.add_metric([*labels(gpu), *identity, reading.driver_version, reading.cuda_version], 1)
    yield info
    yield up


def _facts(gpus: list[GpuSample]) -> Iterator[Metric]:
    families: dict[str, Metric] = {
        name: (CounterMetricFamily if about.counter else GaugeMetricFamily)(
            name, about.text, labels=[*LABELS, *about.labels]
        )
        for name, about in ABOUT.items()
    }
    for gpu in gpus:
        for (name, *own), value in gpu.facts.items():
            families[name].add_metric([*labels(gpu), *own], value)  # type: ignore[attr-defined]
    yield from families.values()


def _mig(gpus: list[GpuSample]) -> Iterator[Metric]:
    for name, text, value_of in OF_MIG:
        family = GaugeMetricFamily(name, text, labels=[*LABELS, "gi", "mig_uuid"])
        for gpu in gpus:
            for part in gpu.mig:
                value = value_of(part)
                if value is not None:
                    family.add_metric([*labels(gpu), str(part.instance), part.uuid], value)
        yield family


def _xids(gpus: list[GpuSample], reading: Reading) -> Iterator[Metric]:
    count = CounterMetricFamily("shiva_gpu_xid_errors", "Errors of this kind since we watch.", labels=[*LABELS, "xid"])
    last = GaugeMetricFamily(
        "shiva_gpu_xid_last_timestamp_seconds", "When the last of them was reported.", labels=[*LABELS, "xid"]
    )
    for gpu in gpus:
        for number, xid in reading.xids.get(gpu.uuid or "", {}).items():
            count.add_metric([*labels(gpu), str(number)], xid.count)
            last.add_metric([*labels(gpu), str(number)], xid.last_at)
    yield count
    yield last
