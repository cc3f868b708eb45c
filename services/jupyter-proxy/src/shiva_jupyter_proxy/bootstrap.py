"""The only place where ports meet adapters, and where the door is opened and closed."""

import asyncio
import itertools
import logging
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from shiva_common import identity
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket

from shiva_jupyter_proxy.activity import Activity
from shiva_jupyter_proxy.adapters.broker_http import Broker
from shiva_jupyter_proxy.adapters.certificate import Certificate
from shiva_jupyter_proxy.adapters.login_states import LoginStates
from shiva_jupyter_proxy.adapters.manager_http import Manager
from shiva_jupyter_proxy.adapters.marks import Marks
from shiva_jupyter_proxy.adapters.oidc_http import Questions
from shiva_jupyter_proxy.adapters.pages import Pages, policy, security_headers
from shiva_jupyter_proxy.adapters.sessions import SignedCookies
from shiva_jupyter_proxy.adapters.shared_numbers import SharedNumbers
from shiva_jupyter_proxy.adapters.signing import Keys
from shiva_jupyter_proxy.api_entrance import ApiEntrance, ApiSettings
from shiva_jupyter_proxy.domain.cookies import cookie_names
from shiva_jupyter_proxy.domain.limits import Limiter
from shiva_jupyter_proxy.domain.messages import Upstream
from shiva_jupyter_proxy.domain.routes import RouteTable
from shiva_jupyter_proxy.domain.targets import Targets, networks
from shiva_jupyter_proxy.door import Door, DoorSettings
from shiva_jupyter_proxy.forward.downstream import Downstream
from shiva_jupyter_proxy.forward.front import Front, Limits
from shiva_jupyter_proxy.forward.heads import Reader
from shiva_jupyter_proxy.forward.pool import Pool
from shiva_jupyter_proxy.handlers.app import application
from shiva_jupyter_proxy.handlers.login import Entrance
from shiva_jupyter_proxy.handlers.oidc import CALLBACK
from shiva_jupyter_proxy.handlers.shared import Shared
from shiva_jupyter_proxy.metrics import DoorCollector
from shiva_jupyter_proxy.observing import Traffic, log_access
from shiva_jupyter_proxy.revoking import RevocationSync
from shiva_jupyter_proxy.settings import OIDC, Settings
from shiva_jupyter_proxy.sync import RouteSync
from shiva_jupyter_proxy.tokens import Tokens

if TYPE_CHECKING:
    from shiva_jupyter_proxy.adapters.oidc import OpenIdProvider

log = logging.getLogger("shiva.jupyter_proxy")

MAX_FORM_BYTES = 64 * 1024  # nothing but a name is typed into our own pages
BACKLOG = 4096


@contextmanager
def own_folder() -> Iterator[Path]:
    """Give a folder that nobody else can enter, for the sockets and numbers of one door's processes."""
    folder = Path(tempfile.mkdtemp(prefix="shiva-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def targets(settings: Settings) -> Targets:
    """Return where containers may be."""
    services = [urlsplit(url) for url in (settings.manager_url, settings.broker_url)]
    control = frozenset((service.hostname or "", service.port or 80) for service in services)
    return Targets(allowed=settings.allowed_targets, control=control)


def request_ids() -> Callable[[], bytes]:
    """Return what gives a new X-Request-Id line at each call."""
    template = f"x-request-id: {secrets.token_hex(6)}-%x\r\n".encode("ascii")
    return map(template.__mod__, itertools.count()).__next__


def limits(settings: Settings) -> Limits:
    """Return what one client may take."""
    return Limits(
        head_bytes=settings.max_head_bytes,
        head_seconds=settings.head_timeout.total_seconds(),
        idle_seconds=settings.idle_timeout.total_seconds(),
        connections=settings.connections_per_client,
    )


def api_settings(settings: Settings) -> ApiSettings:
    """Return where the manager is, and what one address may try."""
    manager = urlsplit(settings.manager_url)
    return ApiSettings(
        manager=Upstream(host=manager.hostname or "", port=manager.port or 80, pool="manager"),
        identity_key=identity.check_key(settings.identity_key),
        refusals=Limiter(settings.attempts_per_minute),
        devices=Limiter(settings.attempts_per_minute),
    )


def login_leads_to(settings: Settings) -> str:
    """Return where the login's form may lead, for browsers: providers send people on to others of their own."""
    return f"{urlsplit(settings.oidc_issuer).scheme}:" if settings.identity == OIDC else ""


def provider_of(settings: Settings) -> "OpenIdProvider | None":
    """Return the login provider; None for the development identity, which does without the 10 MB of its libraries."""
    if settings.identity != OIDC:
        return None
    from shiva_jupyter_proxy.adapters import oidc

    return oidc.OpenIdProvider(
        oidc.OidcSettings(
            issuer=settings.oidc_issuer,
            aliases=settings.oidc_issuer_aliases,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            scopes=settings.oidc_scopes,
            groups_claim=settings.oidc_groups_claim,
            hosted_domain=settings.oidc_hosted_domain,
            redirect_uri=settings.names().app + CALLBACK,
        ),
        Questions(),
    )


@asynccontextmanager
async def opened(settings: Settings, *, folder: Path, worker: int = 0) -> AsyncIterator[asyncio.Server]:
    """Open the door; what is under way ends in peace when the context ends.

    `folder` is shared by all workers, and nobody else's: who writes to its sockets says who is asking.

    Raises:
        OSError: the address or the certificate cannot be used.
    """
    certificate = None
    if settings.tls_cert is not None and settings.tls_key is not None:
        certificate = Certificate(settings.tls_cert, settings.tls_key)
    broker = Broker(settings.broker_url, settings.broker_token, targets(settings))
    manager = Manager(settings.manager_url, settings.manager_token)
    activity = Activity(broker, time.time)
    traffic = Traffic(activity)
    shared = SharedNumbers(folder, worker, traffic.numbers)
    registry = CollectorRegistry()
    for register in (ProcessCollector, PlatformCollector):
        register(registry=registry)
    registry.register(DoorCollector(shared.together))
    table = RouteTable()
    sync = RouteSync(broker, table, traffic.close)

    def over(ended: set[str]) -> None:
        table.ground.changes += 1
        traffic.close_sessions(ended)

    life, origins, pages = settings.session_lifetime, settings.names(), Pages(demo=settings.demo)
    cookies = cookie_names(origins.scheme)
    marks = Marks(settings.state_dir, lifetime=life, idle=settings.session_idle, on_over=over)
    keys = Keys(settings.session_key, settings.previous_session_key)
    sessions = SignedCookies(keys, marks, lifetime=life)
    revocations = RevocationSync(manager, marks.told)
    page_headers = security_headers(tls=certificate is not None, policy=policy(forms_lead_to=origins.every_notebook))
    inside_socket = str(folder / f"inside-{worker}.sock")
    door = Door(
        DoorSettings(
            origins=origins,
            cookies=cookies,
            inside=Upstream(path=inside_socket, pool="inside"),
            page_headers=page_headers,
        ),
        table=table,
        sync=sync,
        sessions=sessions,
        api=ApiEntrance(
            api_settings(settings), sessions=sessions, tokens=Tokens(manager, marks.is_barred),
            clock=lambda: datetime.now(UTC),
        ),
        notices=pages,
    )  # fmt: skip
    shared_by_pages = Shared(
        pages=pages, page_headers=page_headers, sessions=sessions, cookies=cookies, origins=origins, table=table,
        lifetime=life,
    )  # fmt: skip
    entrance = Entrance(
        logins=LoginStates(keys, marks),
        admission=manager,
        provider_name=settings.provider_name,
        policy=policy(forms_lead_to=f"{origins.every_notebook} {login_leads_to(settings)}".strip()),
        starts=Limiter(settings.attempts_per_minute),
        answers=Limiter(settings.attempts_per_minute),
    )
    provider = provider_of(settings)
    own_pages = application(
        shared_by_pages, entrance, provider=provider, metrics_token=settings.metrics_token, sync=sync, registry=registry,
        dashboard=settings.dashboard_dir,
    )  # fmt: skip
    inside = HTTPServer(own_pages, max_body_size=MAX_FORM_BYTES)
    pool = Pool(Reader(max_headers=settings.max_headers), targets(settings))
    front = Front(
        door.decide, pool, traffic, limits(settings), tls=certificate is not None,
        trusted=networks(settings.trusted_proxies), stamp=request_ids(),
        access_log=log_access if settings.access_log else None,
    )  # fmt: skip
    try:
        inside.add_socket(bind_unix_socket(inside_socket, mode=0o600))
        server = await asyncio.get_running_loop().create_server(
            lambda: Downstream(front), settings.bind_host, settings.bind_port, backlog=BACKLOG,
            ssl=certificate.context if certificate else None, reuse_port=settings.workers > 1 or None,
        )  # fmt: skip
        watched = [
            sync.run(),
            revocations.run(),
            traffic.run(),
            activity.run(),
            pool.run(),
            shared.run(),
            marks.run(),
            *([certificate.run()] if certificate else []),
        ]
        tasks = [asyncio.create_task(each) for each in watched]
        try:
            port = server.sockets[0].getsockname()[1]
            log.info("open", extra={"host": settings.bind_host, "port": port, "worker": worker})
            yield server
        finally:
            server.close()
            await front.drain(settings.drain.total_seconds())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            shared.save()
            await activity.report()
    finally:
        pool.close()
        manager.close()
        if provider is not None:
            provider.close()
        inside.stop()
        await inside.close_all_connections()
