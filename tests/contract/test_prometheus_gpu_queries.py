"""The manager's queries of GPUs on made-up histories: what they remember, and what they never take for somebody's."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from shiva_manager_api.adapters.prometheus_gpus import QUERIES, REMEMBERED

from deploy.dev.suite import SEARCH
from tests.require import require

Series = Mapping[str, str]  # series → values, one each 5 s
Found = Mapping[str, float]  # series → value


def labels(**some: str) -> str:
    return "{" + ",".join(f'{key}="{value}"' for key, value in some.items()) + "}"


def card(metric: str, /, uuid: str = "u", **more: str) -> str:
    return metric + labels(job="gpu", host="a", uuid=uuid, **more)


def check(tmp_path: Path, query: str, at: str, series: Series, found: Found, *, interval: str = "5s") -> None:
    """Assert what a query finds at a time."""
    promtool = shutil.which("promtool", path=SEARCH)
    require("prometheus", present=promtool is not None, reason="promtool is not installed")
    samples = [{"labels": name, "value": value} for name, value in found.items()]
    asked = {"expr": {**QUERIES, **REMEMBERED}[query], "eval_time": at, "exp_samples": samples}
    told: Sequence[Series] = [{"series": name, "values": values} for name, values in series.items()]
    tests = [{"interval": interval, "input_series": told, "promql_expr_test": [asked]}]
    path = tmp_path / "tests.json"
    path.write_text(json.dumps({"rule_files": [], "evaluation_interval": interval, "tests": tests}), encoding="utf-8")
    done = subprocess.run([str(promtool), "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_gpu_is_full_without_a_lease_when_nobody_of_ours_has_held_it_lately(tmp_path: Path) -> None:
    def used(uuid: str) -> str:
        return card("shiva_gpu_memory_used_bytes", uuid)

    def leased(uuid: str) -> str:
        return "shiva_gpu_lease" + labels(job="broker", uuid=uuid, container_id="ada--default")

    series = {
        used("foreign"): "2e9x24", used("idle"): "1e6x24", used("briefly"): "1e6x20 2e9x4", used("held"): "2e9x24",
        leased("held"): "1x24", used("given-back"): "2e9x24", leased("given-back"): "1x20 _x4", used("long-ago"): "2e9x24",
        leased("long-ago"): "1x4 stale _x20",
    }  # fmt: skip
    told = {"foreign": 1.0, "long-ago": 1.0, "idle": 0.0, "briefly": 0.0}
    check(
        tmp_path,
        "gpu_full_without_lease",
        "115s",
        series,
        {labels(host="a", uuid=uuid): value for uuid, value in told.items()},
    )


def sick(name: str) -> str:
    return name + labels(host="a", uuid="u")


def test_the_last_word_of_a_cards_health_outlives_a_silent_exporter(tmp_path: Path) -> None:
    up, errors = card("shiva_gpu_up", gpu="0"), "shiva_gpu_ecc_errors_total"
    bad = card(errors, gpu="0", lifetime="volatile", type="uncorrected")
    series = {
        up: "1x10 0x10 stale _x400", bad: "0x10 2x10 stale _x400",
        card(errors, gpu="0", lifetime="aggregate", type="uncorrected"): "7x20 stale _x400",
        card(errors, gpu="0", lifetime="volatile", type="corrected"): "7x20 stale _x400",
    }  # fmt: skip
    check(tmp_path, "gpu_sick", "90s", series, {sick(errors): 2.0})
    check(tmp_path, "gpu_lost", "90s", series, {})  # it speaks: `gpu_up` tells
    check(tmp_path, "gpu_sick", "30m", series, {sick(errors): 2.0})
    check(tmp_path, "gpu_lost", "30m", series, {sick(""): 0.0})
    check(tmp_path, "gpu_sick", "2h", series, {})
    check(tmp_path, "gpu_lost", "2h", series, {})


def test_a_card_that_speaks_again_is_believed_whatever_its_index_was(tmp_path: Path) -> None:
    before, now = card("shiva_gpu_up", gpu="0"), card("shiva_gpu_up", gpu="1")
    healed, failed = card("shiva_gpu_row_remap_pending", gpu="0"), card("shiva_gpu_row_remap_pending", gpu="1")
    remap = card("shiva_gpu_row_remap_failure", gpu="0")
    series = {
        before: "0x20 stale _x40", now: "_x40 1x20", remap: "1x20 stale _x40", healed: "1x20 stale _x40",
        failed: "_x40 0x20",
    }  # fmt: skip
    check(tmp_path, "gpu_lost", "250s", series, {})
    check(tmp_path, "gpu_sick", "250s", series, {sick("shiva_gpu_row_remap_failure"): 1.0})


def test_what_is_wrong_now_hides_nothing_that_was_wrong_before(tmp_path: Path) -> None:
    pending, failure = "shiva_gpu_row_remap_pending", "shiva_gpu_row_remap_failure"
    series = {card(pending, gpu="0"): "1x60", card(failure, gpu="0"): "1x20 stale _x40"}
    check(tmp_path, "gpu_sick", "250s", series, {sick(pending): 1.0, sick(failure): 1.0})


def test_nothing_is_told_of_a_healthy_card(tmp_path: Path) -> None:
    series = {card("shiva_gpu_up"): "1x20", card("shiva_gpu_row_remap_failure"): "0x20"}
    check(tmp_path, "gpu_sick", "90s", series, {})
    check(tmp_path, "gpu_lost", "90s", series, {})


def test_an_exporter_that_began_anew_forgets_no_critical_xid_for_a_week(tmp_path: Path) -> None:
    name = "shiva_gpu_xid_last_timestamp_seconds"
    series = {
        card(name, gpu="0", xid="79"): "100 200 stale",
        card(name, gpu="1", xid="79"): "_ _ _ 150",  # the same card, with another index
        card(name, gpu="0", xid="13"): "300x3",
    }
    kept = {labels(host="a", uuid="u", xid="79"): 200.0}
    check(tmp_path, "gpu_xids_of_the_week", "6d", series, kept, interval="1h")
    check(tmp_path, "gpu_xids_of_the_week", "8d", series, {}, interval="1h")


def test_a_critical_xid_is_seen_at_once(tmp_path: Path) -> None:
    name = "shiva_gpu_xid_last_timestamp_seconds"
    series = {card(name, gpu="0", xid="79"): "_x10 100x10", card(name, gpu="0", xid="13"): "100x20"}
    check(tmp_path, "gpu_xids", "90s", series, {labels(host="a", uuid="u", xid="79"): 100.0})


def test_when_a_machine_booted_is_known_through_days_of_silence(tmp_path: Path) -> None:
    boot = "node_boot_time_seconds" + labels(job="node", host="a", instance="a")
    again = {boot: "50x100 9000x300"}
    check(tmp_path, "gpu_booted", "1300s", again, {labels(host="a"): 9000.0})
    check(tmp_path, "gpu_booted_in_the_week", "1300s", again, {labels(host="a"): 9000.0})
    check(tmp_path, "gpu_booted_in_the_week", "2d", {boot: "50x20 stale"}, {labels(host="a"): 50.0}, interval="1m")


def test_whose_a_launch_was_is_known_for_an_hour_after_the_brokers_last_word(tmp_path: Path) -> None:
    info = labels(
        job="broker", container_id="ada--default", user="ada", launch_id="l", machine="a", image="i", name="n"
    )
    series = {"shiva_container_info" + info: "1x20 stale"}
    whose = {labels(launch_id="l", container_id="ada--default", user="ada"): 1.0}
    check(tmp_path, "gpu_people", "50m", series, whose)
    check(tmp_path, "gpu_people", "63m", series, {})


def test_a_kind_of_process_is_told_where_it_has_one_and_its_memory_only_where_that_is_known(tmp_path: Path) -> None:
    number, memory = "shiva_gpu_processes", "shiva_gpu_process_group_memory_used_bytes"
    more = {"gpu": "0", "name": "n"}
    told = {"container": (0, 0), "host": (2, 500), "mps": (1, 0), "foreign": (1, None), "orphan": (0, 0)}
    series = {card(number, kind=kind, **more): f"{processes}x20" for kind, (processes, _) in told.items()}
    series |= {card(memory, kind=kind, **more): f"{held}x20" for kind, (_, held) in told.items() if held is not None}
    series |= {
        card("shiva_gpu_memory_used_bytes", **more): "900x20",
        card("shiva_container_gpu_processes", launch_id="l", **more): "1x20",
        card("shiva_gpu_unmanaged_process_info", pid="7", user="mei", engine_id="e", **more): "1x20",
    }
    found = {
        number + labels(host="a", uuid="u", kind="container"): 0.0,
        number + labels(host="a", uuid="u", kind="host"): 2.0,
        memory + labels(host="a", uuid="u", kind="host"): 500.0,
        number + labels(host="a", uuid="u", kind="mps"): 1.0,
        memory + labels(host="a", uuid="u", kind="mps"): 0.0,
        number + labels(host="a", uuid="u", kind="foreign"): 1.0,
        "shiva_gpu_memory_used_bytes" + labels(host="a", uuid="u"): 900.0,
        "shiva_container_gpu_processes" + labels(host="a", uuid="u", launch_id="l"): 1.0,
        "shiva_gpu_unmanaged_process_info" + labels(host="a", uuid="u", pid="7", user="mei", engine_id="e"): 1.0,
    }
    check(tmp_path, "gpu_shares", "90s", series, found)


def test_a_launchs_share_of_the_time_is_of_the_last_half_minute(tmp_path: Path) -> None:
    name = "shiva_container_gpu_active_seconds_total"
    series = {
        card(name, gpu="0", name="n", launch_id="busy"): "0x12 0+2.5x12",
        card(name, gpu="0", name="n", launch_id="idle"): "0+5x12 60x12",
        card(name, gpu="0", name="n", launch_id="new"): "_x23 0",
    }
    found = {labels(host="a", uuid="u", launch_id="busy"): 0.5, labels(host="a", uuid="u", launch_id="idle"): 0.0}
    check(tmp_path, "gpu_container_active_ratio", "110s", series, found)
