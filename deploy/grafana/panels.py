"""What a dashboard is made of, and its JSON as Grafana 10 and later read it.

A panel without a value says “no data”: nothing here turns what was not told into a zero.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA_VERSION = 42  # the last of dashboards in this form
WIDTH = 24
NO_DATA = "no data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture: `queries` by their legend, or, in a table, by the title of the column that has the value."""

    kind: str  # stat, timeseries, state-timeline or table
    title: str
    description: str
    queries: Mapping[str, str]
    unit: str = "none"
    width: int = 8
    height: int = 8
    high: float | None = None  # the axis ends here
    stacked: bool = False
    bars: str = ""  # one bar for so much time, such as 1d
    levels: Sequence[tuple[float, str]] = ()  # from this value on, this colour
    words: Mapping[int, tuple[str, str]] = field(default_factory=dict)  # what a value means, and its colour
    columns: Mapping[str, str] = field(default_factory=dict)  # of a table: titles of labels, in this order
    units: Mapping[str, str] = field(default_factory=dict)  # of a table: units of columns that have another one


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under one title; a line that is full goes on in the next."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A page of Grafana with one variable beside that of the data source."""

    uid: str
    title: str
    description: str
    since: str  # such as now-6h
    variable: str
    values: str  # the query of its values
    several: bool  # more than one value, or all
    rows: Sequence[Row]


def rendered(dashboard: Dashboard) -> Json:
    """Return the dashboard's JSON."""
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    variable = {
        "name": dashboard.variable, "label": dashboard.variable.capitalize(), "type": "query", "datasource": DATASOURCE,
        "query": {"query": dashboard.values, "refId": "A"}, "refresh": 2, "sort": 1,
        "multi": dashboard.several, "includeAll": dashboard.several,
        **({"allValue": ".+", "current": {"text": ["All"], "value": ["$__all"]}} if dashboard.several else {}),
    }  # fmt: skip
    return {
        "uid": dashboard.uid, "title": dashboard.title, "description": dashboard.description, "tags": ["shiva"],
        "schemaVersion": SCHEMA_VERSION, "version": 1, "editable": False, "graphTooltip": 1, "timezone": "browser",
        "refresh": "15s", "time": {"from": dashboard.since, "to": "now"}, "annotations": {"list": []},
        "links": [{"type": "dashboards", "title": "Shiva", "tags": ["shiva"], "asDropdown": False, "includeVars": False}],
        "templating": {"list": [source, variable]}, "panels": list(_panels(dashboard.rows)),
    }  # fmt: skip


def _panels(rows: Sequence[Row]) -> Iterator[Json]:
    number = y = 0
    for row in rows:
        number += 1
        yield {
            "id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1},
        }  # fmt: skip
        x, y, line = 0, y + 1, 0
        for panel in row.panels:
            if x + panel.width > WIDTH:
                x, y, line = 0, y + line, 0
            number += 1
            yield {"id": number, "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height}, **_panel(panel)}
            x, line = x + panel.width, max(line, panel.height)
        y += line


def _panel(panel: Panel) -> Json:
    return {
        "type": panel.kind, "title": panel.title, "description": panel.description, "datasource": DATASOURCE,
        "targets": [
            _target(panel, ref, legend, query)
            for ref, (legend, query) in zip("ABCDEFGH", panel.queries.items(), strict=False)
        ],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        "options": OPTIONS[panel.kind],
        **({"transformations": _columns(panel)} if panel.kind == "table" else {}),
        **({"interval": panel.bars} if panel.bars else {}),
    }  # fmt: skip


def _target(panel: Panel, ref: str, legend: str, query: str) -> Json:
    """Return a query: of this moment where one value is shown, so that an old one is never shown as the last."""
    now = panel.kind in {"stat", "table"}
    return {
        "refId": ref, "datasource": DATASOURCE, "expr": query, "legendFormat": legend, "editorMode": "code",
        "instant": now, "range": not now, **({"format": "table"} if panel.kind == "table" else {}),
    }  # fmt: skip


def _defaults(panel: Panel) -> Json:
    steps: list[Json] = [{"value": None, "color": "text" if panel.kind == "stat" else "green"}]
    steps += [{"value": value, "color": color} for value, color in panel.levels]
    words = {str(value): {"text": text, "color": color} for value, (text, color) in panel.words.items()}
    return {
        "unit": panel.unit, "noValue": NO_DATA, "thresholds": {"mode": "absolute", "steps": steps},
        "mappings": [{"type": "value", "options": words}] if words else [],
        **({"min": 0} if panel.kind == "timeseries" else {}),
        **({"max": panel.high} if panel.high is not None else {}),
        "custom": _style(panel),
    }  # fmt: skip


def _style(panel: Panel) -> Json:
    if panel.kind != "timeseries":
        return {}
    return {
        "drawStyle": "bars" if panel.bars else "line", "fillOpacity": 60 if panel.bars else 10, "showPoints": "never",
        "spanNulls": False,  # a gap stays one
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "line" if panel.levels else "off"},
    }  # fmt: skip


def _overrides(panel: Panel) -> list[Json]:
    return [
        {"matcher": {"id": "byName", "options": column}, "properties": [{"id": "unit", "value": unit}]}
        for column, unit in panel.units.items()
    ]


def _columns(panel: Panel) -> list[Json]:
    """Return what makes one table of the queries: `columns` from the labels, then the values under their titles."""
    values = {
        f"Value #{ref}" if len(panel.queries) > 1 else "Value": title
        for ref, title in zip("ABCDEFGH", panel.queries, strict=False)
    }
    names = {**panel.columns, **values}
    hidden = {"Time": True, **{name: True for name, title in values.items() if not title}}
    order = {name: place for place, name in enumerate(names)}
    return [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": hidden, "indexByName": order, "renameByName": names}},
    ]


OPTIONS: Mapping[str, Json] = {
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value", "graphMode": "none", "textMode": "auto",
    },
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "state-timeline": {"showValue": "never", "mergeValues": True, "legend": {"showLegend": False}},
    "table": {"showHeader": True, "cellHeight": "sm"},
}  # fmt: skip
