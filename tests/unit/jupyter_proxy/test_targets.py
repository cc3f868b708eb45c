"""Where a route may lead."""

import logging
from datetime import timedelta

import pytest
from shiva_jupyter_proxy.domain.targets import Targets, networks

from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import World, in_world

CONTROL = frozenset({("192.0.2.10", 8081), ("127.0.0.1", 8082)})
STRICT = Targets(allowed=(), control=CONTROL)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.8.8.8", "::1", "169.254.169.254", "fe80::1", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "::ffff:127.0.0.1", "240.0.0.1"],
)  # fmt: skip
def test_this_machine_and_its_neighbours_by_chance_are_no_place_for_a_container(host: str) -> None:
    assert STRICT.refuses(host, 31742)


@pytest.mark.parametrize("host", ["10.0.0.7", "192.168.1.20", "192.0.2.10", "2001:db8::7", "gpu-02"])
def test_machines_of_the_network_are(host: str) -> None:
    assert not STRICT.refuses(host, 31742)


def test_a_service_of_ours_is_none_even_where_its_network_is_allowed() -> None:
    allowing = Targets(allowed=networks(("127.0.0.0/8",)), control=CONTROL)
    assert not allowing.refuses("127.0.0.1", 31742)
    assert allowing.refuses("127.0.0.1", 8082)
    assert allowing.refuses("192.0.2.10", 8081)
    assert allowing.refuses("::1", 31742)


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        networks(("10.0.0.0/8", "everywhere"))


def test_a_refused_route_is_left_out_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    async def use(world: World) -> None:
        world.broker.routes.append(route("ken", world.broker.url))
        ken, ada = await world.login("ken"), await world.login("ada")
        assert (await world.ask("GET", "/user/ken/v1/routes", ken)).status == 404
        assert (await world.ask("GET", "/user/ada/x", ada)).status == 200
        assert "route refused" in caplog.messages

    caplog.set_level(logging.ERROR)
    in_world(use, drain=timedelta(0))


def test_a_name_that_leads_to_a_service_of_ours_is_noticed_when_it_is_resolved() -> None:
    async def use(world: World) -> None:
        world.broker.routes.append(route("ken", world.broker.url.replace("127.0.0.1", "localhost")))
        asked = len(world.broker.asked)
        answer = await world.ask("GET", "/user/ken/v1/routes", await world.login("ken"))
        assert (answer.status, answer.facts["code"]) == (503, "not-answering")
        assert set(world.broker.asked[asked:]) <= {200, 304}, "the door's own questions alone"

    in_world(use)
