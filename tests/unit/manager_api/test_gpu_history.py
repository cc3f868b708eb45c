"""What the GPUs of a container did, step by step: gaps stay gaps, and no work between two readings is missed."""

from datetime import UTC, datetime, timedelta

import pytest
from shiva_manager_api.adapters.prometheus_history import QUERIES, PrometheusHistory
from shiva_manager_api.domain.gpu_history import GpuHistory, activity
from shiva_manager_api.domain.ports import MetricsUnavailableError

from tests.fakes.scripted_http import Asked, Reply, answer, page, scripted

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ADA, GPU, OTHER = "a" * 32, "GPU-1", "GPU-2"
Values = list[float | None]


def ratios(
    seconds: Values, *, processes: Values | None = None, told: str | None = None, unclear: Values | None = None
) -> list[float | None]:
    """Return what one GPU's readings amount to; `told` has a dot for each that was not told."""
    points = len(seconds)
    history = GpuHistory(
        until=NOW, step=MINUTE, points=points,
        told={} if told == "never" else {GPU: [each != "." for each in told or "x" * points]},
        unclear={} if unclear is None else {GPU: unclear}, processes={} if processes is None else {(ADA, GPU): processes}, seconds={(ADA, GPU): seconds},
    )  # fmt: skip
    found = activity(history, ADA, [GPU], busy_ratio=0.01)
    assert found is not None
    return list(found.ratios)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (ratios([0.0, 30.0, 30.0, 90.0]), [0.5, 0.0, 1.0]),
        (ratios([None, None, None], processes=[None, None, None]), [0.0, 0.0]),
        (ratios([None, None, None], processes=[1.0, 1.0, 1.0]), [None, None]),
        (ratios([None, None, None], unclear=[0.0, 1.0, 0.0]), [None, 0.0]),
        (ratios([5.0, 5.0, 5.0], unclear=[1.0, 1.0, 1.0]), [0.0, 0.0]),
        (ratios([None, 6.0, 6.0]), [0.1, 0.0]),
        (ratios([50.0, 50.0, 6.0]), [0.0, 0.1]),
        (ratios([50.0, 50.0, None, None, 6.0]), [0.0, 0.0, 0.0, 0.1]),
        (ratios([10.0, None, None, 40.0, 40.0], told="x..xx"), [None, None, 0.5, 0.0]),
        (ratios([None, None, 6.0, 6.0], told="..xx"), [None, None, 0.0]),
        (ratios([None, None, 6.0, 6.0], told="x.xx"), [None, 0.1, 0.0]),
        (ratios([7.0, 7.0, 7.0], told="never"), [None, None]),
        (ratios([0.0, 600.0]), [1.0]),
    ],
    ids=["worked", "never touched", "processes that nobody can count", "somebody's processes, maybe its own", "somebody's beside its own",
         "the first work of all", "the count began anew",
         "a new process after a quiet time", "work in a gap", "a count that a gap hid", "the first work, in a gap",
         "a lost GPU, or no exporter", "more than there is time"],
)  # fmt: skip
def test_each_step_is_worked_idle_or_unknown(given: list[float | None], expected: list[float | None]) -> None:
    assert given == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [([0.0], [0.5], 0.5), ([None], [0.5], 0.5), ([None], [0.001], None), ([None], [0.0], None), ([None], [None], None), ([0.0], [0.0], 0.0)],
    ids=["one works", "one works, one is unknown", "a trace, one is unknown", "one idle, one unknown", "unknown", "idle"],
)  # fmt: skip
def test_of_several_gpus_the_busiest_counts_and_an_unknown_one_is_not_idle(
    first: Values, second: Values, expected: float | None
) -> None:
    def counted(values: Values) -> Values:
        return [0.0, *[None if value is None else value * 60 for value in values]]

    told = {uuid: [True, values[0] is not None] for uuid, values in ((GPU, first), (OTHER, second))}
    history = GpuHistory(
        until=NOW, step=MINUTE, points=2, told=told, unclear={}, processes={},
        seconds={(ADA, GPU): counted(first), (ADA, OTHER): counted(second)},
    )  # fmt: skip
    found = activity(history, ADA, [GPU, OTHER], busy_ratio=0.01)
    assert found is not None
    assert found.ratios == [expected]


def test_without_a_history_nothing_is_known() -> None:
    assert activity(None, ADA, [GPU], busy_ratio=0.01) is None


def series(labels: dict[str, str], *values: tuple[float, str]) -> dict[str, object]:
    """Return one series of a range query; times are seconds before now."""
    return {"metric": labels, "values": [[NOW.timestamp() - ago, text] for ago, text in values]}


def matrix(*result: dict[str, object]) -> Reply:
    return answer({"status": "success", "data": {"resultType": "matrix", "result": list(result)}})


def prometheus(asked: Asked) -> Reply:
    """Tell of a GPU that was read 0, 130 and 180 seconds ago, the one in between by a reading that was old."""
    gpu = {"launch_id": ADA, "uuid": GPU}
    at = NOW.timestamp()
    if asked.query["query"] == [QUERIES["read_at"]]:
        times = (180.0, f"{at - 183}"), (120.0, f"{at - 210.5}"), (60.0, f"{at - 150.1}"), (0.0, f"{at - 2}")
        return matrix(series({"uuid": GPU}, *times))
    if asked.query["query"] == [QUERIES["seconds"]]:
        return matrix(series(gpu, (180.0, "5"), (120.0, "5"), (60.0, "NaN"), (0.0, "11"), (-60.0, "99")))
    if asked.query["query"] == [QUERIES["unclear"]]:
        return matrix(series({"uuid": GPU}, (0.0, "0")))
    return matrix(series(gpu, (0.0, "1")))


def test_four_queries_tell_everything_however_old_a_reading_is() -> None:
    with scripted(prometheus) as server:
        history = PrometheusHistory(server.url, step=MINUTE).read(until=NOW, span=3 * MINUTE)
    assert len(server.asked) == len(QUERIES) == 4
    assert (history.points, history.step, history.until) == (4, MINUTE, NOW)
    assert history.told == {GPU: [True, False, False, True]}
    assert history.seconds == {(ADA, GPU): [5.0, 5.0, None, 11.0]}
    assert history.unclear == {GPU: [None, None, None, 0.0]}
    assert history.processes == {(ADA, GPU): [None, None, None, 1.0]}
    found = activity(history, ADA, [GPU], busy_ratio=0.01)
    assert found is not None
    assert found.ratios == pytest.approx([None, None, 0.1])


def test_a_long_ladder_is_asked_in_longer_steps() -> None:
    with scripted(prometheus) as server:
        history = PrometheusHistory(server.url, step=MINUTE).read(until=NOW, span=timedelta(days=365))
    assert history.points <= 10_001
    assert history.step > MINUTE


@pytest.mark.parametrize(
    "reply",
    [page(500), page(200), answer([]), answer({"status": "error"}), answer({"status": "success", "data": {"resultType": "vector", "result": []}}),
     answer({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1]]}]}}),
     answer({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [["x", "1"]]}]}}),
     answer({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": 1, "values": []}]}}),
     answer({"status": "success", "data": {"resultType": "matrix", "result": []}, "warnings": ["a store is away"]}), Reply(silent=True)],
)  # fmt: skip
def test_an_answer_that_is_none_is_no_history(reply: Reply) -> None:
    with scripted(lambda _: reply) as server, pytest.raises(MetricsUnavailableError):
        PrometheusHistory(server.url, step=MINUTE).read(until=NOW, span=3 * MINUTE)
