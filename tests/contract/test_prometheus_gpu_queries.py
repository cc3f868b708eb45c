"""The manager's queries of GPUs on made-up histories: what they remember, and what they never take for somebody's."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from shiva_manager_api.adapters.prometheus_gpus import QUERIES

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
    asked = {"expr": QUERIES[query], "eval_time": at, "exp_samples": samples}
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
    check(tmp_path, "gpu_full_without_lease", "115s", series, {card("", uuid): value for uuid, value in told.items()})


def test_the_last_word_of_a_cards_health_outlives_a_silent_exporter(tmp_path: Path) -> None:
    up, errors = card("shiva_gpu_up", gpu="0"), "shiva_gpu_ecc_errors_total"
    bad = card(errors, gpu="0", lifetime="volatile", type="uncorrected")
    series = {
        up: "1x10 0x10 stale _x400", bad: "0x10 2x10 stale _x400",
        card(errors, gpu="0", lifetime="aggregate", type="uncorrected"): "7x20 stale _x400",
        card(errors, gpu="0", lifetime="volatile", type="corrected"): "7x20 stale _x400",
    }  # fmt: skip
    check(tmp_path, "gpu_health", "30m", series, {up: 0.0, bad: 2.0})
    check(tmp_path, "gpu_health", "2h", series, {})


def test_a_card_that_speaks_again_is_believed_whatever_its_index_was(tmp_path: Path) -> None:
    before, now = card("shiva_gpu_up", gpu="0"), card("shiva_gpu_up", gpu="1")
    remap = card("shiva_gpu_row_remap_failure", gpu="0")
    series = {before: "0x20 stale _x40", now: "_x40 1x20", remap: "1x20 stale _x40"}
    check(tmp_path, "gpu_health", "250s", series, {now: 1.0, remap: 1.0})


def test_an_exporter_that_began_anew_forgets_no_critical_xid_for_a_week(tmp_path: Path) -> None:
    name = "shiva_gpu_xid_last_timestamp_seconds"
    series = {
        card(name, gpu="0", xid="79"): "100 200 stale",
        card(name, gpu="1", xid="79"): "_ _ _ 150",  # the same card, with another index
        card(name, gpu="0", xid="13"): "300x3",
    }
    kept = {labels(host="a", uuid="u", xid="79"): 200.0}
    check(tmp_path, "gpu_xids", "6d", series, kept, interval="1h")
    check(tmp_path, "gpu_xids", "8d", series, {}, interval="1h")


def test_when_a_machine_booted_is_known_through_days_of_silence(tmp_path: Path) -> None:
    boot = "node_boot_time_seconds" + labels(job="node", host="a", instance="a")
    again = {boot: "50x100 9000x300"}
    check(tmp_path, "gpu_booted", "1300s", again, {labels(host="a"): 9000.0})
    check(tmp_path, "gpu_booted", "2d", {boot: "50x20 stale"}, {labels(host="a"): 50.0}, interval="1m")


def test_whose_a_launch_was_is_known_for_an_hour_after_the_brokers_last_word(tmp_path: Path) -> None:
    info = labels(
        job="broker", container_id="ada--default", user="ada", launch_id="l", machine="a", image="i", name="n"
    )
    series = {"shiva_container_info" + info: "1x20 stale"}
    whose = {labels(launch_id="l", container_id="ada--default", user="ada"): 1.0}
    check(tmp_path, "gpu_people", "50m", series, whose)
    check(tmp_path, "gpu_people", "63m", series, {})


def test_a_launchs_share_of_the_time_is_of_the_last_half_minute(tmp_path: Path) -> None:
    name = "shiva_container_gpu_active_seconds_total"
    series = {
        card(name, gpu="0", name="n", launch_id="busy"): "0x12 0+2.5x12",
        card(name, gpu="0", name="n", launch_id="idle"): "0+5x12 60x12",
        card(name, gpu="0", name="n", launch_id="new"): "_x23 0",
    }
    found = {labels(host="a", uuid="u", launch_id="busy"): 0.5, labels(host="a", uuid="u", launch_id="idle"): 0.0}
    check(tmp_path, "gpu_container_active_ratio", "110s", series, found)
