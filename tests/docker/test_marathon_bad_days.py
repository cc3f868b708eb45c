"""Machines that are lost and come back, or never do, and engines restarted under a task: real containers, and what people read."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from shiva_jupyter_broker.domain.containers import ContainerState, GpuUuid, MachineName
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError

from tests.docker.marathon_engines import EngineCluster, answers, booted, engine_cluster
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines
from tests.fakes.marathon_cluster import becomes, eventually, settled, shown, vanishes

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]
BOOTING, FAILED, LOST = ContainerState.BOOTING, ContainerState.FAILED, ContainerState.LOST
GPU_01, GPU_02 = MachineName("gpu-01"), MachineName("gpu-02")
GRACE = timedelta(seconds=1)
AWAY = "gpu-01 does not answer. The files in the home are safe; wait for the machine, or start on another one."


@pytest.fixture
def cluster(engines: Engines, tmp_path: Path) -> Iterator[EngineCluster]:
    with engine_cluster(tmp_path, engines, 2, gpus=True) as made:
        yield made


def lose(cluster: EngineCluster) -> Engine:
    """Pull the cable of gpu-01."""
    engine = cluster.engines[GPU_01]
    engine.cut()
    cluster.simulator.lose_agent(GPU_01)
    return engine


def test_a_container_on_a_lost_machine_runs_on_and_is_the_same_when_the_machine_is_back(cluster: EngineCluster) -> None:
    launcher, spec = cluster.launcher(), cluster.wanted(gpus=(GpuUuid("GPU-gpu-01-0"),))
    before = booted(launcher, spec)
    process = cluster.inspected(before)["State"]["Pid"]
    engine = lose(cluster)
    seen = becomes(launcher, spec.id, LOST)
    assert (seen.reason, seen.gpus, seen.holds_resources, seen.endpoint) == (AWAY, spec.gpus, True, None)
    assert not launcher.machines()[GPU_01].reachable
    with pytest.raises(LauncherUnavailableError, match=r"^gpu-01 does not answer, so what runs there goes on\.$"):
        launcher.stop(spec.launch_id, grace=GRACE)
    engine.heal()
    cluster.simulator.return_agent(GPU_01)
    becomes(launcher, spec.id, BOOTING)
    assert shown(launcher, spec.id) == before
    assert answers(launcher, spec.id)
    assert cluster.inspected(before)["State"]["Pid"] == process
    assert len(cluster.simulator.engine.runs()) == 1


def test_of_twins_the_older_one_really_ends_when_its_machine_is_back(cluster: EngineCluster) -> None:
    launcher, older = cluster.launcher(), cluster.wanted()
    first = booted(launcher, older)
    engine = lose(cluster)
    becomes(launcher, older.id, LOST)
    newer = cluster.wanted(machine=GPU_02)
    launcher.launch(newer)
    eventually(lambda: len(cluster.running()) == 2, "both run: nobody can ask the older one to end")
    engine.heal()
    cluster.simulator.return_agent(GPU_01)
    eventually(lambda: {each.state for each in launcher.containers()} == {BOOTING}, "both are shown")
    launcher.stop(older.launch_id, grace=GRACE)
    settled(launcher, lambda: [each.launch_id for each in launcher.containers()] == [newer.launch_id], "it is gone")
    assert cluster.inspected(first)["State"]["Status"] == "exited"
    eventually(lambda: answers(launcher, newer.id), "the newer one answers")


def test_what_ended_while_its_machine_was_lost_has_failed_when_it_is_back(cluster: EngineCluster) -> None:
    launcher, spec = cluster.launcher(), cluster.wanted()
    container = cluster.inspected(booted(launcher, spec))["Id"]
    engine = lose(cluster)
    becomes(launcher, spec.id, LOST)
    engine.docker("kill", container)
    engine.heal()
    cluster.simulator.return_agent(GPU_01)
    seen = becomes(launcher, spec.id, FAILED)
    assert seen.reason == (
        "It was killed, most often because its memory (4.0 GiB) was full. The files in the home are safe; start it again and load less at once."
    )
    assert not seen.holds_resources


def test_a_machine_that_never_comes_back_keeps_its_lease_until_an_operator_says_so(cluster: EngineCluster) -> None:
    launcher, spec = cluster.launcher(), cluster.wanted(gpus=(GpuUuid("GPU-gpu-01-0"),))
    booted(launcher, spec)
    cluster.simulator.lose_agent(GPU_01)
    cluster.engines[GPU_01].power_off()
    seen = becomes(launcher, spec.id, LOST)
    assert (seen.reason, seen.holds_resources) == (AWAY, True)
    cluster.simulator.remove_agent(GPU_01)
    gone = becomes(launcher, spec.id, FAILED)
    assert gone.reason == (
        "An operator removed gpu-01 while it ran there. The files in the home are safe; start it again."
    )
    assert not gone.holds_resources
    launcher.stop(spec.launch_id, grace=GRACE)
    vanishes(launcher, spec.id)
    assert booted(launcher, cluster.wanted(machine=GPU_02)).machine == GPU_02
    cluster.engines[GPU_01].start()
    assert [each["Config"]["Hostname"] for each in cluster.running()] == [GPU_02]


def restarted(engine: Engine) -> None:
    """As an upgrade does; what runs is meant to run on."""
    engine.restart(live_restore=True)


def without_power(engine: Engine) -> None:
    engine.power_off()
    engine.start()


@pytest.mark.parametrize("down", [restarted, without_power])
def test_an_engine_that_is_restarted_ends_its_tasks_says_so_and_leaves_nothing_running(
    cluster: EngineCluster, down: Callable[[Engine], None]
) -> None:
    launcher, spec = cluster.launcher(), cluster.wanted(gpus=(GpuUuid("GPU-gpu-01-0"),))
    booted(launcher, spec)
    down(cluster.engines[GPU_01])
    seen = becomes(launcher, spec.id, FAILED)
    assert seen.reason == (
        "Docker on gpu-01 did not start it, or was restarted while it ran. The files in the home are safe; start it again, and tell an operator if that fails too."
    )
    eventually(lambda: cluster.running() == [], "Mesos ends what nobody watches over any more")
    launcher.stop(spec.launch_id, grace=GRACE)
    vanishes(launcher, spec.id)
    booted(launcher, cluster.wanted(gpus=spec.gpus))


@pytest.fixture
def ending(cluster: EngineCluster) -> Iterator[Engine]:
    """An engine that ends its containers before it ends itself."""
    engine = cluster.engines[GPU_01]
    engine.restart(live_restore=False)
    yield engine
    engine.restart(live_restore=True)


def test_without_live_restore_a_restart_is_an_ordinary_end(cluster: EngineCluster, ending: Engine) -> None:
    launcher, spec = cluster.launcher(), cluster.wanted()
    booted(launcher, spec)
    ending.stop()
    seen = becomes(launcher, spec.id, FAILED)
    assert seen.reason == (
        "Jupyter was shut down (exit status 0), from within or with its machine's Docker. The files in the home are safe; start it again."
    )
