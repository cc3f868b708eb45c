"""Who uses the GPUs → metric families; see METRICS.md."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from shiva_exporters.gpu.activity import Activity
from shiva_exporters.gpu.source import GpuSample, Reading
from shiva_exporters.gpu.usage import Group, Usage, usage

LABELS = ("gpu", "uuid", "name")
MAX_UNMANAGED = 32  # processes by pid, on each GPU: those with the most memory; every one is counted by kind


def labels(gpu: GpuSample) -> list[str]:
    """Return the values of LABELS; only a card with a UUID has them."""
    return [str(gpu.index), gpu.uuid or "", gpu.model]


def processes(reading: Reading) -> Iterator[Metric]:
    """Yield processes and memory, by kind, by container, and one by one where nobody manages them."""
    seen = [(gpu, who) for gpu in reading.gpus if gpu.uuid is not None and (who := usage(gpu, reading.owners))]
    yield from _groups(
        "shiva_gpu_processes", "Processes that the driver lists on the GPU.",
        "shiva_gpu_process_group_memory_used_bytes", "Memory that they hold.",
        "kind", [(gpu, kind, group) for gpu, who in seen for kind, group in who.kinds.items()],
    )  # fmt: skip
    yield from _groups(
        "shiva_container_gpu_processes", "Processes of the container on the GPU.",
        "shiva_container_gpu_memory_used_bytes", "Memory of the GPU that the container holds.",
        "container_id", [(gpu, name, group) for gpu, who in seen for name, group in who.containers.items()],
    )  # fmt: skip
    left = GaugeMetricFamily(
        "shiva_gpu_memory_unattributed_bytes", "Memory in use that no listed process holds.", labels=LABELS
    )
    for gpu, who in seen:
        if who.unattributed_bytes is not None:
            left.add_metric(labels(gpu), who.unattributed_bytes)
    yield left
    yield from _unmanaged(seen)


def _groups(
    counted: str, count_text: str, held: str, held_text: str, label: str, groups: list[tuple[GpuSample, str, Group]]
) -> Iterator[Metric]:
    number = GaugeMetricFamily(counted, count_text, labels=[*LABELS, label])
    memory = GaugeMetricFamily(held, held_text, labels=[*LABELS, label])
    for gpu, name, group in groups:
        number.add_metric([*labels(gpu), name], group.processes)
        if group.memory_used_bytes is not None:
            memory.add_metric([*labels(gpu), name], group.memory_used_bytes)
    yield number
    yield memory


def _unmanaged(seen: list[tuple[GpuSample, Usage]]) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "shiva_gpu_unmanaged_process_info", "A process that no container holds.", labels=[*LABELS, "pid", "user"]
    )
    memory = GaugeMetricFamily(
        "shiva_gpu_unmanaged_process_memory_used_bytes", "Memory that it holds.", labels=[*LABELS, "pid", "user"]
    )
    for gpu, who in seen:
        for user, process in who.unmanaged[:MAX_UNMANAGED]:
            of = [*labels(gpu), str(process.pid), user]
            info.add_metric(of, 1)
            if process.memory_used_bytes is not None:
                memory.add_metric(of, process.memory_used_bytes)
    yield info
    yield memory


def activity(reading: Reading, done: Activity) -> Iterator[Metric]:
    """Yield the seconds that GPUs and containers worked, and when last."""
    gpus = CounterMetricFamily(
        "shiva_gpu_active_seconds", "Seconds in which a kernel ran, since we count.", labels=LABELS
    )
    containers = CounterMetricFamily(
        "shiva_container_gpu_active_seconds",
        "Seconds in which a kernel of the container ran, since we count.",
        labels=[*LABELS, "container_id"],
    )
    last = GaugeMetricFamily(
        "shiva_container_gpu_last_active_timestamp_seconds",
        "When a kernel of the container last ran.",
        labels=[*LABELS, "container_id"],
    )
    cards = {gpu.uuid: labels(gpu) for gpu in reading.gpus}
    for (uuid, container), work in done.items():
        if container is None:
            gpus.add_metric(cards[uuid], work.seconds)
            continue
        containers.add_metric([*cards[uuid], container], work.seconds)
        if work.last_at is not None:
            last.add_metric([*cards[uuid], container], work.last_at)
    yield gpus
    yield containers
    yield last
