"""Held against used GPU time, for everybody: asked for once in a minute."""

from collections.abc import Callable
from datetime import datetime

from shiva_manager_api.domain.held_time import SPANS, HeldTimes, HeldTimeSource, Usage, usage
from shiva_manager_api.once import Once, floored
from shiva_manager_api.truth import Truth

HOLDS_SECONDS = 60
WAIT_SECONDS = 6.0


class Usages:
    """Names of people and machines are those that were recorded, and the machines that there are."""

    def __init__(self, source: HeldTimeSource, truth: Truth, *, now: Callable[[], datetime]) -> None:
        """`now` is aware."""
        self._source, self._truth, self._now = source, truth, now
        self._once = Once[HeldTimes](wait_seconds=WAIT_SECONDS)

    def of(self, wanted: str) -> Usage:
        """Return what was held in a span of SPANS.

        Raises:
            MetricsUnavailableError: Prometheus gives no usable answer, or too many ask.
        """
        overview, until = self._truth.shown().overview, floored(self._now(), HOLDS_SECONDS)
        times = self._once.of(
            wanted, until, lambda: self._source.read(SPANS[wanted], until), fresh=overview.metrics.fresh
        )
        return usage(times, {view.reading.name: len(view.gpus) for view in overview.machines})
