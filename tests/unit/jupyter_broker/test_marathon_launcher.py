"""The launcher on a Marathon that behaves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from shiva_jupyter_broker.domain.containers import ContainerState, Endpoint, GpuUuid, ImageRef, LaunchId, MachineName
from shiva_jupyter_broker.domain.ports import LaunchRefusedError

from tests.fakes.marathon_cluster import (
    MarathonCluster,
    becomes,
    eventually,
    marathon_cluster,
    settled,
    shown,
    vanishes,
)
from tests.marathon_simulator.memory_engine import Script
from tests.marathon_simulator.web.messages import ok

GRACE = timedelta(seconds=10)
GPUS = (GpuUuid("GPU-gpu-01-0"),)
BOOTING, FAILED, PENDING, STOPPING = (
    ContainerState.BOOTING,
    ContainerState.FAILED,
    ContainerState.PENDING,
    ContainerState.STOPPING,
)
AGAIN = "The files in the home are safe; start it again."


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[MarathonCluster]:
    with marathon_cluster(tmp_path) as made:
        yield made


# ---- start ----


def test_a_launch_is_shown_at_once_and_boots_at_its_machines_address(cluster: MarathonCluster) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted()
    launcher.launch(wanted)
    assert (seen := shown(launcher, wanted.id)) is not None
    assert (seen.launch_id, seen.reason) == (wanted.launch_id, None)
    becomes(launcher, wanted.id, BOOTING)
    eventually(lambda: (one := shown(launcher, wanted.id)) and one.endpoint, "its port is known")
    assert (seen := shown(launcher, wanted.id)) is not None
    assert seen.endpoint == Endpoint(host="10.0.0.1", port=31000)
    assert seen.started_at is not None


def test_its_token_is_in_the_launchs_folder_and_nowhere_in_what_was_sent(cluster: MarathonCluster) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted()
    launcher.launch(wanted)
    assert (cluster.folder / ".shiva/launches/shiva" / wanted.launch_id / "token").read_text("ascii") == wanted.token
    assert not any(wanted.token.encode() in each.body for each in cluster.simulator.recorder.sent())


def test_the_same_again_is_one_app_and_another_of_that_id_is_refused(cluster: MarathonCluster) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted()
    launcher.launch(wanted)
    launcher.launch(wanted)
    cluster.launcher().launch(wanted)
    for other in (replace(wanted, launch_id=LaunchId("another")), replace(wanted, home="/home/ken")):
        with pytest.raises(LaunchRefusedError):
            launcher.launch(other)
    assert len(cluster.apps()) == 1


def test_a_machine_that_the_inventory_lacks_is_refused(cluster: MarathonCluster) -> None:
    launcher = cluster.launcher()
    with pytest.raises(LaunchRefusedError, match="gpu-99"):
        launcher.launch(cluster.wanted(machine=MachineName("gpu-99")))
    assert cluster.apps() == {}


def test_what_marathon_refuses_is_refused_with_its_own_words(cluster: MarathonCluster) -> None:
    wrong = {"message": "Object is not valid", "details": [{"path": "/role", "errors": ["got notebooks"]}]}
    cluster.simulator.faults.arm(lambda _: ok(wrong, 422), method="POST")
    launcher = cluster.launcher()
    with pytest.raises(LaunchRefusedError, match=r"^Marathon refuses it: Object is not valid\. /role: got notebooks$"):
        launcher.launch(cluster.wanted())
    assert launcher.containers() == []


def test_a_new_launcher_finds_it_without_having_heard_of_it(cluster: MarathonCluster) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted(gpus=GPUS)
    launcher.launch(wanted)
    eventually(lambda: (one := shown(launcher, wanted.id)) and one.endpoint, "its port is known")
    assert shown(cluster.idle(), wanted.id) == shown(launcher, wanted.id)


def test_apps_of_another_installation_are_left_alone(cluster: MarathonCluster) -> None:
    cluster.launcher(marathon_group="other", domain="other").launch(cluster.wanted("mei"))
    launcher = cluster.launcher()
    launcher.settle()
    assert launcher.containers() == []
    assert len(cluster.apps()) == 1


# ---- waiting ----


def test_while_it_waits_the_queues_reason_is_told(cluster: MarathonCluster) -> None:
    cluster.simulator.agent("gpu-01").used_mem = 126_000
    launcher, wanted = cluster.launcher(), cluster.wanted()
    launcher.launch(wanted)
    eventually(lambda: (one := shown(launcher, wanted.id)) and one.reason, "a reason")
    assert (seen := shown(launcher, wanted.id)) is not None
    assert (seen.state, seen.holds_resources) == (PENDING, True)
    assert (
        seen.reason == "gpu-01 has 2.0 GiB of memory free; 4.0 GiB are wanted. It starts by itself once that changes."
    )


def test_what_waits_for_ever_can_be_stopped(cluster: MarathonCluster) -> None:
    cluster.simulator.hold_offers()
    launcher, wanted = cluster.launcher(), cluster.wanted()
    launcher.launch(wanted)
    launcher.stop(wanted.launch_id, grace=GRACE)
    vanishes(launcher, wanted.id)
    settled(launcher, lambda: cluster.apps() == {}, "the app is deleted")


def test_a_long_fetch_of_the_image_is_pulling(tmp_path: Path) -> None:
    with marathon_cluster(tmp_path, script=Script(pulls=60)) as cluster:
        launcher, wanted = cluster.launcher(), cluster.wanted()
        launcher.launch(wanted)
        assert becomes(launcher, wanted.id, ContainerState.PULLING).pull is not None


# ---- stop ----


def test_a_stop_is_shown_until_the_task_is_gone_and_only_then_the_app_is_deleted(tmp_path: Path) -> None:
    with marathon_cluster(tmp_path, script=Script(dies=3600)) as cluster:  # longer than the grace of the app
        launcher, wanted = cluster.launcher(), cluster.wanted(gpus=GPUS)
        launcher.launch(wanted)
        becomes(launcher, wanted.id, BOOTING)
        for _ in range(2):
            launcher.stop(wanted.launch_id, grace=GRACE)
            for each in (launcher, cluster.idle()):
                assert (seen := shown(each, wanted.id)) is not None
                assert (seen.state, seen.gpus, seen.holds_resources) == (STOPPING, GPUS, True)
            launcher.settle()
            assert len(cluster.apps()) == 1
        done = [each for each in cluster.simulator.recorder.sent("PATCH") if each.status == 200]
        assert len(done) == 1
        cluster.simulator.end_task(cluster.only_app(), 0)
        vanishes(launcher, wanted.id)
        settled(launcher, lambda: cluster.apps() == {}, "the app is deleted")


def test_a_stop_only_changes_what_restarts_nothing(cluster: MarathonCluster) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted()
    launcher.launch(wanted)
    becomes(launcher, wanted.id, BOOTING)
    launcher.stop(wanted.launch_id, grace=GRACE, keep=True)
    seen = becomes(launcher, wanted.id, FAILED)
    assert seen.reason == f"It was ended. {AGAIN}"
    assert len(cluster.engine.runs()) == 1


def test_what_was_kept_is_shown_until_it_is_stopped_once_more(cluster: MarathonCluster) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted()
    launcher.launch(wanted)
    launcher.stop(wanted.launch_id, grace=GRACE, keep=True)
    becomes(launcher, wanted.id, FAILED)
    launcher.stop(wanted.launch_id, grace=GRACE, keep=True)
    assert shown(launcher, wanted.id) is not None
    launcher.stop(wanted.launch_id, grace=GRACE)
    assert shown(launcher, wanted.id) is None
    assert cluster.apps() == {}


def test_a_kept_one_that_is_stopped_before_its_end_is_kept_no_more(tmp_path: Path) -> None:
    with marathon_cluster(tmp_path, script=Script(dies=1.0)) as cluster:
        launcher, wanted = cluster.launcher(), cluster.wanted()
        launcher.launch(wanted)
        becomes(launcher, wanted.id, BOOTING)
        launcher.stop(wanted.launch_id, grace=GRACE, keep=True)
        launcher.stop(wanted.launch_id, grace=GRACE)
        vanishes(launcher, wanted.id)


def test_stopping_what_is_not_there_succeeds(cluster: MarathonCluster) -> None:
    cluster.launcher().stop(LaunchId("of-nobody"), grace=GRACE)
    assert cluster.simulator.recorder.updates() == []


def test_the_folder_of_what_is_gone_is_removed_and_no_other(cluster: MarathonCluster) -> None:
    launcher, gone, stays = cluster.launcher(), cluster.wanted(), cluster.wanted("mei")
    launcher.launch(gone)
    launcher.launch(stays)
    launcher.stop(gone.launch_id, grace=GRACE)
    vanishes(launcher, gone.id)
    folders = cluster.folder / ".shiva/launches/shiva"
    settled(launcher, lambda: {each.name for each in folders.iterdir()} == {stays.launch_id}, "one is removed")


# ---- ends by itself ----

ENDS = [
    (0, False, f"Jupyter was shut down (exit status 0), from within or with its machine's Docker. {AGAIN}"),
    (1, False, f"Jupyter ended with exit status 1. {AGAIN}"),
    (137, True, "It was killed, most often because its memory (4.0 GiB) was full. The files in the home are safe; start it again and load less at once."),
]  # fmt: skip


@pytest.mark.parametrize(("code", "oom", "sentence"), ENDS)
def test_what_ended_by_itself_is_suspended_kept_and_never_begun_again(
    cluster: MarathonCluster, code: int, oom: bool, sentence: str
) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted(gpus=GPUS)
    launcher.launch(wanted)
    becomes(launcher, wanted.id, BOOTING)
    cluster.simulator.end_task(cluster.only_app(), code, oom=oom)
    seen = becomes(launcher, wanted.id, FAILED)
    assert (seen.reason, seen.endpoint, seen.holds_resources) == (sentence, None, False)
    assert seen.ended_at is not None
    assert len(cluster.engine.runs()) == 1
    assert (again := shown(cluster.idle(), wanted.id)) is not None
    assert (again.state, again.reason) == (FAILED, sentence)


def test_until_it_is_suspended_its_lease_holds(cluster: MarathonCluster) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted(gpus=GPUS)
    launcher.launch(wanted)
    becomes(launcher, wanted.id, BOOTING)
    cluster.simulator.end_task(cluster.only_app(), 1)
    eventually(lambda: (one := shown(launcher, wanted.id)) and one.state is STOPPING, "its end is seen")
    assert (seen := shown(launcher, wanted.id)) is not None
    assert seen.holds_resources
    assert seen.reason == f"Jupyter ended with exit status 1. {AGAIN}"


def test_an_end_that_no_broker_saw_is_found_by_the_next_one(cluster: MarathonCluster) -> None:
    launcher, wanted = cluster.launcher(), cluster.wanted()
    launcher.launch(wanted)
    becomes(launcher, wanted.id, BOOTING)
    launcher.close()
    cluster.simulator.end_task(cluster.only_app(), 0)
    eventually(lambda: cluster.simulator.events("status_update_event")[-1]["taskStatus"] == "TASK_FINISHED", "it ended")
    seen = becomes(cluster.launcher(), wanted.id, FAILED)
    assert seen.reason == f"Jupyter ended by itself. {AGAIN}"
    assert len(cluster.engine.runs()) == 1


def test_a_failed_one_makes_room_for_its_successor(cluster: MarathonCluster) -> None:
    launcher, first, second = cluster.launcher(), cluster.wanted(), cluster.wanted()
    launcher.launch(first)
    becomes(launcher, first.id, BOOTING)
    cluster.simulator.end_task(cluster.only_app(), 1)
    becomes(launcher, first.id, FAILED)
    launcher.stop(first.launch_id, grace=timedelta(0))
    launcher.launch(second)
    assert [each.launch_id for each in launcher.containers()] == [second.launch_id]


def test_docker_that_refuses_is_told_and_not_tried_again(cluster: MarathonCluster) -> None:
    cluster.engine.script = lambda _: Script(exits=125)
    launcher, wanted = cluster.launcher(), cluster.wanted()
    launcher.launch(wanted)
    seen = becomes(launcher, wanted.id, FAILED)
    assert seen.reason is not None
    assert seen.reason.startswith("Docker on gpu-01 did not start it, or was restarted while it ran.")


# ---- images ----

REFERENCE = ImageRef("registry.lan/shiva-jupyter:2026.1")


def test_an_image_is_fetched_once_and_its_app_goes_when_it_is_there(tmp_path: Path) -> None:
    with marathon_cluster(tmp_path, script=Script(pulls=1.0, exits=0)) as cluster:
        launcher = cluster.launcher()
        for _ in range(2):
            launcher.pull(REFERENCE, MachineName("gpu-02"))
            assert REFERENCE in launcher.machines()[MachineName("gpu-02")].pulls
        assert launcher.machines()[MachineName("gpu-01")].pulls == {}
        assert launcher.containers() == []
        settled(launcher, lambda: cluster.apps() == {}, "the app is deleted")
        assert launcher.machines()[MachineName("gpu-02")].pulls == {}
        assert len(cluster.engine.runs()) == 1


def test_an_image_that_cannot_be_fetched_says_so_until_it_is_tried_again(cluster: MarathonCluster) -> None:
    cluster.engine.script = lambda _: Script(exits=125)
    launcher = cluster.launcher()
    launcher.pull(REFERENCE, MachineName("gpu-02"))

    def error() -> str | None:
        launcher.settle()
        pull = launcher.machines()[MachineName("gpu-02")].pulls.get(REFERENCE)
        return None if pull is None else pull.error

    eventually(error, "the pull has failed")
    cluster.engine.script = lambda _: Script(pulls=3600)
    launcher.pull(REFERENCE, MachineName("gpu-02"))
    assert error() is None
    assert len(cluster.apps()) == 1
