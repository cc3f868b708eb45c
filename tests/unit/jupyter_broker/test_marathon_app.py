"""App definitions: what Marathon is asked for."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_broker.adapters import labels, marathon_gpus
from shiva_jupyter_broker.adapters.marathon_app import Cluster, definition, pull_definition, suspension
from shiva_jupyter_broker.adapters.marathon_gpus import GpuAccess
from shiva_jupyter_broker.adapters.marathon_ids import app_id, pull_id
from shiva_jupyter_broker.adapters.template import Site
from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import (
    ContainerId,
    ContainerSpec,
    GpuUuid,
    ImageRef,
    LaunchId,
    MachineName,
    UserName,
)

from tests.fakes.launcher import LIMITS, machine, spec
from tests.fakes.marathon_rules import broken

CLUSTER = Cluster(site=Site(domain="shiva"), stop_grace=timedelta(seconds=10))
GPUS = (GpuUuid("GPU-gpu-01-0"), GpuUuid("GPU-gpu-01-1"))
OWNERS = st.from_regex(naming.OWNER, fullmatch=True).filter(lambda text: naming.is_id(f"{text}--default"))
NAMES = st.from_regex(naming.NAME, fullmatch=True).filter(lambda text: naming.is_id(f"ada--{text}"))
LAUNCHES = st.from_regex(r"[0-9a-f]{32}", fullmatch=True)


def asked_for(
    wanted: ContainerSpec, access: GpuAccess = GpuAccess.TOOLKIT, cluster: Cluster = CLUSTER
) -> dict[str, Any]:
    made = replace(machine(), driver="375.26")
    return definition(
        wanted, cluster, machine=made, access=access, handover=f"/homes/.shiva/launches/{wanted.launch_id}"
    )


def options(app: dict[str, Any], key: str) -> list[str]:
    return [each["value"] for each in app["container"]["docker"]["parameters"] if each["key"] == key]


@given(OWNERS, NAMES, LAUNCHES)
def test_every_definition_keeps_the_rules(owner: str, name: str, launch: str) -> None:
    assert broken(asked_for(spec(owner, name, launch_id=LaunchId(launch)))) == []


@pytest.mark.parametrize("access", list(GpuAccess))
@pytest.mark.parametrize("gpus", [(), GPUS[:1], GPUS])
@pytest.mark.parametrize("sized", [True, False])
def test_so_does_every_way_to_gpus_and_layers(access: GpuAccess, gpus: tuple[GpuUuid, ...], sized: bool) -> None:
    app = asked_for(spec(gpus=gpus), access, replace(CLUSTER, sized_layers=sized))
    assert broken(app) == []
    assert options(app, "storage-opt") == ([f"size={LIMITS.layer_bytes}"] if sized else [])


@given(st.lists(st.tuples(OWNERS, NAMES, LAUNCHES), min_size=2, max_size=2, unique=True))
def test_two_launches_never_share_an_id(two: list[tuple[str, str, str]]) -> None:
    first, second = (
        app_id("shiva", naming.container_id(UserName(owner), name), LaunchId(launch)) for owner, name, launch in two
    )
    assert first != second


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), min_size=2, max_size=2, unique=True))
def test_ids_of_anything_are_ids_and_differ(two: list[tuple[str, str]]) -> None:
    ids = [app_id("shiva", ContainerId(container), LaunchId(launch)) for container, launch in two]
    assert ids[0] != ids[1]
    for each in ids:
        assert broken({**asked_for(spec()), "id": each}) == []


def test_a_name_of_the_greatest_length_still_leaves_room_for_mesos() -> None:
    long = ContainerId(f"{'_c3' * 21}--{'x' * 63}")
    found = app_id("g" * 40, long, LaunchId("f" * 32))
    assert len(found) <= 200
    assert broken({**asked_for(spec()), "id": found}) == []


def test_labels_are_the_truth_on_the_app_and_on_the_container() -> None:
    wanted = spec("ada.lovelace", gpus=GPUS)
    app = asked_for(wanted)
    assert labels.spec(app["labels"], token=wanted.token) == wanted
    assert dict(each.split("=", 1) for each in options(app, "label")) == app["labels"]


def test_no_secret_is_anywhere() -> None:
    assert spec().token not in json.dumps(asked_for(spec()))


def test_the_limits_are_marathons_and_dockers() -> None:
    app = asked_for(spec())
    assert (app["cpus"], app["mem"]) == (2.0, 4096)
    assert options(app, "cpu-quota") == ["200000"]
    assert options(app, "cpu-period") == ["100000"]
    assert options(app, "memory") == options(app, "memory-swap") == ["4096m"]
    assert options(app, "pids-limit") == ["4096"]
    assert options(app, "shm-size") == [str(64 * 2**20)]
    assert options(app, "ulimit") == ["nofile=16384:16384", "core=0:0"]
    assert options(app, "oom-score-adj") == ["500"]
    assert options(app, "log-opt") == ["max-size=1m", "max-file=2"]
    assert options(app, "cap-drop") == ["ALL"]
    assert "SYS_ADMIN" not in options(app, "cap-add")
    assert len(options(app, "cap-add")) == 10


def test_it_stands_on_its_machine_and_is_neither_moved_nor_restarted() -> None:
    app = asked_for(spec())
    assert app["constraints"] == [["hostname", "CLUSTER", "gpu-01"]]
    assert app["unreachableStrategy"] == "disabled"
    assert app["upgradeStrategy"] == {"minimumHealthCapacity": 0, "maximumOverCapacity": 0}
    assert app["backoffSeconds"] == app["maxLaunchDelaySeconds"] == 3600
    assert app["taskKillGracePeriodSeconds"] == 10
    assert [each["maxConsecutiveFailures"] for each in app["healthChecks"]] == [0]


def test_only_the_home_and_the_launchs_folder_are_mounted() -> None:
    assert asked_for(spec("ada"))["container"]["volumes"] == [
        {"hostPath": "/home/ada", "containerPath": "/home/ada", "mode": "RW"},
        {"hostPath": "/homes/.shiva/launches/launch-of-ada-default", "containerPath": "/run/shiva", "mode": "RO"},
    ]


def test_jupyters_port_is_published_on_a_free_one_of_the_machine() -> None:
    app = asked_for(spec())
    assert app["networks"] == [{"mode": "container", "name": "shiva"}]
    [mapping] = app["container"]["portMappings"]
    assert (mapping["containerPort"], mapping["hostPort"]) == (8888, 0)


def test_two_gpus_are_one_quoted_value_because_docker_reads_csv() -> None:
    assert options(asked_for(spec(gpus=GPUS)), "gpus") == ['"device=GPU-gpu-01-0,GPU-gpu-01-1"']


def test_cdi_names_each_gpu() -> None:
    app = asked_for(spec(gpus=GPUS), GpuAccess.CDI)
    assert options(app, "device") == ["nvidia.com/gpu=GPU-gpu-01-0", "nvidia.com/gpu=GPU-gpu-01-1"]
    assert options(app, "gpus") == []


def test_the_plugin_of_2016_gets_its_volume_and_its_nodes() -> None:
    app = asked_for(spec(gpus=GPUS[1:]), GpuAccess.PLUGIN)
    assert options(app, "volume-driver") == ["nvidia-docker"]
    assert options(app, "volume") == ["nvidia_driver_375.26:/usr/local/nvidia:ro"]
    assert options(app, "device") == ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia1"]


def test_the_plugin_needs_to_know_the_driver() -> None:
    with pytest.raises(ValueError, match="gpu-01"):
        definition(spec(gpus=GPUS), CLUSTER, machine=machine(), access=GpuAccess.PLUGIN, handover="/run")


def test_the_inventory_says_how_each_machine_hands_over_its_gpus(tmp_path: Path) -> None:
    path = tmp_path / "machines.json"
    path.write_text(json.dumps({"machines": [{"name": "a"}, {"name": "b", "gpu_runtime": "cdi"}]}), encoding="utf-8")
    assert marathon_gpus.read(path) == {"a": GpuAccess.TOOLKIT, "b": GpuAccess.CDI}
    path.write_text(json.dumps({"machines": [{"name": "a", "gpu_runtime": "magic"}]}), encoding="utf-8")
    with pytest.raises(ValueError, match="gpu_runtime must be one of toolkit, cdi, nvidia-docker"):
        marathon_gpus.read(path)


@pytest.mark.parametrize("access", list(GpuAccess))
def test_without_gpus_there_is_no_way_to_one(access: GpuAccess) -> None:
    app = asked_for(spec(), access)
    assert options(app, "gpus") == options(app, "device") == options(app, "volume") == []
    assert app["env"]["NVIDIA_VISIBLE_DEVICES"] == "void"


def test_a_pull_is_the_same_app_each_time_and_keeps_the_rules() -> None:
    reference, where = ImageRef("registry.lan/shiva-jupyter:2026.1"), MachineName("gpu-02")
    app = pull_definition(reference, CLUSTER, machine=where)
    assert broken(app) == []
    assert app["id"] == pull_id("shiva", reference, where)
    assert app["id"] != pull_id("shiva", reference, MachineName("gpu-03"))
    assert app["constraints"] == [["hostname", "CLUSTER", "gpu-02"]]
    assert app["container"]["portMappings"] == []


def test_a_suspension_keeps_the_labels_and_may_say_how_it_ended() -> None:
    app = asked_for(spec())
    assert suspension(app, kept=False) == {"instances": 0, "labels": app["labels"]}
    kept = suspension(app, kept=True, ended="asked")
    assert kept == {"instances": 0, "labels": {**app["labels"], "shiva.kept": "true", "shiva.ended": "asked"}}
    assert suspension({**app, **kept}, kept=False)["labels"] == app["labels"]
