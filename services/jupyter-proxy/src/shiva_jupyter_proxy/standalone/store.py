"""The routes that were posted: their data as it came, when each was last used, and the longest prefix of a path."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from shiva_jupyter_proxy.standalone.targets import Target, target


class AmbiguousPathError(Exception):
    """An encoded slash stands where the route is still being chosen: two servers could read two paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One posted route."""

    prefix: str  # unescaped, "/user/秀樹"; no slash at its end but for the root; the host first with host routing
    depth: int  # segments of the request's path that belong to the prefix
    target: Target
    data: Mapping[str, Any]


class _Node:
    __slots__ = ("children", "entry")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.entry: Entry | None = None


def _clean(path: str) -> str:
    return f"/{path.strip('/')}"


def _spelled(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class RouteStore:
    """A trie over unescaped segments; one change costs the length of its path, whatever the number of routes."""

    def __init__(self, clock: Callable[[], datetime], *, host_routing: bool = False) -> None:
        """`clock` returns an aware UTC time; with host routing a path's first segment is a host."""
        self._clock = clock
        self._host_routing = host_routing
        self._root = _Node()
        self._entries: dict[str, Entry] = {}
        self._used: dict[str, datetime] = {}

    def add(self, path: str, data: Mapping[str, Any]) -> None:
        """Take a route, in place of an older one; ValueError when its target is no address. It counts as used now."""
        prefix, segments = _clean(path), self._segments(path)
        if self._host_routing and segments:
            data = {**data, "host": prefix.split("/")[1]}
        entry = Entry(
            prefix=prefix,
            depth=max(0, len(segments) - self._host_routing),
            target=target(data["target"], pool=prefix),
            data=data,
        )
        node = self._root
        for segment in segments:
            node = node.children.setdefault(segment, _Node())
        node.entry = self._entries[prefix] = entry
        self._used[prefix] = self._clock()

    def remove(self, path: str) -> bool:
        """Forget a route; False when there is none."""
        prefix = _clean(path)
        if self._entries.pop(prefix, None) is None:
            return False
        del self._used[prefix]
        self._cut(self._root, self._segments(path))
        return True

    def _cut(self, node: _Node, segments: list[str]) -> None:
        """Take the route and the nodes that lead nowhere any more away."""
        if not segments:
            node.entry = None
            return
        child = node.children[segments[0]]
        self._cut(child, segments[1:])
        if child.entry is None and not child.children:
            del node.children[segments[0]]

    def _segments(self, path: str) -> list[str]:
        segments = path.strip("/").split("/") if path.strip("/") else []
        return [segments[0].lower(), *segments[1:]] if self._host_routing and segments else segments

    def route_for(self, path: str, *, host: str) -> Entry | None:
        """Return the route with the longest prefix of `path` by whole segments; `path` is as it was sent.

        Raises:
            AmbiguousPathError: more than one reading of the path chooses between routes.
        """
        node = self._root
        best = node.entry
        segments = path.split("/")
        segments[0] = host
        for segment in segments if self._host_routing else segments[1:]:
            if not node.children:
                break
            name = unquote(segment, errors="surrogateescape") if "%" in segment else segment
            following = node.children.get(name)
            if following is None:
                if "/" in name or "\\" in name:
                    raise AmbiguousPathError
                break
            node = following
            best = node.entry or best
        return best

    def mark(self, container_id: str) -> None:
        """Note a use of the route with that prefix now; one that is gone stays gone."""
        if container_id in self._entries:
            self._used[container_id] = self._clock()

    def get(self, path: str) -> dict[str, Any] | None:
        """Return a route's data with `last_activity`; None when there is none."""
        entry = self._entries.get(_clean(path))
        return None if entry is None else self._shown(entry)

    def all(self, *, inactive_since: datetime | None = None) -> dict[str, dict[str, Any]]:
        """Return every route by its prefix, or those alone that were last used before `inactive_since`."""
        return {
            prefix: self._shown(entry)
            for prefix, entry in self._entries.items()
            if inactive_since is None or self._used[prefix] < inactive_since
        }

    def _shown(self, entry: Entry) -> dict[str, Any]:
        return {**entry.data, "last_activity": _spelled(self._used[entry.prefix])}
