"""A round of queries: as many for three machines as for a thousand, bounded together, and all of them good or none."""

from collections.abc import Callable

import pytest
from shiva_manager_api.adapters.prometheus import QUERIES, REMEMBERED, REMEMBERED_SECONDS, Prometheus
from shiva_manager_api.domain.ports import MetricsUnavailableError

from tests.fakes.prometheus_api import Api, serving, vector


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def hosts(number: int) -> Callable[[str], bytes]:
    """Answer as so many machines, each with a GPU."""

    def answer(query: str) -> bytes:
        if "by (host)" in query:
            return vector(*(({"host": f"gpu-{n:04}"}, "1") for n in range(number)))
        if query == QUERIES["gpu_info"]:
            return vector(
                *(({"host": f"gpu-{n:04}", "uuid": f"GPU-{n}", "gpu": "0", "name": "m"}, "1") for n in range(number))
            )
        return vector()

    return answer


@pytest.mark.parametrize("number", [0, 3, 1000])
def test_the_number_of_queries_is_the_same_for_any_number_of_machines(number: int) -> None:
    api, clock = Api(hosts(number)), Clock()
    with serving(api) as url:
        source = Prometheus(url, clock=clock)
        assert len(source.machines()) == number
        assert len(api.asked) == len(QUERIES) + len(REMEMBERED) == 28
        clock.now += REMEMBERED_SECONDS - 1
        source.machines()
        assert len(api.asked) == 28 + len(QUERIES)
        clock.now += 2
        source.machines()
        assert len(api.asked) == 2 * 28 + len(QUERIES)


def test_a_card_that_was_lost_and_fell_silent_is_kept_back_until_it_is_up() -> None:
    lost = vector(({"host": "gpu-0000", "uuid": "GPU-0"}, "0"))
    up = lost.replace(b'"0"]', b'"1"]')
    told = {"now": lost}
    api = Api(lambda query: told["now"] if query == QUERIES["gpu_up"] else hosts(1)(query))
    with serving(api) as url:
        source = Prometheus(url, clock=Clock())
        kept_back = []
        for told["now"] in (lost, vector(), up, vector()):
            (reading,) = source.machines()
            kept_back.append(list(reading.quarantined(None)))
    assert kept_back == [["GPU-0"], ["GPU-0"], [], []]


@pytest.mark.parametrize("name", ["up", "gpu_shares", "gpu_sick", "gpu_people"])
@pytest.mark.parametrize("broken", [b"", b"<html>busy</html>", b'{"status":"error"}', vector()[:-3]])
def test_one_answer_that_cannot_be_read_makes_the_round_none(name: str, broken: bytes) -> None:
    text = {**QUERIES, **REMEMBERED}[name]
    api = Api(lambda query: broken if query == text else hosts(3)(query))
    with serving(api) as url, pytest.raises(MetricsUnavailableError):
        Prometheus(url).machines()


def test_an_answer_that_is_perhaps_not_whole_might_hide_what_is_wrong_and_is_none() -> None:
    partial = vector().replace(b'"success"', b'"success","warnings":["a store is away"]')
    api = Api(lambda query: partial if query == REMEMBERED["gpu_sick"] else hosts(3)(query))
    with serving(api) as url, pytest.raises(MetricsUnavailableError):
        Prometheus(url).machines()


@pytest.mark.parametrize("status", [400, 401, 422, 500, 503])
def test_a_status_that_is_none_is_no_answer(status: int) -> None:
    with serving(Api(hosts(3), status=status)) as url, pytest.raises(MetricsUnavailableError):
        Prometheus(url).machines()


def test_all_answers_together_may_not_be_larger_than_a_round_may() -> None:
    api = Api(hosts(100))
    with serving(api) as url, pytest.raises(MetricsUnavailableError):
        Prometheus(url, most_bytes=20_000).machines()


def test_after_a_bad_round_the_next_one_is_whole_again() -> None:
    api = Api(lambda _: b"")
    with serving(api) as url:
        source = Prometheus(url)
        for _ in range(3):
            with pytest.raises(MetricsUnavailableError):
                source.machines()
        api.answer = hosts(3)
        assert [reading.name for reading in source.machines()] == ["gpu-0000", "gpu-0001", "gpu-0002"]
