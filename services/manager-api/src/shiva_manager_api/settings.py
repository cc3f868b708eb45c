"""What the manager needs to know at its start."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from shiva_common import bearer, identity


def check_login(prefix: str, user: str, password: str) -> None:
    """ValueError when only one of Prometheus' user and password is set, or the name holds what HTTP cuts it at."""
    if bool(user) != bool(password) or ":" in user:
        raise ValueError(
            f"set both {prefix}_PROMETHEUS_USER, without a colon, and {prefix}_PROMETHEUS_PASSWORD, or none"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read from SHIVA_MANAGER_API_*."""

    prometheus_url: str
    broker_url: str
    broker_token: str = field(repr=False)
    database_url: str = field(repr=False)  # the culler's too
    identity_key: str = field(repr=False)  # the same as the door's
    door_token: str = field(repr=False)  # what the door shows to ask about people and tokens
    metrics_token: str = field(repr=False)  # what Prometheus shows
    access_file: Path | None = None  # who may come in; None: nobody, but for DEV_IDENTITY
    dev_identity: bool = False  # let in whoever typed a name at a door of development
    prometheus_user: str = ""  # without name and password it is asked as nobody
    prometheus_password: str = field(default="", repr=False)
    bind_host: str = "127.0.0.1"
    bind_port: int = 8081
    demo: bool = False

    def __post_init__(self) -> None:
        """Refuse keys that protect nothing, a database that is none, and half of a login."""
        check_login("SHIVA_MANAGER_API", self.prometheus_user, self.prometheus_password)
        for key in ("door_token", "metrics_token"):
            bearer.check(f"SHIVA_MANAGER_API_{key.upper()}", getattr(self, key))
        if self.door_token == self.metrics_token:
            raise ValueError("SHIVA_MANAGER_API_DOOR_TOKEN and …_METRICS_TOKEN must differ")
        try:
            identity.check_key(self.identity_key)
        except ValueError as error:
            raise ValueError(f"SHIVA_MANAGER_API_IDENTITY_KEY: {error}") from error
        check_database_url(self.database_url, "SHIVA_MANAGER_API_DATABASE_URL")


def check_database_url(url: str, key: str) -> None:
    """Raise ValueError, with no part of the URL, where it names neither kind of database."""
    if not re.match(r"sqlite:////[^?]+$|postgresql\+psycopg://", url):
        raise ValueError(
            f"{key} must be sqlite:// and the whole path of a file (sqlite:////var/lib/shiva/manager.db),"
            " or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
        )
