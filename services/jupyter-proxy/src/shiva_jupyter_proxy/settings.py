"""What the door needs to know at its start."""

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from shiva_common import bearer, identity

from shiva_jupyter_proxy.domain.origins import MAX_LABEL, Mode, Origins
from shiva_jupyter_proxy.domain.targets import LOOPBACK, Network, networks

DEV, OIDC = "dev", "oidc"
PREFIX = "SHIVA_JUPYTER_PROXY_"
MIN_HEAD_BYTES = 8192  # browsers send as much
MAX_PORT = 65535
MAX_NAME = 252  # of DNS, and the dot behind a label
HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]", re.ASCII)
DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read from SHIVA_JUPYTER_PROXY_*."""

    identity: str  # how people prove who they are, dev or oidc; there is no default
    oidc_issuer: str = ""  # the provider's own address, exactly as it writes it
    oidc_issuer_aliases: tuple[str, ...] = ()  # other values of `iss` that mean the same provider
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_provider_name: str = ""  # on the login button; the host of the issuer where it is left out
    oidc_scopes: str = "openid email profile"
    oidc_groups_claim: str = ""  # where the provider tells a person's groups
    oidc_hosted_domain: str = ""  # a hint for Google's page; who may come in is the manager's to say
    attempts_per_minute: int = (
        120  # of one address: logins begun, logins answered, tokens refused, devices' calls; each
    )
    manager_url: str
    manager_token: str = field(repr=False)  # the same as the manager's DOOR_TOKEN
    metrics_token: str = field(repr=False)  # who reads /-/metrics shows it
    broker_url: str
    broker_token: str = field(repr=False)
    identity_key: str = field(repr=False)  # the same as the manager's
    session_key: str = field(repr=False)  # the door's alone
    previous_session_key: str = field(default="", repr=False)  # what it signed is still read
    dashboard_dir: Path
    state_dir: Path  # ended sessions and used codes; shared by all processes of one door, and kept over restarts
    session_lifetime: timedelta = timedelta(days=14)
    session_idle: timedelta = timedelta(days=3)  # without any request
    origins: str = Mode.PATH.value
    bind_host: str = "127.0.0.1"
    bind_port: int = 8000
    hosts: tuple[str, ...] = (
        "localhost",
        "127.0.0.1",
        "[::1]",
    )  # names under which people call us; the first is in links
    notebook_hosts: tuple[str, ...] = ()  # of notebooks, with ORIGINS=hosts; the first is in links
    notebook_domain: str = ""  # parent of each person's name, with ORIGINS=subdomains
    public_scheme: str = ""  # "http" or "https", where a proxy in front of us ends TLS
    public_port: int = 0  # in links, where it is another than ours
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
        self._check_identity()
        for name in ("identity_key", "session_key", "previous_session_key"):
            try:
                if name != "previous_session_key" or self.previous_session_key:
                    identity.check_key(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"SHIVA_JUPYTER_PROXY_{name.upper()}: {error}") from error
        self._check_sessions()
        self._check_addresses()
        self._check_origins()
        self._check_names()
        self._check_numbers()
        if self.identity == OIDC:
            self._check_provider()

    def _check_identity(self) -> None:
        if self.identity not in {DEV, OIDC}:
            raise ValueError(f"{PREFIX}IDENTITY must be one of: {DEV}, {OIDC}")
        if self.identity == DEV and not _is_loopback(self.bind_host):
            raise ValueError(
                f"{PREFIX}IDENTITY=dev lets everybody be anybody, so it works on a loopback address only; "
                f"{PREFIX}BIND_HOST is {self.bind_host}"
            )
        if (self.identity == OIDC) != bool(self.oidc_issuer):
            raise ValueError(f"{PREFIX}OIDC_ISSUER and {PREFIX}IDENTITY=oidc belong together")
        for name in ("manager_token", "metrics_token"):
            bearer.check(PREFIX + name.upper(), getattr(self, name))

    def _check_provider(self) -> None:
        if not _is_issuer(self.oidc_issuer):
            raise ValueError(
                f"{PREFIX}OIDC_ISSUER must be https://HOST, perhaps with a path; http is for this machine alone"
            )
        for name in ("oidc_client_id", "oidc_client_secret"):
            if not getattr(self, name):
                raise ValueError(f"{PREFIX}{name.upper()} must not be empty")
        if "openid" not in self.oidc_scopes.split(" "):
            raise ValueError(f"{PREFIX}OIDC_SCOPES must hold openid")
        if not (self.public_port or self.bind_port):
            raise ValueError(
                f"{PREFIX}PUBLIC_PORT is needed where {PREFIX}BIND_PORT is 0: the provider leads back to it"
            )
        if (first := self.names().hosts[0]) and self.names().scheme != "https" and not _is_here(first):
            raise ValueError(
                f"{PREFIX}IDENTITY=oidc needs HTTPS for {first}: {PREFIX}TLS_CERT, or PUBLIC_SCHEME=https behind a proxy "
                "that ends TLS"
            )

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

    def _check_sessions(self) -> None:
        if not timedelta(0) < self.session_idle <= self.session_lifetime:
            raise ValueError("SHIVA_JUPYTER_PROXY_SESSION_IDLE must be above 0 and at most SESSION_LIFETIME")

    def _check_origins(self) -> None:
        if self.origins not in set(Mode):
            raise ValueError(f"{PREFIX}ORIGINS must be one of: {', '.join(Mode)}")
        if (self.origins == Mode.HOSTS) != bool(self.notebook_hosts):
            raise ValueError(f"{PREFIX}NOTEBOOK_HOSTS and {PREFIX}ORIGINS=hosts belong together")
        if (self.origins == Mode.SUBDOMAINS) != bool(self.notebook_domain):
            raise ValueError(f"{PREFIX}NOTEBOOK_DOMAIN and {PREFIX}ORIGINS=subdomains belong together")
        if self.public_scheme not in {"", "http", "https"}:
            raise ValueError(f"{PREFIX}PUBLIC_SCHEME must be http or https")
        if not 0 <= self.public_port <= MAX_PORT:
            raise ValueError(f"{PREFIX}PUBLIC_PORT must be 0 to {MAX_PORT}")
        if self.origins != Mode.PATH and not (self.public_port or self.bind_port):
            raise ValueError(
                f"{PREFIX}PUBLIC_PORT is needed where {PREFIX}BIND_PORT is 0: links to the other name hold it"
            )

    def _check_names(self) -> None:
        for name in ("hosts", "notebook_hosts"):
            if not all(HOST.fullmatch(host) for host in getattr(self, name)):
                raise ValueError(f"{PREFIX}{name.upper()} must be names or addresses, without a scheme and a port")
        hosts, domain = {host.lower() for host in self.hosts}, self.notebook_domain.lower()
        if both := hosts & {host.lower() for host in self.notebook_hosts}:
            raise ValueError(f"{PREFIX}NOTEBOOK_HOSTS must share no name with {PREFIX}HOSTS: {', '.join(sorted(both))}")
        if domain and (len(domain) + MAX_LABEL > MAX_NAME or not DOMAIN.fullmatch(domain)):
            raise ValueError(f"{PREFIX}NOTEBOOK_DOMAIN must be a name like notebooks.example.org")
        if domain and any(host.endswith(f".{domain}") for host in hosts):
            raise ValueError(f"{PREFIX}HOSTS must not lie under {PREFIX}NOTEBOOK_DOMAIN: those names are people's")
        far = [name for name in (*self.hosts, *self.notebook_hosts, domain) if name and not _is_here(name.lower())]
        if far and self.origins != Mode.PATH and self.names().scheme != "https":
            raise ValueError(
                f"{PREFIX}ORIGINS={self.origins} needs HTTPS for {far[0]}: {PREFIX}TLS_CERT, or PUBLIC_SCHEME=https behind a "
                "proxy that ends TLS. Over plain HTTP browsers neither say which page asks nor keep cookies to one host"
            )

    def names(self) -> Origins:
        """Return the names under which the door answers."""
        return Origins(
            mode=Mode(self.origins),
            hosts=tuple(host.lower() for host in self.hosts),
            notebook_hosts=tuple(host.lower() for host in self.notebook_hosts),
            notebook_domain=self.notebook_domain.lower(),
            scheme=self.public_scheme or ("https" if self.tls_cert else "http"),
            port=self.public_port or self.bind_port,
        )

    def _check_numbers(self) -> None:
        if self.max_head_bytes < MIN_HEAD_BYTES:
            raise ValueError(f"SHIVA_JUPYTER_PROXY_MAX_HEAD_BYTES must be at least {MIN_HEAD_BYTES}")
        for name in ("workers", "max_headers", "connections_per_client", "attempts_per_minute"):
            if getattr(self, name) < 1:
                raise ValueError(f"SHIVA_JUPYTER_PROXY_{name.upper()} must be at least 1")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("SHIVA_JUPYTER_PROXY_TLS_CERT and SHIVA_JUPYTER_PROXY_TLS_KEY belong together")

    @property
    def provider_name(self) -> str:
        """As people read it; empty for the development identity."""
        return self.oidc_provider_name or urlsplit(self.oidc_issuer).hostname or ""

    @property
    def allowed_targets(self) -> tuple[Network, ...]:
        """On the loopback everything is on this machine, so containers are too."""
        return networks(self.target_networks) + (LOOPBACK if _is_loopback(self.bind_host) else ())


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may lead anywhere


def _is_here(name: str) -> bool:
    """Whether browsers trust a name without TLS, because it leads to their own machine."""
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name.strip("[]"))


def _is_issuer(url: str) -> bool:
    """Whether a provider may be asked there: with TLS, or on this machine."""
    try:
        parts = urlsplit(url)
        plain = url.isascii() and url.isprintable() and not set("?#@ ") & set(url) and parts.port != 0
    except ValueError:
        return False  # the port is no number
    host = parts.hostname or ""
    return plain and bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "http" and parts.path in {"", "/"} and not parts.query and not parts.fragment
        return plain and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False  # the port is no number
