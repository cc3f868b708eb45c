"""What went through the door: metrics, accesses, and the tunnels that must end with their route."""

from collections import defaultdict

from prometheus_client import CollectorRegistry, Counter, Gauge

from shiva_jupyter_proxy.activity import Activity
from shiva_jupyter_proxy.domain.ports import Tunnel

REDIRECTION = 300


class Traffic:
    """Observer of every connection."""

    def __init__(self, activity: Activity, registry: CollectorRegistry) -> None:
        """Report accesses to `activity`."""
        self._activity = activity
        self._tunnels: dict[str, set[Tunnel]] = defaultdict(set)
        self._requests = Counter(
            "shiva_proxy_requests",
            "Answers by whom they come from and status class.",
            ["kind", "status"],
            registry=registry,
        )
        self._open = Gauge("shiva_proxy_open_tunnels", "WebSockets that are open now.", registry=registry)

    def answered(self, container_id: str | None, status: int) -> None:
        """Count; an answer below 300 from a container is a use of it."""
        self._requests.labels("container" if container_id else "shiva", f"{status // 100}xx").inc()
        if container_id is not None and status < REDIRECTION:
            self._activity.mark(container_id)

    def tunnel_opened(self, container_id: str | None, tunnel: Tunnel) -> None:
        """Remember it by its container."""
        self._open.inc()
        self._tunnels[container_id or ""].add(tunnel)

    def tunnel_used(self, container_id: str | None) -> None:
        """Data on a socket is a use."""
        if container_id is not None:
            self._activity.mark(container_id)

    def tunnel_closed(self, container_id: str | None, tunnel: Tunnel) -> None:
        """Forget it."""
        self._open.dec()
        self._tunnels[container_id or ""].discard(tunnel)
        if not self._tunnels[container_id or ""]:
            del self._tunnels[container_id or ""]

    def close(self, containers: set[str]) -> None:
        """Close the tunnels of containers whose route is gone."""
        for container in containers:
            for tunnel in list(self._tunnels.get(container, ())):
                tunnel.close_tunnel()
