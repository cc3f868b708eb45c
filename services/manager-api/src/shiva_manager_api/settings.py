"""What the manager needs to know at its start."""

import re
from dataclasses import dataclass, field

from shiva_common import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read from SHIVA_MANAGER_API_*."""

    prometheus_url: str
    broker_url: str
    broker_token: str = field(repr=False)
    database_url: str = field(repr=False)  # the culler's too
    identity_key: str = field(repr=False)  # the same as the door's
    bind_host: str = "127.0.0.1"
    bind_port: int = 8081
    demo: bool = False

    def __post_init__(self) -> None:
        """Refuse a key that protects nothing, and a database that is none."""
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
