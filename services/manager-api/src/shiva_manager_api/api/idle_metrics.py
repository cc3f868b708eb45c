"""What the culler said last, for Prometheus; read from its state at each scrape."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shiva_manager_api.domain.idle_state import IdleState


class IdleCollector(Collector):
    """Nothing where no culler ever ran; an old pass has its time only."""

    def __init__(self, idle: Callable[[], IdleState], now: Callable[[], datetime]) -> None:
        """`now` is aware."""
        self._idle = idle
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield the last pass."""
        state = self._idle()
        if state.passed_at is None:
            return
        yield GaugeMetricFamily(
            "shiva_culler_last_pass_timestamp_seconds",
            "When idle containers were last judged.",
            value=state.passed_at.timestamp(),
        )
        if state.current(self._now()):
            told = Counter(kept.told.reason for kept in state.launches.values() if kept.told is not None)
            containers = GaugeMetricFamily(
                "shiva_culler_containers", "Containers by what the last pass said of them.", labels=["reason"]
            )
            for reason, number in sorted(told.items()):
                containers.add_metric([reason], number)
            yield containers
