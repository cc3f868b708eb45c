"""What the broker needs to know at its start."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

LAUNCHERS = ("process",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read from SHIVA_JUPYTER_BROKER_*."""

    manager_token: str = field(repr=False)
    proxy_token: str = field(repr=False)
    exporter_token: str = field(repr=False)
    state_dir: Path  # records, journal and lock; for the broker alone
    homes_dir: Path
    machines_file: Path
    bind_host: str = "127.0.0.1"
    bind_port: int = 8082
    launcher: str = "process"
    demo: bool = False  # adds simulated people
    cpus: float = 2.0  # limits of each container
    memory_bytes: int = 4 * 2**30
    shm_bytes: int = 64 * 2**20
    pids: int = 4096
    stop_grace: timedelta = timedelta(seconds=10)

    def __post_init__(self) -> None:
        """Refuse what is not offered."""
        if self.launcher not in LAUNCHERS:
            raise ValueError(f"SHIVA_JUPYTER_BROKER_LAUNCHER must be one of {', '.join(LAUNCHERS)}")
