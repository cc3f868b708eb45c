"""What all connections of browsers share: the decision, the upstreams, the limits, and who is connected."""

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from shiva_jupyter_proxy.domain.messages import Decision, Forward, Peer, Reply, RequestHead
from shiva_jupyter_proxy.domain.ports import Observer
from shiva_jupyter_proxy.domain.targets import Network
from shiva_jupyter_proxy.forward.heads import Reader
from shiva_jupyter_proxy.forward.pool import Pool

log = logging.getLogger("shiva.jupyter_proxy.forward")

Decide = Callable[[RequestHead, Peer], Decision | Awaitable[Decision]]
AccessLog = Callable[[RequestHead, Peer, str | None, int, float], None]  # …, container, status, seconds
NEVER = float("inf")
FAILED = Reply(status=500, headers=[("content-type", "text/plain")], body=b"Something went wrong here.\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client may take."""

    head_bytes: int = 64 * 1024
    head_seconds: float = 10.0  # for a whole head, from its first byte
    idle_seconds: float = 75.0  # between two requests
    body_seconds: float = 60.0  # without a byte of a body that was announced
    stalled_seconds: float = 120.0  # without taking a byte of an answer that waits
    half_closed_seconds: float = 5.0  # for the answer to a client that sends no more, and may be gone
    connections: int = 1000  # of one address


class Client(Protocol):
    """A connection of a browser, as the front sees it."""

    def drain(self) -> None:
        """End after what is under way."""

    def abort(self) -> None:
        """End at once."""


class Front:
    """The public side."""

    def __init__(
        self, decide: Decide, pool: Pool, observer: Observer, limits: Limits, *,
        tls: bool = False, trusted: tuple[Network, ...] = (), stamp: Callable[[], bytes] = bytes,
        access_log: AccessLog | None = None,
    ) -> None:  # fmt: skip
        """`tls`: connections come with TLS; `trusted` are proxies in front of us; `stamp` gives each request a header line."""
        self.stamp = stamp
        self.access_log = access_log  # gets every answer
        self._decide = decide
        self.pool = pool
        self.reader: Reader = pool.reader
        self.observer = observer
        self.limits = limits
        self.scheme = "https" if tls else "http"
        self._trusted = trusted
        self.draining = False
        self._clients: set[Client] = set()
        self._by_address: Counter[str] = Counter()

    def judge(self, head: RequestHead, peer: Peer) -> Decision | Awaitable[Decision]:
        """Return the decision about a request; a mistake of ours is an answer too."""
        try:
            decision = self._decide(head, peer)
        except Exception:
            log.exception("the decision failed")
            return FAILED
        return decision if isinstance(decision, Reply | Forward) else _in_time(decision)

    async def away(self, decision: Forward, head: RequestHead) -> Reply:
        """Return the answer where nobody listens; a mistake of ours is an answer too."""
        try:
            return await decision.away(head)
        except Exception:
            log.exception("no answer could be made")
            return FAILED

    def peer(self, transport: asyncio.BaseTransport) -> Peer:
        """Return who is at the other end."""
        other, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not isinstance(other, tuple):  # a Unix socket
            return Peer(address="", scheme=self.scheme)
        address = ipaddress.ip_address(other[0].partition("%")[0])
        trusted = any(address in network for network in self._trusted)
        return Peer(address=str(other[0]), scheme=self.scheme, port=int(own[1]), trusted=trusted)

    def enter(self, client: Client, peer: Peer) -> bool:
        """Count a connection; False when its address has too many, and is no proxy of ours."""
        self._clients.add(client)
        self._by_address[peer.address] += 1
        self.observer.connected(len(self._clients))
        return peer.trusted or self._by_address[peer.address] <= self.limits.connections

    def leave(self, client: Client, peer: Peer) -> None:
        """Count it no longer."""
        self._clients.discard(client)
        self._by_address[peer.address] -= 1
        if not self._by_address[peer.address]:
            del self._by_address[peer.address]
        self.observer.connected(len(self._clients))

    def replace(self, client: Client, by: Client) -> None:
        """Count `by` instead of `client`."""
        self._clients.remove(client)
        self._clients.add(by)

    async def drain(self, grace_seconds: float) -> None:
        """Let what is under way end, within `grace_seconds`; then end the rest."""
        self.draining = True
        for client in list(self._clients):
            client.drain()
        latest = asyncio.get_running_loop().time() + grace_seconds
        while self._clients and asyncio.get_running_loop().time() < latest:
            await asyncio.sleep(0.05)
        for client in list(self._clients):
            client.abort()


async def _in_time(decision: Awaitable[Decision]) -> Decision:
    try:
        return await decision
    except Exception:
        log.exception("the decision failed")
        return FAILED


class Deadline:
    """A time by which something must happen; moving it later costs nothing."""

    __slots__ = ("_fires", "_late", "_timer", "at")

    def __init__(self, late: Callable[[], None]) -> None:
        """Call `late` when it passes."""
        self._late = late
        self._timer: asyncio.TimerHandle | None = None
        self._fires = NEVER
        self.at = NEVER  # monotonic

    def within(self, seconds: float) -> None:
        """Expect it within `seconds` from now."""
        self.by(monotonic() + seconds)

    def by(self, at: float) -> None:
        """Expect it by a monotonic time."""
        self.at = at
        if self._fires > at:
            self._set(at - monotonic())

    def never(self) -> None:
        """Expect nothing."""
        self.at = NEVER

    def cancel(self) -> None:
        """Hold no timer either."""
        self.at = self._fires = NEVER
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fires = self.at
        self._timer = asyncio.get_running_loop().call_later(seconds, self._fired)

    def _fired(self) -> None:
        self._timer, self._fires = None, NEVER
        left = self.at - monotonic()
        if left <= 0:
            self._late()
        elif self.at != NEVER:
            self._set(left)
