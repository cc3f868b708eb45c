"""The GPUs' page, made when there is something new to tell and not when somebody asks."""

from collections.abc import Callable, Sequence

from prometheus_client.exposition import generate_latest

from shiva_exporters.gpu.collector import GpuCollector
from shiva_exporters.gpu.exposition import text
from shiva_exporters.gpu.sampler import Snapshot
from shiva_exporters.serve import Collector, Framed, of_this_process


class Ahead:
    """Keeps the text of one snapshot; what tells of the exporter itself is fresh each time."""

    def __init__(
        self, snapshot: Callable[[], Snapshot], *, dcgm_hostname: str | None = None, beside: Sequence[Collector] = ()
    ) -> None:
        """`snapshot` returns at once, and the same object until something changed; `dcgm_hostname` as GpuCollector's.

        `beside` are shown as they were when the GPUs were last read; of gauges and counters, and they return at once.
        """
        self._beside = beside
        self._snapshot = snapshot
        self._dcgm_hostname = dcgm_hostname
        self._kept: tuple[Snapshot | None, bytes] = (None, b"")
        self._own = of_this_process()

    def make(self) -> None:
        """Make the page of what is known now; of a failed round only when asked, for there is little to tell."""
        now = self._snapshot()
        if now.reading is not None:
            self._kept = (now, self._text(now))

    def page(self) -> bytes:
        """Return the page."""
        now = self._snapshot()
        of, made = self._kept
        return (made if of is now else self._text(now)) + generate_latest(self._own)

    def _text(self, now: Snapshot) -> bytes:
        return text(Framed([GpuCollector(lambda: now, dcgm_hostname=self._dcgm_hostname), *self._beside]).collect())
