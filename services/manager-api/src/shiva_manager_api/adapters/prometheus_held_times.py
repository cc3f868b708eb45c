"""HeldTimeSource over Prometheus: seven queries of what the group `shiva-gpu-time` of recording.yml recorded, whatever the span."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from shiva_manager_api.adapters.bounded_http import NOBODY, Login
from shiva_manager_api.adapters.prometheus_asking import Asking
from shiva_manager_api.adapters.samples import Sample, vector
from shiva_manager_api.domain.held_time import GpuTime, HeldTimes

DEADLINE_SECONDS = 5.0  # somebody waits; a month of a thousand people takes Prometheus a second or two
SAMPLE_SECONDS = 60  # the group's interval: each sample stands for so long

WHOSE = {"people": "user", "machines": "machine"}
PARTS = {"held": "count", "told": "count", "used": "sum"}
SINCE = ("recorded", "from")
QUERIES: Mapping[tuple[str, str], str] = {
    (whose, part): f"sum_over_time({label}:shiva_gpu_time_{part}:{how}[SPAN])"
    for whose, label in WHOSE.items()
    for part, how in PARTS.items()
} | {SINCE: "min(min_over_time(shiva_gpu_time_recorded:timestamp[SPAN]))"}


class PrometheusHeldTimes:
    """Asks now, and keeps nothing."""

    def __init__(self, url: str, *, login: Login = NOBODY) -> None:
        """`url` without a path; `login` as for `Prometheus`."""
        self._asking = Asking(f"{url.rstrip('/')}/api/v1/query", login=login, name="held-times")

    def read(self, span: int, until: datetime) -> HeldTimes:
        """Return what was held; see `HeldTimeSource.read`."""
        start, at = until - timedelta(seconds=span), f"{until.timestamp():.0f}"
        forms = {key: {"query": text.replace("SPAN", f"{span}s"), "time": at} for key, text in QUERIES.items()}
        found = self._asking.every(forms, vector, deadline=time.monotonic() + DEADLINE_SECONDS)
        since = next((datetime.fromtimestamp(sample.value, UTC) for sample in found[SINCE]), None)
        times = {whose: _times([_by(label, found[whose, part]) for part in PARTS]) for whose, label in WHOSE.items()}
        return HeldTimes(
            start=start,
            end=until,
            recorded_from=None if since is None else max(start, since),
            people=times["people"],
            machines=times["machines"],
        )


def _by(label: str, samples: Sequence[Sample]) -> dict[str, float]:
    """Return seconds by name; what has none is nobody's."""
    return {
        name: max(0.0, sample.value) * SAMPLE_SECONDS for sample in samples if (name := sample.labels.get(label))
    }  # fmt: skip


def _times(parts: Sequence[Mapping[str, float]]) -> dict[str, GpuTime]:
    held, told, used = parts
    return {name: GpuTime.of(each, told.get(name, 0.0), used.get(name, 0.0)) for name, each in held.items()}
