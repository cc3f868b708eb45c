"""What the door is told of a container: where it is reached, or why it is not. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import ContainerState
from shiva_jupyter_broker.domain.lifecycle import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Requests under `prefix` go to `target`, for `owner` and those whom it admits."""

    prefix: str
    target: str
    owner: str
    container_id: str
    token: str = field(repr=False)
    access: str = "session"
    admits: tuple[str, ...] = ()


class Without(StrEnum):
    """Why a container has no route."""

    STARTING = "starting"
    STOPPING = "stopping"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrouted:
    """A container without a route. Stable facts only, so that a table that is asked for again is unchanged."""

    prefix: str
    owner: str
    name: str
    state: Without
    since: datetime | None  # UTC; None where nobody noted it
    machine: str
    reason: str | None  # as of the container
    admits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Every container, once."""

    routes: tuple[Route, ...]
    unrouted: tuple[Unrouted, ...]


WITHOUT = {
    ContainerState.STOPPING: Without.STOPPING,
    ContainerState.FAILED: Without.FAILED,
    ContainerState.LOST: Without.LOST,
}


def routing(seen: Iterable[View]) -> Routing:
    """Return what the door is told."""
    told = [_told(each) for each in seen]
    return Routing(
        routes=tuple(each for each in told if isinstance(each, Route)),
        unrouted=tuple(each for each in told if isinstance(each, Unrouted)),
    )


def _told(seen: View) -> Route | Unrouted:
    c, prefix = seen.container, naming.prefix(seen.container.owner, seen.container.name)
    reached = c.state is ContainerState.READY or (c.state is ContainerState.LOST and seen.marks.ready_at is not None)
    if reached and c.endpoint is not None:
        target = f"http://{c.endpoint.host}:{c.endpoint.port}"
        return Route(prefix=prefix, target=target, owner=c.owner, container_id=c.id, token=c.token)
    state = WITHOUT.get(c.state, Without.STARTING)
    since = {Without.STARTING: c.requested_at, Without.LOST: seen.marks.lost_at}.get(state)
    return Unrouted(
        prefix=prefix, owner=c.owner, name=c.name, state=state, since=since, machine=c.machine, reason=c.reason
    )
