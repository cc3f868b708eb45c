"""Our text is prometheus-client's, byte for byte, for what we have."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from shiva_exporters.gpu.exposition import text

NAMES = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)
LABELS = st.dictionaries(NAMES, st.text(st.characters(codec="utf-8")), max_size=4)
VALUES = st.floats() | st.integers(-(2**60), 2**60).map(float)


@st.composite
def families(draw: st.DrawFn) -> Metric:
    name, kind = f"shiva_{draw(NAMES)}_x", draw(st.sampled_from(["gauge", "counter", "unknown"]))
    if kind == "gauge":
        family: Metric = GaugeMetricFamily(name, "Some words.")
    elif kind == "counter":
        family = CounterMetricFamily(name, "Some words.")
    else:
        family = Metric(name, "Some words.", kind)
    sample = f"{name}_total" if kind == "counter" else name
    for labels, value in draw(st.lists(st.tuples(LABELS, VALUES), max_size=4)):
        family.add_sample(sample, labels, value)
    return family


class Held:
    """A collector of what it was given."""

    def __init__(self, held: list[Metric]) -> None:
        self.held = held

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> list[Metric]:
        return self.held


@given(st.lists(families(), max_size=4))
def test_the_bytes_are_those_of_prometheus_client(held: list[Metric]) -> None:
    registry = CollectorRegistry()
    registry.register(Held(held))
    assert text(held) == generate_latest(registry)
