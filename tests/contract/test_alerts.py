"""Every alert fires when it must and not otherwise, says only what it knows, and asks for metrics that exist."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.dev.suite import SEARCH
from tests.contract.alert_cases import AT_GPU, CARD, CASES, Series
from tests.contract.test_metrics import described
from tests.require import require

PROMETHEUS = Path(__file__).resolve().parents[2] / "deploy/prometheus"
RULES = {path.name: path for path in sorted((PROMETHEUS / "rules").glob("*.yml"))}


def rules(*names: str) -> list[dict[str, Any]]:
    """Return the rules of these files."""
    loaded = [yaml.safe_load(RULES[name].read_text(encoding="utf-8")) for name in names]
    return [rule for file in loaded for group in file["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules("alerts.yml")}


def promtool(*arguments: str | Path) -> str:
    """Return what promtool said, or fail with it."""
    program = shutil.which("promtool", path=SEARCH)
    require("prometheus", present=program is not None, reason="promtool is missing: apt-get install prometheus")
    told = subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout + told.stderr


def expect(
    folder: Path,
    worlds: Sequence[tuple[Series, int, str, list[dict[str, Any]]]],
    files: Sequence[Path] = tuple(RULES.values()),
) -> None:
    """Check that with these series, after these minutes, a query gives these samples; `files` are the rules in force."""
    tests = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [{"expr": query, "eval_time": f"{minutes}m", "exp_samples": samples}],
        }
        for series, minutes, query, samples in worlds
    ]
    file = folder / "test.yml"
    told = {"rule_files": list(map(str, files)), "evaluation_interval": "1m", "tests": tests}
    file.write_text(json.dumps(told), encoding="utf-8")
    promtool("test", "rules", file)


def alone(folder: Path, alert: str) -> list[Path]:
    """Return one alert and the recording rules, if it asks for any: the other alerts cost time, and change nothing for it."""
    file = folder / "alert.yml"
    file.write_text(
        json.dumps({"groups": [{"name": "one", "interval": "15s", "rules": [ALERTS[alert]]}]}), encoding="utf-8"
    )
    return [file, RULES["recording.yml"]] if ":" in ALERTS[alert]["expr"] else [file]


def sample(name: str, labels: Mapping[str, str], value: float) -> dict[str, Any]:
    told = ",".join(f"{label}={json.dumps(text)}" for label, text in labels.items())
    return {"labels": f"{name}{{{told}}}", "value": value}


@pytest.mark.parametrize("name", RULES)
def test_promtool_accepts_the_rules(name: str) -> None:
    assert f"SUCCESS: {len(rules(name))} rules found" in promtool("check", "rules", RULES[name])


def test_every_alert_has_a_case_and_only_those() -> None:
    assert list(CASES) == list(ALERTS)


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_fires_when_it_must_and_not_otherwise(alert: str, tmp_path: Path) -> None:
    case = CASES[alert]
    firing = f'ALERTS{{alertname="{alert}",alertstate="firing"}}'
    labels = {"alertname": alert, "alertstate": "firing", **ALERTS[alert]["labels"], **case.labels}
    fired = [sample("ALERTS", labels, 1)]
    hold = _minutes(ALERTS[alert].get("for", "0m"))
    expect(
        tmp_path,
        [
            (case.fires, case.minutes, firing, fired),
            *([(case.fires, hold - 1, firing, [])] if hold else []),  # not before its time
            *[(case.quiet, minute, firing, []) for minute in (case.minutes, case.minutes // 2)],
            ({}, case.minutes, firing, [] if alert != "MachineDataMissing" else _all_missing(alert)),
        ],
        alone(tmp_path, alert),
    )


def _minutes(text: str) -> int:
    return int(text.removesuffix("m"))


def _all_missing(alert: str) -> list[dict[str, Any]]:
    labels = {"alertname": alert, "alertstate": "firing", "severity": "critical"}
    return [sample("ALERTS", {**labels, "job": job}, 1) for job in ("node", "gpu", "broker", "services")]


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_happened_and_what_to_do_with_labels_that_it_has(alert: str) -> None:
    rule, case = ALERTS[alert], CASES[alert]
    assert set(rule["annotations"]) == {"summary", "action"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["labels"].get("audience") in ({"person"} if "audience" in case.labels else {None})
    assert "user" in case.labels or "audience" not in rule["labels"]
    text = " ".join(rule["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", text)) <= set(case.labels)
    assert all(sentence.endswith(".") for sentence in rule["annotations"].values())


def test_rules_that_are_loaded_ask_for_metrics_that_exist() -> None:
    contract = {row.name for rows in described().values() for row in rows}
    text = " ".join(rule["expr"] for rule in rules("alerts.yml", "recording.yml"))
    asked = set(re.findall(r"(?<![:\w])shiva_\w+", text))
    assert asked - {"shiva_"} <= contract
    assert len(asked) > 15


def test_rules_select_by_labels_that_exist() -> None:
    contract = {row.name: row.labels for rows in described().values() for row in rows}
    text = " ".join(rule["expr"] for rule in rules("alerts.yml", "recording.yml"))
    selectors = [one for one in re.findall(r"(?<![:\w])(shiva_\w+){([^}]*)}", text) if one[0] in contract]
    asked = [(name, label) for name, inside in selectors for label in re.findall(r"(\w+)\s*(?:=|!)", inside)]
    assert [(name, label) for name, label in asked if label not in {"job", *contract[name]}] == []
    assert {"xid", "reason", "lifetime"} <= {label for _, label in asked}


def test_prometheus_loads_every_rule() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    assert config["rule_files"] == ["rules/recording.yml", "rules/alerts.yml"]
    assert set(RULES) == {"recording.yml", "alerts.yml"}


def test_the_alertmanager_example_names_alerts_labels_and_receivers_that_exist() -> None:
    text = (PROMETHEUS / "alertmanager.example.yml").read_text(encoding="utf-8")
    example = yaml.safe_load(text)
    receivers = {receiver["name"] for receiver in example["receivers"]}
    routes = [example["route"], *example["route"]["routes"]]
    assert {route["receiver"] for route in routes} == receivers
    named = {name for names in re.findall(r'alertname=~?"([^"]+)"', text) for name in names.split("|")}
    assert named <= set(ALERTS)
    assert {label for rule in example["inhibit_rules"] for label in rule.get("equal", [])} <= {
        *AT_GPU,
        *CARD,
        "mountpoint",
    }


def test_amtool_accepts_the_alertmanager_example() -> None:
    amtool = shutil.which("amtool", path=SEARCH)
    require(
        "alertmanager", present=amtool is not None, reason="amtool is missing: apt-get install prometheus-alertmanager"
    )
    command = [str(amtool), "check-config", str(PROMETHEUS / "alertmanager.example.yml")]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, "SUCCESS" in told.stdout) == (0, True), told.stderr
