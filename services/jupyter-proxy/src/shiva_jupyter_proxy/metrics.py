"""The door's numbers as Prometheus' metrics."""

from collections.abc import Callable, Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from shiva_jupyter_proxy.observing import BUCKETS, Numbers


class DoorCollector(Collector):
    """Shows numbers as they are when asked."""

    def __init__(self, numbers: Callable[[], Numbers]) -> None:
        """Ask for `numbers` at each scrape."""
        self._numbers = numbers

    def describe(self) -> Iterator[Metric]:
        """Register without a reading."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Return every metric."""
        numbers = self._numbers()
        requests = CounterMetricFamily(
            "shiva_proxy_requests", "Answers by whom they come from and status class.", labels=["kind", "status"]
        )
        kinds = {"container": numbers.container, "shiva": numbers.shiva}
        for kind, counts in kinds.items():
            for hundreds, count in enumerate(counts.answers):
                if count:
                    requests.add_metric([kind, f"{hundreds}xx"], count)
        yield requests
        durations = HistogramMetricFamily(
            "shiva_proxy_answer_seconds", "From a request's head to its answer's head.", labels=["kind"]
        )
        for kind, counts in kinds.items():
            sums = accumulate(counts.durations)
            buckets = [(bound, float(next(sums))) for bound in (*map(str, BUCKETS), "+Inf")]
            durations.add_metric([kind], buckets, sum_value=counts.seconds)
        yield durations
        errors = CounterMetricFamily(
            "shiva_proxy_upstream_errors", "Upstreams that did not answer, or broke before they did.", labels=["kind"]
        )
        for kind, counts in kinds.items():
            errors.add_metric([kind], counts.upstream_errors)
        yield errors
        yield GaugeMetricFamily("shiva_proxy_open_connections", "Connections of browsers now.", numbers.connections)
        yield GaugeMetricFamily("shiva_proxy_open_tunnels", "WebSockets that are open now.", numbers.tunnels)
