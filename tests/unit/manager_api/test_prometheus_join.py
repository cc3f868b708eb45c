"""Prometheus' answers become readings: what a query did not tell stays None, and what cannot be read is no answer."""

import json
import tracemalloc
from typing import Any

import pytest
from shiva_manager_api.adapters.prometheus import QUERIES, REMEMBERED, joined
from shiva_manager_api.adapters.samples import MOST_SERIES, Sample, vector
from shiva_manager_api.domain.machines import GpuDriver, MachineReading

NOW = 1_795_600_000.0


def told(**answers: list[Sample]) -> list[MachineReading]:
    """Join answers; queries that are not named told nothing."""
    return joined({name: answers.get(name, []) for name in (*QUERIES, *REMEMBERED)}, asked_at=NOW)


def sample(value: float, **labels: str) -> Sample:
    return Sample(labels=labels, value=value)


def test_silence_is_none_everywhere() -> None:
    [reading] = told(up=[sample(1, host="a")])
    assert reading == MachineReading(name="a", up=True)
    assert reading.gpu_driver is GpuDriver.UNKNOWN


def test_a_host_that_only_its_gpu_exporter_knows_is_listed_and_its_node_unknown() -> None:
    [reading] = told(gpu_exporter_up=[sample(1, host="a")], gpu_driver_present=[sample(0, host="a")])
    assert (reading.name, reading.up, reading.gpu_driver) == ("a", None, GpuDriver.NONE)


@pytest.mark.parametrize(
    ("exporter", "present", "driver"),
    [(1, 1, GpuDriver.PRESENT), (1, 0, GpuDriver.NONE), (0, 1, GpuDriver.UNKNOWN), (1, None, GpuDriver.UNKNOWN)],
)
def test_a_driver_is_known_from_an_exporter_that_answers(
    exporter: float, present: float | None, driver: GpuDriver
) -> None:
    presence = [] if present is None else [sample(present, host="a")]
    [reading] = told(gpu_exporter_up=[sample(exporter, host="a")], gpu_driver_present=presence)
    assert reading.gpu_driver is driver


def test_a_gpu_has_the_values_that_were_told_and_no_others() -> None:
    info = sample(1, host="a", uuid="GPU-1", gpu="0", name="GTX 1080")
    used = sample(5.0, host="a", uuid="GPU-1", gpu="0", __name__="shiva_gpu_memory_used_bytes")
    foreign = sample(0.5, host="b", uuid="GPU-1")
    [reading] = told(up=[sample(1, host="a")], gpu_info=[info], gpu_shares=[used], gpu_utilization_ratio=[foreign])
    [gpu] = reading.gpus
    assert gpu.foreign_use is None
    assert (gpu.memory_used_bytes, gpu.utilization_ratio, gpu.up, gpu.temperature_celsius) == (5, None, None, None)


def test_where_processes_are_not_told_use_by_others_is_memory_without_a_lease() -> None:
    infos = [sample(1, host="a", uuid=f"GPU-{n}", gpu=str(n), name="GTX 1080") for n in (1, 2, 3)]
    foreign = [sample(1, host="a", uuid="GPU-1", gpu="1"), sample(0, host="a", uuid="GPU-2", gpu="2")]
    [reading] = told(up=[sample(1, host="a")], gpu_info=infos, gpu_full_without_lease=foreign)
    assert [gpu.usage for gpu in reading.gpus] == [None, None, None]
    assert [gpu.foreign_use for gpu in reading.gpus] == [True, False, None]


@pytest.mark.parametrize(("rate", "shown"), [(-0.001, 0.0), (0.5, 0.5), (1.002, 1.0)])
def test_a_ratio_stays_between_0_and_1(rate: float, shown: float) -> None:
    assert told(up=[sample(1, host="a")], cpu_ratio=[sample(rate, host="a")])[0].cpu_ratio == shown


def test_series_without_a_host_are_nobodys() -> None:
    assert told(up=[sample(1)], cpus=[sample(8)]) == []


def answer(*values: str, **more: Any) -> bytes:
    result = [{"metric": {"host": f"h{number}"}, "value": [1, value]} for number, value in enumerate(values)]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}, **more}).encode()


def test_nan_and_infinity_are_no_values() -> None:
    told = vector(answer("1", "NaN", "+Inf", "-Inf", "0"))
    assert [(each.labels["host"], each.value) for each in told] == [("h0", 1.0), ("h4", 0.0)]


def test_a_series_with_endless_labels_is_nobodys() -> None:
    assert vector(answer("1").replace(b"h0", b"h" * 5000)) == []


def refused(body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, IndexError, AttributeError)):
        vector(body)


LABELS: list[Any] = [[], None, {"host": 7}, {"host": None}, {"host": ["a"]}]


@pytest.mark.parametrize(
    "body",
    [None, [], {}, {"status": "error"}, {"status": "success", "data": {"resultType": "matrix", "result": []}},
     {"status": "success", "data": {"resultType": "vector", "result": {}}},
     {"status": "success", "data": {"resultType": "vector", "result": [{}]}},
     {"status": "success", "data": {"resultType": "vector", "result": [7]}},
     *({"status": "success", "data": {"resultType": "vector", "result": [{"metric": labels, "value": [1, "1"]}]}}
       for labels in LABELS)],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_is_no_answer(body: Any) -> None:
    refused(json.dumps(body).encode())


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", answer("1")[:-5], answer("many"), b"[" * 10**6])
def test_text_that_is_no_answer_is_none(body: bytes) -> None:
    refused(body)


def test_an_answer_that_is_perhaps_not_whole_is_none() -> None:
    refused(answer("1", warnings=["a store did not answer"]))
    assert len(vector(answer("1", warnings=[], infos=["a counter without _total"]))) == 1


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"1,"])
def test_what_would_be_too_many_objects_is_refused_before_they_are_made(piece: bytes) -> None:
    tracemalloc.start()
    try:
        refused(b"[" + piece * (16 * MOST_SERIES) + b"0]")
        assert tracemalloc.get_traced_memory()[1] < 40e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", [-1.0, 2.0**63, 1e300])
def test_a_count_that_cannot_be_was_not_told(value: float) -> None:
    [reading] = told(up=[sample(1, host="a")], memory_total_bytes=[sample(value, host="a")])
    assert reading.memory_total_bytes is None


def test_a_machine_with_an_endless_name_is_none() -> None:
    assert told(up=[sample(1, host="a" * 256)]) == []
