"""Pasts over Prometheus: four queries, whatever the number of machines and images."""

from collections.abc import Callable, Mapping, Sequence

from shiva_manager_api.adapters.samples import Sample
from shiva_manager_api.domain.foretelling import Past, Took

SPAN = "3d"
STARTS, FETCHES = ("shiva_broker_machine_start_seconds", "machine"), ("shiva_broker_image_fetch_seconds", "image")


def query(metric: str, label: str, part: str) -> str:
    """Return how much a part of a summary, `sum` or `count`, grew in the last days."""
    return f'sum by ({label}) (increase({metric}_{part}{{job="services"}}[{SPAN}]))'


class PrometheusStarts:
    """Asks now, and keeps nothing."""

    def __init__(self, ask: Callable[[str], Sequence[Sample]]) -> None:
        """`ask` answers an instant query, or raises MetricsUnavailableError."""
        self._ask = ask

    def read(self) -> Past:
        """Return how long starts took; see `Pasts.read`."""
        return Past(starts=self._took(*STARTS), fetches=self._took(*FETCHES))

    def _took(self, metric: str, label: str) -> Mapping[str, Took]:
        seconds, counts = (
            {each.labels.get(label, ""): each.value for each in self._ask(query(metric, label, part))}
            for part in ("sum", "count")
        )
        known = counts.keys() & seconds.keys()
        return {name: Took(count=counts[name], seconds=seconds[name]) for name in known if counts[name] > 0}
