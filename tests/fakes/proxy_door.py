"""The real door on a real socket, with a broker and a container behind it, and a client that hides nothing."""

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from shiva_jupyter_proxy.adapters.signing import Keys
from shiva_jupyter_proxy.bootstrap import opened
from shiva_jupyter_proxy.settings import Settings

from tests.fakes.proxy_broker import TOKEN, FakeBroker, broker_standing, route
from tests.fakes.proxy_manager import DOOR_TOKEN, METRICS_TOKEN, FakeManager, manager_standing
from tests.fakes.proxy_process import hidden
from tests.fakes.proxy_upstream import Upstream, upstream_standing

IDENTITY_KEY = "identity key of thirty-two bytes"
SESSION_KEY = "s" * 32
PATIENCE = 5.0  # seconds for anything that should be there at once


@dataclass
class Answer:
    """One answer as it came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def value(self, name: str) -> str:
        return ", ".join(self.values(name))

    @property
    def facts(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection; every byte is the test's."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        """Send a request and read its answer."""
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        lines += [f"Content-Length: {len(body)}"] if body else []
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
        return await self.answer(head_only=method == "HEAD")

    async def head(self) -> Answer:
        """Read a head."""
        raw = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)
        first, *lines = raw.decode("latin-1").split("\r\n")[:-2]
        pairs = [line.split(": ", 1) for line in lines]
        return Answer(int(first.split(" ")[1]), [(name.lower(), value) for name, value in pairs])

    async def answer(self, *, head_only: bool = False) -> Answer:
        """Read an answer; IncompleteReadError when it is cut short."""
        answer = await self.head()
        if not head_only and answer.status not in {204, 304} and answer.status >= 200:
            answer.body = await asyncio.wait_for(self._body(answer), PATIENCE)
        return answer

    async def _body(self, answer: Answer) -> bytes:
        if answer.values("content-length"):
            return await self.reader.readexactly(int(answer.value("content-length")))
        if answer.value("transfer-encoding") != "chunked":
            return await self.reader.read()
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)
        return body

    async def closed(self) -> bytes:
        """Return what still comes until the door closes the connection; TimeoutError when it does not."""
        return await asyncio.wait_for(self.reader.read(), PATIENCE)


@dataclass
class World:
    """The door and everything around it."""

    port: int
    broker: FakeBroker
    container: Upstream
    manager: FakeManager
    folder: Path
    clients: list[Client] = field(default_factory=list)

    @property
    def inside(self) -> Path:
        """The socket between the door and the handlers of its own pages."""
        (socket,) = self.folder.rglob("inside-*.sock")
        return socket

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    def headers(self, cookie: str | None = None, **more: str) -> dict[str, str]:
        """Return what every request has; `x_y="…"` is the header X-Y."""
        own = {"Host": f"localhost:{self.port}", "Origin": self.origin} | ({"Cookie": cookie} if cookie else {})
        return own | {name.replace("_", "-").title(): value for name, value in more.items()}

    async def client(self) -> Client:
        """Open a connection."""
        self.clients.append(Client(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.clients[-1]

    async def ask(
        self, method: str, path: str, cookie: str | None = None, body: bytes = b"", *, page: bool = False, **more: str
    ) -> Answer:
        """Ask once, on a connection of its own; `page` as a browser asks for one."""
        headers = self.headers(cookie, **more) | ({"Accept": "text/html"} if page else {})
        return await (await self.client()).ask(method, path, headers, body)

    async def post(self, path: str, form: bytes, cookie: str | None = None, **more: Any) -> Answer:
        """Send a form."""
        return await self.ask("POST", path, cookie, form, content_type="application/x-www-form-urlencoded", **more)

    async def log_in(self, form: str, cookie: str = "", **more: Any) -> Answer:
        """Fetch the login page and send its form, with `form` filled in; `cookie` are the browser's others."""
        page = await self.ask("GET", "/-/login", cookie, page=True, **more)
        binding = cookie_of(page, "shiva-login")
        form = f"csrf_token={hidden(page.body)}&{form}"
        return await self.post("/-/login", form.encode(), f"{cookie}; {binding}" if cookie else binding, **more)

    async def send(self, raw: bytes) -> tuple[Answer, Client]:
        """Send bytes as they are."""
        client = await self.client()
        client.writer.write(raw)
        return await client.answer(), client

    async def login(self, name: str, **more: Any) -> str:
        """Log in and return the Cookie header."""
        return cookie_of(await self.log_in(f"name={quote(name)}", **more), "shiva-session")

    async def metrics(self) -> str:
        """Scrape."""
        return (await self.ask("GET", "/-/metrics", authorization=f"Bearer {METRICS_TOKEN}")).body.decode()

    async def log_out(self, cookie: str, *, form: str = "") -> Answer:
        """Send the form of a page that this session has."""
        return await self.post("/-/logout", f"csrf_token={self.csrf_token(cookie)}&{form}".encode(), cookie)

    def csrf_token(self, cookie: str) -> str:
        """Return what the pages of a session send with each change."""
        keys = Keys(SESSION_KEY)
        read = keys.read("shiva-session", cookie.partition("=")[2].strip('"'), seconds=1e6)
        assert read is not None
        return keys.token("csrf", read[1][2])


def cookie_of(answer: Answer, name: str) -> str:
    """Return one cookie that an answer sets, as a Cookie header holds it."""
    found = [re.match(rf'((?:__Host-)?{name}="?[^";]+"?);', line) for line in answer.values("set-cookie")]
    pairs = [each[1] for each in found if each is not None]
    assert len(pairs) == 1, answer
    return pairs[0]


@asynccontextmanager
async def world(**more: Any) -> AsyncIterator[World]:
    """Open the door, with `more` settings; Ada's container runs."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "assets").mkdir()
        (Path(folder) / "index.html").write_text("<title>the dashboard</title>")
        async with broker_standing() as broker, upstream_standing() as container, manager_standing() as manager:
            broker.routes = [route("ada", container.url)]
            given: dict[str, Any] = {
                "identity_key": IDENTITY_KEY, "session_key": SESSION_KEY, "dashboard_dir": Path(folder),
                "state_dir": Path(folder) / "door", "drain": timedelta(0), "broker_url": broker.url,
                "identity": "dev", "manager_url": manager.url, "manager_token": DOOR_TOKEN, "broker_token": TOKEN,
                "metrics_token": METRICS_TOKEN, "bind_port": 0,
            }  # fmt: skip
            settings = Settings(**given | more)
            async with opened(settings, folder=Path(folder)) as server:
                around = World(server.sockets[0].getsockname()[1], broker, container, manager, Path(folder))
                try:
                    yield around
                finally:
                    for client in around.clients:
                        client.writer.close()
            for _ in range(20):  # turns of the loop, for both ends to notice
                await asyncio.sleep(0)


def in_world(test: Callable[[World], Awaitable[None]], **more: Any) -> None:
    """Run a test's body, the door having `more` settings."""

    async def within() -> None:
        async with world(**more) as around:
            await test(around)

    asyncio.run(within())


def start(world: World, cookie: str, line: str, *more: str) -> bytes:
    """Return a head with what every request has."""
    lines = [f"{line} HTTP/1.1", *(f"{key}: {value}" for key, value in world.headers(cookie).items()), *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)
