"""Connections that wait for the next request to the same upstream and route; never shared between two routes."""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Callable
from time import monotonic

from shiva_jupyter_proxy.domain.messages import Upstream
from shiva_jupyter_proxy.domain.targets import Targets
from shiva_jupyter_proxy.forward.connection import Connection
from shiva_jupyter_proxy.forward.heads import Reader
from shiva_jupyter_proxy.forward.sockets import watch_peer

CONNECT_SECONDS = 5.0
MAX_IDLE = 64  # connections kept for one upstream
IDLE_SECONDS = 30.0


class Pool:
    """Keeper of connections to upstreams."""

    def __init__(self, reader: Reader, targets: Targets, *, tls: ssl.SSLContext | None = None) -> None:
        """`tls` is for upstreams that ask for it."""
        self._targets = targets
        self.reader = reader
        self._tls = tls
        self._idle: dict[str, list[Connection]] = defaultdict(list)

    def kept(self, upstream: Upstream) -> Connection | None:
        """Return a connection that waits."""
        waiting = self._idle.get(upstream.key)
        while waiting:
            found = waiting.pop()
            if not found.transport.is_closing():
                return found
        return None

    async def connected(self, upstream: Upstream) -> Connection:
        """Return a new connection; OSError (TimeoutError) or UnicodeError when nobody listens there."""
        loop = asyncio.get_running_loop()
        factory: Callable[[], Connection] = lambda: Connection(self, upstream.key)  # noqa: E731
        async with asyncio.timeout(CONNECT_SECONDS):
            if upstream.path:
                return (await loop.create_unix_connection(factory, upstream.path))[1]
            tls = self._tls if upstream.tls else None
            transport, made = await loop.create_connection(factory, upstream.host, upstream.port, ssl=tls)
        reached = transport.get_extra_info("peername")
        if reached is None or transport.is_closing():
            raise ConnectionResetError(f"{upstream.host} hung up")
        if upstream.guarded and self._targets.refuses(str(reached[0]), int(reached[1])):
            transport.abort()
            raise PermissionError(f"{upstream.host} leads to {reached[0]}, where no container may be")
        watch_peer(transport)
        return made

    def give_back(self, connection: Connection, now: float) -> None:
        """Keep a connection whose answer is complete."""
        waiting = self._idle[connection.key]
        if len(waiting) < MAX_IDLE:
            connection.since = now
            waiting.append(connection)
        else:
            connection.close()

    def forget(self, connection: Connection) -> None:
        """Drop a connection that ended."""
        waiting = self._idle.get(connection.key)
        if waiting is None:
            return
        if connection in waiting:
            waiting.remove(connection)
        if not waiting:
            del self._idle[connection.key]

    async def run(self) -> None:
        """Close what waited too long, for ever."""
        while True:
            await asyncio.sleep(IDLE_SECONDS / 3)
            oldest = monotonic() - IDLE_SECONDS
            for connection in [each for waiting in self._idle.values() for each in waiting if each.since < oldest]:
                connection.close()

    def close(self) -> None:
        """Close what waits."""
        for connection in [each for waiting in self._idle.values() for each in waiting]:
            connection.close()
