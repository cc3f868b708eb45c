"""Does an offer fit? The funnel of reasons, and the seven operators of constraints. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tests.marathon_simulator.agents import Agent, scalar
from tests.marathon_simulator.docker_run import host_ports_wanted
from tests.marathon_simulator.rules.policy import App

FUNNEL = (
    "UnfulfilledRole", "UnfulfilledConstraint", "NoCorrespondingReservationFound", "AgentMaintenance", "InsufficientCpus",
    "InsufficientMemory", "InsufficientDisk", "InsufficientGpus", "InsufficientPorts", "DeclinedScarceResources",
)  # fmt: skip
SMALLEST_OFFER_CPUS, SMALLEST_OFFER_MEM = 0.01, 32  # --min_allocatable_resources


def offers(agent: Agent, *, gpu_resources: bool) -> bool:
    """Return whether Marathon sees an offer of the agent: well, connected, with resources left, and GPUs only by feature."""
    well = agent.offering and agent.connected and agent.present
    left = agent.cpus - agent.used_cpus >= SMALLEST_OFFER_CPUS or agent.mem - agent.used_mem >= SMALLEST_OFFER_MEM
    return well and left and (gpu_resources or not agent.gpus)


def reasons(app: App, agent: Agent, placed: Sequence[Agent], *, restricted: bool) -> list[str]:
    """Return why the agent's offer does not fit, first reason first; empty when it fits.

    `placed` are the agents of the app's other instances; `restricted` means that GPU machines are kept for GPU apps.
    """
    if "*" not in app.get("acceptedResourceRoles", ["*"]):
        return ["UnfulfilledRole"]
    if not all(satisfied(each, agent, placed) for each in app.get("constraints", [])):
        return ["UnfulfilledConstraint"]
    if agent.maintenance:
        return ["AgentMaintenance"]
    short = [reason for wrong, reason in _shortages(app, agent) if wrong]
    if not short and restricted and agent.gpus and not app["gpus"]:
        return ["DeclinedScarceResources"]
    return short


def _shortages(app: App, agent: Agent) -> Iterable[tuple[bool, str]]:
    slack = 1e-6  # sums of fractions
    yield app["cpus"] > agent.cpus - agent.used_cpus + slack, "InsufficientCpus"
    yield app["mem"] > agent.mem - agent.used_mem + slack, "InsufficientMemory"
    yield app["disk"] > agent.disk - agent.used_disk + slack, "InsufficientDisk"
    yield app["gpus"] > agent.gpus - agent.used_gpus, "InsufficientGpus"
    first, last = agent.ports
    wanted = host_ports_wanted(app)
    fixed = [port for port in wanted if port]
    impossible = any(port in agent.used_ports or not first <= port <= last for port in fixed)
    yield impossible or len(wanted) > last - first + 1 - len(agent.used_ports), "InsufficientPorts"


def satisfied(constraint: Sequence[str], agent: Agent, placed: Sequence[Agent]) -> bool:
    """Return whether a constraint holds; without the attribute only UNLIKE does."""
    name, operator, wanted = constraint[0], constraint[1], constraint[2] if len(constraint) == 3 else None
    value = agent.value(name)
    if value is None:
        return operator == "UNLIKE"
    if operator in ("LIKE", "UNLIKE"):
        return bool(_pattern(str(wanted)).fullmatch(value)) == (operator == "LIKE")
    if operator == "IS":
        return value == _canonical(wanted or "")
    if operator == "CLUSTER" and wanted is not None:
        return value == wanted
    return _spread(operator, wanted, value, Counter(str(each.value(name)) for each in placed))


def _spread(operator: str, wanted: str | None, value: str, groups: Counter[str]) -> bool:
    if operator == "UNIQUE":
        return value not in groups
    if operator == "CLUSTER":
        return not groups or set(groups) == {value}
    if operator == "MAX_PER":
        return groups[value] < int(wanted or 0)
    fewest = min(groups.values(), default=0)
    return value not in groups or (len(groups) >= int(wanted or 0) and groups[value] == fewest)


@lru_cache(4096)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _canonical(text: str) -> str:
    return scalar(float(text)) if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) else text


def pinned(app: App) -> str | None:
    """Return the hostname that the app's constraints name outright, so that it can be tried first."""
    for constraint in app.get("constraints", []):
        if constraint[0] in ("hostname", "@hostname") and constraint[1] in ("CLUSTER", "IS") and len(constraint) == 3:
            return str(constraint[2])
    return None
