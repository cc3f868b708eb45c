"""What a simulated cluster is started with."""

from dataclasses import dataclass, field

from tests.marathon_simulator.rules.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """Times of Marathon and Mesos, in seconds. The defaults are short, for tests; `real()` are the originals'."""

    second: float = 1.0  # how long a second of an app definition lasts: backoff, health checks, unreachable strategy
    revive: float = 0.02  # --min_revive_offers_interval
    decline: float = 120.0  # --decline_offer_duration
    unreachable: float = 0.2  # --agent_ping_timeout x --max_agent_ping_timeouts of the master
    registration: float = 60.0  # --executor_registration_timeout of the agents: includes the pull
    launch: float = 300.0  # --task_launch_timeout
    overdue: float = 0.5  # how often staging tasks are checked
    heartbeat: float = 10.0  # of event streams
    no_leader: float = 0.1  # how long a standby looks for a leader before it answers 502
    reconciliation: float = 0.2  # --reconciliation_initial_delay
    proxy_connect: float = 5.0
    proxy_read: float = 10.0

    @classmethod
    def real(cls) -> "Timers":
        """Return the defaults of the originals."""
        return cls(revive=5.0, unreachable=75.0, overdue=5.0, no_leader=2.5, reconciliation=15.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Flags of the simulated Marathon."""

    timers: Timers = field(default_factory=Timers)
    policy: Policy = field(default_factory=Policy)
    gpu_scheduling: str = "restricted"  # or "unrestricted"
    max_running_deployments: int = 100
    max_outstanding_events: int = 1024
    credentials: tuple[str, str] | None = None  # --http_credentials
    certificate: tuple[str, str] | None = None  # paths of certificate and key: HTTPS instead of HTTP
    nodes: int = 1  # the first leads, the others stand by
    agent_ports: bool = True  # whether every agent listens too, for its state and sandboxes
    environment: tuple[tuple[str, str], ...] = ()  # what else agents give their containers
