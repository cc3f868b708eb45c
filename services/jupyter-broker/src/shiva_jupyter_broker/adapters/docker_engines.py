"""Which engine runs on which machine: read from machines.json, the one list of machines."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shiva_jupyter_broker.domain.containers import MachineName

LOCAL = "unix:///var/run/docker.sock"
GPU_RUNTIMES = ("toolkit", "cdi", "nvidia-docker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Files by which broker and engine know each other."""

    ca: str
    cert: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAddress:
    """How to reach the engine of one machine."""

    machine: MachineName
    host: str  # where the machine's published ports are reached
    url: str
    tls: Tls | None
    gpu_runtime: str = "toolkit"  # how its GPUs get into a container
    gpu_paths: dict[str, str]  # uuid → device node, for nvidia-docker alone


def read(path: Path) -> list[EngineAddress]:
    """Return the engines; a machine that names none has it on the local socket, which only one machine can have.

    Raises:
        ValueError: something of it cannot be used; the message names the file and the machine.
    """
    try:
        found = [_engine(each) for each in json.loads(path.read_text(encoding="utf-8"))["machines"]]
    except (OSError, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} does not say where the engines are: {error!r}") from error
    urls = [each.url for each in found]
    if twice := next((url for url in urls if urls.count(url) > 1), None):
        raise ValueError(f"{path}: two machines name the same engine {twice}")
    return found


def _engine(raw: dict[str, Any]) -> EngineAddress:
    engine = raw.get("engine") or {}
    url, runtime, tls = engine.get("url", LOCAL), raw.get("gpu_runtime", "toolkit"), engine.get("tls")
    if not str(url).startswith(("unix://", "tcp://")):
        raise ValueError(f"{raw['name']}: the engine's url must begin with unix:// or tcp://")
    if runtime not in GPU_RUNTIMES:
        raise ValueError(f"{raw['name']}: gpu_runtime must be one of {', '.join(GPU_RUNTIMES)}")
    return EngineAddress(
        machine=MachineName(str(raw["name"])),
        host=str(raw["address"]),
        url=str(url),
        tls=None if tls is None else Tls(ca=str(tls["ca"]), cert=str(tls["cert"]), key=str(tls["key"])),
        gpu_runtime=str(runtime),
        gpu_paths={str(gpu["uuid"]): f"/dev/nvidia{gpu['index']}" for gpu in raw["gpus"]},
    )
