"""How long starts took, as Prometheus tells it: a constant number of queries, and what was never counted is left out."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from shiva_manager_api.adapters.prometheus_starts import FETCHES, STARTS, PrometheusStarts, query
from shiva_manager_api.adapters.samples import Sample
from shiva_manager_api.domain.foretelling import Past, Took
from shiva_manager_api.domain.ports import MetricsUnavailableError

from tests.require import require

SEARCH = f"{os.environ.get('PATH', '')}:/usr/bin"


def asking(answers: Mapping[str, Sequence[Sample]], asked: list[str]) -> PrometheusStarts:
    def ask(text: str) -> Sequence[Sample]:
        asked.append(text)
        return answers.get(text, ())

    return PrometheusStarts(ask)


def test_starts_are_told_by_machine_and_fetches_by_image() -> None:
    answers = {
        query(*STARTS, "sum"): [Sample({"machine": f"gpu-{n}"}, 4.0 * n) for n in range(1000)],
        query(*STARTS, "count"): [Sample({"machine": f"gpu-{n}"}, float(n)) for n in range(1000)],
        query(*FETCHES, "sum"): [Sample({"image": "torch"}, 90.0), Sample({"image": "half told"}, 1.0)],
        query(*FETCHES, "count"): [Sample({"image": "torch"}, 1.5)],
    }
    asked: list[str] = []
    past = asking(answers, asked).read()
    assert len(asked) == 4
    assert past.starts["gpu-7"] == Took(count=7, seconds=28)
    assert "gpu-0" not in past.starts
    assert past.fetches == {"torch": Took(count=1.5, seconds=90)}


def test_where_nothing_is_told_nothing_is_known() -> None:
    assert asking({}, []).read() == Past()


def test_an_answer_that_does_not_come_is_no_past() -> None:
    def away(_: str) -> Sequence[Sample]:
        raise MetricsUnavailableError("away")

    with pytest.raises(MetricsUnavailableError):
        PrometheusStarts(away).read()


def test_prometheus_takes_the_mean_of_starts_before_and_after_a_restart_of_the_broker(tmp_path: Path) -> None:
    """Two starts of 4 s, the broker begins anew, then one of 10 s: 6 s on average."""
    promtool = shutil.which("promtool", path=SEARCH)
    require("prometheus", present=promtool is not None, reason="promtool is not installed")
    labels = '{job="services",machine="gpu-01"}'
    sum_of, count_of = (query(*STARTS, part) for part in ("sum", "count"))
    case = {
        "interval": "1h",
        "input_series": [
            {"series": f"{STARTS[0]}_sum{labels}", "values": "0 4 8 8 0 10 10"},
            {"series": f"{STARTS[0]}_count{labels}", "values": "0 1 2 2 0 1 1"},
        ],
        "promql_expr_test": [
            {
                "expr": f"{sum_of} / {count_of}",
                "eval_time": "6h",
                "exp_samples": [{"labels": '{machine="gpu-01"}', "value": 6}],
            }
        ],
    }
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"tests": [case]}), encoding="utf-8")
    told = subprocess.run(
        [str(promtool), "test", "rules", str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode == 0, told.stdout + told.stderr
