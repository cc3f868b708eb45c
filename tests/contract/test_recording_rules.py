"""Each recording rule gives what its name says of what was told, and nothing of what was not."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.contract.alert_cases import GIB, INFO, LAUNCH, LEASE, Series, broker, card, gpu, own
from tests.contract.test_alerts import expect, rules, sample

ADA_THERE = {"user": "ada", "host": "gpu-01"}
ON_CARD = {**ADA_THERE, "container_id": "ada--default", "gpu": "0", "uuid": "GPU-1"}
STARTED = broker("shiva_container_started_timestamp_seconds", ',container_id="ada--default"')
MINE = f',launch_id="{LAUNCH}"'
PROCESSES = card("shiva_container_gpu_processes", MINE)
MEMORY = card("shiva_container_gpu_memory_used_bytes", MINE)
ACTIVE = card("shiva_container_gpu_active_seconds_total", MINE)
OTHER = "2e" * 16  # the launch of a second container of ada


def group(kind: str) -> str:
    """Return the series of the memory of one kind of processes."""
    return card("shiva_gpu_process_group_memory_used_bytes", f',kind="{kind}"')


def listed(kind: str) -> str:
    """Return the series of their number."""
    return card("shiva_gpu_processes", f',kind="{kind}"')


def second(series: str) -> str:
    """Return the same series of ada's second container."""
    return series.replace(LAUNCH, OTHER).replace("default", "second")


def without(series: Series, *names: str) -> Series:
    """Return the world in which nobody tells these."""
    return {name: values for name, values in series.items() if name not in names}


UNMANAGED = {listed("host"): "1x9", group("host"): "3x9", listed("foreign"): "1x9", group("foreign"): "4x9"}
TWO = {**own("0+30x99"), **{second(name): values for name, values in own("0+15x99").items()}}
SHARED = {
    **own("5x99"),
    **{name.replace(LAUNCH, OTHER).replace("ada", "ken"): each for name, each in own("0+9x99").items()},
}
IDLE, WORK = "container:shiva_gpu_held_idle_memory_bytes", "container:shiva_gpu_active:rate30m"
HELD = {LEASE: "1x99", STARTED: "60x99"}

LEASES = {  # ada's two cards, of which she shares the first with ken; the second tells nothing
    LEASE: "1x9", LEASE.replace("GPU-1", "GPU-2"): "1x9", LEASE.replace("ada", "ken"): "1x9",
    card("shiva_gpu_utilization_ratio"): "0.5x9",
}  # fmt: skip
OWN_MEMORY = gpu("shiva_container_memory_used_bytes", f',launch_id="{LAUNCH}"')
OWN_CPU = gpu("shiva_container_cpu_seconds_total", f',launch_id="{LAUNCH}"')

Samples = Sequence[tuple[Mapping[str, str], float]]
RECORDED: dict[str, tuple[Series, Samples]] = {
    "host:shiva_gpu_utilization_ratio:avg": (
        {card("shiva_gpu_utilization_ratio"): "0.5x9", gpu("shiva_gpu_utilization_ratio", ',uuid="GPU-2"'): "0.25x9"},
        [({"host": "gpu-01"}, 0.375)],
    ),
    "host:shiva_gpu_memory_used_bytes:sum": (
        {card("shiva_gpu_memory_used_bytes"): "5x9", gpu("shiva_gpu_memory_used_bytes", ',uuid="GPU-2"'): "1x9"},
        [({"host": "gpu-01"}, 6)],
    ),
    "host:shiva_gpu_memory_total_bytes:sum": (
        {card("shiva_gpu_memory_total_bytes"): "8x9"},
        [({"host": "gpu-01"}, 8)],
    ),
    "host:shiva_gpu_unmanaged_memory_bytes:sum": (
        {**UNMANAGED, listed("container"): "1x9", group("container"): "5x9"},
        [({"host": "gpu-01"}, 7)],
    ),
    "container:shiva_gpu_processes": (own("0x99", processes="2x99"), [(ON_CARD, 2)]),
    "container:shiva_gpu_memory_used_bytes": (own("0x99"), [(ON_CARD, GIB)]),
    "container:shiva_gpu_active_seconds_total": (own("7x99"), [(ON_CARD, 7)]),
    "container:shiva_memory_used_bytes": (
        {OWN_MEMORY: "5x9", INFO: "1x9"},
        [({**ADA_THERE, "container_id": "ada--default"}, 5)],
    ),
    "container:shiva_cpu_seconds_total": (
        {OWN_CPU: "7x9", INFO: "1x9"},
        [({**ADA_THERE, "container_id": "ada--default"}, 7)],
    ),
    "container:shiva_gpu_held_seconds_total": (
        HELD,
        [({"container_id": "ada--default", "user": "ada", "uuid": "GPU-1"}, 8 * 60 - 60)],
    ),
    "user:shiva_gpu_lease:count": (
        {LEASE: "1x9", LEASE.replace("GPU-1", "GPU-2"): "1x9", LEASE.replace("ada", "ken"): "1x9"},
        [({"user": "ada"}, 2), ({"user": "ken"}, 1)],
    ),
    "user:shiva_gpu_leased_utilization_ratio:avg": (
        {LEASE: "1x9", LEASE.replace("ada", "ken"): "1x9", card("shiva_gpu_utilization_ratio"): "0.5x9"},
        [({"user": "ada"}, 0.5), ({"user": "ken"}, 0.5)],
    ),
    "user_host:shiva_container_gpu_processes:sum": (TWO, [(ADA_THERE, 2)]),
    "user_host:shiva_container_gpu_memory_used_bytes:sum": (TWO, [(ADA_THERE, 2 * GIB)]),
    "user_host:shiva_container_gpu_active:rate5m": (TWO, [(ADA_THERE, 0.75)]),
    "container:shiva_gpu_active:rate30m": (own("0+15x99"), [(ON_CARD, 0.25)]),
    "container:shiva_gpu_held_idle_memory_bytes": (own("5x99"), [(ON_CARD, GIB)]),
    "host:shiva_gpu_held_idle:count": (own("5x99"), [({"host": "gpu-01"}, 1)]),
    "shiva_gpu_time_recorded:timestamp": ({broker("shiva_broker_up"): "1x9"}, [({}, 8 * 60)]),
    "user:shiva_gpu_time_held:count": (LEASES, [({"user": "ada"}, 2), ({"user": "ken"}, 1)]),
    "user:shiva_gpu_time_told:count": (LEASES, [({"user": "ada"}, 1), ({"user": "ken"}, 1)]),
    "user:shiva_gpu_time_used:sum": (LEASES, [({"user": "ada"}, 0.5), ({"user": "ken"}, 0.5)]),
    "machine:shiva_gpu_time_held:count": (LEASES, [({"machine": "gpu-01"}, 2)]),
    "machine:shiva_gpu_time_told:count": (LEASES, [({"machine": "gpu-01"}, 1)]),
    "machine:shiva_gpu_time_used:sum": (LEASES, [({"machine": "gpu-01"}, 0.5)]),
}


def test_every_recording_rule_has_an_example() -> None:
    assert list(RECORDED) == [rule["record"] for rule in rules("recording.yml")]


@pytest.mark.parametrize("record", RECORDED)
def test_a_recording_rule_gives_what_its_name_says_and_nothing_of_nothing(record: str, tmp_path: Path) -> None:
    series, samples = RECORDED[record]
    minutes = 65 if "idle" in record or "30m" in record else 8
    wanted = [sample(record, labels, value) for labels, value in samples]
    expect(tmp_path, [(series, minutes, record, wanted), ({}, minutes, record, [])])


NOT_TOLD: dict[str, tuple[str, Series]] = {
    "a time in which the broker was away": ("shiva_gpu_time_recorded:timestamp", {broker("shiva_broker_up"): "0x9"}),
    "memory of a launch of which the broker says nothing": ("container:shiva_memory_used_bytes", {OWN_MEMORY: "5x9"}),
    "unmanaged memory of which one share is unknown": (
        "host:shiva_gpu_unmanaged_memory_bytes:sum",
        without(UNMANAGED, group("foreign")),
    ),
    "a launch of which the broker says nothing": ("container:shiva_gpu_processes", without(own("0x99"), INFO)),
    "containers that have no launch yet": (
        "container:shiva_gpu_processes",
        {**without(own("0x99"), INFO), INFO.replace(LAUNCH, ""): "1x99", second(INFO).replace(OTHER, ""): "1x99"},
    ),
    "the broker away": ("container:shiva_gpu_memory_used_bytes", {**own("0x99"), INFO: "1 stale _x99"}),
    "the exporter away": ("container:shiva_gpu_memory_used_bytes", own("0x99", memory="5x2 stale _x99")),
    "leased, and its process has not begun": ("container:shiva_gpu_held_seconds_total", {LEASE: "1x99"}),
    "memory of which one container's share is unknown": (
        "user_host:shiva_container_gpu_memory_used_bytes:sum",
        without(TWO, second(MEMORY)),
    ),
    "work of which one container's share is unknown": (
        "user_host:shiva_container_gpu_active:rate5m",
        without(TWO, second(ACTIVE)),
    ),
    "work that was told a moment ago": ("user_host:shiva_container_gpu_active:rate5m", own("0+30x6 stale _x99")),
    "too little memory": (IDLE, own("5x99", memory=f"{GIB // 8}x99")),
    "memory of unknown size": (IDLE, without(own("5x99"), MEMORY)),
    "work of which nobody tells": (IDLE, without(own("5x99"), ACTIVE)),
    "readings of a few minutes": (IDLE, own("_x50 5x50")),
    "a fifth of the readings missing": (IDLE, own("5x40 _x7 5x60")),
    "the exporter away now": (IDLE, own("5x50 stale _x40")),
    "the exporter away now, and its last counter too": (WORK, own("5x60 stale _x40")),
    "somebody idle on a card on which another one works": ("host:shiva_gpu_held_idle:count", SHARED),
}  # fmt: skip


@pytest.mark.parametrize("why", NOT_TOLD)
def test_what_was_not_told_is_no_value(why: str, tmp_path: Path) -> None:
    record, series = NOT_TOLD[why]
    expect(tmp_path, [(series, 65 if "idle" in record or "30m" in record else 8, record, [])])


def test_what_a_restart_worked_before_and_after_is_one_sum(tmp_path: Path) -> None:
    """Ten minutes of work, then a new launch of the same container with ten more; both were held all the time."""
    series = {
        **own("0+60x10 stale _x20"),
        **{name.replace(LAUNCH, OTHER): values for name, values in own("_x11 0+60x20").items()},
        INFO: "1x10 stale _x20",
        INFO.replace(LAUNCH, OTHER): "_x11 1x20",
        LEASE: "1x10 stale 1x20",
        STARTED: "0x10 stale 660x20",
    }
    used = "sum by (user) (increase(container:shiva_gpu_active_seconds_total[21m])) > bool 1100"
    held = "sum by (user) (increase(container:shiva_gpu_held_seconds_total[21m])) > bool 1100"
    ada = {"labels": '{user="ada"}', "value": 1}
    expect(tmp_path, [(series, 21, query, [ada]) for query in (used, held)])


def test_a_shared_card_shows_who_holds_it_idle(tmp_path: Path) -> None:
    expect(tmp_path, [(SHARED, 65, IDLE, [sample(IDLE, ON_CARD, GIB)])])
