"""The standalone door's parts on real sockets, without its command line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shiva_jupyter_proxy.standalone.routes_api import MAX_BODY_BYTES, application
from shiva_jupyter_proxy.standalone.store import RouteStore
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from tests.fakes.chp_calls import TOKEN


@asynccontextmanager
async def api_standing(store: RouteStore) -> AsyncIterator[int]:
    """Serve the REST API of `store`; gives its port."""
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(application(store, token=TOKEN), max_body_size=MAX_BODY_BYTES)
    server.add_sockets(sockets)
    try:
        yield sockets[0].getsockname()[1]
    finally:
        server.stop()
        await server.close_all_connections()
