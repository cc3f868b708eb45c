"""Curves from Prometheus: a constant number of queries, a name that stays in its literal, and no more than was asked for."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_manager_api.adapters.prometheus_asking import filled, literal
from shiva_manager_api.adapters.prometheus_curves import GPU, MACHINE, PrometheusCurves
from shiva_manager_api.domain.machine_history import RANGES, MachineCurves
from shiva_manager_api.domain.ports import MetricsUnavailableError

from tests.fakes.prometheus_api import Api, matrix, serving

UNTIL = datetime(2026, 11, 29, 10, tzinfo=UTC)
STRING = re.compile(r'"(?:[^"\\\n]|\\(?:["\\abfnrtv]|u[0-9a-f]{4}))*"')  # as PromQL reads one


def told(query: str) -> list[str]:
    """Return a query's literals, read as PromQL reads them; what is between them has no quotation mark."""
    literals, rest = STRING.findall(query), STRING.sub("", query)
    assert '"' not in rest
    return [json.loads(each) for each in literals]


@contextmanager
def asking(api: Api) -> Iterator[PrometheusCurves]:
    with serving(api) as url:
        yield PrometheusCurves(url)


def read(api: Api, machine: str = "gpu-01", wanted: str = "1h") -> MachineCurves:
    with asking(api) as curves:
        return curves.read(machine, RANGES[wanted], UNTIL)


@given(name=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_name_never_leaves_its_literal(name: str) -> None:
    for template in (*MACHINE.values(), *GPU.values()):
        plain, query = filled(template, "NAME", 30), filled(template, name, 30)
        assert told(query) == [name if each == "NAME" else each for each in told(plain)]
        assert STRING.sub("", query) == STRING.sub("", plain)


@pytest.mark.parametrize(
    "name", ['"} or up{x="', "\n", "\\", '\\"', "WINDOW", "NAME", "é\u2028🙂", "\x00\x7f", "a" * 10_000]
)
def test_names_that_look_like_more_are_one_literal(name: str) -> None:
    assert json.loads(literal(name)) == name
    assert name in told(filled(MACHINE["cpu_ratio"], name, 30))


def test_half_a_character_is_no_name() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        literal("\ud800")


@pytest.mark.parametrize("wanted", RANGES)
def test_the_number_of_queries_is_constant(wanted: str) -> None:
    api = Api()
    read(api, wanted=wanted)
    assert len(api.asked) == len(MACHINE) + len(GPU) == 9
    asked = RANGES[wanted]
    for form in api.asked:
        assert float(form["end"]) - float(form["start"]) == asked.span
        assert (float(form["step"]), float(form["end"])) == (asked.step, UNTIL.timestamp())


def test_points_that_nobody_told_are_none_and_machines_and_gpus_have_their_own() -> None:
    start = UNTIL.timestamp() - 3600

    def answer(query: str) -> bytes:
        if "shiva_gpu_utilization_ratio" in query:
            return matrix(
                ({"uuid": "GPU-2", "gpu": "1"}, {start: "0.5"}), ({"uuid": "GPU-1", "gpu": "0"}, {start + 30: "0.7"})
            )
        if "node_cpu" in query:
            return matrix(
                ({}, {start: "0.25", start + 15: "NaN", start + 30: "1e999", start + 45: "0.75", start - 15: "9"})
            )
        return matrix()

    curves = read(Api(answer))
    assert curves.curves["cpu_ratio"][:5] == [0.25, None, None, 0.75, None]
    assert set(curves.curves["memory_used_bytes"]) == {None}
    assert {len(each) for each in curves.curves.values()} == {241}
    assert [(gpu.uuid, gpu.index) for gpu in curves.gpus] == [("GPU-1", 0), ("GPU-2", 1)]
    assert curves.gpus[0].curves["utilization_ratio"][:3] == [None, None, 0.7]
    assert set(curves.gpus[1].curves["temperature_celsius"]) == {None}


BROKEN: list[Any] = [
    b"", b"<html>", b"[]", b'{"status":"success"}', matrix(({}, {0: "many"})), matrix().replace(b"matrix", b"vector"),
    b"[" * 10**5, matrix(*[({"uuid": str(n), "gpu": "0"}, {0.0: "1"}) for n in range(90_000)]), b'{"x": "' + b"x" * 2**23,
    matrix().replace(b'"success"', b'"success","warnings":["half of it"]'),
]  # fmt: skip


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: str(body[:40]))
def test_what_cannot_be_read_is_no_answer(body: bytes) -> None:
    with pytest.raises(MetricsUnavailableError):
        read(Api(lambda _: body))


def test_a_machine_with_too_many_gpus_has_the_first_ones() -> None:
    many = matrix(*[({"uuid": f"GPU-{n}", "gpu": str(n)}, {UNTIL.timestamp(): "1"}) for n in range(100)])
    assert [gpu.index for gpu in read(Api(lambda query: many if "shiva_gpu" in query else matrix())).gpus] == list(
        range(64)
    )
