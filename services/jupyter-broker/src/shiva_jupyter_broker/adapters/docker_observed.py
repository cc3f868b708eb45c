"""What an engine says of a container → ours, and why it ended, as sentences. Pure."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shiva_jupyter_broker.adapters.docker_create import PORT
from shiva_jupyter_broker.domain.containers import Container, ContainerSpec, ContainerState, Endpoint, Pull

SAFE = "The files in the home are safe."
KILLED, OOM_GIB = 137, 2**30
ALIVE = {"running": ContainerState.BOOTING, "paused": ContainerState.BOOTING, "restarting": ContainerState.BOOTING}


def recorded(
    spec: ContainerSpec, state: ContainerState, reason: str | None = None, pull: Pull | None = None
) -> Container:
    """Return what a record alone tells: nothing was started yet, or nobody can look."""
    return replace(Container.of(spec, state, reason), pull=pull)


def observed(spec: ContainerSpec, inspected: Mapping[str, Any], *, host: str, log_tail: tuple[str, ...]) -> Container:
    """Return a container as its engine shows it; `inspected` is the answer of ContainerInspect."""
    state, plain = inspected["State"], recorded(spec, ContainerState.PENDING)
    status = state["Status"]
    seen = replace(plain, engine_id=inspected["Id"], started_at=_moment(state.get("StartedAt")))
    if status in ALIVE:
        return replace(seen, state=ALIVE[status], endpoint=_endpoint(inspected, host))
    if status == "removing":
        return replace(seen, state=ContainerState.STOPPING)
    if status == "created" and not state.get("Error"):
        return replace(seen, started_at=None)
    return replace(
        seen,
        state=ContainerState.FAILED,
        reason=why(state, spec),
        ended_at=_moment(state.get("FinishedAt")),
        log_tail=log_tail,
    )


def why(state: Mapping[str, Any], spec: ContainerSpec) -> str:
    """Return why it does not run, as a sentence and what to do."""
    if error := state.get("Error"):
        return refusal(str(error))
    code = int(state.get("ExitCode", 0))
    if state.get("OOMKilled"):
        size = f"{spec.limits.memory_bytes / OOM_GIB:g} GiB"
        return f"It used more than its {size} of memory and was ended. {SAFE} Start it again with more, or use less."
    if code == 0:
        return f"Jupyter was shut down from inside. {SAFE} Start it again."
    if code == KILLED:
        return f"It was killed: by an operator, or because its machine or engine went down. {SAFE} Start it again."
    return f"Jupyter ended by itself with exit status {code}. {SAFE} Look at its last lines, then start it again."


def refusal(error: str) -> str:
    """Return what an engine's own words mean for people."""
    known = {
        r"could not select device driver": "Its machine cannot hand out GPUs: the NVIDIA runtime is missing there.",
        r"no such image|not found: manifest|manifest unknown": "The image is not there any more.",
        r"pull access denied|unauthorized": "The registry does not let this machine fetch the image.",
        r"exec format|no such file or directory|executable file not found": "The image cannot be run.",
        r"port is already allocated|address already in use": "No port was free on its machine.",
        r"bind source path does not exist": "The home is not there on its machine.",
    }
    for pattern, sentence in known.items():
        if re.search(pattern, error, re.IGNORECASE):
            return f"{sentence} {SAFE} Choose another image or machine, or tell the operator."
    return f"The engine could not start it: {error.strip()[:300]} {SAFE} Tell the operator, or choose another machine."


def _endpoint(inspected: Mapping[str, Any], host: str) -> Endpoint | None:
    bound = (inspected.get("NetworkSettings", {}).get("Ports") or {}).get(PORT) or []
    ports = [int(each["HostPort"]) for each in bound if each.get("HostPort")]
    return Endpoint(host=host, port=ports[0]) if ports else None


def _moment(text: str | None) -> datetime | None:
    """Read RFC 3339 with nanoseconds; year 1 is Docker's word for never."""
    if not text or text.startswith("0001-"):
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{(fraction + '000000')[:6]}").replace(tzinfo=UTC)
