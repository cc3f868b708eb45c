"""`shiva-jupyter-proxy --standalone`, or `shiva-proxy`: open both sides, serve, end on SIGTERM."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from shiva_common import logs
from tornado.httpserver import HTTPServer
from tornado.web import Application

from shiva_jupyter_proxy.adapters.certificate import Certificate
from shiva_jupyter_proxy.domain.targets import Targets
from shiva_jupyter_proxy.forward.downstream import Downstream
from shiva_jupyter_proxy.forward.front import Front, Limits
from shiva_jupyter_proxy.forward.heads import Reader
from shiva_jupyter_proxy.forward.pool import Pool
from shiva_jupyter_proxy.metrics import DoorCollector
from shiva_jupyter_proxy.observing import Traffic
from shiva_jupyter_proxy.standalone import pages, routes_api, tls
from shiva_jupyter_proxy.standalone.command_line import parse
from shiva_jupyter_proxy.standalone.door import StandaloneDoor
from shiva_jupyter_proxy.standalone.error_pages import ErrorPages
from shiva_jupyter_proxy.standalone.listening import listening
from shiva_jupyter_proxy.standalone.options import Address, Options
from shiva_jupyter_proxy.standalone.store import RouteStore

log = logging.getLogger("shiva.jupyter_proxy.standalone")

DRAIN_SECONDS = 0.5  # the Hub kills after one second


class CannotStartError(Exception):
    """Something that was asked for cannot be had; the message is a sentence."""


@contextmanager
def _needed(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CannotStartError(f"cannot {what}: {reason}") from error


def _bound(address: Address, ending: AsyncExitStack) -> list[socket.socket]:
    with _needed(f"listen on {address}"):
        sockets = listening(address)
    for each in sockets:
        ending.callback(each.close)
    return sockets


class Standing:
    """What is open."""

    def __init__(self, public: int, api: int) -> None:
        """Both ports; 0 where it is a Unix socket."""
        self.public = public
        self.api = api


def _port(sockets: list[socket.socket]) -> int:
    return 0 if sockets[0].family == socket.AF_UNIX else int(sockets[0].getsockname()[1])


async def _serve_people(
    front: Front, sockets: list[socket.socket], certificate: Certificate | None, ending: AsyncExitStack
) -> None:
    loop, context = asyncio.get_running_loop(), certificate.context if certificate else None
    for each in sockets:
        create = loop.create_unix_server if each.family == socket.AF_UNIX else loop.create_server
        server = await create(lambda: Downstream(front), sock=each, ssl=context)
        ending.callback(server.close)


def _serve(
    application: Application,
    sockets: list[socket.socket],
    ending: AsyncExitStack,
    certificate: Certificate | None = None,
) -> None:
    context = certificate.context if certificate else None
    server = HTTPServer(application, ssl_options=context, max_body_size=routes_api.MAX_BODY_BYTES)
    server.add_sockets(sockets)
    ending.push_async_callback(server.close_all_connections)
    ending.callback(server.stop)


@asynccontextmanager
async def opened(options: Options) -> AsyncIterator[Standing]:
    """Open everything; it is closed when the context ends. CannotStartError when an address or a file cannot be used."""
    store = RouteStore(lambda: datetime.now(UTC), host_routing=options.host_routing)
    if options.default_target is not None:
        store.add("/", {"target": options.default_target})
    with _needed("use the certificate"):
        client = tls.calling(options.client_tls, options.client_ca, verify=options.verify_targets)
        public_side = tls.listening(options.tls) if options.tls else None
        api_side = tls.listening(options.api_tls) if options.api_tls else None
    traffic = Traffic(store)
    door = StandaloneDoor(
        store, ErrorPages(target=options.error_target, folder=options.error_path, tls=client), options.passing
    )
    pool = Pool(Reader(), Targets(allowed=(), control=frozenset()), tls=client)
    limits = Limits(idle_seconds=options.idle_seconds, connections=sys.maxsize)  # a proxy in front is one address
    front = Front(door.decide, pool, traffic, limits, tls=public_side is not None)
    async with AsyncExitStack() as ending:
        ending.callback(pool.close)
        ending.push_async_callback(front.drain, DRAIN_SECONDS)
        public, api = _bound(options.public, ending), _bound(options.api, ending)
        await _serve_people(front, public, public_side, ending)
        _serve(routes_api.application(store, token=options.auth_token), api, ending, api_side)
        if options.metrics is not None:
            registry = CollectorRegistry()
            for register in (ProcessCollector, PlatformCollector):
                register(registry=registry)
            registry.register(DoorCollector(lambda: traffic.numbers))
            _serve(pages.metrics(registry), _bound(options.metrics, ending), ending)
        if options.redirect_port is not None:
            plain = _bound(Address(ip=options.public.ip, port=options.redirect_port), ending)
            _serve(pages.redirect(options.redirect_to), plain, ending)
        for watching in [pool.run(), traffic.run(), *(side.run() for side in (public_side, api_side) if side)]:
            ending.callback(asyncio.create_task(watching).cancel)
        log.info("open", extra={"public": str(options.public), "api": str(options.api)})
        yield Standing(_port(public), _port(api))


@contextmanager
def _pid_written(path: Path | None) -> Iterator[None]:
    if path is None:
        yield
        return
    with _needed(f"write {path}"):
        path.write_text(str(os.getpid()))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


async def serve(options: Options) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with opened(options):
        with _pid_written(options.pid_file):
            await stopped.wait()


def main() -> None:
    """Run; exit status 2 when the command line cannot be used, 1 when an address or a file cannot."""
    options = parse(sys.argv[1:], os.environ)
    logs.configure("shiva.jupyter_proxy", level=options.log_level)
    try:
        uvloop.run(serve(options))
    except CannotStartError as error:
        sys.exit(f"shiva-jupyter-proxy: {error}")
