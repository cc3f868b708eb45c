"""What else is served: metrics, and the way from plain HTTP to HTTPS."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from tornado.web import Application, HTTPError, RequestHandler

from shiva_jupyter_proxy.domain.access import host_name

HTTPS = 443


class _Metrics(RequestHandler):
    def initialize(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def get(self) -> None:
        self.set_header("Content-Type", CONTENT_TYPE_PLAIN_0_0_4)
        self.finish(generate_latest(self._registry))


def metrics(registry: CollectorRegistry) -> Application:
    """Return what Prometheus asks."""
    return Application([(r"/metrics", _Metrics, {"registry": registry})], log_function=lambda _: None)


class _Redirect(RequestHandler):
    def initialize(self, port: int) -> None:
        self._port = "" if port == HTTPS else f":{port}"

    def prepare(self) -> None:
        host = host_name(self.request.headers.get("Host", ""))
        if not host or set(host) & set("/\\@?#"):
            raise HTTPError(400)
        self.redirect(f"https://{host}{self._port}{self.request.uri}", status=301)


def redirect(port: int) -> Application:
    """Return what leads people to HTTPS."""
    return Application([(r".*", _Redirect, {"port": port})], log_function=lambda _: None)
