"""Dangerous keys in a request, at the manager where people's come in and at the broker: refused, or no change of the create call."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from shiva_common import identity
from shiva_common.identity import Identity
from shiva_jupyter_broker.api import app as broker_app
from shiva_jupyter_broker.api.access import Tokens
from shiva_manager_api import use_cases
from shiva_manager_api.adapters.broker_http import BrokerHttp
from shiva_manager_api.api import app as manager_app
from shiva_manager_api.api.access import Keys
from shiva_manager_api.domain.admission import AccessRules
from shiva_manager_api.use_cases import Ports, UseCases
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from tests.conformance.subjects import eventually
from tests.contract.described import Description, contract
from tests.fakes.broker_world import broker_over, ports
from tests.fakes.dangerous import KEYS, LIMITS, OWNERS, VALUES
from tests.fakes.launcher import machine
from tests.fakes.manager_ports import FakeContainerCurves, FakeCurves, FakeHeldTimes, FakeMetrics, FakePasts
from tests.fakes.manager_store import stores
from tests.unit.jupyter_broker.docker_world import World, worlds

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
TOKENS = Tokens(manager="m" * 32, proxy="p" * 32, exporter="e" * 32, metrics="x" * 32)
KEY = b"k" * 32


@dataclass(frozen=True, slots=True)
class Door:
    """One of the two ways in; `wish` is the plainest request that it takes from ada."""

    client: FlaskClient
    path: str
    headers: Mapping[str, str]
    wish: Mapping[str, Any]
    described: Description
    operation: str

    def start(self, wish: object, *, path: str = "", **more: str) -> TestResponse:
        data = wish if isinstance(wish, str | bytes) else json.dumps(wish)
        headers = {"Content-Type": "application/json", **self.headers, **more}
        return self.client.post(self.path + path, data=data, headers=headers)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with worlds(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="module")
def doors(world: World) -> Iterator[dict[str, Door]]:
    """The broker over an engine in memory, and a manager that speaks to it over HTTP."""
    broker = broker_over(ports(world.folder, world.launcher, machines=(machine("gpu-01"),)))
    behind = broker_app.create_app(broker, TOKENS, CollectorRegistry())
    server = make_server("127.0.0.1", 0, behind, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    with stores(lambda: NOW) as store:
        around = Ports(
            metrics=FakeMetrics(), curves=FakeCurves(), container_curves=FakeContainerCurves(), held_times=FakeHeldTimes(), pasts=FakePasts(),
            broker=BrokerHttp(f"http://127.0.0.1:{server.server_port}", TOKENS.manager),
            store=store.port, rules=AccessRules, clock=lambda: 0.0, now=lambda: NOW,
        )  # fmt: skip
        yield two_doors(behind.test_client(), use_cases.over(around))
    server.shutdown()
    serving.join()
    server.server_close()


def two_doors(behind: FlaskClient, use: UseCases) -> dict[str, Door]:
    keys = Keys(identity=KEY, door="d" * 32, metrics="x" * 32)
    front = manager_app.create_app(use, keys, clock=lambda: NOW, registry=CollectorRegistry())
    signed = {identity.HEADER: identity.sign(Identity(name="ada", shown_name="Ada"), key=KEY, now=NOW)}
    bearer = {"Authorization": f"Bearer {TOKENS.manager}"}
    return {
        "broker": Door(behind, "/v1/containers", bearer, {"owner": "ada"}, contract("jupyter-broker"), "launch"),
        "manager": Door(front.test_client(), "/api/v1/containers", signed, {}, contract("manager-api"), "start"),
    }


@pytest.fixture(params=["broker", "manager"])
def door(request: pytest.FixtureRequest, doors: dict[str, Door]) -> Door:
    found: Door = doors[request.param]
    return found


def created(world: World, start: Callable[[], TestResponse]) -> tuple[TestResponse, Any]:
    """Start something and end it; return the answer, and the create call that reached the engine, what differs each time masked."""
    engine = world.api.engine
    engine.bodies.clear()
    answer = start()
    bodies = list(engine.bodies.values())
    for each in [*world.launcher.containers()]:
        world.launcher.stop(each.launch_id, grace=NOW - NOW)
    eventually(lambda: not engine.containers and not world.launcher.containers(), what="nothing is left")
    if not bodies:
        return answer, None
    [body] = bodies
    launch = body["Labels"]["shiva.launch"]
    text = json.dumps(body, sort_keys=True).replace(launch, "LAUNCH")
    return answer, json.loads(re.sub(r'("shiva\.(?:requested|placed)_at": )"[^"]+"', r'\1"TIME"', text))


def is_refused(world: World, door: Door, wish: object) -> None:
    """Check that it is answered by a problem that the API describes, and that nothing is made on the engine."""
    world.asked()
    answer = door.start(wish)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["code"] in door.described.codes(door.operation, answer.status_code)
    assert [each for each in world.asked() if each[0] != "GET"] == []


def named(wish: object) -> str:
    return ascii(wish)[:70]


def test_sixty_keys_are_many_more() -> None:
    assert len({named(each) for each in KEYS}) == len(KEYS) > 60


@pytest.mark.parametrize("extra", KEYS, ids=named)
def test_a_key_that_no_request_has_is_refused_and_reaches_no_engine(
    world: World, door: Door, extra: dict[str, Any]
) -> None:
    is_refused(world, door, {**door.wish, **extra})


@pytest.mark.parametrize("extra", VALUES, ids=named)
def test_a_value_that_hides_an_option_is_refused_and_reaches_no_engine(
    world: World, door: Door, extra: dict[str, Any]
) -> None:
    is_refused(world, door, {**door.wish, **extra})


@pytest.mark.parametrize("extra", [*OWNERS, *LIMITS], ids=named)
def test_owners_and_limits_beyond_the_rules_are_refused(
    world: World, doors: dict[str, Door], extra: dict[str, Any]
) -> None:
    for door in doors.values():  # to people, the manager offers neither
        is_refused(world, door, {**door.wish, **extra})


HARMLESS: list[Callable[[Door], TestResponse]] = [
    lambda door: door.start(door.wish, path="?Privileged=true&owner=ken&HostConfig.Binds=/:/host"),
    lambda door: door.start(door.wish, **{"X-Registry-Auth": "e30=", "X-Docker-Options": "--privileged"}),
    lambda door: door.start(door.wish, **{"X-HTTP-Method-Override": "DELETE", "X-Forwarded-User": "ken", "Remote-User": "ken"}),
    lambda door: door.start(door.wish, Cookie="owner=ken; privileged=1"),
    lambda door: door.start(json.dumps({**door.wish, "name": "x"})[:-1] + ', "name": "default"}'),
    lambda door: door.start(json.dumps({**door.wish, "gpus": 2})[:-1] + ', "gpus": 0}'),
    lambda door: door.start({**door.wish, "image": None, "machine": None, "gpus": 0}),
]  # fmt: skip
IDS = ["query", "headers", "who", "cookies", "name twice", "gpus twice", "nothing"]


@pytest.mark.parametrize("start", HARMLESS, ids=IDS)
def test_what_is_not_refused_changes_nothing_of_the_create_call(
    world: World, door: Door, start: Callable[[Door], TestResponse]
) -> None:
    golden = created(world, lambda: door.start(door.wish))
    assert golden[0].status_code == 201
    assert golden[1]["Labels"]["shiva.owner"] == "ada"
    assert golden[1]["HostConfig"]["Privileged"] is False
    answer, body = created(world, lambda: start(door))
    assert (answer.status_code, body) == (201, golden[1])


@pytest.mark.parametrize(
    "twice",
    ['{%s"Privileged": false, "Privileged": true}', '{%s"HostConfig": {}, "HostConfig": {"Binds": ["/:/host"]}}', '[{%s"gpus": 0}]',
     '{%s"gpus": 0, "gpus": -1}', '{%s"name": "a", "name": "../ken"}', '{%s"image": null, "image": "alpine"}', "{%s'gpus': 0}",
     '{%s"gpus": NaN}', '{%s"gpus": Infinity}', '{%s"gpus": 0}{"Privileged": true}', '{%s"gpus": 0,}'],
)  # fmt: skip
def test_json_in_which_readers_differ_is_refused(world: World, door: Door, twice: str) -> None:
    is_refused(world, door, twice % "".join(f"{json.dumps(k)}: {json.dumps(v)}, " for k, v in door.wish.items()))
