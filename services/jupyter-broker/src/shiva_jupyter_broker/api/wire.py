"""Domain ↔ JSON, as `openapi.yaml` promises."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import (
    ContainerId,
    GpuUuid,
    Image,
    ImageName,
    LaunchId,
    Limits,
    Listing,
    MachineName,
    MachineState,
    Wish,
)
from shiva_jupyter_broker.domain.explain import Explanation
from shiva_jupyter_broker.domain.lifecycle import Phases, View
from shiva_jupyter_broker.domain.logs import MOST_LINES, Log
from shiva_jupyter_broker.domain.placement import Misfit
from shiva_jupyter_broker.domain.ports import Activity
from shiva_jupyter_broker.service import MachineView

MAX_GPUS = 64
MAX_TEXT = 255
MAX_MACHINES = 4096
MIN_CPUS = 0.1
LINES = 200  # of a log, where nobody says
PHASES = tuple(each.name for each in fields(Phases))
MIN_MEMORY = 64 * 2**20  # less starts no Jupyter


class MalformedError(ValueError):
    """The body is not what the contract says; the message is a sentence."""


def moment(at: datetime | None) -> str | None:
    """Return RFC 3339 in UTC with milliseconds."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def container(seen: View) -> dict[str, object]:
    """Return the JSON of a container; its token stays here."""
    c, phases = seen.container, seen.phases
    return {
        "id": c.id,
        "owner": c.owner,
        "name": c.name,
        "machine": c.machine,
        "image": c.image,
        "image_reference": c.image_ref,
        "gpus": list(c.gpus),
        "gpus_shared": c.gpus_shared,
        "state": c.state.value,
        "reason": c.reason,
        "log_tail": list(c.log_tail),
        "pull": None if c.pull is None else asdict(c.pull),
        "url": naming.prefix(c.owner, c.name),
        "launch_id": c.launch_id,
        "engine_id": c.engine_id,
        "requested_at": moment(c.requested_at),
        "started_at": moment(c.started_at),
        "ready_at": moment(seen.marks.ready_at),
        "last_access_at": moment(seen.marks.last_access_at),
        "history": [{"state": step.state.value, "at": moment(step.at)} for step in seen.history],
        "phases": {name: _rounded(getattr(phases, name)) for name in PHASES},
        "time_to_notebook_seconds": _rounded(seen.time_to_notebook_seconds),
        "limits": _limits(c.limits),
    }


@lru_cache(maxsize=1024)
def _limits(limits: Limits) -> dict[str, float]:
    return asdict(limits)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def machine(view: MachineView) -> dict[str, object]:
    """Return the JSON of a machine."""
    m = view.machine
    return {
        "name": m.name,
        "cpus": m.cpus,
        "memory_bytes": m.memory_bytes,
        "memory_promised_bytes": view.memory_promised_bytes,
        "fits_default": view.fits_default,
        "reachable": view.state.reachable,
        "unreachable_since": moment(view.state.since),
        "drained": view.drained,
        "warnings": list(view.state.warnings),
        "gpus": [
            {
                "uuid": gpu.uuid,
                "index": gpu.index,
                "model": gpu.model,
                "container_id": next(iter(view.holders.get(gpu.uuid, ())), None),
                "container_ids": list(view.holders.get(gpu.uuid, ())),
                "disabled": view.disabled.get(gpu.uuid),
            }
            for gpu in m.gpus
        ],
    }


def doing(told: Activity) -> dict[str, object]:
    """Return the JSON of what a Jupyter does."""
    return asdict(told) | {
        "read_at": moment(told.read_at),
        "busy_since": moment(told.busy_since),
        "last_activity_at": moment(told.last_activity_at),
    }


def log(container_id: str, told: Log | None, now: datetime) -> dict[str, object]:
    """Return the JSON of what a container wrote."""
    return {
        "container_id": container_id,
        "taken_at": moment(now),
        "lines": None if told is None else list(told.lines),
        "truncated": told is not None and told.truncated,
    }


def image(each: Image, listing: Listing, states: Mapping[MachineName, MachineState]) -> dict[str, object]:
    """Return the JSON of an image, and where what a start would run is; null where registry or engine do not tell."""
    where = {}
    for name, state in states.items():
        pull = state.pulls.get(listing.pinned)
        where[name] = {
            "state": state.presence(listing.pinned).value,
            "pull": None if pull is None else asdict(pull),
        }
    told = {
        "digest": listing.pinned.partition("@")[2] or None,
        "size_bytes": listing.size_bytes,
        "tags": None if listing.tags is None else list(listing.tags),
        "trouble": listing.trouble,
    }
    return asdict(each) | told | {"machines": where}


def explanation(found: Explanation) -> dict[str, object]:
    """Return the JSON of an explanation; `reasons` once more as plain sentences, by machine."""
    return {
        "image": found.image,
        "fits": found.placement is not None,
        "machine": None if found.placement is None else found.placement.machine.name,
        "everywhere": _misfit(found.everywhere),
        "reasons": found.reasons,
        "machines": [
            {
                "name": verdict.machine,
                "image": verdict.image.value,
                "misfit": _misfit(verdict.misfit),
                "holders": [
                    {
                        "container_id": holder.container,
                        "owner": holder.owner,
                        "gpus": list(holder.gpus),
                        "memory_bytes": holder.memory_bytes,
                        "since": moment(holder.since),
                    }
                    for holder in verdict.holders
                ],
            }
            for verdict in found.verdicts
        ],
        "offers": [
            {
                "text": offer.text,
                "machine": offer.machine,
                "wish": {key: value for key, value in asdict(offer.wish).items() if key not in KEPT},
            }
            for offer in found.offers
        ],
    }


def _misfit(misfit: Misfit | None) -> dict[str, str] | None:
    return None if misfit is None else {"rule": misfit.rule.value, "text": misfit.text}


def _members(body: Any, allowed: set[str]) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise MalformedError("The body must be a JSON object.")
    if unknown := sorted(map(str, body.keys() - allowed)):
        raise MalformedError(f"There is no member “{unknown[0][:60]}”.")
    return body


def _text(body: Mapping[str, Any], key: str) -> str | None:
    value = body.get(key)
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT):
        raise MalformedError(f"{key}: must be a text of 1 to {MAX_TEXT} characters, or null.")
    return value


WISH = {
    "owner",
    "name",
    "image",
    "machine",
    "gpus",
    "gpus_shared",
    "cpus",
    "memory_bytes",
    "avoid_gpus",
    "exclude_gpus",
}
KEPT = {"avoid", "exclude"}  # not for people: whoever asks says them again


def wish(body: Any) -> Wish:
    """Read a wish. Nothing of an engine's own options is among its members.

    Raises:
        MalformedError: it is not one.
        naming.BadNameError: owner or name cannot be used.
    """
    members = _members(body, WISH)
    owner, image_name, where = _text(members, "owner"), _text(members, "image"), _text(members, "machine")
    if owner is None:
        raise MalformedError("owner: is required.")
    return Wish(
        owner=naming.checked_owner(owner),
        name=naming.checked_name(_text(members, "name") or naming.DEFAULT),
        image=None if image_name is None else ImageName(image_name),
        machine=None if where is None else MachineName(where),
        gpus=_whole(members, "gpus", most=MAX_GPUS) or 0,
        gpus_shared=_flag(members, "gpus_shared"),
        cpus=_cpus(members),
        memory_bytes=_whole(members, "memory_bytes", least=MIN_MEMORY, most=2**50),
        avoid=_uuids(members, "avoid_gpus"),
        exclude=_uuids(members, "exclude_gpus"),
    )


def _whole(body: Mapping[str, Any], key: str, *, least: int = 0, most: int) -> int | None:
    value = body.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 2.0 is a whole number of JSON's
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most):
        raise MalformedError(f"{key}: must be a whole number from {least} to {most}.")
    return value


def _flag(body: Mapping[str, Any], key: str) -> bool:
    value = body.get(key, False)
    if not isinstance(value, bool):
        raise MalformedError(f"{key}: must be true or false.")
    return value


def _cpus(body: Mapping[str, Any]) -> float | None:
    value = body.get("cpus")
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not MIN_CPUS <= value <= 4096:
        raise MalformedError(f"cpus: must be a number from {MIN_CPUS} to 4096.")
    return float(value)


def _uuids(body: Mapping[str, Any], key: str) -> frozenset[GpuUuid]:
    value = body.get(key, [])
    if not isinstance(value, list) or len(value) > 4096 or not all(isinstance(each, str) for each in value):
        raise MalformedError(f"{key}: must be a list of GPU UUIDs.")
    return frozenset(map(GpuUuid, value))


def why(body: Any) -> str | None:
    """Read `{"why": sentence}`, or null to switch on again."""
    members = _members(body, {"why"})
    if "why" not in members:  # nothing must open by an oversight
        raise MalformedError("why: is required; null switches on again.")
    return _text(members, "why")


def launch_alone(query: Mapping[str, str]) -> LaunchId | None:
    """Read which launch is to end; None: any. A misspelled word must not end another one."""
    if query.keys() - {"launch_id"}:
        raise MalformedError("The only parameter is `launch_id`.")
    return LaunchId(query["launch_id"]) if "launch_id" in query else None


def lines(query: Mapping[str, str]) -> int:
    """Read how many lines of a log are wanted."""
    if query.keys() - {"lines"}:
        raise MalformedError("The only parameter is `lines`.")
    text = query.get("lines", str(LINES))
    if (
        not text.isascii()
        or not text.isdecimal()
        or len(text) > len(str(MOST_LINES))
        or not 1 <= int(text) <= MOST_LINES
    ):
        raise MalformedError(f"lines: must be a whole number from 1 to {MOST_LINES}.")
    return int(text)


def where(body: Any) -> frozenset[MachineName] | None:
    """Read `{"machines": [name, …]}`, or null for all; left out, it is neither."""
    members = _members(body, {"machines"})
    names = members.get("machines", [])
    if names is None:
        return None
    if not isinstance(names, list) or not 0 < len(names) <= MAX_MACHINES:
        raise MalformedError(f"machines: must be a list of 1 to {MAX_MACHINES} machines, or null for all.")
    if not all(isinstance(each, str) and 0 < len(each) <= MAX_TEXT for each in names):
        raise MalformedError(f"machines: each must be a text of 1 to {MAX_TEXT} characters.")
    return frozenset(map(MachineName, names))


def _utc(value: Any) -> datetime | None:
    """Read a time; None when it has no zone."""
    try:
        at = datetime.fromisoformat(value)
        return None if at.tzinfo is None else at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise MalformedError("last_access: each value must be an RFC 3339 time.") from error


def activity(body: Any) -> dict[ContainerId, datetime]:
    """Read a batch of accesses.

    Raises:
        MalformedError: it is not one.
    """
    batch = _members(body, {"last_access"}).get("last_access")
    if not isinstance(batch, dict):
        raise MalformedError("last_access: must be an object of times by container id.")
    result = {}
    for key, value in batch.items():
        if (at := _utc(value)) is None:
            raise MalformedError("last_access: each time needs a zone.")
        result[ContainerId(key)] = at
    return result
