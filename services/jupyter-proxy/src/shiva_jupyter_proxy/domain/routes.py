"""Which container a path belongs to, and whether it answers: longest prefix by whole segments."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from shiva_jupyter_proxy.domain.messages import Ground

SESSION = "session"
STARTING, FAILED, LOST = "starting", "failed", "lost"  # states that are told apart; any other one does just not run


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Requests under `prefix` go to `target`, for `owner` and those whom it admits."""

    prefix: str  # "/user/ada.lovelace/", always with both slashes
    target: str  # "http://gpu-02:31742"
    owner: str
    container_id: str
    token: str = field(repr=False)  # what its Jupyter asks for
    access: str = SESSION  # what must be shown to enter; there is nothing else yet, so nothing else lets anybody in
    admits: frozenset[str] = frozenset()  # other people whom it admits

    def lets_in(self, person: str) -> bool:
        """Whether a person who is logged in may enter."""
        return self.access == SESSION and (person == self.owner or person in self.admits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrouted:
    """A container that is known, and is not reached now."""

    prefix: str
    owner: str
    name: str
    state: str
    machine: str
    since: datetime | None = None  # UTC; None: nobody knows
    reason: str | None = None  # a sentence for those who may enter
    admits: frozenset[str] = frozenset()

    def lets_in(self, person: str) -> bool:
        """Whether a person who is logged in could enter if it ran."""
        return person == self.owner or person in self.admits


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteChanges:
    """What a replacement changed."""

    added: tuple[Route, ...] = ()
    removed: tuple[Route, ...] = ()
    retargeted: tuple[Route, ...] = ()  # the new routes whose target or token changed

    @property
    def closed(self) -> set[str]:
        """The containers whose open connections lead nowhere now."""
        return {route.container_id for route in self.removed + self.retargeted}


def changes(before: Iterable[Route], after: Iterable[Route]) -> RouteChanges:
    """Return what must be added, removed and retargeted to come from `before` to `after`."""
    old, new = {route.prefix: route for route in before}, {route.prefix: route for route in after}
    return RouteChanges(
        added=tuple(route for prefix, route in new.items() if prefix not in old),
        removed=tuple(route for prefix, route in old.items() if prefix not in new),
        retargeted=tuple(route for prefix, route in new.items() if prefix in old and old[prefix] != route),
    )


class _Node:
    __slots__ = ("children", "held")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.held: Route | Unrouted | None = None


class RouteTable:
    """A trie over path segments, replaced as a whole."""

    def __init__(self) -> None:
        """Begin empty."""
        self.ground = Ground()  # changes with each replacement
        self.filled = False  # nothing is known before the first one
        self._root = _Node()
        self._routes: tuple[Route, ...] = ()

    def routes(self) -> tuple[Route, ...]:
        """Return every route."""
        return self._routes

    def route_for(self, path: str) -> Route | None:
        """Return the way to the container that `path` (which has no query) belongs to; None when there is none."""
        held = self.held_for(path)
        return held if isinstance(held, Route) else None

    def held_for(self, path: str) -> Route | Unrouted | None:
        """Return the container that `path` belongs to: the longest prefix, whether it is reached or not."""
        node, best = self._root, None
        for segment in path.split("/")[1:]:
            if node.held is not None:
                best = node.held
            following = node.children.get(segment)
            if following is None:
                return best
            node = following
        return best  # the last segment has no slash behind it, so it is no prefix

    def is_leaf(self, route: Route) -> bool:
        """Whether there is no further container under this one's prefix."""
        node = self._root
        for segment in route.prefix.strip("/").split("/"):
            node = node.children[segment]
        return not node.children

    def replace(self, containers: Iterable[Route | Unrouted]) -> RouteChanges:
        """Take over a new table and return which routes changed."""
        known = sorted(containers, key=lambda each: isinstance(each, Route))  # a route wins over its own absence
        after = tuple(each for each in known if isinstance(each, Route))
        root = _Node()
        for each in known:
            node = root
            for segment in each.prefix.strip("/").split("/"):
                node = node.children.setdefault(segment, _Node())
            node.held = each
        diff = changes(self._routes, after)
        self._root, self._routes = root, after
        self.ground.changes += 1
        self.filled = True
        return diff
