"""A container's curves, and the times that GPUs were held, from what Prometheus answers: a constant number of queries."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from shiva_manager_api.adapters.prometheus_containers import CARDS, OWN, PrometheusContainers
from shiva_manager_api.adapters.prometheus_held_times import QUERIES, SAMPLE_SECONDS, PrometheusHeldTimes
from shiva_manager_api.domain.container_history import ContainerCurves
from shiva_manager_api.domain.held_time import GpuTime, HeldTimes
from shiva_manager_api.domain.machine_history import RANGES
from shiva_manager_api.domain.ports import MetricsUnavailableError

from tests.contract.test_alerts import RULES
from tests.fakes.prometheus_api import Api, Series, matrix, serving, vector

UNTIL = datetime(2026, 11, 29, 10, tzinfo=UTC)
START = UNTIL.timestamp() - 3600
FIRST, SECOND = "GPU-1", "MIG-a.b/2"
WEEK = 7 * 86400


def at(*values: str, step: int = 15) -> dict[float, str]:
    """Return values at the first points; "-" is none."""
    return {START + step * index: value for index, value in enumerate(values) if value != "-"}


@contextmanager
def asking(api: Api) -> Iterator[PrometheusContainers]:
    with serving(api) as url:
        yield PrometheusContainers(url)


def told(series: Mapping[str, Series]) -> Callable[[str], bytes]:
    """Answer the queries in which a word is; nothing to others."""
    return lambda query: matrix(*[each for word, each in series.items() if word in query])


def read(api: Api, gpus: tuple[str, ...] = (FIRST,), wanted: str = "1h") -> ContainerCurves:
    with asking(api) as containers:
        return containers.read("ada--default", gpus, 2.0, RANGES[wanted], UNTIL)


CARD = {"uuid": FIRST, "gpu": "3"}
EVERYTHING: Mapping[str, Series] = {
    "container:shiva_memory": ({}, at("100", "200")),
    "container:shiva_cpu": ({}, at("1", "-", "3")),
    "shiva_gpu_lease": ({"uuid": FIRST}, at("1", "1", "1", "-")),
    "container:shiva_gpu_processes": (CARD, at("-", "2", "2", "-")),
    "container:shiva_gpu_memory": (CARD, at("-", "512", "-", "-")),
    "shiva_gpu_utilization": (CARD, at("0.1", "0.2", "0.3", "0.4")),
    'shiva_gpu_processes{job="gpu"': (CARD, at("0", "1", "1", "0")),
}


def test_its_memory_is_told_and_its_cpus_as_a_share_of_those_that_it_may_use() -> None:
    told_ = read(Api(told(EVERYTHING)))
    assert told_.curves["memory_used_bytes"][:3] == [100, 200, None]
    assert told_.curves["cpu_ratio"][:3] == [0.5, None, 1.5]
    assert {len(curve) for curve in told_.curves.values()} == {241}


def test_of_a_card_it_is_told_what_was_while_the_container_held_it() -> None:
    [gpu] = read(Api(told(EVERYTHING))).gpus
    assert (gpu.uuid, gpu.index) == (FIRST, 3)
    assert gpu.curves["machine_utilization_ratio"][:5] == [0.1, 0.2, 0.3, None, None]


def test_memory_is_zero_where_a_held_card_told_its_processes_and_it_was_none_and_unknown_where_its_share_is() -> None:
    [gpu] = read(Api(told(EVERYTHING))).gpus
    assert gpu.curves["memory_used_bytes"][:5] == [0, 512, None, None, None]
    silent = {word: each for word, each in EVERYTHING.items() if "job=" not in word}
    [gpu] = read(Api(told(silent))).gpus
    assert gpu.curves["memory_used_bytes"][:3] == [None, 512, None]


def test_a_card_of_which_nobody_tells_is_there_without_values_and_so_is_one_of_before() -> None:
    gpus = read(Api(told(EVERYTHING)), gpus=(SECOND,)).gpus
    assert [(gpu.uuid, gpu.index) for gpu in gpus] == [(FIRST, 3), (SECOND, None)]
    assert set(gpus[1].curves["machine_utilization_ratio"]) == {None}


def test_cards_are_asked_for_by_their_own_names_alone() -> None:
    api = Api(told(EVERYTHING))
    read(api, gpus=(SECOND, FIRST))
    [pattern] = {form["query"].split("uuid=~")[1].split("}")[0] for form in api.asked if "uuid=~" in form["query"]}
    assert json.loads(pattern) == r"MIG\-a\.b/2|GPU\-1"


@pytest.mark.parametrize("wanted", RANGES)
def test_the_number_of_queries_is_constant_and_without_a_card_smaller(wanted: str) -> None:
    with_cards, without = Api(), Api()
    read(with_cards, wanted=wanted)
    read(without, gpus=(), wanted=wanted)
    assert (len(with_cards.asked), len(without.asked)) == (len(OWN) + len(CARDS), len(OWN)) == (7, 5)


def test_a_card_that_cannot_be_asked_for_is_no_card_without_values() -> None:
    api = Api(lambda query: b"<html>" if "uuid=~" in query else matrix())
    with pytest.raises(MetricsUnavailableError):
        read(api)


# ---- times ----


def times(answer: Callable[[str], bytes], api: Api | None = None) -> HeldTimes:
    with serving(api or Api(answer)) as url:
        return PrometheusHeldTimes(url).read(WEEK, UNTIL)


def sums(query: str) -> bytes:
    """Answer as a Prometheus in which ada held a card for two hours, and ken one that told nothing."""
    if query.startswith("min("):
        return vector(({}, str(UNTIL.timestamp() - 7200)))
    if "user:shiva_gpu_time_held" in query:
        return vector(({"user": "ada"}, "120"), ({"user": "ken"}, "10"), ({}, "5"))
    if "user:" in query:
        return vector(({"user": "ada"}, "120" if "told" in query else "30.5"))
    return vector()


def test_each_sample_stands_for_a_minute_and_what_was_not_told_is_unknown() -> None:
    told_ = times(sums)
    assert told_.people == {"ada": GpuTime(held=7200.0, used=1830.0), "ken": GpuTime(held=600.0, used=None)}
    assert told_.machines == {}
    assert (told_.start, told_.end) == (UNTIL - timedelta(days=7), UNTIL)


def test_that_is_the_pace_of_the_rules() -> None:
    groups = yaml.safe_load(RULES["recording.yml"].read_text(encoding="utf-8"))["groups"]
    [group] = [each for each in groups if each["name"] == "shiva-gpu-time"]
    recorded, asked = [rule["record"] for rule in group["rules"]], " ".join(QUERIES.values())
    assert group["interval"] == f"{SAMPLE_SECONDS // 60}m"
    assert [name for name in recorded if name not in asked] == []
    assert len(recorded) == len(QUERIES)


def test_records_began_when_the_first_was_made_and_not_before_the_span() -> None:
    assert times(sums).recorded_from == UNTIL - timedelta(hours=2)
    long_ago = vector(({}, str(UNTIL.timestamp() - WEEK - 200)))
    assert times(lambda query: long_ago if query.startswith("min(") else vector()).recorded_from == UNTIL - timedelta(
        days=7
    )
    assert times(lambda _: vector()).recorded_from is None


def test_the_number_of_queries_is_constant_and_all_are_of_one_moment() -> None:
    api = Api(lambda _: vector())
    times(api.answer, api)
    assert len(api.asked) == 7
    assert {form["time"] for form in api.asked} == {f"{UNTIL.timestamp():.0f}"}


@pytest.mark.parametrize("body", [b"", b"[]", matrix(), b'{"status":"success"}', vector(({"user": "a"}, "many"))])
def test_what_cannot_be_read_is_no_answer(body: bytes) -> None:
    with pytest.raises(MetricsUnavailableError):
        times(lambda _: body)
