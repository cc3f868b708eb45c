"""Which engine runs on which machine: read from machines.json, the one list of machines."""

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shiva_jupyter_broker.domain.containers import MachineName

LOCAL = "unix:///var/run/docker.sock"
GPU_RUNTIMES = ("toolkit", "cdi", "nvidia-docker")
PLUGIN_PORT = 3476  # of nvidia-docker 1


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
    host: str  # the machine's address, where the ports of its containers are bound and reached
    url: str
    tls: Tls | None = None
    gpu_runtime: str = "toolkit"  # how its GPUs get into a container
    plugin: str = ""  # where nvidia-docker 1 answers, for that runtime alone


def read(path: Path) -> list[EngineAddress]:
    """Return the engines; a machine that names none has it on the local socket, which only one machine can have.

    Raises:
        ValueError: something of it cannot be used; the message names the file, and each machine with all that is wrong.
    """
    try:
        machines = [(str(raw["name"]), raw) for raw in json.loads(path.read_text(encoding="utf-8"))["machines"]]
        problems = [f"{path}: {name}: {each}" for name, raw in machines for each in _problems(raw)]
        urls = [_url(raw) for _, raw in machines]
        problems += [
            f"{path}: two machines name the engine {url}" for url in sorted({u for u in urls if urls.count(u) > 1})
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return [_engine(name, raw) for name, raw in machines]
    except (OSError, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} does not say where the engines are: {error!r}") from error


def _problems(raw: Mapping[str, Any]) -> list[str]:
    tls = _tls(raw)
    rules = {
        "the engine's url must begin with unix:// or tcp://": _url(raw).startswith(("unix://", "tcp://")),
        "tls is for tcp:// alone": not tls or _url(raw).startswith("tcp://"),
        "tls needs ca, cert and key": not tls or {"ca", "cert", "key"} <= tls.keys(),
        f"gpu_runtime must be one of {', '.join(GPU_RUNTIMES)}": _runtime(raw) in GPU_RUNTIMES,
        "its address must be a number, for ports are bound to it": _is_number(str(raw["address"])),
    }
    missing = [f"{file} cannot be read" for file in tls.values() if not os.access(str(file), os.R_OK)]
    return [rule for rule, kept in rules.items() if not kept] + missing


def _engine(name: str, raw: Mapping[str, Any]) -> EngineAddress:
    tls = _tls(raw)
    return EngineAddress(
        machine=MachineName(name),
        host=str(raw["address"]),
        url=_url(raw),
        tls=Tls(ca=str(tls["ca"]), cert=str(tls["cert"]), key=str(tls["key"])) if tls else None,
        gpu_runtime=_runtime(raw),
        plugin=str(raw.get("nvidia_docker") or f"http://{raw['address']}:{PLUGIN_PORT}"),
    )


def _url(raw: Mapping[str, Any]) -> str:
    return str((raw.get("engine") or {}).get("url", LOCAL))


def _tls(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (raw.get("engine") or {}).get("tls") or {}
    return found


def _runtime(raw: Mapping[str, Any]) -> str:
    return str(raw.get("gpu_runtime", "toolkit"))


def _is_number(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True
