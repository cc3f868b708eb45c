"""The simulated Mesos agents: what they offer, and what is taken of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.marathon_simulator.stamps import new_id


@dataclass(slots=True, kw_only=True)
class Agent:
    """One machine. `mem` and `disk` are MB; a test may change attributes and flags at any time through the simulator."""

    hostname: str
    cpus: float = 32.0
    mem: float = 128_000.0
    disk: float = 900_000.0
    gpus: int = 0
    ports: tuple[int, int] = (31000, 32000)
    attributes: dict[str, str | float] = field(default_factory=dict)
    address: str = ""  # where health checks connect to; the hostname if empty
    region: str | None = None
    zone: str | None = None
    id: str = field(default_factory=lambda: f"{new_id()}-S0")
    offering: bool = True  # False: no offers reach Marathon, although the agent is well
    maintenance: bool = False
    connected: bool = True  # False: its reports do not arrive
    present: bool = True  # False: Mesos has told that it is unreachable, or gone
    used_cpus: float = 0.0
    used_mem: float = 0.0
    used_disk: float = 0.0
    used_gpus: int = 0
    used_ports: set[int] = field(default_factory=set)
    next_port: int = 0

    def value(self, name: str) -> str | None:
        """Return what a constraint on `name` sees; None without the attribute."""
        if name in ("hostname", "@hostname"):
            return self.hostname
        if name in ("@region", "@zone"):
            return self.region if name == "@region" else self.zone
        found = self.attributes.get(name)
        return found if found is None or isinstance(found, str) else scalar(found)

    def pick_ports(self, wanted: Sequence[int]) -> list[int] | None:
        """Return host ports for `wanted`, where 0 means any; None when that cannot be. Ports do not come back at once."""
        first, last = self.ports
        fixed = [port for port in wanted if port]
        if any(port in self.used_ports or not first <= port <= last for port in fixed) or len(set(fixed)) != len(fixed):
            return None
        taken, count, span = self.used_ports | set(fixed), wanted.count(0), last - first + 1
        free: list[int] = []
        for step in range(span):
            port = first + (self.next_port + step) % span
            if len(free) == count:
                break
            if port not in taken:
                free.append(port)
        if len(free) < count:
            return None
        if free:
            self.next_port = free[-1] - first + 1
        return [port or free.pop(0) for port in wanted]

    def take(self, app: Mapping[str, Any], ports: Iterable[int], sign: int = 1) -> None:
        """Take an app's resources, or give them back with sign -1."""
        self.used_cpus += sign * app["cpus"]
        self.used_mem += sign * app["mem"]
        self.used_disk += sign * app["disk"]
        self.used_gpus += sign * app["gpus"]
        self.used_ports = self.used_ports | set(ports) if sign > 0 else self.used_ports - set(ports)

    def free_ranges(self) -> list[dict[str, int]]:
        """Return the free ports as ranges of Mesos."""
        edges = [self.ports[0] - 1, *sorted(port for port in self.used_ports), self.ports[1] + 1]
        return [{"begin": low + 1, "end": high - 1} for low, high in pairwise(edges) if high - low > 1]


def scalar(value: float) -> str:
    """Return a scalar attribute as constraints compare it: rounded to three decimals."""
    return f"{round(value, 3):.3f}".rstrip("0").rstrip(".")
