"""Read the GPUs in the background, at our own pace: a scrape never waits for a driver."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from shiva_exporters.gpu.activity import Activity, Meter
from shiva_exporters.gpu.source import GpuReadError, GpuSource, NoDriverError, Reading

log = logging.getLogger("shiva.exporters.gpu")

FRESH_INTERVALS = 3  # older readings are not shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Data and health apart: health is never inferred from data."""

    driver_present: bool | None = None  # None until the first round ended
    success: bool = False  # of the last round
    reading: Reading | None = None  # of the last round, if it succeeded
    activity: Activity = field(default_factory=dict)  # of that reading
    collected_at: float | None = None  # end of the last successful round, seconds since 1970
    duration_seconds: float | None = None
    errors: int = 0


class Sampler:
    """Keeps one snapshot fresh."""

    def __init__(
        self,
        source: GpuSource,
        *,
        interval_seconds: float,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` returns seconds since 1970, `steady` seconds that never go back."""
        self._source = source
        self._interval = interval_seconds
        self._clock = clock
        self._steady = steady
        self._meter = Meter(longest_seconds=FRESH_INTERVALS * interval_seconds)
        self._snapshot = Snapshot()

    def start(self, then: Callable[[], None] = lambda: None) -> None:
        """Sample from now on, in a thread of its own; call `then` after each round."""
        threading.Thread(target=self._run, args=[then], name="sampler", daemon=True).start()

    def _run(self, then: Callable[[], None]) -> None:
        while True:
            try:
                self.sample()
                then()
            except Exception:  # a mistake of ours in one round is none in the next
                log.exception("a round broke off")
            time.sleep(self._interval)

    def sample(self) -> None:
        """Take one round."""
        started = time.perf_counter()
        before = self._snapshot
        try:
            reading = self._source.read()
        except NoDriverError:
            self._snapshot = replace(
                before, driver_present=False, success=True, reading=None, collected_at=self._clock()
            )
        except Exception as error:  # GpuReadError, or what no driver did yet: the sampler goes on
            if before.success or before.driver_present is None or not isinstance(error, GpuReadError):
                log.warning("the driver does not answer", exc_info=error)
            self._snapshot = replace(before, driver_present=True, success=False, reading=None, errors=before.errors + 1)
        else:
            self._snapshot = replace(
                before,
                driver_present=True,
                success=True,
                reading=reading,
                activity=self._meter.add(reading, self._steady()),
                collected_at=self._clock(),
            )
        self._snapshot = replace(self._snapshot, duration_seconds=time.perf_counter() - started)

    def snapshot(self) -> Snapshot:
        """Return the last round; without its data when a hung driver made it old."""
        now = self._snapshot
        if now.collected_at is None or abs(self._clock() - now.collected_at) <= FRESH_INTERVALS * self._interval:
            return now  # abs: a clock that was set back proves nothing
        return replace(now, success=False, reading=None)
