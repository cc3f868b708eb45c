"""A route's target as people write it: `http://HOST:PORT`, `https://…`, or a Unix socket. Pure."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from shiva_jupyter_proxy.domain.messages import Upstream

PORTS = {"http": 80, "https": 443}
SOCKETS = frozenset({"http+unix", "unix+http"})  # the host is the socket's path, percent-encoded
PLAIN = frozenset(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a route leads."""

    upstream: Upstream
    host: str  # what the server itself is called, for `--change-origin`
    path: str  # goes before the request's path; no slash at its end


def target(text: str, *, pool: str = "") -> Target:
    """Return what `text` means; `pool` names the connections that may be shared.

    Raises:
        ValueError: it is no address that can be reached.
    """
    parts = urlsplit(text)
    if not set(text) <= PLAIN or parts.query or parts.fragment or parts.username is not None or not parts.hostname:
        raise ValueError("a target is http://HOST:PORT or https://HOST:PORT, with a path at most")
    path = parts.path.rstrip("/")
    if parts.scheme in SOCKETS:
        upstream = Upstream(path=unquote(parts.netloc), pool=f"{pool} {text}")
        return Target(upstream=upstream, host="localhost", path=path)
    if parts.scheme not in PORTS or parts.port == 0:
        raise ValueError("a target is http://, https:// or http+unix://")
    upstream = Upstream(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        tls=parts.scheme == "https",
        pool=f"{pool} {text}",
    )
    return Target(upstream=upstream, host=parts.netloc, path=path)
