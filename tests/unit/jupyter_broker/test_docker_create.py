"""The one body of every create call: all of it, so that nothing can join it unseen."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from shiva_jupyter_broker.adapters import docker_create
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


def body(spec: ContainerSpec = SPEC, **changes: Any) -> dict[str, Any]:
    made = template(spec, SITE, handover="/srv/homes/.shiva/launches/l1")
    given: dict[str, Any] = {"gpus": {}, "layer_limit": False, **changes}
    return docker_create.body(made, "10.0.0.2", {"shiva.id": "ada--default"}, **given)


def test_the_body_is_this_and_nothing_else() -> None:
    assert body() == {
        "Image": "shiva-jupyter:1",
        "Hostname": "gpu-02",
        "User": "0:0",
        "Env": [
            "NVIDIA_VISIBLE_DEVICES=void",
            "SHIVA_USER=ada",
            "SHIVA_UID=1001",
            "SHIVA_PREFIX=/user/ada/",
            "SHIVA_CONTAINER_ID=ada--default",
            "SHIVA_KERNEL_IDLE_TIMEOUT=0",
        ],
        "Labels": {"shiva.id": "ada--default"},
        "ExposedPorts": {"8888/tcp": {}},
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": HOST,
    }


def test_gpus_add_their_options_and_an_order() -> None:
    made = body(replace(SPEC, gpus=(GPU,)), gpus={"DeviceRequests": []})
    assert made["HostConfig"] == HOST | {"DeviceRequests": []}
    assert made["Env"][0] == "CUDA_DEVICE_ORDER=PCI_BUS_ID"
    assert not any(each.startswith("NVIDIA_VISIBLE_DEVICES") for each in made["Env"])


def test_the_layer_is_limited_where_the_engine_can() -> None:
    assert body(layer_limit=True)["HostConfig"] == HOST | {"StorageOpt": {"size": str(2**33)}}


def test_an_engine_whose_default_hands_out_every_gpu_is_told_another_runtime() -> None:
    assert body(only_runc=True)["HostConfig"] == HOST | {"Runtime": "runc"}
