"""Marathon's queue in people's words: why a container waits for its machine. Pure.

A container's app is bound to one machine, so every other machine's offer fails at the constraint; what an offer that got
further failed at is the chosen machine's own reason.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shiva_jupyter_broker.adapters.marathon_json import members, moment, number, objects, text

Json = Mapping[str, Any]

PATIENCE_SECONDS = 15.0  # offers come every few seconds: silence says nothing before that
GIB_IN_MIB = 1024
TAIL = "It starts by itself once that changes."

# In the order in which Marathon looks; an offer counts under the first that it fails.
REASONS = {
    "UnfulfilledRole": "{machine} is reserved in Mesos for a role that Shiva does not have; an operator has to free it.",
    "UnfulfilledConstraint": "{machine} offers nothing now: it is full, switched off, or has another name in Mesos.",
    "NoCorrespondingReservationFound": "What Mesos has reserved on {machine} is not for Shiva; an operator has to free it.",
    "AgentMaintenance": "{machine} is in a maintenance window, so nothing new starts there.",
    "InsufficientCpus": "{machine} has {cpus} CPUs free; {wanted_cpus} are wanted.",
    "InsufficientMemory": "{machine} has {memory} of memory free; {wanted_memory} GiB are wanted.",
    "InsufficientDisk": "{machine} has no disk space free that Mesos could give.",
    "InsufficientGpus": "{machine} has no GPU free that Mesos could give.",
    "InsufficientPorts": "{machine} has no port free for another notebook.",
    "DeclinedScarceResources": "Marathon keeps {machine} for apps that ask Mesos for GPUs; an operator has to start it with --gpu_scheduling_behavior unrestricted.",
}
SILENT = "UnfulfilledConstraint"


def waiting(item: Json, *, machine: str, now: datetime) -> str | None:
    """Return why the app of a queue's item has not started on `machine`; None while it is too early to tell."""
    if offer := _offer_of(item, machine):
        reasons = [each for each in offer.get("reason", []) if isinstance(each, str)]
        return _sentence(reasons[0] if reasons else "", machine, item, members(offer, "offer"))
    summary = members(item, "processedOffersSummary")
    declined = {
        text(each, "reason"): number(each, "declined") or 0 for each in objects(summary, "rejectSummaryLastOffers")
    }
    known = [reason for reason in declined if declined[reason] > 0 and reason not in {SILENT, "UnfulfilledRole"}]
    if known:
        return _sentence(known[-1], machine, item, {})
    since = moment(text(item, "since"))
    if since is None or (now - since).total_seconds() < PATIENCE_SECONDS:
        return None
    role_only = declined.get("UnfulfilledRole", 0) > 0 and not declined.get(SILENT, 0)
    return _sentence("UnfulfilledRole" if role_only else SILENT, machine, item, {})


def _offer_of(item: Json, machine: str) -> Json | None:
    """Return the last offer of `machine` that was not taken, where the queue was asked for offers."""
    offers = objects(item, "lastUnusedOffers")
    return next((each for each in offers if members(each, "offer").get("hostname") == machine), None)


def _sentence(reason: str, machine: str, item: Json, offer: Json) -> str:
    app = members(item, "app")
    cpus, memory = _free(offer, "cpus"), _free(offer, "mem")
    words = {
        "machine": machine,
        "cpus": "too few" if cpus is None else f"{cpus:g}",
        "wanted_cpus": f"{number(app, 'cpus') or 0:g}",
        "memory": "too little" if memory is None else f"{memory / GIB_IN_MIB:.1f} GiB",
        "wanted_memory": f"{(number(app, 'mem') or 0) / GIB_IN_MIB:.1f}",
    }
    said = REASONS.get(reason, f"Marathon takes no offer of {{machine}} ({reason or 'no reason given'}).")
    return f"{said.format(**words)} {TAIL}"


def _free(offer: Json, resource: str) -> float | None:
    """Return how much an offer holds, over all roles; None without an offer."""
    amounts = [number(each, "scalar") or 0 for each in objects(offer, "resources") if each.get("name") == resource]
    return sum(amounts) if amounts else None
