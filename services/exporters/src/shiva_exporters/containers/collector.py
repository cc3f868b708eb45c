"""What containers use → metric families; see METRICS.md."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from shiva_exporters.containers.watching import Uses
from shiva_exporters.serve import CollectError


class ContainerCollector:
    """Says that nothing is known rather than showing a machine without containers."""

    name = "containers"

    def __init__(self, latest: Callable[[], Uses | None]) -> None:
        """`latest` returns at once; None: nothing is known."""
        self._latest = latest

    def collect(self) -> Iterator[Metric]:
        """Yield what each launch uses."""
        uses = self._latest()
        if uses is None:
            raise CollectError("the last round through the processes is old, or there was none yet")
        memory = GaugeMetricFamily(
            "shiva_container_memory_used_bytes", "Memory of the machine that the container uses.", labels=["launch_id"]
        )
        cpu = CounterMetricFamily(
            "shiva_container_cpu_seconds",
            "Seconds of CPUs that the container used, since it is counted.",
            labels=["launch_id"],
        )
        for launch, use in sorted(uses.items()):
            if use.memory_used_bytes is not None:
                memory.add_metric([launch], use.memory_used_bytes)
            if use.cpu_seconds is not None:
                cpu.add_metric([launch], use.cpu_seconds)
        yield memory
        yield cpu
