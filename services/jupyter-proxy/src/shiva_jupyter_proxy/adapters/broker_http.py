"""RouteSource and ActivitySink over the broker's HTTP API."""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from shiva_jupyter_proxy.domain.ports import ReportRefusedError, RoutesUnavailableError
from shiva_jupyter_proxy.domain.routes import SESSION, Route, Unrouted
from shiva_jupyter_proxy.domain.targets import Targets

log = logging.getLogger("shiva.jupyter_proxy.broker")

TIMEOUT_SECONDS = 2.0
NOT_MODIFIED = 304


class Broker:
    """A tolerant reader of `GET /v1/routes`, and a writer of `POST /v1/activity`."""

    def __init__(self, url: str, token: str, targets: Targets) -> None:
        """`url` without a path; `token` is the door's own; `targets` are where containers may be."""
        self._targets = targets
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._etag: str | None = None
        self._read: list[tuple[Any, Route]] = []  # the last table, as it came and as it was read

    async def routes(self) -> Sequence[Route | Unrouted] | None:
        """Return the whole table, or None when the broker says that it is unchanged."""
        headers = self._headers | ({"If-None-Match": self._etag} if self._etag else {})
        request = HTTPRequest(f"{self._url}/v1/routes", headers=headers, request_timeout=TIMEOUT_SECONDS)
        try:
            answer = await AsyncHTTPClient().fetch(request)
            told = json.loads(answer.body)
            read = self._known_or_read(told["routes"])
        except HTTPClientError as error:
            if error.code == NOT_MODIFIED:
                return None
            raise RoutesUnavailableError(str(error)) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RoutesUnavailableError(repr(error)) from error
        self._etag, self._read = answer.headers.get("ETag"), read
        return [*_unrouted(told.get("unrouted")), *(route for _, route in read)]

    def _known_or_read(self, table: Sequence[Any]) -> list[tuple[Any, Route]]:
        """Read what is new: of thousands of routes a few change."""
        known = {route.prefix: (raw, route) for raw, route in self._read}
        found: list[tuple[Any, Route]] = []
        for raw in table:
            before = known.get(raw["prefix"])
            route = before[1] if before is not None and before[0] == raw else self._allowed(raw)
            if route is not None:
                found.append((raw, route))
        return found

    def _allowed(self, raw: Any) -> Route | None:
        """Read a route; None, said once each time, when it leads to where no container may be. The others go on."""
        read = route(raw)
        parts = urlsplit(read.target)
        if self._targets.refuses(parts.hostname or "", parts.port or 0):
            log.error("route refused", extra={"container": read.container_id, "target": read.target})
            return None
        return read

    async def report(self, last_access: Mapping[str, datetime]) -> None:
        """Report accesses."""
        body = json.dumps({"last_access": {key: at.isoformat() for key, at in last_access.items()}})
        headers = self._headers | {"Content-Type": "application/json"}
        request = HTTPRequest(
            f"{self._url}/v1/activity", method="POST", headers=headers, body=body, request_timeout=TIMEOUT_SECONDS
        )
        try:
            await AsyncHTTPClient().fetch(request)
        except (HTTPClientError, OSError) as error:
            raise ReportRefusedError(str(error)) from error


def route(raw: Any) -> Route:
    """Read one route; KeyError, TypeError or ValueError when it is none."""
    target = urlsplit(str(raw["target"]))
    if target.scheme != "http" or not target.hostname or not target.port:
        raise ValueError("a target is http://HOST:PORT")
    return Route(
        prefix=str(raw["prefix"]),
        target=target.geturl(),
        owner=str(raw["owner"]),
        container_id=str(raw["container_id"]),
        token=str(raw["token"]),
        access=str(raw.get("access", SESSION)),
        admits=_names(raw.get("admits", [])),
    )


def _unrouted(raw: Any) -> list[Unrouted]:
    """Read the containers without a route; an older broker tells none, and what cannot be read is left out.

    They make a page better; routes must not wait for them.
    """
    found = []
    for each in raw if isinstance(raw, list) else []:
        try:
            found.append(unrouted(each))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            log.warning("a container without a route cannot be read", extra={"cause": repr(error)})
    return found


def unrouted(raw: Any) -> Unrouted:
    """Read one container without a route; KeyError, TypeError or ValueError when it is none."""
    json.dumps(raw, ensure_ascii=False).encode()  # UnicodeEncodeError is a ValueError: no page could hold it
    since, reason = raw.get("since"), raw.get("reason")
    at = None if since is None else datetime.fromisoformat(since)
    return Unrouted(
        prefix=str(raw["prefix"]),
        owner=str(raw["owner"]),
        name=str(raw["name"]),
        state=str(raw["state"]),
        machine=str(raw["machine"]),
        since=None if at is None or at.tzinfo is None else at.astimezone(UTC),
        reason=None if reason is None else str(reason),
        admits=_names(raw.get("admits", [])),
    )


def _names(raw: Any) -> frozenset[str]:
    if not isinstance(raw, list):
        raise TypeError("those whom a route admits are a list")
    return frozenset(map(str, raw))
