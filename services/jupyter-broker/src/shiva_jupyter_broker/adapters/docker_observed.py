"""What an engine says of a container → ours. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from shiva_jupyter_broker.adapters.docker_create import PORT
from shiva_jupyter_broker.adapters.docker_sentences import why
from shiva_jupyter_broker.domain.containers import Container, ContainerSpec, ContainerState, Endpoint, Pull

ALIVE = frozenset({"running", "paused", "restarting"})
ENDED = frozenset({"exited", "dead"})


def recorded(
    spec: ContainerSpec, state: ContainerState, reason: str | None = None, pull: Pull | None = None
) -> Container:
    """Return what a record alone tells: nothing was started yet, or nobody can look."""
    return replace(Container.of(spec, state, reason), pull=pull)


def observed(spec: ContainerSpec, inspected: Mapping[str, Any], *, host: str) -> Container:
    """Return a container as its engine shows it; `inspected` is the answer of ContainerInspect."""
    state, plain = inspected["State"], recorded(spec, ContainerState.PENDING)
    status = state["Status"]
    seen = replace(plain, engine_id=inspected["Id"], started_at=moment(state.get("StartedAt")))
    if status in ALIVE:
        return replace(seen, state=ContainerState.BOOTING, endpoint=endpoint(port(inspected), host))
    if status == "removing":
        return replace(seen, state=ContainerState.STOPPING)
    if status == "created" and not state.get("Error"):
        return seen
    return replace(
        seen, state=ContainerState.FAILED, reason=why(state, spec.limits), ended_at=moment(state.get("FinishedAt"))
    )


def moment(text: str | None) -> datetime | None:
    """Read RFC 3339 with nanoseconds; year 1 is Docker's word for never."""
    return None if not text or text.startswith("0001-") else datetime.fromisoformat(text)


def port(inspected: Mapping[str, Any]) -> int | None:
    """Return where Jupyter listens, of its machine's ports."""
    bound = (inspected.get("NetworkSettings", {}).get("Ports") or {}).get(PORT) or []
    return next((int(each["HostPort"]) for each in bound if each.get("HostPort")), None)


def endpoint(found: int | None, host: str) -> Endpoint | None:
    """Return that port of the machine as an endpoint."""
    return None if found is None else Endpoint(host=host, port=found)
