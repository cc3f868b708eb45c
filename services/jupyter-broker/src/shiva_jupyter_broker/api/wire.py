"""Domain ↔ JSON, as `openapi.yaml` promises."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import ContainerId, ImageName, MachineName, Wish
from shiva_jupyter_broker.domain.lifecycle import View
from shiva_jupyter_broker.service import MachineView

MAX_GPUS = 64
MAX_TEXT = 255


class MalformedError(ValueError):
    """The body is not what the contract says; the message is a sentence."""


def moment(at: datetime | None) -> str | None:
    """Return RFC 3339 in UTC with milliseconds."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def container(seen: View) -> dict[str, object]:
    """Return the JSON of a container; its token stays here."""
    c = seen.container
    return {
        "id": c.id,
        "owner": c.owner,
        "name": c.name,
        "machine": c.machine,
        "image": c.image,
        "gpus": list(c.gpus),
        "state": c.state.value,
        "reason": c.reason,
        "url": naming.prefix(c.owner, c.name),
        "requested_at": moment(c.requested_at),
        "started_at": moment(c.started_at),
        "ready_at": moment(seen.marks.ready_at),
        "last_access_at": moment(seen.marks.last_access_at),
        "phases": {key: _rounded(value) for key, value in asdict(seen.phases).items()},
        "time_to_notebook_seconds": _rounded(seen.time_to_notebook_seconds),
        "limits": asdict(c.limits),
    }


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
        "gpus": [
            {"uuid": gpu.uuid, "index": gpu.index, "model": gpu.model, "container_id": view.leases.get(gpu.uuid)}
            for gpu in m.gpus
        ],
    }


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


def wish(body: Any) -> Wish:
    """Read a wish.

    Raises:
        MalformedError: it is not one.
        naming.BadNameError: owner or name cannot be used.
    """
    members = _members(body, {"owner", "name", "image", "machine", "gpus"})
    owner, image, where = _text(members, "owner"), _text(members, "image"), _text(members, "machine")
    if owner is None:
        raise MalformedError("owner: is required.")
    gpus = members.get("gpus", 0)
    if not isinstance(gpus, int) or isinstance(gpus, bool) or not 0 <= gpus <= MAX_GPUS:
        raise MalformedError(f"gpus: must be a whole number from 0 to {MAX_GPUS}.")
    return Wish(
        owner=naming.checked_owner(owner),
        name=naming.checked_name(_text(members, "name") or naming.DEFAULT),
        image=None if image is None else ImageName(image),
        machine=None if where is None else MachineName(where),
        gpus=gpus,
    )


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
