"""What the launch queue keeps about an app that waits for offers, and how it tells it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.matching import FUNNEL
from tests.marathon_simulator.stamps import new_id, now


@dataclass(slots=True)
class Item:
    """The offers that an app has seen since its launch began."""

    since: str = field(default_factory=now)
    processed: int = 0
    unused: int = 0
    unused_at: str | None = None
    used_at: str | None = None
    attempt: Counter[str] = field(default_factory=Counter)
    last: dict[str, str | None] = field(default_factory=dict)  # agent id -> first reason
    offers: dict[str, dict[str, Any]] = field(default_factory=dict)  # agent id -> last unused offer

    def saw(self, agent: Agent, reasons: list[str]) -> None:
        """Note an offer, and why it was not used; no reasons means that it was."""
        self.processed += 1
        self.last[agent.id] = reasons[0] if reasons else None
        if not reasons:
            self.used_at = now()
            return
        self.unused += 1
        self.unused_at = now()
        self.attempt[reasons[0]] += 1
        self.offers[agent.id] = {"offer": offer_of(agent), "reason": reasons, "timestamp": self.unused_at}

    def summary(self) -> dict[str, Any]:
        """Return the processedOffersSummary."""
        times = {"lastUnusedOfferAt": self.unused_at, "lastUsedOfferAt": self.used_at}
        last = Counter(reason for reason in self.last.values() if reason)
        return {
            "processedOffersCount": self.processed,
            "unusedOffersCount": self.unused,
            "rejectSummaryLastOffers": funnel(len(self.last), last),
            "rejectSummaryLaunchAttempt": funnel(self.processed, self.attempt),
        } | {key: value for key, value in times.items() if value}


def funnel(processed: int, declined: Counter[str]) -> list[dict[str, Any]]:
    """Return all ten lines; each processes what the line before left."""
    lines = []
    for reason in FUNNEL:
        lines.append({"reason": reason, "declined": declined[reason], "processed": processed})
        processed -= declined[reason]
    return lines


def offer_of(agent: Agent) -> dict[str, Any]:
    """Return an agent's offer as the queue shows it."""
    scalars = {
        "cpus": agent.cpus - agent.used_cpus, "mem": agent.mem - agent.used_mem, "disk": agent.disk - agent.used_disk,
        "gpus": float(agent.gpus - agent.used_gpus),
    }  # fmt: skip
    resources: list[dict[str, Any]] = [
        {"name": name, "role": "*", "scalar": round(value, 3), "set": []} for name, value in scalars.items() if value
    ]
    resources.append({"name": "ports", "role": "*", "ranges": agent.free_ranges(), "set": []})
    attributes = [
        {"name": name, "text": value} if isinstance(value, str) else {"name": name, "scalar": value}
        for name, value in agent.attributes.items()
    ]
    identity = {"id": f"{new_id()}-O1", "hostname": agent.hostname, "agentId": agent.id}
    return identity | {"resources": resources, "attributes": attributes}
