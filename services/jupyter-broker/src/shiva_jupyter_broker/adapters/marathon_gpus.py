"""How GPUs are handed to a container by Mesos' Docker containerizer, which knows nothing of GPUs: as Docker's own options."""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from shiva_jupyter_broker.domain.containers import GpuUuid, Machine, MachineName


class GpuAccess(StrEnum):
    """What a machine's Docker understands: its `gpu_runtime` in machines.json."""

    TOOLKIT = "toolkit"  # NVIDIA Container Toolkit: `--gpus`
    CDI = "cdi"  # Docker of at least 28.2, or 25 with the feature switched on: `--device nvidia.com/gpu=…`
    PLUGIN = "nvidia-docker"  # of 2016: its volume of driver files, and device nodes


def read(path: Path) -> Mapping[MachineName, GpuAccess]:
    """Return how each machine of the inventory hands over its GPUs.

    Raises:
        ValueError: one names a way that there is not; the message names it.
    """
    machines = json.loads(path.read_text(encoding="utf-8"))["machines"]
    try:
        return {MachineName(str(each["name"])): GpuAccess(each.get("gpu_runtime", "toolkit")) for each in machines}
    except ValueError as error:
        raise ValueError(f"{path}: gpu_runtime must be one of {', '.join(GpuAccess)}") from error


def options(gpus: Sequence[GpuUuid], machine: Machine, access: GpuAccess) -> list[tuple[str, str]]:
    """Return what `docker run` is given, as key and value.

    Raises:
        ValueError: the inventory lacks what the plugin's options are made of; the message names it.
    """
    if not gpus:
        return []
    if access is GpuAccess.CDI:
        return [("device", f"nvidia.com/gpu={uuid}") for uuid in gpus]
    if access is GpuAccess.TOOLKIT:
        return [("gpus", f'"device={",".join(gpus)}"')]  # docker reads CSV: unquoted, a second GPU would be a count
    return _plugin(gpus, machine)


def _plugin(gpus: Sequence[GpuUuid], machine: Machine) -> list[tuple[str, str]]:
    indices = {gpu.uuid: gpu.index for gpu in machine.gpus}
    if machine.driver is None or not all(uuid in indices for uuid in gpus):
        raise ValueError(f"the inventory lacks the driver's version or a GPU of {machine.name}")
    nodes = ["nvidiactl", "nvidia-uvm", *(f"nvidia{indices[uuid]}" for uuid in gpus)]
    return [
        ("volume-driver", "nvidia-docker"),
        ("volume", f"nvidia_driver_{machine.driver}:/usr/local/nvidia:ro"),
        *(("device", f"/dev/{node}") for node in nodes),
    ]
