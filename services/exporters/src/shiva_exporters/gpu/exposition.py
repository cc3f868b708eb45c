"""Metric families → Prometheus' text, in half of the time that prometheus-client takes: it checks each label's name each time.

Ours are constants that `METRICS.md` and promtool hold. For gauges, counters and what is untyped the bytes are the same.
"""

from collections.abc import Iterable

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

UNTYPED = "unknown"  # what prometheus-client calls it


def text(families: Iterable[Metric]) -> bytes:
    """Return the exposition of gauges, counters and untyped families."""
    lines: list[str] = []
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        lines.append(f"# HELP {name} {family.documentation}\n")
        lines.append(f"# TYPE {name} {'untyped' if family.type == UNTYPED else family.type}\n")
        lines.extend(map(_line, family.samples))
    return "".join(lines).encode()


def _line(sample: Sample) -> str:
    if not sample.labels:
        return f"{sample.name} {_number(sample.value)}\n"
    labels = ",".join([f'{name}="{_escaped(value)}"' for name, value in sorted(sample.labels.items())])
    return f"{sample.name}{{{labels}}} {_number(sample.value)}\n"


def _number(value: float) -> str:
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


def _escaped(value: str) -> str:
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return value
