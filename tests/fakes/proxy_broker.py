"""The broker as the door sees it, on a real socket: routes with an ETag, and accesses. It lets people log in, too."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from shiva_jupyter_proxy.domain.targets import LOOPBACK, Targets
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from tests.fakes.proxy_manager import FakeManager, internal

TOKEN = "token of the door"
LOCAL = Targets(allowed=LOOPBACK, control=frozenset())  # containers of tests are on this machine


def route(owner: str, target: str, *, name: str = "default", key: str = "token-of-jupyter") -> dict[str, str]:
    """Return a route as the broker's contract has it; `key` is what its Jupyter asks for."""
    prefix = f"/user/{owner}/" if name == "default" else f"/user/{owner}/{name}/"
    return {"prefix": prefix, "target": target, "owner": owner, "container_id": f"{owner}--{name}", "token": key}


def unrouted(owner: str, state: str, *, name: str = "default", **changes: Any) -> dict[str, Any]:
    """Return a container without a route as the broker's contract has it."""
    prefix = f"/user/{owner}/" if name == "default" else f"/user/{owner}/{name}/"
    plain = {"prefix": prefix, "owner": owner, "name": name, "state": state, "since": None, "machine": "gpu-01"}
    return {**plain, "reason": None, "admits": [], **changes}


@dataclass
class FakeBroker:
    """What it answers, and what it was told."""

    url: str = ""
    routes: list[dict[str, str]] = field(default_factory=list)
    unrouted: list[dict[str, Any]] | None = field(default_factory=list)  # None: an older broker, that tells none
    status: int = 0  # when set, every answer
    garbage: bytes = b""  # when set, every body
    asked: list[int] = field(default_factory=list)  # the statuses of its answers about routes
    last_access: dict[str, str] = field(default_factory=dict)


class _Handler(RequestHandler):
    def initialize(self, broker: FakeBroker) -> None:
        self.broker = broker

    def refused(self) -> bool:
        """Answer as the test wants, or 401 without the door's token."""
        known = self.request.headers.get("Authorization") == f"Bearer {TOKEN}"
        if status := self.broker.status or (0 if known else 401):
            self.set_status(status)
        if self.broker.garbage:
            self.write(self.broker.garbage)
        return bool(status or self.broker.garbage)


class _Routes(_Handler):
    def compute_etag(self) -> None:
        """Leave it to `get`."""

    def get(self) -> None:
        if not self.refused():
            told = {"routes": self.broker.routes, "unrouted": self.broker.unrouted, "a later member": 1}
            body = json.dumps({key: value for key, value in told.items() if value is not None})
            tag = f'"{hashlib.sha256(body.encode()).hexdigest()}"'
            self.set_header("ETag", tag)
            if self.request.headers.get("If-None-Match") == tag:
                self.set_status(304)
            else:
                self.write(body)
        self.broker.asked.append(self.get_status())


class _Activity(_Handler):
    def post(self) -> None:
        if not self.refused():
            told: dict[str, Any] = json.loads(self.request.body)
            self.broker.last_access |= told["last_access"]
            self.set_status(204)


@asynccontextmanager
async def broker_standing() -> AsyncIterator[FakeBroker]:
    """Stand on a port of the kernel's choice until the context ends."""
    broker = FakeBroker()
    facts = {"broker": broker}
    own = [("/v1/routes", _Routes, facts), ("/v1/activity", _Activity, facts)]
    application = Application([*own, *internal(FakeManager())], log_function=lambda _: None)
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(application)
    server.add_sockets(sockets)
    broker.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    try:
        yield broker
    finally:
        server.stop()
        await server.close_all_connections()


def with_broker(use: Callable[[FakeBroker], Awaitable[None]]) -> None:
    """Run `use` with a broker on a real socket."""

    async def within() -> None:
        async with broker_standing() as broker:
            await use(broker)

    asyncio.run(within())
