"""Remember when containers were last used, and report that in batches."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from shiva_jupyter_proxy.domain.ports import ActivitySink, ReportRefusedError

log = logging.getLogger("shiva.jupyter_proxy.activity")

PERIOD_SECONDS = 5.0


class Activity:
    """Accesses that were not reported yet."""

    def __init__(self, sink: ActivitySink, clock: Callable[[], float]) -> None:
        """`clock` returns seconds since the epoch."""
        self._sink = sink
        self._clock = clock
        self._seen: dict[str, float] = {}

    def mark(self, container_id: str) -> None:
        """Note a use now: an answer below 300, or data on a socket. Refusals and errors are no use."""
        self._seen[container_id] = self._clock()

    async def run(self) -> None:
        """Report for ever."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            try:
                await self.report()
            except Exception:  # the accesses are kept; a mistake of ours must not end the reports
                log.exception("reporting accesses failed")

    async def report(self) -> None:
        """Report once; what is not taken is kept for the next time."""
        batch, self._seen = self._seen, {}
        if not batch:
            return
        try:
            await self._sink.report({container: datetime.fromtimestamp(at, UTC) for container, at in batch.items()})
            batch = {}
        except ReportRefusedError as error:
            log.warning("accesses not reported, keeping them", extra={"cause": str(error)})
        finally:
            self._seen = batch | self._seen
