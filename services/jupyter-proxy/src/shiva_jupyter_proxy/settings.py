"""What the door needs to know at its start."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from shiva_common import identity

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

    def _check_addresses(self) -> None:
        if not 0 <= self.bind_port <= MAX_PORT:
            raise ValueError(f"SHIVA_JUPYTER_PROXY_BIND_PORT must be 0 to {MAX_PORT}")
        for name in ("manager_url", "broker_url"):
            if not _is_address(getattr(self, name)):
                raise ValueError(f"SHIVA_JUPYTER_PROXY_{name.upper()} must be http://HOST:PORT, without a path")
        for name in ("broker_token", "hosts"):
            if not getattr(self, name):
                raise ValueError(f"SHIVA_JUPYTER_PROXY_{name.upper()} must not be empty")


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
