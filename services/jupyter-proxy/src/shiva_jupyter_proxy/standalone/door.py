"""The decision for a JupyterHub: the longest prefix, and nobody is asked who they are; that is the Hub's to do."""

from collections.abc import Awaitable
from functools import partial

from shiva_jupyter_proxy.domain.access import host_name
from shiva_jupyter_proxy.domain.headers import HOP_BY_HOP, named_by_connection
from shiva_jupyter_proxy.domain.memory import keep
from shiva_jupyter_proxy.domain.messages import Decision, Forward, Headers, Peer, Reply, RequestHead, lines
from shiva_jupyter_proxy.standalone.error_pages import ErrorPages
from shiva_jupyter_proxy.standalone.options import Passing
from shiva_jupyter_proxy.standalone.store import AmbiguousPathError, Entry, RouteStore

HEALTH = "/_chp_healthz"  # what Kubernetes asks, by configurable-http-proxy's name for it
PORTS = {"http": "80", "https": "443"}
FORWARDED = ("x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-forwarded-host")
CALLERS = 256  # addresses and targets for which header lines are kept as they go on
NEVER = frozenset({"CONNECT", "TRACE"})


class StandaloneDoor:
    """Decides; moves no byte."""

    def __init__(self, store: RouteStore, pages: ErrorPages, passing: Passing) -> None:
        """Look routes up in `store`."""
        self._store = store
        self._pages = pages
        self._passing = passing

    def decide(self, head: RequestHead, peer: Peer) -> Decision | Awaitable[Decision]:
        """Return where the request goes on, or the answer of the door itself."""
        if head.target == HEALTH:
            return Reply(status=200, headers=[("content-type", "application/json")], body=b'{"status":"OK"}')
        if head.method in NEVER:
            return _refused(405, "This method is not used here.")
        if _has_dots(head.path):
            return _refused(400, "A path must not hold . or .. as a segment.")
        try:
            entry = self._store.route_for(head.path, host=host_name(head.value("host") or ""))
        except AmbiguousPathError:
            return _refused(400, "A route's prefix must not hold an encoded slash.")
        if entry is None:
            return self._pages.reply(404, head)
        return Forward(
            upstream=entry.target.upstream,
            lines=self._lines(head, peer, entry),
            away=partial(self._pages.reply, 503),
            container_id=entry.prefix,
            target=self._target(head, entry),
        )

    def _target(self, head: RequestHead, entry: Entry) -> str:
        """Return path and query for the server behind; but for what is asked for here, byte for byte as they came."""
        target = head.target
        if not self._passing.include_prefix and entry.depth:
            path = head.path
            target = f"/{'/'.join(path.split('/')[1 + entry.depth :])}{target[len(path) :]}"
        return entry.target.path + target if self._passing.prepend_path else target

    def _lines(self, head: RequestHead, peer: Peer, entry: Entry) -> bytes:
        notes, key = head.notes if head.notes is not None else {}, (entry.target.host, peer)
        known = notes.get(key)
        if not isinstance(known, bytes):
            known = lines(self._passed_on(head, peer, entry))
            keep(notes, key, known, most=CALLERS)
        return known

    def _passed_on(self, head: RequestHead, peer: Peer, entry: Entry) -> Headers:
        custom = dict(self._passing.custom_headers)
        if self._passing.change_origin:
            custom["host"] = entry.target.host
        said = _forwarded(head, peer) if self._passing.forwarded else []
        dropped = HOP_BY_HOP | named_by_connection(head.values("connection")) | {"content-length"} | custom.keys()
        if said:
            dropped = dropped | set(FORWARDED)
        passed = [pair for pair in head.headers if pair[0] not in dropped]
        return [*passed, *said, *custom.items()]


def _forwarded(head: RequestHead, peer: Peer) -> Headers:
    """Return X-Forwarded-…: what came is kept and added to, because proxies in front of a Hub are its own."""
    host = head.value("host") or ""
    port = host.rpartition(":")[2]
    own = (peer.address, port if port.isdecimal() else PORTS[peer.scheme], peer.scheme)
    said = [(name, ",".join([*head.values(name), value])) for name, value in zip(FORWARDED, own, strict=False)]
    return [*said, ("x-forwarded-host", ", ".join(head.values("x-forwarded-host")) or host)]


def _has_dots(path: str) -> bool:
    """Whether a segment is `.` or `..`, however it is spelled: servers do not agree where such a path leads."""
    if "/." not in path and "%2" not in path:
        return False
    return any(segment in {".", ".."} for segment in path.lower().replace("%2e", ".").split("/"))


def _refused(status: int, why: str) -> Reply:
    return Reply(status=status, headers=[("content-type", "text/plain; charset=utf-8")], body=f"{why}\n".encode())
