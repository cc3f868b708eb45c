"""How the SDK's calls travel: each whole answer within its time, and a connection that fails leaves no socket."""

import socket
from typing import Any

import docker
from docker.transport import unixconn
from urllib3.connection import HTTPConnection

from shiva_jupyter_broker.adapters.deadlines import DeadlineAdapter, DeadlineResponse
from shiva_jupyter_broker.adapters.docker_engines import EngineAddress

ALIVE = [  # the kernel asks whether a silent machine is there: a pull has no deadline, and may be silent for long
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 20),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
]
FIRST = "1.24"  # spoken until the engine's own version is known


class _Connection(unixconn.UnixHTTPConnection):
    response_class = DeadlineResponse

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(self.timeout)
            sock.connect(self.unix_socket)
        except OSError:
            sock.close()
            raise
        self.sock = sock


class _Pool(unixconn.UnixHTTPConnectionPool):
    def _new_conn(self) -> _Connection:  # type: ignore[override]
        return _Connection(self.base_url, self.socket_path, self.timeout)  # type: ignore[arg-type]


class _Adapter(unixconn.UnixHTTPAdapter):
    def get_connection(self, url: str | bytes, proxies: object = None) -> _Pool:  # noqa: ARG002  as requests calls it
        with self.pools.lock:
            pool = self.pools.get(url)
            if pool is None:
                pool = self.pools[url] = _Pool(str(url), self.socket_path, self.timeout, maxsize=self.max_pool_size)
        found: _Pool = pool
        return found


class _RemoteAdapter(DeadlineAdapter):
    def init_poolmanager(self, *args: Any, **given: Any) -> None:
        super().init_poolmanager(*args, **given | {"socket_options": [*HTTPConnection.default_socket_options, *ALIVE]})


def connect(address: EngineAddress, *, seconds: int) -> docker.APIClient:
    """Return a client that speaks the engine's own version; no answer takes it longer than `seconds`.

    Raises whatever the SDK raises, when the engine does not answer.
    """
    first = _client(address, seconds, FIRST)
    try:
        version = str(first.version(api_version=False)["ApiVersion"])
    finally:
        first.close()
    return _client(address, seconds, version)


def _client(address: EngineAddress, seconds: int, version: str) -> docker.APIClient:
    tls = address.tls
    url = address.url if tls is None else address.url.replace("tcp://", "https://", 1)
    known = False if tls is None else docker.tls.TLSConfig((tls.cert, tls.key), ca_cert=tls.ca, verify=True)
    api = docker.APIClient(base_url=url, tls=known, timeout=seconds, version=version)
    api.trust_env = False  # no proxy of the broker's environment stands between
    if url.startswith("unix://"):
        api.mount("http+docker://", _Adapter(url.replace("unix://", "http+unix://", 1), seconds))
    else:
        api.mount("http://" if tls is None else "https://", _RemoteAdapter())
    return api
