"""Explanations with how long the start would take: from the last good answer, and nobody waits for the next one."""

from typing import Any

import pytest
from shiva_manager_api.domain.foretelling import Past, Took
from shiva_manager_api.domain.ports import MetricsUnavailableError
from shiva_manager_api.predictions import KEEP_SECONDS, Predictions

from tests.fakes.manager_ports import FakePasts


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pasts() -> FakePasts:
    return FakePasts(Past(starts={"gpu-01": Took(count=3, seconds=12.5)}, fetches={"lab": Took(count=1, seconds=60)}))


@pytest.fixture
def predictions(pasts: FakePasts, clock: Clock) -> Predictions:
    return Predictions(pasts, clock=clock)


def explained(goes_to: str | None = "gpu-01") -> dict[str, Any]:
    machines: list[dict[str, Any]] = [
        {"name": name, "image": presence, "misfit": None, "holders": []}
        for name, presence in (("gpu-01", "present"), ("gpu-02", "absent"), ("gpu-03", "unknown"))
    ]
    return {"image": "lab", "fits": bool(goes_to), "machine": goes_to, "everywhere": None, "machines": machines, "offers": []}  # fmt: skip


def seconds(told: Any) -> list[float | None]:
    return [told["predicted_seconds"], *(each["predicted_seconds"] for each in told["machines"])]


def test_each_machine_and_the_one_that_it_would_go_to_are_foretold(predictions: Predictions) -> None:
    assert seconds(predictions.told(explained())) == [4.2, 4.2, 64.2, None]
    assert seconds(predictions.told(explained(goes_to=None)))[0] is None


def test_what_a_start_would_run_is_the_brokers_word_for_us_alone(predictions: Predictions) -> None:
    assert predictions.told(explained()).keys() == explained().keys() - {"image"} | {"predicted_seconds"}


def test_prometheus_is_asked_once_in_a_minute(predictions: Predictions, pasts: FakePasts, clock: Clock) -> None:
    for _ in range(3):
        predictions.told(explained())
    assert pasts.asked == 1
    clock.at += KEEP_SECONDS
    predictions.told(explained())
    assert pasts.asked == 2


def test_while_prometheus_is_away_the_last_answer_counts(
    predictions: Predictions, pasts: FakePasts, clock: Clock
) -> None:
    predictions.told(explained())
    pasts.failure = MetricsUnavailableError()
    clock.at += KEEP_SECONDS
    assert seconds(predictions.told(explained()))[0] == 4.2


def test_where_there_never_was_an_answer_nothing_is_foretold(predictions: Predictions, pasts: FakePasts) -> None:
    pasts.failure = MetricsUnavailableError()
    assert seconds(predictions.told(explained())) == [None] * 4
