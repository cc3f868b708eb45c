"""How long starts took, for /metrics: one of each, and what later ones are foretold by."""

from collections.abc import Iterable
from dataclasses import asdict, fields

from prometheus_client import CollectorRegistry, Histogram, Summary

from shiva_jupyter_broker.domain.lifecycle import Phases, View

BUCKETS = (0.5, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 15, 30, 60, 120, 300, 600)


class StartMetrics:
    """Observes each start once."""

    def __init__(
        self, registry: CollectorRegistry, *, machines: Iterable[str] = (), images: Iterable[str] = ()
    ) -> None:
        """Each of `machines` and `images` has its series from the beginning: the first step of a later one is seen by nobody."""
        self._whole = Histogram(
            "shiva_broker_time_to_notebook_seconds",
            "From the request to Jupyter's first answer.",
            buckets=BUCKETS,
            registry=registry,
        )
        self._phases = Histogram(
            "shiva_broker_start_phase_seconds",
            "One phase of a start: placed, pulled, created, booting, ready.",
            ["phase"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._starts = Summary(
            "shiva_broker_machine_start_seconds",
            "From the request to Jupyter's first answer, without fetching the image.",
            ["machine"],
            registry=registry,
        )
        self._fetches = Summary(
            "shiva_broker_image_fetch_seconds",
            "Fetching the image at a start, on a machine that lacked it.",
            ["image"],
            registry=registry,
        )
        names = [each.name.removesuffix("_seconds") for each in fields(Phases)]
        for metric, values in ((self._phases, names), (self._starts, machines), (self._fetches, images)):
            for value in values:
                metric.labels(value)

    def observe(self, seen: View) -> None:
        """Count a start whose Jupyter has first answered."""
        took, fetched = seen.time_to_notebook_seconds, seen.phases.pulled_seconds
        if took is not None:
            self._whole.observe(took)
            self._starts.labels(seen.container.machine).observe(max(0.0, took - (fetched or 0.0)))
        if fetched is not None:
            self._fetches.labels(seen.container.image).observe(fetched)
        for name, seconds in asdict(seen.phases).items():
            if seconds is not None:
                self._phases.labels(name.removesuffix("_seconds")).observe(seconds)
