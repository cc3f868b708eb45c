"""Marathon over three machines with an engine each: who is placed where, with what limits and GPUs, and what a stop ends."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from shiva_jupyter_broker.adapters import labels
from shiva_jupyter_broker.adapters.marathon_launcher import MarathonLauncher
from shiva_jupyter_broker.adapters.template import CAPABILITIES
from shiva_jupyter_broker.domain.containers import Container, ContainerSpec, ContainerState, GpuUuid, MachineName

from tests.docker.marathon_engines import EngineCluster, answers, booted, engine_cluster
from tests.fakes.engines.fixtures import Engines
from tests.fakes.launcher import LIMITS
from tests.fakes.marathon_cluster import shown, vanishes
from tests.marathon_simulator.docker_run import SANDBOX

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]
People = dict[str, tuple[ContainerSpec, Container]]
GPUS = {"ada": (0, 1), "ken": (1,), "mei": ()}  # by person: the indices of the GPUs


@pytest.fixture(scope="module")
def cluster(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineCluster]:
    with engine_cluster(tmp_path_factory.mktemp("three"), engines, 3, gpus=True) as made:
        yield made


@pytest.fixture(scope="module")
def launcher(cluster: EngineCluster) -> MarathonLauncher:
    return cluster.launcher()


@pytest.fixture(scope="module")
def people(cluster: EngineCluster, launcher: MarathonLauncher) -> People:
    """Three people, each on a machine of the person's own, with limits that differ."""
    found = {}
    for number, (owner, indices) in enumerate(GPUS.items(), 1):
        machine = MachineName(f"gpu-{number:02}")
        gpus = tuple(GpuUuid(f"GPU-{machine}-{index}") for index in indices)
        limits = replace(LIMITS, cpus=number / 2, memory_bytes=number * 2**28, pids=100 * number)
        spec = cluster.wanted(owner, machine=machine, gpus=gpus, limits=limits)
        found[owner] = (spec, booted(launcher, spec))
    return found


def test_each_is_on_the_machine_that_was_chosen_and_on_no_other(cluster: EngineCluster, people: People) -> None:
    for spec, seen in people.values():
        engine = cluster.engines[spec.machine]
        assert engine.docker("ps", "-q", "--no-trunc") == cluster.inspected(seen)["Id"]
        assert seen.endpoint is not None
        assert seen.endpoint.host == engine.address
    constraints = [app["constraints"] for app in cluster.simulator.recorder.definitions()]
    assert constraints == [[["hostname", "CLUSTER", spec.machine]] for spec, _ in people.values()]


def test_labels_and_name_of_the_real_container_tell_what_it_is(cluster: EngineCluster, people: People) -> None:
    for spec, seen in people.values():
        found = cluster.inspected(seen)
        told = found["Config"]["Labels"]
        assert told == labels.labels(spec, domain="shiva") | {"MESOS_TASK_ID": seen.engine_id}
        assert labels.spec(told, token=spec.token) == spec
        assert found["Name"].startswith("/mesos-")
        assert spec.token not in json.dumps(found)


def test_every_limit_is_the_engines(cluster: EngineCluster, people: People) -> None:
    for spec, seen in people.values():
        host, limits = cluster.inspected(seen)["HostConfig"], spec.limits
        assert host["CpuQuota"] / host["CpuPeriod"] == limits.cpus
        assert (host["Memory"], host["MemorySwap"]) == (limits.memory_bytes, limits.memory_bytes)
        assert (host["PidsLimit"], host["ShmSize"], host["OomScoreAdj"]) == (limits.pids, limits.shm_bytes, 500)
        assert (host["CapDrop"], sorted(host["CapAdd"])) == (["ALL"], [f"CAP_{each}" for each in CAPABILITIES])
        assert (host["Privileged"], host["PidMode"], host["UsernsMode"], host["NetworkMode"]) == (
            False,
            "",
            "",
            "shiva",
        )


def test_only_the_home_the_token_and_mesos_sandbox_are_mounted(cluster: EngineCluster, people: People) -> None:
    for owner, (spec, seen) in people.items():
        mounts = {each["Destination"]: (each["Source"], each["RW"]) for each in cluster.inspected(seen)["Mounts"]}
        assert mounts.keys() == {f"/home/{owner}", "/run/shiva", SANDBOX}
        assert mounts[f"/home/{owner}"] == (spec.home, True)
        assert not mounts["/run/shiva"][1]


def test_gpus_are_handed_over_by_uuid_and_a_container_without_one_gets_none(
    cluster: EngineCluster, people: People
) -> None:
    for spec, seen in people.values():
        found = cluster.inspected(seen)
        asked: list[dict[str, Any]] = found["HostConfig"]["DeviceRequests"] or []
        assert [each["DeviceIDs"] for each in asked] == ([list(spec.gpus)] if spec.gpus else [])
        [run] = [each for each in cluster.simulator.engine.runs() if f"--label=shiva.id={spec.id}" in each]
        flags = [each for each in run if each.startswith("--gpus")]
        assert flags == ([f'--gpus="device={",".join(spec.gpus)}"'] if spec.gpus else [])
        inside = cluster.engines[spec.machine].docker("exec", found["Id"], "cat", "/proc/1/environ").split("\0")
        assert f"NVIDIA_VISIBLE_DEVICES={','.join(spec.gpus) or 'void'}" in inside


def test_a_stop_ends_the_real_container_and_nobody_elses(
    cluster: EngineCluster, launcher: MarathonLauncher, people: People
) -> None:
    spec, seen = people["ken"]
    launcher.stop(spec.launch_id, grace=timedelta(0))
    vanishes(launcher, spec.id)
    assert cluster.engines["gpu-02"].docker("ps", "-q") == ""
    assert cluster.inspected(seen)["State"]["Status"] == "exited"
    for other, before in (people["ada"], people["mei"]):
        assert answers(launcher, other.id)
        assert shown(launcher, other.id) == before
    again = cluster.wanted("ken", machine=spec.machine, gpus=spec.gpus)
    assert booted(launcher, again).state is ContainerState.BOOTING
