"""How the database is, for Prometheus."""

from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class StoreCollector(Collector):
    """Counts what came to nothing."""

    def __init__(self, failures: Callable[[], int]) -> None:
        """`failures` counts since the start."""
        self._failures = failures

    def collect(self) -> Iterator[Metric]:
        """Yield the number."""
        yield CounterMetricFamily(
            "shiva_manager_store_failures", "Transactions that the database did not take.", value=self._failures()
        )
