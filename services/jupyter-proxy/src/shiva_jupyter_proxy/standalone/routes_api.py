"""The REST API that feeds the table: `/api/routes`, as configurable-http-proxy has it."""

import hmac
import json
import logging
from datetime import UTC, datetime
from typing import Any, NoReturn

from tornado.web import Application, HTTPError, RequestHandler

from shiva_jupyter_proxy.standalone.store import RouteStore

log = logging.getLogger("shiva.jupyter_proxy.standalone")

MAX_BODY_BYTES = 1024 * 1024
JSON = "application/json"


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def route_data(body: bytes) -> dict[str, Any]:
    """Return the route that a body describes; HTTPError 400 when it describes none."""
    try:
        data = json.loads(body.decode(), parse_constant=_no_constant)
        json.dumps(data, allow_nan=False)  # what cannot be told again, as 1e999, would break every later GET
    except (ValueError, RecursionError) as error:
        raise HTTPError(400, reason="Body not valid JSON") from error
    if not isinstance(data, dict) or not isinstance(data.get("target"), str):
        raise HTTPError(400, reason="Must specify 'target' as string")
    return data


def moment(text: str) -> datetime:
    """Return a time in ISO 8601, UTC where it names no zone; HTTPError 400 when it is none."""
    try:
        at = datetime.fromisoformat(text.replace(" ", "+"))  # a `+` that was not encoded
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError as error:
        raise HTTPError(400, reason="Invalid datestamp: must be ISO8601") from error


class Handler(RequestHandler):
    """What the API's answers have in common."""

    SUPPORTED_METHODS = ("GET", "POST", "DELETE")

    def set_default_headers(self) -> None:
        """Say nothing of what serves this."""
        self.clear_header("Server")
        self.set_header("Content-Type", "text/plain; charset=utf-8")

    def compute_etag(self) -> None:
        """Leave it out."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say what is wrong in one line."""
        del kwargs, status_code
        self.finish(f"{self._reason}\n")


class Nowhere(Handler):
    """What no other handler answers."""

    def prepare(self) -> None:
        """Refuse every method."""
        raise HTTPError(404)


class Routes(Handler):
    """The table, and each route in it."""

    def initialize(self, store: RouteStore, token: str) -> None:
        """Take the table and the secret that opens it."""
        self._store = store
        self._token = f"token {token}".encode()

    def prepare(self) -> None:
        """Refuse who does not know the token, before the body is read as anything."""
        scheme, _, secret = self.request.headers.get("Authorization", "").strip().partition(" ")
        given = f"{scheme.lower()} {secret.strip()}".encode("latin-1")
        if not hmac.compare_digest(given, self._token):
            raise HTTPError(403)

    def get(self, path: str | None) -> None:
        """Tell one route, or all of them."""
        if path and path.strip("/"):
            found = self._store.get(path)
            if found is None:
                raise HTTPError(404)
        else:
            since = self.get_query_argument("inactiveSince", "") or self.get_query_argument("inactive_since", "")
            found = self._store.all(inactive_since=moment(since) if since else None)
        self.set_header("Content-Type", JSON)
        self.finish(json.dumps(found))

    def post(self, path: str | None) -> None:
        """Add or replace a route. The body is JSON whatever its Content-Type says: the Hub calls it plain text."""
        data = route_data(self.request.body)
        try:
            self._store.add(path or "/", data)
        except ValueError as error:
            raise HTTPError(400, reason=str(error)) from error
        log.info("route added", extra={"prefix": path or "/", "target": data["target"]})
        self.set_status(201)

    def delete(self, path: str | None) -> None:
        """Remove a route."""
        if not self._store.remove(path or "/"):
            raise HTTPError(404)
        log.info("route removed", extra={"prefix": path or "/"})
        self.set_status(204)


def application(store: RouteStore, *, token: str) -> Application:
    """Return the API; it stands on an address of its own."""
    return Application(
        [(r"/api/routes(/.*)?", Routes, {"store": store, "token": token})],
        default_handler_class=Nowhere,
        log_function=lambda _: None,
    )
