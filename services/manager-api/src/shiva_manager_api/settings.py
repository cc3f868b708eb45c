"""What the manager needs to know at its start."""

from dataclasses import dataclass, field
from pathlib import Path

from shiva_common import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read from SHIVA_MANAGER_API_*."""

    prometheus_url: str
    broker_url: str
    broker_token: str = field(repr=False)
    identity_key: str = field(repr=False)  # the same as the door's
    bind_host: str = "127.0.0.1"
    bind_port: int = 8081
    demo: bool = False
    idle_state_dir: Path | None = None  # the culler's STATE_DIR; None: no culler runs

    def __post_init__(self) -> None:
        """Refuse a key that protects nothing."""
        try:
            identity.check_key(self.identity_key)
        except ValueError as error:
            raise ValueError(f"SHIVA_MANAGER_API_IDENTITY_KEY: {error}") from error
