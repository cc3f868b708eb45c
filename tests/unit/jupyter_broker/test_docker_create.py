"""The one body of every create call: all of it, so that nothing can join it unseen."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from shiva_jupyter_broker.adapters import docker_create
from shiva_jupyter_broker.adapters.docker_engines import EngineAddress
from shiva_jupyter_broker.adapters.template import Site, template
from shiva_jupyter_broker.domain.containers import (
    ContainerId,
    ContainerSpec,
    GpuUuid,
    ImageName,
    ImageRef,
    LaunchId,
    Limits,
    MachineName,
    UserName,
)

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
GPU = GpuUuid("GPU-8f3c")
ENGINE = EngineAddress(
    machine=MachineName("gpu-02"),
    host="10.0.0.2",
    url="unix:///run/engine.sock",
    tls=None,
    gpu_paths={GPU: "/dev/nvidia3", "GPU-other": "/dev/nvidia0"},
)
SPEC = ContainerSpec(
    id=ContainerId("ada--default"),
    launch_id=LaunchId("l1"),
    owner=UserName("ada"),
    name="default",
    machine=MachineName("gpu-02"),
    image=ImageName("standard"),
    image_ref=ImageRef("shiva-jupyter:1"),
    gpus=(),
    limits=Limits(cpus=1.5, memory_bytes=2**30, shm_bytes=2**26, pids=512, layer_bytes=2**33),
    home="/srv/homes/ada",
    uid=101001,
    token="s" * 64,
    requested_at=NOW,
    placed_at=NOW,
)
SITE = Site(domain="lab", ports=(31000, 31009), uid_base=100000)
HOST = {
    "NanoCpus": 1_500_000_000,
    "Memory": 2**30,
    "MemorySwap": 2**30,
    "PidsLimit": 512,
    "ShmSize": 2**26,
    "Ulimits": [{"Name": "nofile", "Soft": 16384, "Hard": 16384}, {"Name": "core", "Soft": 0, "Hard": 0}],
    "OomScoreAdj": 500,
    "CapDrop": ["ALL"],
    "CapAdd": [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID", "SYS_CHROOT",
    ],
    "Privileged": False,
    "RestartPolicy": {"Name": "no"},
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}},
    "NetworkMode": "shiva",
    "PortBindings": {"8888/tcp": [{"HostIp": "10.0.0.2", "HostPort": "31000-31009"}]},
    "Mounts": [
        {"Type": "bind", "Source": "/srv/homes/ada", "Target": "/home/ada", "ReadOnly": False},
        {"Type": "bind", "Source": "/srv/homes/.shiva/launches/l1", "Target": "/run/shiva", "ReadOnly": True},
    ],
}  # fmt: skip


def host(*, gpus: tuple[GpuUuid, ...] = (), runtime: str = "toolkit", layer_limit: bool = False) -> object:
    made = template(replace(SPEC, gpus=gpus), SITE, handover="/srv/homes/.shiva/launches/l1")
    return docker_create.body(made, replace(ENGINE, gpu_runtime=runtime), {}, layer_limit=layer_limit)["HostConfig"]


def test_the_body_is_this_and_nothing_else() -> None:
    made = template(SPEC, SITE, handover="/srv/homes/.shiva/launches/l1")
    body = docker_create.body(made, ENGINE, {"shiva.id": "ada--default"}, layer_limit=False)
    assert body == {
        "Image": "shiva-jupyter:1",
        "Hostname": "gpu-02",
        "Env": [
            "NVIDIA_VISIBLE_DEVICES=void",
            "SHIVA_USER=ada",
            "SHIVA_UID=1001",
            "SHIVA_PREFIX=/user/ada/",
            "SHIVA_CONTAINER_ID=ada--default",
        ],
        "Labels": {"shiva.id": "ada--default"},
        "ExposedPorts": {"8888/tcp": {}},
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": HOST,
    }


@pytest.mark.parametrize(
    ("runtime", "options"),
    [
        ("toolkit", {"DeviceRequests": [{"Driver": "", "DeviceIDs": [GPU], "Capabilities": [["gpu"]]}]}),
        ("cdi", {"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": [f"nvidia.com/gpu={GPU}"]}]}),
        (
            "nvidia-docker",
            {
                "Devices": [
                    {"PathOnHost": node, "PathInContainer": node, "CgroupPermissions": "rwm"}
                    for node in ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia3")
                ]
            },
        ),
    ],
)
def test_a_gpu_comes_by_its_uuid_and_brings_no_other(runtime: str, options: dict[str, object]) -> None:
    assert host(gpus=(GPU,), runtime=runtime) == HOST | options
    assert host(runtime=runtime) == HOST


def test_the_layer_is_limited_where_the_engine_can() -> None:
    assert host(layer_limit=True) == HOST | {"StorageOpt": {"size": str(2**33)}}
