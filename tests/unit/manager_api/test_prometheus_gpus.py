"""The GPU exporters' series become users, strangers and health; what no series told is None."""

from shiva_manager_api.adapters.prometheus import QUERIES, REMEMBERED, joined
from shiva_manager_api.adapters.prometheus_gpus import remembered
from shiva_manager_api.adapters.samples import Sample
from shiva_manager_api.domain.health import GpuHealth
from shiva_manager_api.domain.machines import GpuReading, MachineReading
from shiva_manager_api.domain.usage import GpuUsage, Person, Share, Unmanaged

NOW = 1_795_600_000.0
KINDS = ("container", "foreign", "host", "mps", "orphan")
HERE = {"host": "a", "uuid": "GPU-1", "gpu": "0", "name": "GTX 1080"}


def sample(name: str, value: float, **labels: str) -> Sample:
    return Sample(labels={"__name__": name, **HERE, **labels}, value=value)


def kinds(**processes: int) -> list[Sample]:
    return [sample("shiva_gpu_processes", processes.get(kind, 0), kind=kind) for kind in KINDS]


def machine(**answers: list[Sample]) -> MachineReading:
    """Join answers of one machine; queries that are not named told nothing."""
    up = [Sample(labels={"host": "a"}, value=1)]
    (reading,) = joined({name: answers.get(name, []) for name in (*QUERIES, *REMEMBERED)} | {"up": up}, asked_at=NOW)
    return reading


def gpu(*values: Sample, **answers: list[Sample]) -> GpuReading:
    (reading,) = machine(gpu_info=[sample("shiva_gpu_info", 1)], gpu_shares=list(values), **answers).gpus
    return reading


def used(*values: Sample, **answers: list[Sample]) -> GpuUsage:
    usage = gpu(*values, **answers).usage
    assert usage is not None
    return usage


def test_a_launch_has_its_processes_its_memory_and_its_share_of_the_time() -> None:
    usage = used(
        *kinds(container=2),
        sample("shiva_container_gpu_processes", 2, launch_id="l"),
        sample("shiva_container_gpu_memory_used_bytes", 5e9, launch_id="l"),
        gpu_container_active_ratio=[Sample(labels={"host": "a", "uuid": "GPU-1", "launch_id": "l"}, value=1.003)],
        gpu_people=[Sample(labels={"launch_id": "l", "container_id": "ada--default", "user": "ada"}, value=1)],
    )
    assert usage.launches == {"l": Share(processes=2, memory_used_bytes=5_000_000_000, active_ratio=1.0)}
    assert usage.last_known == {"l": Person(container_id="ada--default", owner="ada")}


def test_what_a_launch_did_not_tell_is_none() -> None:
    usage = used(*kinds(container=1), sample("shiva_container_gpu_processes", 1, launch_id="l"))
    assert usage.launches == {"l": Share(processes=1, memory_used_bytes=None, active_ratio=None)}
    assert usage.kinds["container"] == Share(processes=1, memory_used_bytes=None)
    assert usage.unattributed_bytes is None


def test_a_launch_that_left_the_gpu_and_only_has_a_counter_is_no_user() -> None:
    gone = Sample(labels={"host": "a", "uuid": "GPU-1", "launch_id": "l"}, value=0.4)
    assert used(*kinds(), gpu_container_active_ratio=[gone]).launches == {}


def test_series_of_another_machines_card_of_the_same_name_are_not_this_ones() -> None:
    other = sample("shiva_container_gpu_processes", 1, launch_id="l", host="b")
    assert used(*kinds(), other).launches == {}


def test_unmanaged_processes_have_pid_user_container_and_memory_the_largest_first() -> None:
    info = "shiva_gpu_unmanaged_process_info"
    usage = used(
        *kinds(host=2, foreign=1),
        sample(info, 1, pid="7", user="mei", engine_id=""),
        sample(info, 1, pid="8", user="root", engine_id="f" * 64),
        sample(info, 1, pid="9", user="yuki"),
        sample(info, 1, pid="none of these"),
        sample("shiva_gpu_unmanaged_process_memory_used_bytes", 3e9, pid="8", user="root"),
        sample("shiva_gpu_unmanaged_process_memory_used_bytes", 1e9, pid="7", user="mei"),
    )
    assert usage.unmanaged == (
        Unmanaged(pid=8, user="root", engine_id="f" * 64, memory_used_bytes=3_000_000_000),
        Unmanaged(pid=7, user="mei", engine_id=None, memory_used_bytes=1_000_000_000),
        Unmanaged(pid=9, user="yuki", engine_id=None, memory_used_bytes=None),
    )


def test_a_host_process_keeps_others_away_and_a_screen_does_not() -> None:
    memory = "shiva_gpu_process_group_memory_used_bytes"
    some = [sample(memory, 0, kind=kind) for kind in KINDS if kind != "host"]
    assert gpu(*kinds(host=1), *some, sample(memory, 3e9, kind="host")).foreign_use is True
    assert gpu(*kinds(host=1), *some, sample(memory, 1e8, kind="host")).foreign_use is False


def test_people_without_a_whole_name_are_not_believed() -> None:
    infos = [{"launch_id": "l", "user": "ada"}, {"container_id": "ada--default", "user": "ada"}, {}]
    people = [Sample(labels=labels, value=1) for labels in infos]
    assert used(*kinds(), gpu_people=people).last_known == {}


def test_health_is_kept_of_a_card_that_says_nothing_now() -> None:
    reading = machine(
        gpu_lost=[sample("", 0)],
        gpu_sick=[sample("shiva_gpu_row_remap_failure", 1)],
        gpu_xids_of_the_week=[
            Sample(labels={"host": "a", "uuid": "GPU-1", "xid": "79"}, value=NOW - 5),
            Sample(labels={"host": "a", "uuid": "GPU-1", "xid": "odd"}, value=NOW),
            Sample(labels={"host": "a", "uuid": "GPU-1"}, value=NOW),
        ],
        gpu_booted_in_the_week=[Sample(labels={"host": "a"}, value=NOW - 500)],
    )
    assert reading.gpus == ()
    expected = GpuHealth(
        asked_at=NOW, booted_at=NOW - 500, up=False, xids={79: NOW - 5}, row_remap_failure=True
    )  # fmt: skip
    assert reading.health == {"GPU-1": expected}
    assert reading.quarantined(None).keys() == {"GPU-1"}


def test_health_that_was_told_is_read_whole() -> None:
    told = {"row_remap_pending": 1, "row_remap_failure": 1, "recovery_action": 2, "ecc_errors_total": 4}
    reading = machine(gpu_sick=[sample(f"shiva_gpu_{name}", value) for name, value in told.items()])
    assert reading.health["GPU-1"] == GpuHealth(
        asked_at=NOW, row_remap_pending=True, row_remap_failure=True, recovery_action=2, uncorrected_errors=4
    )


def test_without_health_nothing_is_said_of_it() -> None:
    reading = machine(gpu_info=[sample("shiva_gpu_info", 1)])
    assert (reading.health, reading.quarantined(None)) == ({}, {})


def test_a_lost_card_that_tells_no_uuid_is_no_card_of_the_inventory() -> None:
    assert machine(gpu_lost=[sample("", 0, uuid="")]).health == {}


def test_a_card_that_was_lost_is_so_while_it_is_silent_and_no_more_once_it_is_up() -> None:
    here, there = sample("", 0), sample("", 0, uuid="GPU-2")
    kept = remembered({"gpu_lost": [here], "gpu_people": []}, {"gpu_up": [there]})
    assert kept == {"gpu_lost": [here, there], "gpu_people": []}
    assert remembered(kept, {"gpu_up": [sample("", 1)]})["gpu_lost"] == [there]
