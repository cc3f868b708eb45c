"""Prometheus and broker killed, frozen and talking nonsense while many look: every answer in time, of the right age, and all comes back.

A real Prometheus, the real manager under gunicorn, a simulated broker; eight people look without a pause.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
import requests

from tests.fakes.manager_suite import ManagerSuite, eventually, manager_suite

pytestmark = pytest.mark.timeout(300)

LOOKING = 8
IN_TIME_SECONDS = 3.0
NOTICED_SECONDS = 45.0
BACK_SECONDS = 45.0
STALE = {"stale", "unreachable"}
NONSENSE = {
    "no HTTP": b"garbage\r\n\r\n",
    "a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<html>busy</",
    "names that are none": b'HTTP/1.1 200 OK\r\nContent-Length: 106\r\n\r\n{"status":"success","data":{"resultType":"vector","result":[{"metric":{"host":7},"value":[1,"1"]}]},"x":1}',
    "half": b'HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{"status":"success","data":{"resultType":"vector","result":[{"metric":',
}


@dataclass
class Looks:
    """What the people who look saw."""

    took: list[float] = field(default_factory=list)  # seconds
    wrong: list[str] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)

    def note(self, answer: requests.Response, took: float) -> None:
        """Judge an answer: it is there, in time, and its ages fit the clock."""
        self.took.append(took)
        if answer.status_code != 200:
            self.wrong.append(f"status {answer.status_code}: {answer.text[:200]}")
            return
        told = answer.json()
        self.last = told
        made = datetime.fromisoformat(told["as_of"])
        age, known = (datetime.now(UTC) - made).total_seconds(), int(answer.headers["Age"])
        if not -0.7 <= age - known <= took + 0.7:
            self.wrong.append(f"Age {known}, and it was made {age} s ago")
        for machine in told["machines"]:
            seen = machine["sample_age_seconds"]
            if machine["state"] not in STALE and (seen is None or seen + known > 15 + 1.5):
                self.wrong.append(
                    f"{machine['name']} is called {machine['state']} by readings of {seen} s, {known} s ago"
                )


@contextmanager
def looking(suite: ManagerSuite) -> Iterator[Looks]:
    """Let people look without a pause; afterwards every answer was right and in time."""
    looks, ended = Looks(), threading.Event()

    def look() -> None:
        while not ended.is_set():
            began = time.monotonic()
            try:
                looks.note(suite.get("/api/v1/machines"), time.monotonic() - began)
                suite.get("/api/v1/containers", timeout=IN_TIME_SECONDS * 3)
            except requests.RequestException as error:
                looks.wrong.append(repr(error))

    with ThreadPoolExecutor(LOOKING) as pool:
        for _ in range(LOOKING):
            pool.submit(look)
        try:
            yield looks
        finally:
            ended.set()
    assert looks.wrong == []
    assert len(looks.took) > LOOKING
    assert max(looks.took) < IN_TIME_SECONDS


@contextmanager
def nonsense(suite: ManagerSuite, name: str, *, said: bytes) -> Iterator[None]:
    """Kill one and let somebody else say the same to everybody on its port; then start it again."""
    suite.kill(name)
    ended = threading.Event()

    def serve(listening: socket.socket) -> None:
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(1)
                try:
                    connection.recv(65536)
                    connection.sendall(said)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", suite.ports[name])) as listening:
        listening.settimeout(0.1)
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
    suite.start(name)


@contextmanager
def killed(suite: ManagerSuite, name: str) -> Iterator[None]:
    """Kill it, and start it again."""
    suite.kill(name)
    yield
    suite.start(name)


@contextmanager
def frozen(suite: ManagerSuite, name: str) -> Iterator[None]:
    """Let it stand still, and go on."""
    suite.freeze(name)
    yield
    suite.thaw(name)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagerSuite]:
    with manager_suite(tmp_path_factory.mktemp("truth"), machines=3, containers=9, interval=1) as made:
        made.start("manager")
        eventually(made.serves, what="the manager serves", seconds=90)
        eventually(made.calm, what="all is known", seconds=60)
        yield made


def says(looks: Looks, source: str) -> Callable[[], bool]:
    """Return whether the answer says that a source is silent, and calls nothing free for it."""

    def check() -> bool:
        told = looks.last
        return bool(told) and told[source]["state"] == "stale" and all(m["state"] in STALE for m in told["machines"])

    return check


Fault = Callable[[ManagerSuite, str], AbstractContextManager[None]]
FAULTS: Mapping[str, Fault] = {"killed": killed, "frozen": frozen} | {
    f"says {what}": partial(nonsense, said=said) for what, said in NONSENSE.items()
}
SOURCES = {"prometheus": "metrics", "broker": "broker"}
SHORT = {("prometheus", "killed"), ("broker", "frozen")}
CASES = [
    pytest.param(name, fault, id=f"{name} {fault}", marks=[] if (name, fault) in SHORT else [pytest.mark.full])
    for name in SOURCES
    for fault in FAULTS
]


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_what_became_of_a_source_is_said_in_time_and_passes(suite: ManagerSuite, name: str, fault: str) -> None:
    source = SOURCES[name]
    eventually(suite.calm, what="a calm start", seconds=BACK_SECONDS)
    with looking(suite) as looks:
        with FAULTS[fault](suite, name):
            eventually(says(looks, source), what=f"the answer says that {source} is silent", seconds=NOTICED_SECONDS)
            told = looks.last
            assert len(told["machines"]) == 3
            assert told[source]["age_seconds"] > 0
            kept = [machine["memory_total_bytes"] for machine in told["machines"]]
            assert kept == [256 * 2**30] * 3, "the last readings, and no zeros"
            holders = {
                gpu["holder"] and gpu["holder"]["owner"] for machine in told["machines"] for gpu in machine["gpus"]
            }
            assert holders == {None, *(f"u{number}" for number in range(9))}
        eventually(suite.calm, what="all is as before", seconds=BACK_SECONDS)
