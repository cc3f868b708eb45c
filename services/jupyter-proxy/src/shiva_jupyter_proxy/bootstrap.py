"""The only place where ports meet adapters, and where the door is opened and closed."""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from weakref import WeakSet

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from shiva_common import identity
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket

from shiva_jupyter_proxy.activity import Activity
from shiva_jupyter_proxy.adapters.broker_http import Broker
from shiva_jupyter_proxy.adapters.pages import SECURITY_HEADERS, Pages
from shiva_jupyter_proxy.adapters.sessions import SignedCookies
from shiva_jupyter_proxy.domain.messages import Upstream
from shiva_jupyter_proxy.domain.routes import RouteTable
from shiva_jupyter_proxy.door import Door, DoorSettings
from shiva_jupyter_proxy.forward.downstream import Downstream
from shiva_jupyter_proxy.forward.upstream import Pool
from shiva_jupyter_proxy.handlers.app import application
from shiva_jupyter_proxy.observing import Traffic
from shiva_jupyter_proxy.settings import Settings
from shiva_jupyter_proxy.sync import RouteSync

log = logging.getLogger("shiva.jupyter_proxy")

MAX_FORM_BYTES = 64 * 1024  # nothing but a name is typed into our own pages


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[asyncio.Server]:
    """Open the door; it is closed, and its files are gone, when the context ends.

    Raises:
        OSError: the address cannot be used.
    """
    clock = lambda: datetime.now(UTC)  # noqa: E731
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    broker = Broker(settings.broker_url, settings.broker_token)
    activity = Activity(broker, clock)
    traffic = Traffic(activity, registry)
    table = RouteTable()
    sync = RouteSync(broker, table, traffic.close)
    sessions, pages = SignedCookies(settings.session_key), Pages(demo=settings.demo)
    folder = Path(tempfile.mkdtemp(prefix="shiva-"))  # 0700: nobody else writes our inner headers
    manager = urlsplit(settings.manager_url)
    door = Door(
        DoorSettings(
            hosts=frozenset(host.lower() for host in settings.hosts),
            manager=Upstream(host=manager.hostname or "", port=manager.port or 80, pool="manager"),
            inside=Upstream(path=str(folder / "inside.sock"), pool="inside"),
            identity_key=identity.check_key(settings.identity_key),
            page_headers=SECURITY_HEADERS,
        ),
        table=table,
        sync=sync,
        sessions=sessions,
        notices=pages,
        clock=clock,
    )
    inside = HTTPServer(
        application(
            pages=pages, sessions=sessions, table=table, sync=sync, registry=registry, dashboard=settings.dashboard_dir
        ),
        max_body_size=MAX_FORM_BYTES,
    )
    pool = Pool()

    connections: WeakSet[Downstream] = WeakSet()

    def connection() -> Downstream:
        connections.add(made := Downstream(door.decide, pool, traffic))
        return made

    try:
        inside.add_socket(bind_unix_socket(str(folder / "inside.sock"), mode=0o600))
        server = await asyncio.get_running_loop().create_server(connection, settings.bind_host, settings.bind_port)
        tasks = [asyncio.create_task(sync.run()), asyncio.create_task(activity.run())]
        try:
            log.info("open", extra={"host": settings.bind_host, "port": server.sockets[0].getsockname()[1]})
            yield server
        finally:
            server.close()
            for open_one in list(connections):
                open_one.abort()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await activity.report()
    finally:
        pool.close()
        inside.stop()
        await inside.close_all_connections()
        shutil.rmtree(folder, ignore_errors=True)
