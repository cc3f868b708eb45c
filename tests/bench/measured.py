"""Figures as a table for people and as JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return the rows as aligned columns, the first row's keys above."""
    head = list(rows[0])
    cells = [head] + [[_text(row[key]) for key in head] for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    return "\n".join("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) for line in cells)


def _text(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def keep(name: str, facts: Mapping[str, object]) -> None:
    """Write `artifacts/<name>.json` and say where."""
    ARTIFACTS.mkdir(exist_ok=True)
    path = ARTIFACTS / f"{name}.json"
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"written: artifacts/{path.name}")
