"""What the broker needs to know at its start."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from shiva_common import bearer

from shiva_jupyter_broker.domain.containers import Limits
from shiva_jupyter_broker.marathon_settings import MarathonSettings, is_plain

LAUNCHERS = ("process", "docker", "marathon")
PREFIX = "SHIVA_JUPYTER_BROKER_"
SWITCHES = "switches.json"  # in the state directory
DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(MarathonSettings):
    """Read from SHIVA_JUPYTER_BROKER_*."""

    manager_token: str = field(repr=False)
    proxy_token: str = field(repr=False)
    exporter_token: str = field(repr=False)
    metrics_token: str = field(repr=False)  # Prometheus'
    state_dir: Path  # records, journal and lock; for the broker alone
    homes_dir: Path
    machines_file: Path
    bind_host: str = "127.0.0.1"
    bind_port: int = 8082
    launcher: str = "process"
    demo: bool = False  # adds simulated people, and the word DEMO to every JupyterLab
    policy_file: Path | None = None  # defaults, maxima, sharing (deploy/README.md); without it the four below hold
    images_file: Path | None = None  # the catalogue; without it, this machine's own JupyterLab
    cpus: float = 2.0  # limits of each container
    memory_bytes: int = 4 * 2**30
    shm_bytes: int = 64 * 2**20
    pids: int = 4096
    layer_bytes: int = 10 * 2**30
    stop_grace: timedelta = timedelta(seconds=10)
    domain: str = "shiva"  # what this installation's containers are labelled with; several may share the engines
    network: str = "shiva"  # the engines' network for containers
    port_first: int = 31000  # of a machine, for containers on Docker engines; Marathon gives its own
    port_last: int = 32000
    registry_url: str = ""  # where tags become digests: "https://registry.lan:5000", its host as references name it
    registry_ca: Path | None = None  # the authority that signed its certificate, where it is not a public one
    registry_file: Path | None = None  # names and passwords of registries, as Docker's config.json has them
    uid_base: int = 0  # where the engines' remapped range of users begins; 0 without a remap
    boot_timeout: timedelta = timedelta(minutes=2)  # how long a Jupyter may take until its first answer
    kernel_idle_timeout: int = 0  # seconds after which a kernel that nobody is connected to ends; 0: never

    def __post_init__(self) -> None:
        """Refuse what is not offered and what protects or limits nothing, all at once."""
        tokens = self.tokens.values()
        rules = {
            f"LAUNCHER must be one of {', '.join(LAUNCHERS)}": self.launcher in LAUNCHERS,
            "BIND_PORT must be from 0 to 65535": 0 <= self.bind_port <= 65535,
            "MANAGER_TOKEN, PROXY_TOKEN, EXPORTER_TOKEN and METRICS_TOKEN must differ": len(set(tokens)) == len(tokens),
            "CPUS must be above zero": self.cpus > 0,
            "MEMORY_BYTES must be above zero": self.memory_bytes > 0,
            "SHM_BYTES must be above zero": self.shm_bytes > 0,
            "PIDS must be above zero": self.pids > 0,
            "LAYER_BYTES must be above zero": self.layer_bytes > 0,
            "PORT_FIRST and PORT_LAST must be a range from 1024 to 65535": (
                1024 <= self.port_first <= self.port_last <= 65535
            ),
            "DOMAIN must be lower-case letters, digits and inner dashes": DOMAIN.fullmatch(self.domain) is not None,
            "REGISTRY_URL must be an http(s) address without path and password": not self.registry_url
            or is_plain(self.registry_url),
            "UID_BASE must not be negative": self.uid_base >= 0,
            "KERNEL_IDLE_TIMEOUT must be from 0 to 31536000": 0 <= self.kernel_idle_timeout <= 365 * 86400,
        }
        if self.launcher == "marathon":
            rules |= self.marathon_rules()
        rules |= {f"{name.upper()}_TOKEN {bearer.RULE}": bearer.is_good(token) for name, token in self.tokens.items()}
        if broken := [PREFIX + rule for rule, kept in rules.items() if not kept]:
            raise ValueError("\n".join(broken))

    @property
    def tokens(self) -> dict[str, str]:
        """Return each caller's token."""
        return {
            "manager": self.manager_token,
            "proxy": self.proxy_token,
            "exporter": self.exporter_token,
            "metrics": self.metrics_token,
        }

    @property
    def limits(self) -> Limits:
        """Return the limits of a container for which no policy says otherwise."""
        return Limits(
            cpus=self.cpus,
            memory_bytes=self.memory_bytes,
            shm_bytes=self.shm_bytes,
            pids=self.pids,
            layer_bytes=self.layer_bytes,
        )
