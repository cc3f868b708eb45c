"""What the standalone door needs to know at its start."""

from dataclasses import dataclass, field
from pathlib import Path

from shiva_jupyter_proxy.standalone.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where something listens: a host and port, or a Unix socket."""

    ip: str = ""  # empty: every address of this machine
    port: int = 0
    socket: str = ""

    def __str__(self) -> str:
        """Return it as people write it."""
        return self.socket or f"{self.ip or '*'}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """The certificate of one side, and whose certificates it wants to see."""

    cert: Path
    key: Path | None  # None: it is in the file of the certificate
    ca: Path | None
    password: str = field(default="", repr=False)
    request_cert: bool = False
    reject_unauthorized: bool = False
    ciphers: str | None = None
    dhparam: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """How requests are changed on their way."""

    forwarded: bool = True  # say X-Forwarded-…
    prepend_path: bool = True  # the target's path goes before the request's
    include_prefix: bool = True  # the route's prefix stays
    change_origin: bool = False  # Host is the target's
    custom_headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the standalone door needs to know at its start."""

    auth_token: str = field(repr=False)
    public: Address
    api: Address
    metrics: Address | None
    tls: Tls | None
    api_tls: Tls | None
    client_tls: Tls | None
    client_ca: Path | None
    verify_targets: bool
    default_target: str | None
    error_target: Target | None
    error_path: Path | None
    redirect_port: int | None
    redirect_to: int
    pid_file: Path | None
    host_routing: bool
    idle_seconds: float  # between two requests
    log_level: int
    passing: Passing
