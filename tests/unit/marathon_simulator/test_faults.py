"""Faults between client and Marathon: each is what its name says, once, and nothing else."""

import threading
from typing import Any

import pytest
import requests

from tests.marathon_simulator import faults
from tests.marathon_simulator.faults import Fault
from tests.marathon_simulator.simulator import MarathonSimulator
from tests.unit.marathon_simulator.cluster import call, notebook, start


@pytest.mark.parametrize(
    ("fault", "status", "media"),
    [
        (faults.locked, 409, "application/json"), (faults.unavailable, 503, "application/json"), (faults.overloaded, 503, "text/html"),
        (faults.no_leader, 502, "text/html"), (faults.empty_list, 200, "application/json"), (faults.garbage, 200, "application/json"),
        (faults.slow(0.01), 200, "application/json"), (faults.drip(0.0001), 200, "application/json"),
    ],
)  # fmt: skip
def test_an_answer_is_replaced_once(marathon: MarathonSimulator, fault: Fault, status: int, media: str) -> None:
    start(marathon)
    marathon.faults.arm(fault, prefix="/v2/apps")
    struck = call(marathon, "GET", "/v2/apps")
    assert (struck.status_code, struck.headers["Content-Type"].partition(";")[0]) == (status, media)
    assert [each["id"] for each in call(marathon, "GET", "/v2/apps").json()["apps"]] == ["/shiva/ada"]
    assert marathon.faults.struck == ["GET /v2/apps"]


def test_a_valid_list_may_be_empty_and_garbage_is_no_json(marathon: MarathonSimulator) -> None:
    start(marathon)
    marathon.faults.arm(faults.empty_list)
    assert call(marathon, "GET", "/v2/apps").json() == {"apps": []}
    marathon.faults.arm(faults.garbage)
    with pytest.raises(requests.JSONDecodeError):
        call(marathon, "GET", "/v2/apps").json()


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        (faults.reply_lost, True), (faults.refused, False), (faults.not_http, False), (faults.cut(600), True),
    ],
)  # fmt: skip
def test_a_broken_connection_may_or_may_not_have_done_the_work(
    marathon: MarathonSimulator, fault: Fault, done: bool
) -> None:
    marathon.faults.arm(fault, method="POST", prefix="/v2/apps")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        call(marathon, "POST", "/v2/apps", notebook())
    assert call(marathon, "GET", "/v2/apps/shiva/ada").status_code == (200 if done else 404)


def test_a_request_delivered_twice_gets_the_second_answer(marathon: MarathonSimulator) -> None:
    marathon.faults.arm(faults.twice, method="POST", prefix="/v2/apps")
    assert call(marathon, "POST", "/v2/apps", notebook()).status_code == 409
    assert [each.status for each in marathon.recorder.sent("POST")] == [201, 409]


def test_a_hanging_request_hangs_until_the_test_ends_it(marathon: MarathonSimulator) -> None:
    release = threading.Event()
    marathon.faults.arm(faults.hang(release))
    with pytest.raises(requests.Timeout):
        call(marathon, "GET", "/ping", timeout=0.05)
    release.set()
    assert call(marathon, "GET", "/ping").text == "pong"


def test_everything_sent_is_recorded_and_linted(marathon: MarathonSimulator) -> None:
    bodies: list[dict[str, Any]] = [notebook(), notebook("/shiva/ken", memory=1)]
    for body in bodies:
        call(marathon, "POST", "/v2/apps", body)
    call(marathon, "PUT", "/v2/apps/shiva/ada?force=true", {"instances": 0})
    assert marathon.recorder.definitions() == bodies
    assert marathon.recorder.updates() == [{"instances": 0}]
    assert [each.partition(":")[0] for each in marathon.recorder.lint(marathon.options.policy)] == ["/shiva/ken"]
