"""A template → the body of Docker's create call. Pure; nothing that is not written here reaches an engine.

Source: Docker Engine API v1.41, ContainerCreate.
"""

from collections.abc import Mapping
from typing import Any

from shiva_jupyter_broker.adapters.template import (
    JUPYTER_PORT,
    LOG_FILES,
    LOG_MAX_SIZE,
    OOM_SCORE,
    OPEN_FILES,
    Template,
)

PORT = f"{JUPYTER_PORT}/tcp"


def body(
    made: Template,
    host: str,
    labels: Mapping[str, str],
    *,
    gpus: Mapping[str, Any],
    layer_limit: bool,
    only_runc: bool = False,
) -> dict[str, Any]:
    """Return the body.

    `host` is the machine's address, `gpus` are the options of `docker_gpus`, `layer_limit` says whether the engine's storage
    driver can bound what is written, `only_runc` that the engine's own choice of a runtime hands out every GPU.
    """
    first, last = made.ports
    return {
        "Image": made.image,
        "Hostname": made.hostname,
        "User": "0:0",  # the image's entry begins as the container's root, whatever a snapshot says
        "Env": [f"{name}={value}" for name, value in made.environment.items()],
        "Labels": dict(labels),
        "ExposedPorts": {PORT: {}},
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {
            "NanoCpus": round(made.limits.cpus * 1e9),
            "Memory": made.limits.memory_bytes,
            "MemorySwap": made.limits.memory_bytes,
            "PidsLimit": made.limits.pids,
            "ShmSize": made.limits.shm_bytes,
            "Ulimits": [
                {"Name": "nofile", "Soft": OPEN_FILES, "Hard": OPEN_FILES},
                {"Name": "core", "Soft": 0, "Hard": 0},
            ],
            "OomScoreAdj": OOM_SCORE,
            "CapDrop": ["ALL"],
            "CapAdd": list(made.capabilities),
            "Privileged": False,
            "RestartPolicy": {"Name": "no"},  # what ends by itself stays ended; see `docker_machine` for what does not
            "LogConfig": {"Type": "json-file", "Config": {"max-size": LOG_MAX_SIZE, "max-file": str(LOG_FILES)}},
            "NetworkMode": made.network,
            "PortBindings": {PORT: [{"HostIp": host, "HostPort": f"{first}-{last}"}]},
            "Mounts": [  # of this type an engine never makes a missing source
                {"Type": "bind", "Source": each.source, "Target": each.target, "ReadOnly": each.read_only}
                for each in made.mounts
            ],
            **({"StorageOpt": {"size": str(made.limits.layer_bytes)}} if layer_limit else {}),
            **({"Runtime": "runc"} if only_runc else {}),
            **gpus,
        },
    }
