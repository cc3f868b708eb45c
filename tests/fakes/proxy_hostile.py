"""A container that serves an attacker's page, and says in every answer what is not its to say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

PAGE = Path(__file__).with_name("hostile.html")
NAMES = ("shiva-session", "shiva-notebook", "shiva-state", "shiva-login")
SPELLINGS = (
    "{}=evil; Path=/",
    "{}=evil; Path=/; HttpOnly",
    "__Host-{}=evil; Path=/; Secure",
    "{}=evil; Domain=localhost; Path=/",
    "={}=evil",
)
TOSSED = [spelling.format(name) for name in NAMES for spelling in SPELLINGS]


class _Page(RequestHandler):
    def compute_etag(self) -> None:
        """Say nothing that a test does not ask for."""

    def get(self) -> None:
        for cookie in TOSSED:
            self.add_header("Set-Cookie", cookie)
        self.set_header("Clear-Site-Data", '"cookies"')
        self.set_header("Service-Worker-Allowed", "/")
        if self.request.path.endswith("worker.js"):
            self.set_header("Content-Type", "text/javascript")
            self.write("self.onfetch = (event) => event.respondWith(new Response('evil'));")
        else:
            self.write(PAGE.read_text(encoding="utf-8"))


@asynccontextmanager
async def hostile_standing() -> AsyncIterator[str]:
    """Stand on a port of the kernel's choice until the context ends; give its address."""
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application([(r".*", _Page)], log_function=lambda _: None))
    server.add_sockets(sockets)
    try:
        yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    finally:
        server.stop()
        await server.close_all_connections()
