"""Tornado's URL map of what the door itself answers."""

from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from shiva_common import bearer
from tornado.web import Application, HTTPError

from shiva_jupyter_proxy.adapters.pages import STATIC
from shiva_jupyter_proxy.domain import origins
from shiva_jupyter_proxy.domain.ports import IdentityProvider
from shiva_jupyter_proxy.handlers import handover, login, oidc
from shiva_jupyter_proxy.handlers.dashboard import Assets, Index, OwnAssets
from shiva_jupyter_proxy.handlers.shared import PageHandler, Shared
from shiva_jupyter_proxy.sync import RouteSync


class Health(PageHandler):
    """Whether the door answers, and the broker to the door."""

    def initialize(self, sync: RouteSync) -> None:
        """Take what it reports on."""
        self._sync = sync

    def get(self) -> None:
        """Tell; state words only, for everybody may ask."""
        answers = self._sync.answers
        self.finish({"status": "ok" if answers else "degraded", "broker_answers": answers})


class Metrics(PageHandler):
    """Prometheus' text format."""

    def initialize(self, registry: CollectorRegistry, token: str) -> None:
        """Take the registry, and the token of who may read it."""
        self._registry = registry
        self._token = token

    def get(self) -> None:
        """Tell Prometheus."""
        if not bearer.is_from(self.request.headers.get("Authorization"), self._token):
            self.set_status(401)
            self.set_header("WWW-Authenticate", "Bearer")
            self.finish("The metrics are for Prometheus, which has a token.\n")
            return
        self.set_header("Content-Type", CONTENT_TYPE_PLAIN_0_0_4)
        self.finish(generate_latest(self._registry))


class Nowhere(PageHandler):
    """What no other handler answers."""

    def prepare(self) -> None:
        """Refuse every method."""
        raise HTTPError(404)


def application(
    shared: Shared,
    entrance: login.Entrance,
    *,
    provider: IdentityProvider | None,
    metrics_token: str,
    sync: RouteSync,
    registry: CollectorRegistry,
    dashboard: Path,
) -> Application:
    """Return the application; it listens on a socket that only the door reaches. No provider: the development identity."""
    common = {"shared": shared}
    own = common | {"entrance": entrance}
    at_provider = own | {"provider": provider}
    logins = [(oidc.LOGIN, oidc.OidcLogin, at_provider), (oidc.CALLBACK, oidc.Callback, at_provider)]
    between = [(origins.HANDOVER, handover.Handover), (origins.ENTER, handover.Enter), (origins.START, handover.Start)]
    crossing = [] if shared.origins.mode is origins.Mode.PATH else between
    return Application(
        [
            *(logins if provider is not None else [(oidc.LOGIN, login.DevLogin, own)]),
            (r"/-/logout", login.Logout, own),
            *((path, handler, common) for path, handler in crossing),
            (r"/-/health", Health, {"sync": sync}),
            (r"/-/metrics", Metrics, {"registry": registry, "token": metrics_token}),
            (r"/-/assets/(.*)", OwnAssets, {"path": str(STATIC)}),
            (r"/assets/(.*)", Assets, {"path": str(dashboard / "assets")}),
            (r"/(?:(?!-/).)*", Index, {"folder": dashboard}),
        ],
        default_handler_class=Nowhere,
        page_headers=shared.page_headers,
        log_function=lambda _: None,  # answers are counted at the door
    )
