"""The manager as the door sees it, on a real socket: its internal API; everything else tells what it received."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tornado.web import RequestHandler

from tests.fakes.proxy_upstream import Upstream, telling

DOOR_TOKEN = "token of the door at the manager".replace(" ", "-")
METRICS_TOKEN = "token-of-prometheus-for-the-door"
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789")


def user_name(shown: str) -> str:
    """Return a name that two people never share, much like the manager's rule."""
    return "".join(chr(byte) if byte in PLAIN else f"_{byte:02x}" for byte in shown.encode())


def problem(code: str) -> dict[str, str]:
    """Return what matters of a problem."""
    return {"code": code, "title": f"Title of {code}", "detail": f"Detail of <{code}>."}


@dataclass
class FakeManager(Upstream):
    """What it answers, and what it was told."""

    refuses: str = ""  # the code of every login's refusal
    status: int = 0  # when set, every answer of the internal API
    garbage: bytes = b""  # when set, every body of it
    waits: asyncio.Event | None = None  # answers of the internal API come after it
    logins: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)  # what is answered about each
    asked: list[str] = field(default_factory=list)  # tokens
    people: list[Any] = field(default_factory=list)  # revoked
    pulls: list[int] = field(default_factory=list)  # statuses of answers about revocations
    left: list[tuple[str, str]] = field(default_factory=list)  # who logged out everywhere, and from where


class _Internal(RequestHandler):
    def initialize(self, manager: FakeManager) -> None:
        self.manager = manager

    def compute_etag(self) -> None:
        """Leave it to `get`."""

    async def prepare(self) -> None:
        """Answer as the test wants, or 401 without the door's token."""
        if self.manager.waits is not None:
            await self.manager.waits.wait()
        known = self.request.headers.get("Authorization") == f"Bearer {DOOR_TOKEN}"
        if status := self.manager.status or (0 if known else 401):
            self.set_status(status)
        if self.manager.garbage or status:
            self.finish(self.manager.garbage)

    @property
    def body(self) -> Any:
        return json.loads(self.request.body)

    def refuse(self, status: int, code: str) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/problem+json")
        self.finish(json.dumps(problem(code)))


class _Logins(_Internal):
    def post(self) -> None:
        told = self.body
        self.manager.logins.append(told)
        shown = told["shown_name"] or told["email"]
        if self.manager.refuses:
            self.refuse(403, self.manager.refuses)
        elif not shown or not shown.strip() or len(shown) > 64 or re.search(r"[\x00-\x1f\u200b]", shown):
            self.refuse(403, "bad-name")
        else:
            name = user_name(shown) if told["issuer"] == "dev" else told["email"].partition("@")[0]
            self.finish({"name": name, "shown_name": shown, "picture": told["picture"], "role": "user"})


class _Verify(_Internal):
    def post(self) -> None:
        self.manager.asked.append(self.body["token"])
        if (known := self.manager.tokens.get(self.body["token"])) is None:
            self.refuse(401, "token-refused")
        else:
            self.finish(known)


class _Revocations(_Internal):
    def get(self) -> None:
        body = json.dumps({"people": self.manager.people})
        tag = f'"{hashlib.sha256(body.encode()).hexdigest()}"'
        self.set_header("ETag", tag)
        if self.request.headers.get("If-None-Match") == tag:
            self.set_status(304)
        else:
            self.write(body)
        self.manager.pulls.append(self.get_status())


class _Leave(_Internal):
    def post(self, name: str) -> None:
        self.manager.left.append((name, self.body["client"]))
        self.set_status(204)


def internal(manager: FakeManager) -> list[Any]:
    """Return the handlers of the internal API."""
    facts = {"manager": manager}
    return [
        ("/internal/v1/logins", _Logins, facts),
        ("/internal/v1/tokens/verify", _Verify, facts),
        ("/internal/v1/revocations", _Revocations, facts),
        ("/internal/v1/people/(.*)/logout", _Leave, facts),
    ]


@asynccontextmanager
async def manager_standing() -> AsyncIterator[FakeManager]:
    """Stand on a port of the kernel's choice until the context ends."""
    manager = FakeManager()
    async with telling(manager, internal(manager)):
        yield manager
