"""What is said where a container is not reached: the code of a problem is the name of a page too. Pure."""

from dataclasses import dataclass, field

from shiva_jupyter_proxy.domain import access
from shiva_jupyter_proxy.domain.ports import Person
from shiva_jupyter_proxy.domain.routes import FAILED, LOST, STARTING, RouteTable, Unrouted


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One answer, for people and for programs."""

    status: int
    code: str
    title: str
    detail: str
    facts: dict[str, str] = field(default_factory=dict)  # of the page; of the problem too
    start: bool = False  # the page starts it, which the dashboard's host alone can do

    def on_page(self, person: Person, *, wanted: str, csrf_token: str) -> dict[str, str]:
        """Return what the page tells `person`, who wanted to go to a path; it starts a container with the token."""
        own = {"wanted": wanted, "owner": person.name, "shown_name": person.shown_name, "csrf_token": csrf_token}
        return {**self.facts, **own, "start": "yes" if self.start else ""}


NOT_YOURS = Notice(status=403, code="not-yours", title="That container is not yours", detail="Nothing was changed.")
NOT_ANSWERING = Notice(
    status=503,
    code="not-answering",
    title="Your container does not answer",
    detail="Your files are safe. If it does not come back in a few seconds, start it again.",
)
CONTAINER_STARTING = Notice(
    status=503,
    code="container-starting",
    title="Your container is starting",
    detail="Your files are safe. Try again in a few seconds.",
)


ROUTES_UNKNOWN = Notice(
    status=503,
    code="routes-unknown",
    title="Shiva has just started and does not know the containers yet",
    detail="What runs goes on, and your files are safe. Try again in a few seconds.",
)


def notice(table: RouteTable, path: str, person: str) -> Notice:
    """Return what is said to `person` of a path whose container has no route."""
    if not table.filled:
        return ROUTES_UNKNOWN
    held, owner = table.held_for(path), access.owner_of(path)
    known = held if isinstance(held, Unrouted) and held.lets_in(person) else None
    if known is None and owner != person:
        return NOT_YOURS
    if known is not None and known.state == STARTING:
        return CONTAINER_STARTING
    if known is not None and known.state == LOST:
        return _lost(known, start=owner == person)
    return _not_running(known, start=owner == person)


def _not_running(known: Unrouted | None, *, start: bool) -> Notice:
    reason = known.reason if known is not None and known.state == FAILED and known.reason else ""
    how = "Start it on the dashboard, or with POST /api/v1/containers." if start else "Its owner can start it."
    return Notice(
        status=404,
        code="not-running",
        title="Your container is not running",
        detail=f"{reason} Your files are safe. {how}".lstrip(),
        facts={"name": "" if known is None else known.name, "reason": reason},
        start=start,
    )


def _lost(known: Unrouted, *, start: bool) -> Notice:
    since = "" if known.since is None else known.since.isoformat(timespec="seconds").replace("+00:00", "Z")
    return Notice(
        status=503,
        code="machine-unreachable",
        title="The machine of your container is unreachable",
        detail=f"{known.machine} has not been heard of{since and f' since {since}'}. Your files are safe. "
        "Your container comes back with its machine.",
        facts={"name": known.name, "machine": known.machine, "since": since},
        start=start,
    )
