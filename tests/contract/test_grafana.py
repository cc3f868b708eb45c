"""Grafana's pages ask a real Prometheus for what exists, show what was not told as no data, and are whole.

Grafana itself is in no registry that this repository uses; what it would read is checked here, and it was not run.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana.__main__ import FOLDER, files
from deploy.grafana.panels import DATASOURCE, NO_DATA, WIDTH
from tests.contract.remembered import AWAY, HOST, STEP, Remembered, remembering
from tests.contract.test_alerts import rules
from tests.contract.test_metrics import described
from tests.contract.test_node_exporter_names import NEEDS_HARDWARE, simulated

pytestmark = pytest.mark.timeout(180)
PROVISIONING = FOLDER.parent / "provisioning"
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
}
PANELS: dict[str, dict[str, Any]] = {
    f"{name}: {panel['id']} {panel['title']}": panel
    for name, dashboard in DASHBOARDS.items()
    for panel in dashboard["panels"]
    if panel["type"] != "row"
}
QUERIES = {
    f"{name}: {target['refId']}": target["expr"] for name, panel in PANELS.items() for target in panel["targets"]
}
VARIABLES = {
    f"{name}: {variable['name']}": variable
    for name, dashboard in DASHBOARDS.items()
    for variable in dashboard["templating"]["list"]
    if variable["type"] == "query"
}
CHOSEN = {"$host": ".+", "$user": "ada", "$__rate_interval": "1m", "$__range": "1h"}
UNITS = {"none", "percentunit", "bytes", "Bps", "celsius", "s", "h", "dateTimeAsIso", "watt"}
OF_THE_BROKER = {"GPUs free", "GPUs leased", "Containers", "GPUs held", "Last access"}


def chosen(query: str) -> str:
    """Return a query as Grafana sends it."""
    for name, value in CHOSEN.items():
        query = query.replace(name, value)
    return query


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remembered]:
    with remembering(tmp_path_factory.mktemp("memory")) as running:
        yield running


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_finds_series_where_everything_is_told(memory: Remembered, name: str) -> None:
    assert memory.told(chosen(QUERIES[name])) != []


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_finds_anything_where_nothing_is_told(memory: Remembered, name: str) -> None:
    assert memory.ask(chosen(QUERIES[name]), at=memory.since - 3600) == []


@pytest.mark.parametrize("name", [name for name in QUERIES if any(each in name for each in OF_THE_BROKER)])
def test_the_broker_away_is_no_empty_cluster(memory: Remembered, name: str) -> None:
    assert memory.ask(chosen(QUERIES[name]), at=memory.since + AWAY - STEP) == []


def test_the_broker_away_is_said(memory: Remembered) -> None:
    query = next(query for name, query in QUERIES.items() if re.search(r"\d Broker:", name))
    assert [each["value"][1] for each in memory.ask(query, at=memory.since + AWAY - STEP)] == ["0"]
    assert [each["value"][1] for each in memory.ask(query)] == ["1"]


def test_what_is_shown_is_what_the_pages_tell(memory: Remembered) -> None:
    told = {name.split(" ", 2)[2]: chosen(query) for name, query in QUERIES.items()}
    values = {
        name: float(memory.told(told[f"{name}: A"])[0]["value"][1])
        for name in ("GPUs free", "GPUs leased", "GPUs lost", "Containers")
    }
    assert values == {"GPUs free": 1, "GPUs leased": 1, "GPUs lost": 0, "Containers": 1}
    held = memory.told(told["Held but idle: A"])
    assert {float(each["value"][1]) for each in held} == {2**31}


@pytest.mark.parametrize("name", VARIABLES)
def test_every_variable_has_values(memory: Remembered, name: str) -> None:
    asked = re.fullmatch(r"label_values\((.+), (\w+)\)", VARIABLES[name]["query"]["query"])
    assert asked is not None
    values = memory.values(asked[2], asked[1])
    assert values == ([HOST] if name == "cluster: host" else ["ada", "ken"])


def test_every_metric_exists() -> None:
    known = {row.name for rows in described().values() for row in rows} | {"up", "ALERTS"}
    known |= {rule["record"] for rule in rules("recording.yml")}
    known |= {name if kind != "counter" else f"{name}_total" for name, (kind, _) in simulated().items()}
    known |= {*NEEDS_HARDWARE, "node_thermal_zone_temp"}
    texts = [*QUERIES.values(), *(variable["query"]["query"] for variable in VARIABLES.values())]
    asked = {name for text in texts for name in re.findall(r"[a-z_]+:[\w:]+|(?:shiva|node)_\w+|\bup\b|ALERTS", text)}
    assert asked - known == set()
    assert len(asked) > 30


def test_the_files_are_what_the_program_writes() -> None:
    assert {path: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")} == files()


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_whole(name: str) -> None:
    dashboard = DASHBOARDS[name]
    assert (dashboard["uid"], dashboard["schemaVersion"]) == (f"shiva-{name}", 42)
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [cell for panel in panels for cell in _cells(panel["gridPos"])]
    assert len(set(cells)) == len(cells)
    assert all(0 <= x < WIDTH for x, _ in cells)
    assert [variable["type"] for variable in dashboard["templating"]["list"]] == ["datasource", "query"]
    text = json.dumps(dashboard)
    assert set(re.findall(r'"uid": "([^"]+)"', text)) == {f"shiva-{name}", DATASOURCE["uid"]}


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    return [(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])]


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_says_what_it_shows_and_what_it_does_not_know(name: str) -> None:
    panel = PANELS[name]
    assert re.fullmatch(r"[A-Z].*\.", panel["description"])
    defaults = panel["fieldConfig"]["defaults"]
    assert (defaults["noValue"], defaults["unit"] in UNITS) == (NO_DATA, True)
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    for target in panel["targets"]:
        assert "vector(" not in target["expr"]
        assert target["instant"] == (panel["type"] in {"stat", "table"})  # never an old value as the last one
        if panel["type"] in {"timeseries", "state-timeline"}:
            assert re.search(r"\{\{(host|user|instance)\}\}|^(held|used)$", target["legendFormat"])
    if panel["type"] == "timeseries":
        assert defaults["custom"]["spanNulls"] is False


def test_provisioning_leads_to_the_dashboards_and_to_prometheus() -> None:
    [provider] = _yaml("dashboards/shiva.yml")["providers"]
    path = provider["options"]["path"].replace("$SHIVA_GRAFANA", str(FOLDER.parent))
    assert {each.name for each in Path(path).iterdir()} == {"cluster.json", "person.json"}
    assert os.path.isabs(path)
    [source] = _yaml("datasources/shiva.yml")["datasources"]
    assert source["type"] == DATASOURCE["type"]
    pace = yaml.safe_load((FOLDER.parents[1] / "prometheus/prometheus.yml").read_text(encoding="utf-8"))
    assert source["jsonData"]["timeInterval"] == pace["global"]["scrape_interval"]


def _yaml(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROVISIONING / name).read_text(encoding="utf-8"))
    assert loaded["apiVersion"] == 1
    return loaded
