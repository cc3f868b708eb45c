"""Requests and answers of the simulated HTTP servers, and Marathon's error bodies."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.marathon_simulator.deployments import LockedError, TooManyError
from tests.marathon_simulator.events import Subscription
from tests.marathon_simulator.rules.policy import ConversionError
from tests.marathon_simulator.rules.validation import InvalidError

LOCKED = "App is locked by one or more deployments. Override with the option '?force=true'. View details at '/v2/deployments/<DEPLOYMENT_ID>'."


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request; header names in lower case."""

    method: str
    target: str  # as sent: path and query
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    client: str = "127.0.0.1"

    @property
    def segments(self) -> list[str]:
        """Return the path's parts, unquoted, without empty ones."""
        return [unquote(part) for part in urlsplit(self.target).path.split("/") if part]

    @property
    def query(self) -> list[tuple[str, str]]:
        """Return the query's pairs."""
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def all(self, name: str) -> list[str]:
        """Return every value of a query parameter."""
        return [value for key, value in self.query if key == name]

    def one(self, name: str) -> str | None:
        """Return the first value of a query parameter."""
        return next(iter(self.all(name)), None)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean query parameter."""
        value = self.one(name)
        return default if value is None else value.lower() in ("true", "")

    def json(self) -> Any:
        """Return the body; raise RefusedError (400) when it is empty or malformed."""
        if not self.body.strip():
            message = "No content to map due to end-of-input"
            raise RefusedError(400, {"message": "Please specify data in JSON format", "details": message})
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise RefusedError(400, {"message": "Invalid JSON", "details": str(error)}) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer. The last three members say how its way to the client fails."""

    status: int = 200
    body: bytes = b""
    media: str = "application/json"
    headers: Sequence[tuple[str, str]] = ()
    stream: Subscription | None = None  # an event stream instead of a body
    cut: int | None = None  # close the connection after so many bytes; 0 loses the reply
    drip: float = 0.0  # seconds between bytes of the body
    raw: bytes | None = None  # send this instead of HTTP


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, body: Any) -> None:
        """Keep what to answer."""
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


def ok(body: Any, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Answer:
    """Return a JSON answer."""
    return Answer(status=status, body=json.dumps(body, separators=(",", ":")).encode(), headers=headers)


def html(status: int, title: str) -> Answer:
    """Return a page of Jetty."""
    page = (
        f'<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>\n<title>Error {status} {title}</title>\n'
        f"</head>\n<body><h2>HTTP ERROR {status}</h2>\n<p>Problem accessing the resource. Reason:\n<pre>    {title}</pre></p>\n</body>\n</html>\n"
    )
    return Answer(status=status, body=page.encode(), media="text/html;charset=iso-8859-1")


def missing(kind: str, name: str) -> RefusedError:
    """Return the 404 of an app, group or task."""
    return RefusedError(404, {"message": f"{kind} '{name}' does not exist"})


def answer_to(error: Exception) -> Answer:
    """Return the answer to an error of the simulated Marathon; others are raised again."""
    match error:
        case RefusedError():
            return ok(error.body, error.status)
        case InvalidError():
            return ok({"message": error.message, "details": error.details}, 422)
        case ConversionError():
            return ok({"message": str(error)}, 500)
        case LockedError():
            return ok({"message": LOCKED, "deployments": [{"id": each} for each in error.ids]}, 409)
        case TooManyError():
            return ok({"message": "Max number of running deployments exceeded"}, 403)
        case _:
            raise error
