"""The answer for everybody: the same bytes until something changes, a tag for them, and their age."""

import gc
import gzip
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from flask import Flask, request
from flask.testing import FlaskClient
from shiva_manager_api.api.page import Page
from shiva_manager_api.domain.machines import GpuReading, MachineReading
from shiva_manager_api.truth import Truth
from werkzeug.test import TestResponse

from tests.fakes.manager_ports import FakeBroker, FakeMetrics, container, declared

NOW = datetime(2026, 11, 29, 10, tzinfo=UTC)
SMALL = {"Accept-Encoding": "gzip, br"}


def reading(name: str, cpu_ratio: float = 0.5) -> MachineReading:
    gpus = tuple(
        GpuReading(uuid=f"{name}-{n}", index=n, model="m", up=True, utilization_ratio=cpu_ratio) for n in (0, 1)
    )
    return MachineReading(name=name, up=True, sample_age_seconds=1.0, cpu_ratio=cpu_ratio, gpus=gpus)


class World:
    """A page over ports in memory, kept by a test."""

    def __init__(self, machines: int = 2) -> None:
        names = [f"gpu-{number:02}" for number in range(machines)]
        self.metrics = FakeMetrics([reading(name) for name in names])
        self.broker = FakeBroker(
            [container("ada")], [declared(name, gpus=(f"{name}-0", f"{name}-1")) for name in names]
        )
        self.time = 1000.0
        self.truth = Truth(self.metrics, self.broker, clock=lambda: self.time, now=lambda: NOW)
        self.page = Page(self.truth)
        self.truth.keep(start=False)
        self.client = self._client()

    def _client(self) -> FlaskClient:
        app = Flask(__name__)
        app.add_url_rule("/", view_func=lambda: self.page.answer(request))
        return app.test_client()

    def round(self) -> None:
        """Let both sources be asked once."""
        for keeper in self.truth.keepers:
            keeper.step()

    def get(self, **headers: str) -> TestResponse:
        """Look."""
        return self.client.get("/", headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_who_has_the_newest_gets_nothing_but_its_age() -> None:
    world = World()
    world.round()
    first = world.get()
    world.time += 4
    again = world.get(If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (first.headers["Age"], again.headers["Age"]) == ("0", "4")
    for answer in (first, again):
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Vary"] == "Accept-Encoding"
    assert not first.headers["ETag"].startswith("W/")


def test_a_change_is_a_new_answer_with_a_new_tag() -> None:
    world = World()
    world.round()
    first = world.get()
    world.broker.held.append(container("ken"))
    world.time += 1
    world.round()
    second = world.get(If_None_Match=first.headers["ETag"])
    assert second.status_code == 200
    assert second.headers["ETag"] != first.headers["ETag"]
    assert [each["owner"] for each in second.get_json()["machines"][1]["containers"]] == ["ada", "ken"]


def test_compressed_bytes_are_the_same_answer_with_a_tag_of_their_own() -> None:
    world = World()
    world.round()
    plain, small = world.get(), world.get(**SMALL)
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert small.headers["ETag"] != plain.headers["ETag"]
    assert world.get(If_None_Match=small.headers["ETag"], **SMALL).status_code == 304
    assert world.get(If_None_Match=small.headers["ETag"]).status_code == 200
    assert world.get(Accept_Encoding="gzip;q=0").headers.get("Content-Encoding") is None


def test_another_process_has_other_tags() -> None:
    tags = set()
    for world in (World(), World()):
        world.round()
        tags.add(world.get().headers["ETag"])
    assert len(tags) == 2


def test_a_machine_that_did_not_change_is_told_as_before_and_only_its_age_is_new() -> None:
    world = World()
    world.round()
    before = world.get().get_json()
    world.time += 2
    world.broker.held[0]["state"] = "lost"
    world.truth.keepers[1].step()
    after = world.get().get_json()
    assert [each["sample_age_seconds"] for each in after["machines"]] == [3.0, 3.0]
    assert after["machines"][0] == before["machines"][0] | {"sample_age_seconds": 3.0}
    assert after["machines"][1] != before["machines"][1] | {"sample_age_seconds": 3.0}


def test_whatever_changes_is_told_as_a_page_made_from_nothing_tells_it() -> None:
    world = World(machines=5)
    changes: list[Callable[[], object]] = [
        lambda: world.broker.held.append(container("ken", machine="gpu-03")),
        lambda: setattr(world.metrics, "readings", [reading(f"gpu-{n:02}", 0.1 * n) for n in range(4)]),
        lambda: setattr(world.broker, "inventory", [replace(each, closed="A fan.") for each in world.broker.inventory]),
        lambda: world.broker.held.clear(),
        lambda: setattr(world.broker, "inventory", []),
    ]
    for change in changes:
        change()
        world.time += 1
        world.round()
        fresh = Page(world.truth).renew(world.truth.shown())
        assert json.loads(world.get().data) == json.loads(fresh.body)


def test_a_thousand_generations_leave_nothing_behind() -> None:
    world = World(machines=3)

    def generation(number: int) -> None:
        world.time += 1
        world.metrics.readings = [reading(f"gpu-{n:02}", number % 7 / 10) for n in range(3)]
        world.broker.held = [container(f"u{number % 50}", machine=f"gpu-{number % 3:02}")]
        world.round()
        world.page.renew(world.truth.shown())

    def held() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        for number in range(60):
            generation(number)
        before = held()
        for number in range(1000):
            generation(number)
        assert held() - before < 2**16
    finally:
        tracemalloc.stop()
