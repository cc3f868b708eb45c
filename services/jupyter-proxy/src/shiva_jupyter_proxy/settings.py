"""What the door needs to know at its start."""

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from shiva_common import identity

from shiva_jupyter_proxy.domain.targets import LOOPBACK, Network, networks

IDENTITIES = ("dev",)
MAX_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read from SHIVA_JUPYTER_PROXY_*."""

    identity: str  # how people prove who they are; there is no default
    manager_url: str
    broker_url: str
    broker_token: str = field(repr=False)
    identity_key: str = field(repr=False)  # the same as the manager's
    session_key: str = field(repr=False)  # the door's alone
    dashboard_dir: Path
    bind_host: str = "127.0.0.1"
    bind_port: int = 8000
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")  # names under which people call us
    trusted_proxies: tuple[str, ...] = ()  # networks of proxies of ours, whose X-Forwarded-* count
    target_networks: tuple[str, ...] = ()  # where containers may be, although it is loopback, link-local or the like
    tls_cert: Path | None = None
    tls_key: Path | None = None
    workers: int = 1  # processes that share the port
    access_log: bool = False
    drain: timedelta = timedelta(seconds=5)  # for what is under way at SIGTERM
    max_head_bytes: int = 64 * 1024
    max_headers: int = 100
    head_timeout: timedelta = timedelta(seconds=10)
    idle_timeout: timedelta = timedelta(seconds=75)
    connections_per_client: int = 1000  # of one address
    demo: bool = False

    def __post_init__(self) -> None:
        """Refuse what would be unsafe."""
        if self.identity not in IDENTITIES:
            raise ValueError(f"SHIVA_JUPYTER_PROXY_IDENTITY must be one of: {', '.join(IDENTITIES)}")
        if self.identity == "dev" and not _is_loopback(self.bind_host):
            raise ValueError(
                "SHIVA_JUPYTER_PROXY_IDENTITY=dev lets everybody be anybody, so it works on a loopback address only; "
                f"SHIVA_JUPYTER_PROXY_BIND_HOST is {self.bind_host}"
            )
        for name in ("identity_key", "session_key"):
            try:
                identity.check_key(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"SHIVA_JUPYTER_PROXY_{name.upper()}: {error}") from error
        self._check_addresses()
        self._check_numbers()

    def _check_addresses(self) -> None:
        if not 0 <= self.bind_port <= MAX_PORT:
            raise ValueError(f"SHIVA_JUPYTER_PROXY_BIND_PORT must be 0 to {MAX_PORT}")
        for name in ("manager_url", "broker_url"):
            if not _is_address(getattr(self, name)):
                raise ValueError(f"SHIVA_JUPYTER_PROXY_{name.upper()} must be http://HOST:PORT, without a path")
        for name in ("broker_token", "hosts"):
            if not getattr(self, name):
                raise ValueError(f"SHIVA_JUPYTER_PROXY_{name.upper()} must not be empty")
        for name in ("trusted_proxies", "target_networks"):
            try:
                networks(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"SHIVA_JUPYTER_PROXY_{name.upper()} must be networks like 10.0.0.0/8") from error

    def _check_numbers(self) -> None:
        for name in ("workers", "max_head_bytes", "max_headers", "connections_per_client"):
            if getattr(self, name) < 1:
                raise ValueError(f"SHIVA_JUPYTER_PROXY_{name.upper()} must be at least 1")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("SHIVA_JUPYTER_PROXY_TLS_CERT and SHIVA_JUPYTER_PROXY_TLS_KEY belong together")

    @property
    def allowed_targets(self) -> tuple[Network, ...]:
        """On the loopback everything is on this machine, so containers are too."""
        return networks(self.target_networks) + (LOOPBACK if _is_loopback(self.bind_host) else ())


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may lead anywhere


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "http" and parts.path in {"", "/"} and not parts.query and not parts.fragment
        return plain and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False  # the port is no number
