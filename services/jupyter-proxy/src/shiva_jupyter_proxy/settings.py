"""What the door needs to know at its start."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from shiva_common import identity

IDENTITIES = ("dev",)


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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may lead anywhere
