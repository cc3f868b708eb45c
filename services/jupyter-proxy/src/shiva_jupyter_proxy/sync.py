"""Keep the route table equal to its source: every two seconds, and at once when a route is missed."""

import asyncio
import logging
import time
from collections.abc import Callable

from shiva_jupyter_proxy.domain.ports import RouteSource, RoutesUnavailableError
from shiva_jupyter_proxy.domain.routes import RouteTable

log = logging.getLogger("shiva.jupyter_proxy.sync")

PERIOD_SECONDS = 2.0
MISS_PAUSE_SECONDS = 0.1  # however many miss at once, the broker is asked this often at most


class RouteSync:
    """Pulls routes into a table and tells which containers went away."""

    def __init__(self, source: RouteSource, table: RouteTable, on_closed: Callable[[set[str]], None]) -> None:
        """`on_closed` gets the containers whose route was removed or retargeted."""
        self._source = source
        self._table = table
        self._on_closed = on_closed
        self._pulling: asyncio.Task[None] | None = None
        self._to_pull: asyncio.Task[None] | None = None
        self.answered_at: float | None = None  # monotonic; of the last good answer
        self.answers = False
        self._tried_at = -MISS_PAUSE_SECONDS

    async def run(self) -> None:
        """Pull for ever."""
        while True:
            try:
                await self.pull()
            except Exception:  # a mistake of ours must not freeze the table for ever
                log.exception("pulling routes failed")
            await asyncio.sleep(PERIOD_SECONDS)

    async def pull(self) -> None:
        """Pull once; who comes while a pull is under way shares it."""
        if self._pulling is None or self._pulling.done():
            self._pulling = asyncio.create_task(self._pull())
        await asyncio.shield(self._pulling)

    async def missed(self) -> None:
        """Pull because a path had no route. The pull begins after the miss; who misses until then shares it."""
        if self._to_pull is None:
            self._to_pull = asyncio.create_task(self._pull_soon())
        await asyncio.shield(self._to_pull)

    async def _pull_soon(self) -> None:
        await asyncio.sleep(max(0.0, self._tried_at + MISS_PAUSE_SECONDS - time.monotonic()))
        if self._pulling is not None:
            await asyncio.wait([self._pulling])  # it may have been answered before the route came
        self._to_pull = None
        await self.pull()

    async def _pull(self) -> None:
        self._tried_at = time.monotonic()
        try:
            routes = await self._source.routes()
        except RoutesUnavailableError as error:
            if self.answers or self.answered_at is None:
                log.warning("routes unavailable, keeping the known ones", extra={"cause": str(error)})
            self.answers = False
            return
        self.answers, self.answered_at = True, time.monotonic()
        if routes is not None and (closed := self._table.replace(routes).closed):
            self._on_closed(closed)
