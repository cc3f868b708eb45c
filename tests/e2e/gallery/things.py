"""Machines, GPUs, containers and people as the contract writes them; times are before or after now."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

Thing = dict[str, Any]

GIB = 2**30
LONG = "gpu-workstation-of-the-vision-group-0001"  # 40 characters
LONG_PERSON = "maximilian.von-und-zu-hohenstein.example"  # 40 too


def at(seconds: float = 0) -> str:
    """Return that time, `seconds` from now; the past is below zero."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def gpu(uuid: str, index: int, *, owner: str | None = None, **changes: object) -> Thing:
    """Return a healthy GPU: free, or with three of its eight GiB in its holder's use."""
    used = 3 * GIB if owner else 0
    container = f"{owner}--default"
    user = {
        "owner": owner, "container_id": container, "memory_used_bytes": used, "active_ratio": 0.8, "processes": 1
    }  # fmt: skip
    return {
        "uuid": uuid,
        "index": index,
        "model": "NVIDIA GeForce GTX 1080",
        "up": True,
        "utilization_ratio": 0.87 if owner else 0.0,
        "memory_total_bytes": 8 * GIB,
        "memory_used_bytes": used,
        "temperature_celsius": 71.0 if owner else 38.0,
        "foreign_use": False,
        "holder": {"container_id": container, "owner": owner, "since": at(-7200)} if owner else None,
        "users_known": True,
        "users": [user] if owner else [],
        "unmanaged": [],
        "memory_other_bytes": 0,
        "memory_unattributed_bytes": 0,
        "quarantine": None,
        "disabled": None,
    } | changes


def silent_gpu(uuid: str, index: int, **changes: object) -> Thing:
    """Return a GPU of which nobody told anything."""
    untold = dict.fromkeys(
        ("up", "utilization_ratio", "memory_total_bytes", "memory_used_bytes", "temperature_celsius", "foreign_use",
         "memory_other_bytes", "memory_unattributed_bytes")
    )  # fmt: skip
    return gpu(uuid, index) | untold | {"users_known": False} | changes


def machine(name: str, gpus: list[Thing], **changes: object) -> Thing:
    """Return a machine that reports; its state word and free GPUs follow from `gpus`."""
    free = sum(not any(each[why] for why in ("holder", "foreign_use", "quarantine", "disabled")) for each in gpus)
    owners = sorted({each["holder"]["owner"] for each in gpus if each["holder"]})
    return {
        "name": name,
        "state": "free" if free == len(gpus) else "partly_free" if free else "full",
        "sample_age_seconds": 2.0,
        "cpus": 8,
        "cpu_ratio": 0.31,
        "memory_total_bytes": 32 * GIB,
        "memory_used_bytes": 9 * GIB,
        "disk_total_bytes": 500 * GIB,
        "disk_used_bytes": 200 * GIB,
        "network_receive_bytes_per_second": 120034.5,
        "network_transmit_bytes_per_second": 80311.0,
        "temperature_celsius": 54.0,
        "gpu_driver": "present" if gpus else "none",
        "gpus_total": len(gpus),
        "gpus_free": free,
        "holders_known": True,
        "closed": None,
        "gpus": gpus,
        "containers": [
            {"id": f"{owner}--default", "owner": owner, "name": "default", "state": "ready", "since": at(-7200),
             "gpus": sum(each["holder"] is not None and each["holder"]["owner"] == owner for each in gpus)}
            for owner in owners
        ],
    } | changes  # fmt: skip


def silent_machine(name: str, state: str = "unreachable", **changes: object) -> Thing:
    """Return a machine of which nobody told anything."""
    untold = dict.fromkeys(
        ("sample_age_seconds", "cpus", "cpu_ratio", "memory_total_bytes", "memory_used_bytes", "disk_total_bytes",
         "disk_used_bytes", "network_receive_bytes_per_second", "network_transmit_bytes_per_second",
         "temperature_celsius")
    )  # fmt: skip
    gpus = [silent_gpu(f"GPU-{name}-0", 0)]
    return machine(name, gpus) | untold | {"state": state, "gpu_driver": "unknown"} | changes


def overview(machines: list[Thing], **changes: object) -> Thing:
    """Return what `GET /machines` answers."""
    fresh = {"state": "fresh", "age_seconds": 1.0}
    return {"as_of": at(), "metrics": fresh, "broker": fresh, "machines": machines} | changes


def few() -> list[Thing]:
    """Return three machines: partly free with a share of every kind, full, and free."""
    shared = gpu("GPU-1-0", 0, owner="ada.lovelace", memory_used_bytes=6 * GIB, memory_other_bytes=GIB // 4,
                 memory_unattributed_bytes=GIB // 2)  # fmt: skip
    shared["users"].append(
        {"owner": "ken", "container_id": "ken--default", "memory_used_bytes": GIB, "active_ratio": 0.1, "processes": 2}
    )
    shared["unmanaged"] = [{"pid": 4242, "user": "mei", "engine_id": None, "memory_used_bytes": GIB + GIB // 4}]
    return [
        machine("gpu-01", [shared, gpu("GPU-1-1", 1)]),
        machine("gpu-02", [gpu("GPU-2-0", 0, owner="ken"), gpu("GPU-2-1", 1, owner="yuki")]),
        machine("gpu-03", [gpu("GPU-3-0", 0), gpu("GPU-3-1", 1)]),
    ]


def trouble() -> list[Thing]:
    """Return machines with everything that can be wrong, each in its own way."""
    broken = gpu("GPU-1-0", 0, quarantine="The driver lost this GPU. Homes and files are safe.", up=False)
    off = gpu("GPU-1-1", 1, disabled="Its fan is loud; it is repaired on Friday.")
    foreign = gpu("GPU-2-0", 0, foreign_use=True, memory_used_bytes=2 * GIB)
    foreign["unmanaged"] = [{"pid": None, "user": None, "engine_id": "e" * 64, "memory_used_bytes": 2 * GIB}]
    return [
        machine("gpu-01", [broken, off], state="full"),
        machine("gpu-02", [foreign, silent_gpu("GPU-2-1", 1)]),
        machine("gpu-03", [gpu("GPU-3-0", 0)], state="stale", sample_age_seconds=95.0),
        silent_machine("gpu-04"),
        machine("gpu-05", [gpu("GPU-5-0", 0)], state="closed", closed="New cooling until Friday.", gpus_free=0),
        machine("cpu-01", []),
        silent_machine("gpu-06", "stale", gpus=[], gpus_total=0),
    ]


def many(count: int = 1_000, gpus: int = 8) -> list[Thing]:
    """Return `count` machines with names and holders of 40 characters."""
    return [
        machine(
            f"{LONG[:-4]}{number:04}",
            [
                gpu(f"GPU-{number}-{index}", index, owner=LONG_PERSON if (number + index) % 3 else None)
                for index in range(gpus)
            ],
        )
        for number in range(1, count + 1)
    ]


def container(state: str = "ready", **changes: object) -> Thing:
    """Return the person's container on gpu-01 with a GPU, an hour old when it is ready."""
    ready = state == "ready"
    return {
        "id": "ada.lovelace--default",
        "owner": "ada.lovelace",
        "name": "default",
        "machine": "gpu-01",
        "image": "shiva-jupyter",
        "gpus": ["GPU-1-0"],
        "state": state,
        "reason": None,
        "url": "/user/ada.lovelace/",
        "requested_at": at(-3600 if ready else -4),
        "started_at": at(-3599 if ready else -3),
        "ready_at": at(-3597) if ready else None,
        "last_access_at": at(-60) if ready else None,
        "phases": {
            "placed_seconds": 0.02, "created_seconds": 0.16,
            "booting_seconds": 1.73 if ready else None, "ready_seconds": 0.4 if ready else None,
        },
        "time_to_notebook_seconds": 2.31 if ready else None,
        "limits": {"cpus": 2.0, "memory_bytes": 4 * GIB, "shm_bytes": 2**26, "pids": 4096},
        "idle": None,
    } | changes  # fmt: skip


def idle(**changes: object) -> Thing:
    """Return a warning: an hour left."""
    return {
        "state": "warned",
        "reason": "warned",
        "sentence": "Your container default has been idle for 1 h.",
        "stop_at": at(3600),
        "step": 1,
        "idle_seconds": 3600.0,
        "dry_run": False,
        "extensions_left": 2,
    } | changes


def me(*, role: str = "user", **changes: object) -> Thing:
    """Return who asks."""
    return {
        "user": {"name": "ada.lovelace", "shown_name": "Ada Lovelace", "email": "ada@example.com", "picture": None,
                 "role": role},
        "csrf_token": "4e7a0c57b1d2e338",
        "token": None,
        "quota": {"containers": 3, "gpus": 2},
        "announcement": None,
        "demo": False,
        "version": "0.1.0",
    } | changes  # fmt: skip


def wave(points: int, *, low: float, high: float, holes: bool = True) -> list[float | None]:
    """Return a curve between two values, with a gap in it where nobody reported."""
    middle, swing = (low + high) / 2, (high - low) / 2
    gap = range(points // 3, points // 3 + points // 20) if holes else range(0)
    return [None if each in gap else middle + swing * math.sin(each / 9) for each in range(points)]


def machine_history(name: str = "gpu-01", points: int = 241) -> Thing:
    """Return what a machine did in the last hour."""
    return {
        "machine": name,
        "from": at(-3600),
        "to": at(),
        "step_seconds": 15,
        "series": {
            "cpu_ratio": wave(points, low=0.1, high=0.9),
            "memory_used_bytes": wave(points, low=8 * GIB, high=20 * GIB),
            "disk_used_bytes": wave(points, low=200 * GIB, high=201 * GIB),
            "network_receive_bytes_per_second": wave(points, low=0, high=9e6),
            "network_transmit_bytes_per_second": wave(points, low=0, high=3e6),
            "temperature_celsius": wave(points, low=40, high=70),
        },
        "gpus": [
            {"uuid": f"GPU-1-{index}", "index": index, "utilization_ratio": wave(points, low=0, high=1),
             "memory_used_bytes": wave(points, low=GIB, high=7 * GIB),
             "temperature_celsius": wave(points, low=40, high=80)}
            for index in range(2)
        ],
    }  # fmt: skip
