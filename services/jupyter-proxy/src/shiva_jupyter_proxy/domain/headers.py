"""What a head may carry across the door, in both directions. Pure."""

import contextlib
import ipaddress
import re
from collections.abc import Iterable

from shiva_jupyter_proxy.domain.cookies import is_reserved
from shiva_jupyter_proxy.domain.messages import Headers, RequestHead

HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "http2-settings"}
)  # RFC 9110 section 7.6.1, and what old clients send
END_TO_END = frozenset(
    {"host", "cookie", "set-cookie", "authorization", "origin", "content-length", "content-type", "content-encoding"}
    | {"cache-control", "location", "range", "sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol"}
)  # `Connection` cannot make these hop-by-hop
WHOLE_ORIGIN = frozenset(
    {"service-worker-allowed", "clear-site-data", "strict-transport-security", "alt-svc", "nel", "report-to"}
)  # what a container would say about every page of its host, others' included
DECIDING = frozenset({"host", "cookie", "authorization", "content-length"})
CLAIMS = ("x-forwarded-", "x-shiva-")  # only the door may say these
CLAIM_NAMES = frozenset({"forwarded", "x-real-ip", "x-remote-user", "x-scheme", "remote-user", "x-request-id"})


def named_by_connection(values: Iterable[str]) -> set[str]:
    """Return the headers that `Connection` declares hop-by-hop, as far as it may."""
    return {token.strip().lower() for value in values for token in value.split(",")} - END_TO_END


def is_claim(name: str) -> bool:
    """Whether a header says who or where the client is; servers read `_` as `-`, so that spelling counts too."""
    spelled = name.replace("_", "-")
    return spelled in CLAIM_NAMES or spelled.startswith(CLAIMS)


def without_session(cookie: str) -> str:
    """Return a Cookie header without Shiva's own cookies."""
    kept = [pair for pair in cookie.split(";") if not is_reserved(pair.partition("=")[0])]
    return ";".join(kept).strip()


def is_disguised(name: str) -> bool:
    """Whether a header is one that decides, in a spelling that some servers read as the same."""
    return "_" in name and name.replace("_", "-") in HOP_BY_HOP | DECIDING


def passed_on(head: RequestHead, *, drop: frozenset[str]) -> Headers:
    """Return the client's headers that may go on; framing is added by whoever sends them."""
    hop = HOP_BY_HOP | named_by_connection(head.values("connection")) | {"content-length"} | drop
    passed: Headers = []
    for name, value in head.headers:
        if name in hop or is_claim(name) or is_disguised(name):
            continue
        if name == "cookie":
            value = without_session(value)
            if not value:
                continue
        passed.append((name, value))
    return passed


def added(*, client: str, host: str, scheme: str) -> Headers:
    """Return what the door says about where a request came from and to; no client may say it."""
    return [("x-forwarded-for", client), ("x-forwarded-host", host), ("x-forwarded-proto", scheme)]


def said_by_proxy(head: RequestHead) -> dict[str, str]:
    """Return what a proxy in front of us says of its client: `for`, `proto` and `host`, each only where it is plain.

    Of several addresses the last one counts: the one that the proxy saw itself.
    """
    said: dict[str, str] = {}
    client = (head.value("x-forwarded-for") or "").rpartition(",")[2].strip()
    with contextlib.suppress(ValueError):
        said["for"] = str(ipaddress.ip_address(client))
    if (scheme := head.value("x-forwarded-proto")) in {"http", "https"}:
        said["proto"] = str(scheme)
    if HOST.fullmatch(host := head.value("x-forwarded-host") or ""):
        said["host"] = host
    return said


def passed_back(headers: Headers, *, cookies_under: str | None) -> Headers:
    """Return the upstream's headers that may reach the browser; framing is added by whoever sends them.

    Cookies are confined to the path `cookies_under`, and nothing is said about the rest of the host; None: they are our
    own pages', and stay as they are.
    """
    connection = [value for name, value in headers if name == "connection"]
    hop = HOP_BY_HOP | named_by_connection(connection)
    hop |= WHOLE_ORIGIN if cookies_under is not None else frozenset()
    passed: Headers = []
    for name, value in headers:
        if name in hop:
            continue
        if name == "set-cookie" and cookies_under is not None:
            if not harmless_cookie(value):
                continue
            value = confined_cookie(value, cookies_under)
        passed.append((name, value))
    return passed


def harmless_cookie(value: str) -> bool:
    """Whether a container may set this cookie: not ours, not for other hosts, not without a name."""
    pair, *attributes = value.split(";")
    name, equals, _ = pair.partition("=")
    name = name.strip()
    if not equals or not name or is_reserved(name):
        return False
    return not any(attribute.partition("=")[0].strip().lower() == "domain" for attribute in attributes)


def confined_cookie(value: str, under: str) -> str:
    """Return a cookie that is sent for paths under `under` only; a narrower path of its own stays."""
    pair, *attributes = value.split(";")
    others = [attribute for attribute in attributes if attribute.partition("=")[0].strip().lower() != "path"]
    paths = [attribute.partition("=")[2].strip() for attribute in attributes if attribute not in others]
    kept = paths[-1] if paths and f"{paths[-1]}/".startswith(under) else under
    return ";".join([pair, *others, f" Path={kept}"])
