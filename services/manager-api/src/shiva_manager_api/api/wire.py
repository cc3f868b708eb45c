"""Domain ↔ JSON, as `openapi.yaml` promises."""

import re
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from shiva_manager_api.api.bodies import MalformedError, Members
from shiva_manager_api.cached import Answer
from shiva_manager_api.domain.idle_state import IdleState, Shown, shown
from shiva_manager_api.domain.machines import GpuView, Holder, MachineView, Tenant
from shiva_manager_api.domain.ports import Container, Wish

MAX_GPUS = 64
MAX_NAME = 63
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)  # the broker knows which of them are taken
MEASURED = (
    "cpus", "cpu_ratio", "memory_total_bytes", "memory_used_bytes", "disk_total_bytes",
    "disk_used_bytes", "network_receive_bytes_per_second", "network_transmit_bytes_per_second", "temperature_celsius",
)  # fmt: skip


GPU_MEASURED = (
    "uuid", "index", "model", "up", "utilization_ratio", "memory_total_bytes", "memory_used_bytes",
    "temperature_celsius", "foreign_use",
)  # fmt: skip


@lru_cache(maxsize=16384)  # a container's times are told again and again
def moment(at: datetime | None) -> str | None:
    """Return RFC 3339 in UTC with milliseconds."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def source(answer: Answer[Any]) -> dict[str, object]:
    """Return how good a source is."""
    old = "unavailable" if answer.age_seconds is None else "stale"
    state = "fresh" if answer.fresh else old
    return {"state": state, "age_seconds": None if answer.age_seconds is None else round(answer.age_seconds, 1)}


def word(view: MachineView) -> dict[str, object]:
    """Return what of a machine changes by the mere passing of time."""
    age = view.sample_age_seconds
    return {"state": view.state.value, "sample_age_seconds": None if age is None else round(age, 2)}


def machine(view: MachineView) -> dict[str, object]:
    """Return everything else of it, for orjson: it writes dataclasses as they are."""
    reading = view.reading
    return {
        "name": reading.name,
        **{key: getattr(reading, key) for key in MEASURED},
        "gpu_driver": reading.gpu_driver.value,
        "gpus_total": len(view.gpus),
        "gpus_free": view.gpus_free,
        "holders_known": view.holders_known,
        "closed": view.closed,
        "gpus": [_gpu(gpu) for gpu in view.gpus],
        "containers": [_tenant(tenant) for tenant in view.tenants],
    }


def _gpu(view: GpuView) -> dict[str, object]:
    shares = view.shares
    return {key: getattr(view.reading, key) for key in GPU_MEASURED} | {
        "holder": None if view.holder is None else _holder(view.holder),
        "users_known": shares is not None,
        "users": shares.users if shares else (),
        "unmanaged": shares.unmanaged if shares else (),
        "memory_other_bytes": shares.other_bytes if shares else None,
        "memory_unattributed_bytes": shares.unattributed_bytes if shares else None,
        "quarantine": view.quarantine,
        "disabled": view.disabled,
    }


def _holder(holder: Holder) -> dict[str, object]:
    return {"container_id": holder.container_id, "owner": holder.owner, "since": moment(holder.since)}


def _tenant(tenant: Tenant) -> dict[str, object]:
    facts = {key: getattr(tenant, key) for key in ("id", "owner", "name", "state", "gpus")}
    return facts | {"since": moment(tenant.since)}


def container(told: Container, idle: IdleState, now: datetime) -> dict[str, object]:
    """Return one container, with what is known of its idleness."""
    facts = {key: value for key, value in told.items() if key not in {"launch_id", "history"}}
    launch_id = told["launch_id"]
    return facts | {"idle": _idle(shown(idle, launch_id, now))}


def _idle(seen: Shown | None) -> dict[str, object] | None:
    if seen is None:
        return None
    facts = asdict(seen.told) | {"stop_at": moment(seen.told.stop_at)}
    return facts | {"dry_run": seen.dry_run, "extensions_left": seen.extensions_left}


WISH = frozenset({"name", "image", "machine", "gpus"})


def wish(body: Members) -> Wish:
    """Read a wish.

    Raises:
        MalformedError: it is not one.
    """
    gpus = body.whole("gpus", least=0, most=MAX_GPUS) if body.has("gpus") else 0
    name = body.text("name") if body.has("name") else "default"
    if len(name) > MAX_NAME or not NAME.fullmatch(name):
        raise MalformedError(
            f"name: must be at most {MAX_NAME} lower-case letters and digits, with single dashes between."
        )
    return Wish(name=name, image=body.text_or_none("image"), machine=body.text_or_none("machine"), gpus=gpus)
