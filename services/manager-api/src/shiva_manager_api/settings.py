"""What the manager needs to know at its start."""

import re
from dataclasses import dataclass, field

from shiva_common import identity


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
    prometheus_user: str = ""  # without name and password it is asked as nobody
    prometheus_password: str = field(default="", repr=False)
    bind_host: str = "127.0.0.1"
    bind_port: int = 8081
    demo: bool = False

    def __post_init__(self) -> None:
        """Refuse a key that protects nothing, half of a login, and a database that is none."""
        check_login("SHIVA_MANAGER_API", self.prometheus_user, self.prometheus_password)
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
