"""Learn every two seconds whose sessions are over; while the manager is away, what was told last holds."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from shiva_jupyter_proxy.domain.ports import ManagerUnavailableError, RevocationSource, Revoked

log = logging.getLogger("shiva.jupyter_proxy.revoking")

PERIOD_SECONDS = 2.0


class RevocationSync:
    """Pulls, and passes on what changed."""

    def __init__(self, source: RevocationSource, on_told: Callable[[Sequence[Revoked]], None]) -> None:
        """`on_told` gets all of it, whenever something changed."""
        self._source = source
        self._on_told = on_told
        self.answers = True  # until it fails: said once, and once more when it is back

    async def run(self) -> None:
        """Pull for ever."""
        while True:
            try:
                await self.pull()
            except Exception:  # a mistake of ours must not let in for ever who was shut out
                log.exception("pulling revocations failed")
            await asyncio.sleep(PERIOD_SECONDS)

    async def pull(self) -> None:
        """Pull once."""
        try:
            told = await self._source.revocations()
        except ManagerUnavailableError as error:
            if self.answers:
                log.warning("revocations unavailable, keeping the known ones", extra={"cause": str(error)})
            self.answers = False
            return
        self.answers = True
        if told is not None:
            self._on_told(told)
