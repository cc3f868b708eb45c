"""The broker's containers → metric families; see METRICS.md."""

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from shiva_exporters.broker.source import BrokerAwayError, ContainerFacts, ContainerSource
from shiva_exporters.serve import CollectError

VALUES: tuple[tuple[str, str, Callable[[ContainerFacts], float | None]], ...] = (
    ("shiva_container_gpus", "GPUs leased to the container.", lambda c: len(c.gpus)),
    ("shiva_container_started_timestamp_seconds", "When its process began.", lambda c: c.started_at),
    ("shiva_container_last_access_timestamp_seconds", "When a person last used it.", lambda c: c.last_access_at),
    ("shiva_container_time_to_notebook_seconds", "From the request to Jupyter's first answer.", lambda c: c.time_to_notebook_seconds),
)  # fmt: skip


class BrokerCollector:
    """Says that the broker is away rather than showing an empty cluster."""

    name = "broker"

    def __init__(self, source: ContainerSource) -> None:
        """`source` is asked at each scrape."""
        self._source = source

    def collect(self) -> Iterator[Metric]:
        """Yield the containers as they are now."""
        text = "1 if the broker answered this scrape, else 0."
        try:
            containers = self._source.containers()
        except BrokerAwayError as error:
            yield GaugeMetricFamily("shiva_broker_up", text, value=0)
            raise CollectError(str(error)) from error
        yield GaugeMetricFamily("shiva_broker_up", text, value=1)
        info = GaugeMetricFamily(
            "shiva_container_info",
            "Whose container it is, and where.",
            labels=["container_id", "launch_id", "user", "machine", "image", "name"],
        )
        lease = GaugeMetricFamily(
            "shiva_gpu_lease", "Which container holds a GPU.", labels=["container_id", "machine", "user", "uuid"]
        )
        state = GaugeMetricFamily("shiva_container_state", "Its present state is 1.", labels=["container_id", "state"])
        for each in containers:
            info.add_metric([each.id, each.launch_id, each.user, each.machine, each.image, each.name], 1)
            state.add_metric([each.id, each.state], 1)
            for uuid in each.gpus:
                lease.add_metric([each.id, each.machine, each.user, uuid], 1)
        yield info
        yield lease
        yield state
        for name, text, value_of in VALUES:
            family = GaugeMetricFamily(name, text, labels=["container_id"])
            for each in containers:
                if (value := value_of(each)) is not None:
                    family.add_metric([each.id], value)
            yield family
