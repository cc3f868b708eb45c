"""What went through the door: numbers, accesses, and the tunnels that must end with their route or session."""

import asyncio
import logging
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field

from shiva_jupyter_proxy.domain.messages import Peer, RequestHead
from shiva_jupyter_proxy.domain.ports import Tunnel, Uses

log = logging.getLogger("shiva.jupyter_proxy.access")

REDIRECTION = 300
NOTED_SECONDS = 1.0
HUNDREDS = 10
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


@dataclass(slots=True)
class Counts:
    """What came from one kind of upstream, since the start."""

    answers: list[int] = field(default_factory=lambda: [0] * HUNDREDS)  # by hundreds of the status
    durations: list[int] = field(
        default_factory=lambda: [0] * (len(BUCKETS) + 1)
    )  # answers in each bucket, not summed up
    seconds: float = 0.0  # sum of durations
    upstream_errors: int = 0


@dataclass(slots=True)
class Numbers:
    """Counts since the start, and what is open."""

    container: Counts = field(default_factory=Counts)
    shiva: Counts = field(default_factory=Counts)
    connections: int = 0  # open now
    tunnels: int = 0  # open now


class Traffic:
    """Observer of every connection."""

    def __init__(self, uses: Uses) -> None:
        """Report accesses to `uses`."""
        self._uses = uses
        self._by_container: dict[str, set[Tunnel]] = defaultdict(set)
        self._by_session: dict[str, set[Tunnel]] = defaultdict(set)
        self.numbers = Numbers()

    def connected(self, count: int) -> None:
        """Note how many there are."""
        self.numbers.connections = count

    def answered(self, container_id: str | None, status: int, seconds: float) -> None:
        """Count; an answer below 300 from a container is a use of it."""
        counts = self.numbers.shiva if container_id is None else self.numbers.container
        counts.answers[status // 100] += 1
        counts.durations[bisect_left(BUCKETS, seconds)] += 1
        counts.seconds += seconds
        if container_id is not None and status < REDIRECTION:
            self._uses.mark(container_id)

    def upstream_failed(self, container_id: str | None) -> None:
        """Count."""
        counts = self.numbers.shiva if container_id is None else self.numbers.container
        counts.upstream_errors += 1

    def tunnel_opened(self, tunnel: Tunnel) -> None:
        """Remember it by what may end it."""
        self.numbers.tunnels += 1
        if tunnel.container_id is not None:
            self._by_container[tunnel.container_id].add(tunnel)
        if tunnel.session_id is not None:
            self._by_session[tunnel.session_id].add(tunnel)

    def tunnel_closed(self, tunnel: Tunnel) -> None:
        """Forget it."""
        self.numbers.tunnels -= 1
        self._note(tunnel)
        for register, key in ((self._by_container, tunnel.container_id), (self._by_session, tunnel.session_id)):
            if key is not None:
                register[key].discard(tunnel)
                if not register[key]:
                    del register[key]

    def _note(self, tunnel: Tunnel) -> None:
        """Data on a socket is a use."""
        if tunnel.moved and tunnel.container_id is not None:
            self._uses.mark(tunnel.container_id)
        tunnel.moved = False

    async def run(self) -> None:
        """Note which sockets were used, for ever: asking each second costs less than telling with each message."""
        while True:
            await asyncio.sleep(NOTED_SECONDS)
            for tunnel in [tunnel for tunnels in self._by_container.values() for tunnel in tunnels]:
                self._note(tunnel)

    def close(self, containers: set[str]) -> None:
        """Close the tunnels of containers whose route is gone."""
        _close(self._by_container, containers)

    def close_sessions(self, sessions: set[str]) -> None:
        """Close the tunnels of sessions that are over."""
        _close(self._by_session, sessions)


def log_access(head: RequestHead, peer: Peer, container_id: str | None, status: int, seconds: float) -> None:
    """Write a line of the access log."""
    facts = {"client": peer.address, "method": head.method, "path": head.path, "status": status}
    log.info("answered", extra=facts | {"container": container_id, "seconds": round(seconds, 4)})


def _close(register: dict[str, set[Tunnel]], keys: set[str]) -> None:
    for tunnel in [tunnel for key in keys for tunnel in register.get(key, ())]:
        tunnel.close()
