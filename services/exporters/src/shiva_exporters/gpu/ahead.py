"""The GPUs' page, made when there is something new to tell and not when somebody asks."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from shiva_exporters.gpu.collector import GpuCollector
from shiva_exporters.gpu.sampler import Snapshot
from shiva_exporters.serve import Framed, of_this_process


class Ahead:
    """Keeps the text of one snapshot; what tells of the exporter itself is fresh each time."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        """`snapshot` returns at once, and the same object until something changed."""
        self._snapshot = snapshot
        self._kept: tuple[Snapshot | None, bytes] = (None, b"")
        self._own = of_this_process()

    def make(self) -> None:
        """Make the page of what is known now; of a failed round only when asked, for there is little to tell."""
        now = self._snapshot()
        if now.reading is not None:
            self._kept = (now, _text(now))

    def page(self) -> bytes:
        """Return the page."""
        now = self._snapshot()
        of, text = self._kept
        return (text if of is now else _text(now)) + generate_latest(self._own)


def _text(now: Snapshot) -> bytes:
    shown = CollectorRegistry()
    shown.register(Framed([GpuCollector(lambda: now)]))
    return generate_latest(shown)
