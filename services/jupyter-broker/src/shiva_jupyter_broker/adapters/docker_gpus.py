"""How GPUs get into a container: the options of the create call, by UUID, for each way that a machine may have."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from shiva_jupyter_broker.adapters.docker_engines import EngineAddress
from shiva_jupyter_broker.domain.containers import GpuUuid
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, LaunchRefusedError

SECONDS = 5.0
DEVICE = re.compile(r"/dev/nvidia[a-z0-9-]*", re.ASCII)
VOLUME = re.compile(r"(?P<name>nvidia_driver_[A-Za-z0-9_.-]+):(?P<target>/usr/local/nvidia):ro", re.ASCII)


def options(gpus: Sequence[GpuUuid], engine: EngineAddress) -> dict[str, Any]:
    """Return the options that let these GPUs in and no other; asks nvidia-docker where the machine has only that.

    Raises:
        LauncherUnavailableError: nvidia-docker does not answer.
        LaunchRefusedError: it does not know one of them, or names what is no GPU.
    """
    if not gpus:
        return {}
    if engine.gpu_runtime == "cdi":
        return {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": [f"nvidia.com/gpu={uuid}" for uuid in gpus]}]}
    if engine.gpu_runtime == "toolkit":
        return {"DeviceRequests": [{"Driver": "", "DeviceIDs": list(gpus), "Capabilities": [["gpu"]]}]}
    return _legacy(_ask_plugin(gpus, engine), gpus)


def _ask_plugin(gpus: Sequence[GpuUuid], engine: EngineAddress) -> Mapping[str, Any]:
    """Ask for the devices and the driver's volume: `GET /v1.0/docker/cli/json`, nvidia-docker 1.0.1."""
    url = f"{engine.plugin}/v1.0/docker/cli/json?dev={'+'.join(gpus)}&vol=nvidia_driver"
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(url, timeout=SECONDS)
            if answer.status_code == requests.codes.bad_request:
                raise LaunchRefusedError(f"nvidia-docker of {engine.machine}: {answer.text.strip()[:200]}")
            answer.raise_for_status()
            found: Mapping[str, Any] = answer.json()
        except requests.RequestException as error:
            raise LauncherUnavailableError(f"nvidia-docker of {engine.machine}") from error
    return found


def _legacy(found: Mapping[str, Any], gpus: Sequence[GpuUuid]) -> dict[str, Any]:
    try:
        devices = sorted(set(map(str, found["Devices"])))
        volumes = [VOLUME.fullmatch(str(each)) for each in found["Volumes"]]
    except (KeyError, TypeError) as error:
        raise LaunchRefusedError(f"nvidia-docker's answer cannot be understood: {error!r}") from error
    numbered = [each for each in devices if each[-1:].isdigit()]
    if None in volumes or not all(map(DEVICE.fullmatch, devices)) or len(numbered) != len(gpus):
        raise LaunchRefusedError("nvidia-docker names something else than the GPUs that were asked for")
    return {
        "Devices": [{"PathOnHost": each, "PathInContainer": each, "CgroupPermissions": "rwm"} for each in devices],
        "VolumeDriver": "nvidia-docker",
        "Binds": [each.string for each in volumes if each],
    }
