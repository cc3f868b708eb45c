"""The real proxy, two processes of it, before a fake broker, a fake manager, Ada's container and a hostile one."""

import asyncio
import contextlib
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests
from shiva_common import identity

from tests.e2e.running import eventually
from tests.fakes.certificates import signed
from tests.fakes.proxy_broker import FakeBroker, broker_standing, route
from tests.fakes.proxy_hostile import hostile_standing
from tests.fakes.proxy_manager import FakeManager, manager_standing
from tests.fakes.proxy_process import IDENTITY_KEY, PREFIX, PROGRAM, environment, free_port, hidden, listening
from tests.fakes.proxy_upstream import Upstream, upstream_standing

WORKERS = 2
OK = 200


@dataclass
class Behind:
    """What stands behind the door, on a loop of its own."""

    broker: FakeBroker = field(default_factory=FakeBroker)
    manager: FakeManager = field(default_factory=FakeManager)
    ada: Upstream = field(default_factory=Upstream)


@contextlib.contextmanager
def standing() -> Iterator[Behind]:
    """Stand until the context ends."""
    behind, ready, ended = Behind(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with (
            broker_standing() as behind.broker,
            manager_standing() as behind.manager,
            upstream_standing() as behind.ada,
            hostile_standing() as hostile,
        ):
            mallory = route("mallory", hostile) | {"access": "session", "admits": ["ada"]}
            behind.broker.routes = [route("ada", behind.ada.url), mallory]  # type: ignore[list-item]
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    assert ready.wait(10)
    try:
        yield behind
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The proxy, and the origins that it shares out."""

    port: int
    behind: Behind
    app: str
    ada: str  # where her notebooks are
    mallory: str

    def ask(self, method: str, url: str, cookie: str = "", *, page: bool = True, **form: str) -> requests.Response:
        """Ask once, without a browser, on a connection of its own: whichever process takes it."""
        parts = urlsplit(url)
        own = {
            "Host": parts.netloc,
            "Origin": f"{parts.scheme}://{parts.netloc}",
            "Accept": "text/html" if page else "*/*",
        }
        here = parts._replace(netloc=f"127.0.0.1:{self.port}").geturl()
        headers = own | {"Cookie": cookie, "Connection": "close"}
        with warnings.catch_warnings():  # the certificate is for nobody else
            warnings.simplefilter("ignore")
            with requests.Session() as session:
                session.verify = session.trust_env = False
                return session.request(method, here, headers=headers, data=form, allow_redirects=False, timeout=10)

    def status(self, url: str, cookie: str) -> int:
        """Return what a thief of a cookie gets."""
        return self.ask("GET", url, cookie, page=False).status_code

    def csrf_token(self, cookie: str) -> str:
        """Return what the pages of a session send with each change, as the manager is told it."""
        echoed = self.ask("GET", f"{self.app}/api/v1/me", cookie, page=False).json()["headers"]
        (signed,) = [value for name, value in echoed if name.lower() == identity.HEADER.lower()]
        who = identity.verify(signed, key=IDENTITY_KEY.encode(), now=datetime.now(UTC))
        assert who.csrf_token is not None
        return who.csrf_token

    def link_into(self, notebook: str, name: str) -> str:
        """Return a link with a fresh code that `name` made for a notebook of theirs."""
        page = self.ask("GET", f"{self.app}/-/login")
        token = hidden(page.content)
        session = _cookie(self.ask("POST", f"{self.app}/-/login", _cookie(page), csrf_token=token, name=name))
        asked = self.ask("GET", notebook)
        return self.ask("GET", asked.headers["Location"], session).headers["Location"]


@contextlib.contextmanager
def door(folder: Path, *, app: str, ada: str, mallory: str, tls: bool, **names: str) -> Iterator[Door]:
    """Start the proxy; `app`, `ada` and `mallory` are the hosts that the settings `names` make."""
    port = free_port()
    (folder / "dashboard").mkdir(parents=True)
    (folder / "dashboard/index.html").write_text("<title>the dashboard</title><h1>Machines</h1>", encoding="utf-8")
    with standing() as behind:
        names |= {"manager_url": behind.manager.url, "workers": str(WORKERS), "hosts": app}
        if tls:
            pair = signed(folder, "door")
            names |= {"tls_cert": str(pair.cert), "tls_key": str(pair.key)}
        more = {f"{PREFIX}{key.upper()}": value for key, value in names.items()}
        settings = environment(port, behind.broker.url, folder / "dashboard") | more
        app, ada, mallory = (f"{'https' if tls else 'http'}://{host}:{port}" for host in (app, ada, mallory))
        made = Door(port=port, behind=behind, app=app, ada=ada, mallory=mallory)
        try:
            with listening([str(PROGRAM)], port, folder / "log", **settings):
                eventually(lambda: made.status(f"{app}/-/health", "") == OK, seconds=20, what="the door answers")
                yield made
        except BaseException:
            print((folder / "log").read_text(encoding="utf-8")[-3000:])
            raise


def _cookie(answer: requests.Response) -> str:
    return answer.headers["Set-Cookie"].partition(";")[0]
