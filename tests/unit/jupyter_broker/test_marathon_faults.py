"""Bad days of Marathon, each with what people read, and with one container at the end."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters import marathon_client, marathon_setup, marathon_watch
from shiva_jupyter_broker.adapters.marathon_http import Patience
from shiva_jupyter_broker.adapters.marathon_launcher import MarathonLauncher
from shiva_jupyter_broker.domain.containers import ContainerSpec, ContainerState, GpuUuid, LaunchId, MachineName
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError

from tests.fakes.marathon_cluster import (
    MarathonCluster,
    becomes,
    eventually,
    marathon_cluster,
    settled,
    shown,
    vanishes,
)
from tests.marathon_simulator import faults
from tests.marathon_simulator.faults import Fault
from tests.marathon_simulator.memory_engine import Script
from tests.marathon_simulator.options import Options

GRACE = timedelta(seconds=10)
GPUS = (GpuUuid("GPU-gpu-01-0"),)
BOOTING, LOST, STOPPING = ContainerState.BOOTING, ContainerState.LOST, ContainerState.STOPPING
GPU_01 = MachineName("gpu-01")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that gives up, and looks again, sooner than in life."""
    quick = Patience(total_seconds=1.5, attempt_seconds=0.5)
    monkeypatch.setattr(marathon_setup, "PATIENCE", quick)
    monkeypatch.setattr(marathon_client, "LISTING", quick)
    monkeypatch.setattr(marathon_watch, "ALONE_SECONDS", 0.1)
    monkeypatch.setattr(marathon_watch, "ATTACHED_SECONDS", 0.2)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[MarathonCluster]:
    with marathon_cluster(tmp_path, nodes=2) as made:
        yield made


def booting(cluster: MarathonCluster, launcher: MarathonLauncher, owner: str = "ada") -> ContainerSpec:
    wanted = cluster.wanted(owner, gpus=GPUS if owner == "ada" else ())
    launcher.launch(wanted)
    becomes(launcher, wanted.id, BOOTING)
    eventually(lambda: (one := shown(launcher, wanted.id)) and one.endpoint, "its port is known")
    return wanted


# ---- a leader falls ----


@pytest.mark.parametrize("stored", [True, False])
def test_a_leader_that_falls_in_the_middle_of_a_start_starts_one_container(
    cluster: MarathonCluster, stored: bool
) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted()
    cluster.simulator.faults.arm(cluster.simulator.falling_leader(stored=stored), method="POST")
    launcher.launch(wanted)
    assert (seen := becomes(launcher, wanted.id, BOOTING)).reason is None
    assert seen.launch_id == wanted.launch_id
    assert len(cluster.apps()) == len(cluster.engine.runs()) == 1


def test_a_leader_that_falls_in_the_middle_of_a_stop_stops_it(cluster: MarathonCluster) -> None:
    launcher = cluster.launcher()
    wanted = booting(cluster, launcher)
    cluster.simulator.faults.arm(cluster.simulator.falling_leader(stored=True), method="PATCH")
    launcher.stop(wanted.launch_id, grace=GRACE)
    vanishes(launcher, wanted.id)


def test_without_a_leader_a_start_says_so_and_what_runs_is_shown_on(cluster: MarathonCluster) -> None:
    launcher = cluster.launcher()
    running = booting(cluster, launcher)
    before = shown(launcher, running.id)
    cluster.simulator.fall()
    with pytest.raises(LauncherUnavailableError) as caught:
        launcher.launch(cluster.wanted("mei"))
    assert str(caught.value).startswith("Marathon does not answer (http://127.0.0.1:")
    assert re.search(
        "HTTP 502|no answer in time", str(caught.value)
    )  # a standby's HTML, which takes it 2.5 s or, when busy, more
    assert shown(launcher, running.id) == before
    eventually(lambda: launcher.machines()[GPU_01].warnings, "an operator is told")
    [warning] = launcher.machines()[GPU_01].warnings
    assert warning.startswith("Marathon has not answered since ")
    cluster.simulator.elect()
    settled(launcher, lambda: launcher.machines()[GPU_01].warnings == (), "it answers again")
    assert shown(launcher, running.id) == before


def test_what_is_in_doubt_holds_its_gpus_until_it_is_clear(cluster: MarathonCluster) -> None:
    """The answer is lost and nobody can be asked: the app exists, and the broker must not give its GPU away meanwhile."""
    launcher, wanted = cluster.launcher(), cluster.wanted(gpus=GPUS)
    launcher.containers()
    down = cluster.simulator.falling_leader(stored=True, then=lambda: None)
    cluster.simulator.faults.arm(down, method="POST")
    with pytest.raises(LauncherUnavailableError):
        launcher.launch(wanted)
    seen = shown(launcher, wanted.id)
    assert seen is not None
    assert (seen.gpus, seen.holds_resources) == (GPUS, True)
    cluster.simulator.elect()
    launcher.launch(wanted)
    becomes(launcher, wanted.id, BOOTING)
    assert len(cluster.apps()) == len(cluster.engine.runs()) == 1


# ---- one answer goes wrong ----

PASSING: dict[str, Fault] = {
    "502 in HTML": faults.no_leader,
    "503": faults.unavailable,
    "503 in HTML": faults.overloaded,
    "garbage": faults.garbage,
    "no HTTP": faults.not_http,
    "refused": faults.refused,
    "half an answer": faults.cut(20),
    "a lost reply": faults.reply_lost,
    "a late answer": faults.slow(1.0),
    "a dripping answer": faults.drip(0.02),
    "done twice": faults.twice,
    "locked": faults.locked,
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_start_survives_it_and_starts_one_container(cluster: MarathonCluster, fault: Fault) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted()
    cluster.simulator.faults.arm(fault, method="POST")
    launcher.launch(wanted)
    becomes(launcher, wanted.id, BOOTING)
    assert len(cluster.apps()) == len(cluster.engine.runs()) == 1
    assert cluster.simulator.faults.struck == ["POST /v2/apps"]


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_so_does_a_stop(cluster: MarathonCluster, fault: Fault) -> None:
    launcher = cluster.launcher()
    wanted = booting(cluster, launcher)
    cluster.simulator.faults.arm(fault, method="PATCH")
    cluster.simulator.faults.arm(fault, method="DELETE")
    launcher.stop(wanted.launch_id, grace=GRACE)
    vanishes(launcher, wanted.id)
    settled(launcher, lambda: cluster.apps() == {}, "the app is deleted")


def test_a_lock_that_stays_is_said_and_never_broken_on_creation(cluster: MarathonCluster) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted()
    cluster.simulator.faults.arm(faults.locked, method="POST", times=None)
    with pytest.raises(LauncherUnavailableError) as caught:
        launcher.launch(wanted)
    assert str(caught.value).startswith(
        "Marathon is busy with another deployment: App is locked by one or more deployments."
    )
    assert launcher.containers() == []
    assert not any("force=true" in each for each in cluster.simulator.faults.struck)
    assert len(cluster.simulator.faults.struck) < 8  # no storm


def test_twenty_starts_of_one_container_at_once_are_one(cluster: MarathonCluster) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted()
    for fault in (faults.reply_lost, faults.twice, faults.no_leader):
        cluster.simulator.faults.arm(fault, method="POST")
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: launcher.launch(wanted), range(20)))
    becomes(launcher, wanted.id, BOOTING)
    assert len(cluster.apps()) == len(cluster.engine.runs()) == 1


def test_a_wrong_password_is_a_sentence_for_the_operator(tmp_path: Path) -> None:
    with marathon_cluster(tmp_path, options=Options(credentials=("shiva", "right"))) as cluster:
        right = cluster.idle(marathon_user="shiva", marathon_password="right")
        assert right.containers() == []
        wrong = cluster.idle(marathon_user="shiva", marathon_password="wrong")
        with pytest.raises(LauncherUnavailableError) as caught:
            wrong.containers()
    assert str(caught.value) == (
        "Marathon does not let the broker in (HTTP 401); an operator has to correct MARATHON_USER and MARATHON_PASSWORD"
    )


def test_a_marathon_that_was_never_seen_is_not_taken_for_an_empty_one(cluster: MarathonCluster) -> None:
    cluster.simulator.fall()
    launcher, nobody = cluster.idle(), cluster.wanted().launch_id
    for call in (
        launcher.containers,
        lambda: launcher.stop(nobody, grace=GRACE),
        lambda: launcher.launch(cluster.wanted()),
    ):
        with pytest.raises(LauncherUnavailableError, match=r"^Marathon does not answer \("):
            call()
    launcher.settle()
    cluster.simulator.elect()
    assert launcher.containers() == []


# ---- lists that lie ----


@pytest.mark.parametrize(
    "fault", [faults.empty_list, faults.garbage, faults.no_leader, faults.cut(300), faults.refused, faults.drip(0.01)]
)
def test_no_container_is_dropped_because_a_list_failed_or_came_back_empty(
    cluster: MarathonCluster, fault: Fault
) -> None:
    launcher = cluster.launcher()
    wanted = [booting(cluster, launcher, owner) for owner in ("ada", "ken", "mei")]
    before = {each.id: each.endpoint for each in launcher.containers()}
    cluster.simulator.faults.arm(fault, method="GET", prefix="/v2/apps?", times=None)
    eventually(lambda: len(cluster.simulator.faults.struck) >= 5, "five lists")
    launcher.settle()
    assert {each.id: each.endpoint for each in launcher.containers()} == before
    for each in wanted:
        assert (cluster.folder / ".shiva/launches/shiva" / each.launch_id / "token").exists()


def test_an_app_that_somebody_deleted_in_marathon_is_gone_soon(cluster: MarathonCluster) -> None:
    launcher = cluster.launcher()
    gone, stays = booting(cluster, launcher), booting(cluster, launcher, "mei")
    other = next(app_id for app_id, app in cluster.apps().items() if app["labels"]["shiva.id"] == gone.id)
    launcher._client.delete(other)
    vanishes(launcher, gone.id)
    assert shown(launcher, stays.id) is not None


# ---- events ----


def test_what_happened_while_the_event_stream_was_cut_is_seen_after_it(
    cluster: MarathonCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Polling is out of the way here: it is the look after attaching that sees it."""
    launcher = cluster.launcher()
    wanted = booting(cluster, launcher)
    monkeypatch.setattr(marathon_watch, "ALONE_SECONDS", 3600.0)
    monkeypatch.setattr(marathon_watch, "ATTACHED_SECONDS", 3600.0)
    app_id, let_in = cluster.only_app(), threading.Event()
    cluster.simulator.faults.arm(faults.hang(let_in), method="GET", prefix="/v2/events")
    cluster.simulator.cut_events()
    eventually(lambda: cluster.simulator.faults.struck, "it attaches again, in vain")
    cluster.simulator.end_task(app_id, 1)
    assert (seen := shown(launcher, wanted.id)) is not None
    assert seen.state is BOOTING
    let_in.set()
    failed = becomes(launcher, wanted.id, ContainerState.FAILED)
    assert failed.reason == "Jupyter ended with exit status 1. The files in the home are safe; start it again."


def test_without_events_at_all_polling_sees_everything(cluster: MarathonCluster) -> None:
    cluster.simulator.faults.arm(faults.unavailable, method="GET", prefix="/v2/events", times=None)
    launcher = cluster.launcher()
    wanted = booting(cluster, launcher)
    cluster.simulator.end_task(cluster.only_app(), 1)
    becomes(launcher, wanted.id, ContainerState.FAILED)


# ---- machines ----


def test_a_lost_machine_loses_nothing_and_says_so_until_it_is_back(cluster: MarathonCluster) -> None:
    launcher = cluster.launcher()
    wanted = booting(cluster, launcher)
    before = shown(launcher, wanted.id)
    cluster.simulator.lose_agent("gpu-01")
    seen = becomes(launcher, wanted.id, LOST)
    assert (
        seen.reason
        == "gpu-01 does not answer. The files in the home are safe; wait for the machine, or start on another one."
    )
    assert (seen.gpus, seen.holds_resources, seen.endpoint) == (GPUS, True, None)
    assert not launcher.machines()[GPU_01].reachable
    assert launcher.machines()[GPU_01].since is not None
    assert launcher.machines()[MachineName("gpu-02")].reachable
    with pytest.raises(LauncherUnavailableError, match=r"^gpu-01 does not answer, so what runs there goes on\.$"):
        launcher.stop(wanted.launch_id, grace=GRACE)
    cluster.simulator.return_agent("gpu-01")
    becomes(launcher, wanted.id, BOOTING)
    assert shown(launcher, wanted.id) == before
    assert launcher.machines()[GPU_01].reachable
    assert len(cluster.engine.runs()) == 1


def test_a_twin_may_be_started_elsewhere_and_the_older_one_ends_when_its_machine_is_back(
    cluster: MarathonCluster,
) -> None:
    launcher = cluster.launcher()
    older = booting(cluster, launcher)
    cluster.simulator.lose_agent("gpu-01")
    becomes(launcher, older.id, LOST)
    newer = cluster.wanted(machine=MachineName("gpu-02"))
    launcher.launch(newer)

    def states() -> dict[LaunchId, ContainerState]:
        return {each.launch_id: each.state for each in launcher.containers()}

    eventually(lambda: states() == {older.launch_id: LOST, newer.launch_id: BOOTING}, "both are shown")
    cluster.simulator.return_agent("gpu-01")
    eventually(lambda: states()[older.launch_id] is BOOTING, "it is back")
    launcher.stop(older.launch_id, grace=GRACE)
    settled(launcher, lambda: states() == {newer.launch_id: BOOTING}, "the older one is gone")


def test_a_machine_that_is_lost_while_it_stops_is_no_free_machine(tmp_path: Path) -> None:
    with marathon_cluster(tmp_path, script=Script(dies=3600)) as cluster:
        launcher = cluster.launcher()
        wanted = booting(cluster, launcher)
        launcher.stop(wanted.launch_id, grace=GRACE)
        cluster.simulator.lose_agent("gpu-01")
        seen = becomes(launcher, wanted.id, LOST)
        assert (
            seen.reason
            == "gpu-01 does not answer. What still runs there ends as soon as it is back; the files in the home are safe."
        )
        assert seen.holds_resources


def test_a_machine_that_was_removed_for_good_is_a_failure_and_no_lease(cluster: MarathonCluster) -> None:
    launcher = cluster.launcher()
    wanted = booting(cluster, launcher)
    cluster.simulator.remove_agent("gpu-01")
    seen = becomes(launcher, wanted.id, ContainerState.FAILED)
    assert not seen.holds_resources
    assert seen.reason == (
        "An operator removed gpu-01 while it ran there. The files in the home are safe; start it again."
    )
