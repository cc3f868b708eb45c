"""An engine's words about a container, as sentences: what happened, whose data is safe, what to do now. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from shiva_jupyter_broker.domain.containers import Limits

SAFE = "The files in the home are safe."
GIB = 2**30
KILLED, TERMINATED = 137, 143
KEPT = "It was ended before its time."
FALLEN = f"Its machine's engine was restarted, and it is being started again. {SAFE} What was not saved is lost."
OTHER_MACHINE = "Choose another machine, or tell the operator."
OTHER_IMAGE = "Choose another image, or tell the operator."
REFUSALS = {
    r"could not select device driver|nvidia-docker-plugin|unresolvable CDI|CDI device": (
        "Its machine cannot hand out GPUs: the NVIDIA runtime is missing there.", OTHER_MACHINE,
    ),
    r"port is already allocated|address already in use|all ports are allocated": (
        "No port was free on its machine.", OTHER_MACHINE,
    ),
    r"network \S+ not found": ("Its machine lacks the network for containers.", OTHER_MACHINE),
    r"bind source path does not exist|not a directory": (
        "Its machine does not see the home: the storage is not mounted there.", OTHER_MACHINE,
    ),
    r"no space left on device": ("Its machine's disk is full.", OTHER_MACHINE),
    r"denied|unauthorized|authentication required|no basic auth": (
        "The registry does not let its machine fetch the image.", OTHER_IMAGE,
    ),
    r"connection refused|connection reset|no such host|no route to host|network is unreachable|i/o timeout|TLS handshake"
    r"|certificate|Client\.Timeout|context deadline exceeded|\bEOF\b|unexpected HTTP status: 5|HTTP response to HTTPS client": (
        "Its machine does not reach the registry of the image.", OTHER_MACHINE,
    ),
    r"error parsing HTTP|verification failed|unsupported manifest media type": (
        "What its machine got from the registry is not the image.", OTHER_IMAGE,
    ),
    r"no such image|manifest unknown|not found": ("The image does not exist.", OTHER_IMAGE),
    r"exec format error": ("The image was built for another kind of processor.", OTHER_IMAGE),
    r"no such file or directory|executable file not found|permission denied": (
        "The image cannot be run: what it should start is not in it.", OTHER_IMAGE,
    ),
}  # fmt: skip


def why(state: Mapping[str, Any], limits: Limits) -> str:
    """Return why a container does not run; `state` is what ContainerInspect calls so."""
    if error := state.get("Error"):
        return refusal(str(error))
    code = int(state.get("ExitCode", 0))
    if state.get("OOMKilled"):
        size = f"{limits.memory_bytes / GIB:.3g} GiB"
        return f"It used more than its {size} of memory and was ended. {SAFE} Start it again with more, or use less."
    if code in {0, TERMINATED}:
        return f"Jupyter was shut down. {SAFE} Start it again."
    if code == KILLED:
        return f"It was killed by somebody on its machine, or by the machine itself. {SAFE} Start it again."
    return f"Jupyter ended by itself with exit status {code}. {SAFE} Look at its last lines, then start it again."


def refusal(error: str) -> str:
    """Return what an engine's refusal to start something means."""
    for pattern, (what, then) in REFUSALS.items():
        if re.search(pattern, error, re.IGNORECASE):
            return f"{what} {SAFE} {then}"
    return f"The engine could not start it: {error.strip().rstrip('.')[:300]}. {SAFE} {OTHER_MACHINE}"


def no_image(error: str) -> str:
    """Return why there is nothing to start."""
    return f"Its image could not be fetched. {refusal(error)}"


def is_taken(error: str) -> bool:
    """Tell whether another port may do."""
    return re.search(r"port is already allocated|address already in use", error) is not None
