"""What a start leaves for /metrics, by machine and by image."""

from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry
from shiva_jupyter_broker.api.start_metrics import StartMetrics
from shiva_jupyter_broker.domain.lifecycle import Marks, View

from tests.fakes.launcher import NOW, container


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def observed(*starts: Marks) -> CollectorRegistry:
    registry = CollectorRegistry()
    metrics = StartMetrics(registry, machines=["gpu-01", "gpu-02"], images=["shiva-jupyter"])
    for marks in starts:
        metrics.observe(View(container=container(), marks=marks))
    return registry


def machine(registry: CollectorRegistry, name: str, what: str) -> float | None:
    return registry.get_sample_value(f"shiva_broker_machine_start_seconds_{what}", {"machine": name})


def image(registry: CollectorRegistry, what: str) -> float | None:
    return registry.get_sample_value(f"shiva_broker_image_fetch_seconds_{what}", {"image": "shiva-jupyter"})


def test_a_start_counts_on_its_machine_without_the_time_that_its_image_took() -> None:
    fetched = Marks(pulling_at=after(1), pulled_at=after(60), listening_at=after(63), ready_at=after(64))
    registry = observed(Marks(ready_at=after(4)), fetched)
    assert (machine(registry, "gpu-01", "count"), machine(registry, "gpu-01", "sum")) == (2, 8)
    assert (image(registry, "count"), image(registry, "sum")) == (1, 60)
    assert registry.get_sample_value("shiva_broker_time_to_notebook_seconds_sum") == 68


def test_where_nobody_started_yet_the_count_is_there_and_zero() -> None:
    registry = observed()
    assert [machine(registry, name, "count") for name in ("gpu-01", "gpu-02")] == [0, 0]
    assert image(registry, "count") == 0
