"""What the door is told: a route, or why there is none; and nothing that changes while the state stays."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from shiva_jupyter_broker.api.access import Tokens
from shiva_jupyter_broker.api.app import create_app
from shiva_jupyter_broker.domain.containers import ContainerId, ContainerState, UserName, Wish
from shiva_jupyter_broker.domain.lifecycle import Marks, view
from shiva_jupyter_broker.domain.ports import Reach
from shiva_jupyter_broker.domain.routes import Unrouted, routing
from shiva_jupyter_broker.service import Broker
from werkzeug.test import TestResponse

from tests.conformance.subjects import eventually
from tests.fakes.broker_world import World, settled
from tests.fakes.launcher import NOW, container

ADAS = ContainerId("ada--default")
TOKENS = Tokens(manager="m" * 32, proxy="p" * 32, exporter="e" * 32, metrics="x" * 32)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def broker(world: World) -> Broker:
    broker = world.broker()
    broker.launch(Wish(owner=UserName("ada")))
    return broker


def only(broker: Broker) -> Unrouted:
    """Return the one container, which has no route."""
    told = broker.routing()
    assert told.routes == ()
    [found] = told.unrouted
    return found


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (ContainerState.PENDING, "starting"), (ContainerState.PULLING, "starting"), (ContainerState.BOOTING, "starting"),
        (ContainerState.STOPPING, "stopping"), (ContainerState.FAILED, "failed"), (ContainerState.LOST, "lost"),
    ],
)  # fmt: skip
def test_each_state_has_one_word(state: ContainerState, told: str) -> None:
    [found] = routing([view(container("ken", "gpu", state=state), Marks())]).unrouted
    assert (found.state, found.prefix, found.owner, found.name) == (told, "/user/ken/gpu/", "ken", "gpu")


def test_every_container_is_told_once(world: World, broker: Broker) -> None:
    assert [each.state for each in broker.routing().unrouted] == ["starting"]
    world.launcher.listen(ADAS)
    told = broker.routing()
    assert ([each.container_id for each in told.routes], told.unrouted) == ([ADAS], ())


def test_a_start_is_since_it_was_asked_for(world: World, broker: Broker) -> None:
    world.clock.advance(30)
    assert only(broker).since == NOW


def test_what_failed_tells_its_reason_and_no_time_that_nobody_noted(world: World, broker: Broker) -> None:
    world.launcher.fail(ADAS, "Jupyter ended.")
    assert (only(broker).reason, only(broker).since) == ("Jupyter ended.", None)


def test_a_loss_is_since_it_was_first_seen_over_restarts_too(world: World, broker: Broker) -> None:
    world.launcher.listen(ADAS)
    world.launcher.lose(ADAS)
    seen_at = world.clock.advance(60)
    settled(broker)
    world.clock.advance(600)
    assert (only(broker).state, only(broker).since, only(broker).machine) == ("lost", seen_at, "gpu-02")
    assert only(world.broker()).since == seen_at


def test_a_machine_that_reports_again_has_its_route_back_and_a_later_loss_its_own_time(
    world: World, broker: Broker
) -> None:
    world.launcher.listen(ADAS)
    settled(broker)

    def lost() -> datetime | None:
        world.launcher.lose(ADAS)
        world.probe.found = Reach.NOTHING
        world.clock.advance(60)
        eventually(lambda: not broker.routing().routes, what="it is seen not to answer")
        return only(broker).since

    first = lost()
    world.launcher.report_again(ADAS)
    assert [each.container_id for each in broker.routing().routes] == [ADAS]
    second = lost()
    assert first is not None
    assert second == first + timedelta(seconds=60)


def test_what_is_lost_keeps_its_route_while_it_answers(world: World, broker: Broker) -> None:
    """An engine that is away, or a list that fails, cuts nobody off who still works."""
    world.launcher.listen(ADAS)
    before = broker.routing()
    world.launcher.lose(ADAS)
    knocked = world.probe.knocks
    for number in range(1, 4):
        assert broker.routing() == before
        eventually(lambda wanted=knocked + number: world.probe.knocks >= wanted, what="it is asked again")  # type: ignore[misc]
    assert broker.container(ADAS).container.state is ContainerState.LOST


@pytest.mark.parametrize("reach", [Reach.NOTHING, Reach.LISTENING], ids=["nobody", "a stranger on its port"])
def test_what_is_lost_has_no_route_once_another_or_nobody_answers_until_it_does_again(
    world: World, broker: Broker, reach: Reach
) -> None:
    world.launcher.listen(ADAS)
    before = broker.routing()
    world.launcher.lose(ADAS)
    world.probe.found = reach
    eventually(lambda: not broker.routing().routes, what="it has no route")
    assert only(broker).state == "lost"
    world.probe.found = Reach.ANSWERING
    eventually(lambda: broker.routing() == before, what="it has its route again")


def test_what_was_never_ready_or_is_to_end_has_no_route_when_it_is_lost(world: World, broker: Broker) -> None:
    world.probe.found = Reach.LISTENING
    world.launcher.listen(ADAS)
    settled(broker)
    world.launcher.lose(ADAS)
    world.probe.found = Reach.ANSWERING
    assert only(broker).state == "lost"
    world.launcher.report_again(ADAS)
    assert broker.routing().routes
    world.launcher.lose(ADAS)
    assert broker.routing().routes
    broker.stop(ADAS)
    assert only(broker).state == "lost"


CHANGES: list[Callable[[World], object]] = [
    lambda world: world.launcher.held[ADAS],
    lambda world: world.launcher.lose(ADAS),
    lambda world: world.launcher.fail(ADAS),
    lambda world: world.launcher.stop(world.launcher.held[ADAS].launch_id, grace=timedelta(seconds=10)),
]


@pytest.mark.parametrize("change", CHANGES, ids=["starting", "lost", "failed", "stopping"])
def test_the_table_is_unchanged_while_its_states_stay(
    world: World, broker: Broker, change: Callable[[World], object]
) -> None:
    client = create_app(broker, TOKENS, CollectorRegistry()).test_client()
    change(world)
    tag = _ask(client, "").headers["ETag"]
    world.clock.advance(3600)
    assert _ask(client, tag).status_code == 304
    world.launcher.end(ADAS)
    assert _ask(client, tag).status_code == 200


def _ask(client: FlaskClient, tag: str) -> TestResponse:
    return client.get("/v1/routes", headers={"Authorization": f"Bearer {TOKENS.proxy}", "If-None-Match": tag})
