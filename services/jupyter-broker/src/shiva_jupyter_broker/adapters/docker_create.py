"""A template → the body of Docker's create call. Pure; nothing that is not written here reaches an engine.

Source: Docker Engine API v1.41, ContainerCreate.
"""

from collections.abc import Mapping
from typing import Any

from shiva_jupyter_broker.adapters.docker_engines import EngineAddress
from shiva_jupyter_broker.adapters.template import (
    JUPYTER_PORT,
    LOG_FILES,
    LOG_MAX_SIZE,
    OOM_SCORE,
    OPEN_FILES,
    Template,
)

PORT = f"{JUPYTER_PORT}/tcp"
NVIDIA_DOCKER_DEVICES = ("/dev/nvidiactl", "/dev/nvidia-uvm")


def body(made: Template, engine: EngineAddress, labels: Mapping[str, str], *, layer_limit: bool) -> dict[str, Any]:
    """Return the body; `layer_limit` says whether the engine's storage driver can bound what is written."""
    first, last = made.ports
    return {
        "Image": made.image,
        "Hostname": made.hostname,
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
            "RestartPolicy": {"Name": "no"},
            "LogConfig": {"Type": "json-file", "Config": {"max-size": LOG_MAX_SIZE, "max-file": str(LOG_FILES)}},
            "NetworkMode": made.network,
            "PortBindings": {PORT: [{"HostIp": engine.host, "HostPort": f"{first}-{last}"}]},
            "Mounts": [
                {"Type": "bind", "Source": each.source, "Target": each.target, "ReadOnly": each.read_only}
                for each in made.mounts
            ],
            **({"StorageOpt": {"size": str(made.limits.layer_bytes)}} if layer_limit else {}),
            **_gpus(made, engine),
        },
    }


def _gpus(made: Template, engine: EngineAddress) -> dict[str, Any]:
    """Return the options that let these GPUs in, by UUID, and no other."""
    if not made.gpus:
        return {}
    if engine.gpu_runtime == "cdi":
        return {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": [f"nvidia.com/gpu={uuid}" for uuid in made.gpus]}]}
    if engine.gpu_runtime == "toolkit":
        return {"DeviceRequests": [{"Driver": "", "DeviceIDs": list(made.gpus), "Capabilities": [["gpu"]]}]}
    nodes = [*NVIDIA_DOCKER_DEVICES, *(engine.gpu_paths[uuid] for uuid in made.gpus)]
    return {"Devices": [{"PathOnHost": node, "PathInContainer": node, "CgroupPermissions": "rwm"} for node in nodes]}
