"""With the generated rules containers reach the internet, name servers and what is allowed; and the door alone reaches them."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.docker.containers import notebook, status
from tests.docker.firewall_world import PAIR, World, address, apply, scanned, scanned_by, world
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.lan import inside
from tests.fakes.engines.shell import wait_for
from tests.require import require

pytestmark = pytest.mark.docker
V6_PORT = "tcp/fd77::1/31002"


def answering(engine: Engine) -> bool:
    return status(engine) == 200


def listed(engine: Engine) -> str:
    return inside(engine.namespace, "nft", "-s", "list", "table", "inet", "shiva")


@pytest.fixture(scope="module")
def unguarded(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All there is, and no rule yet."""
    require("docker", present=shutil.which("nft") is not None, reason="nft is not installed (apt-get install nftables)")
    with world(engines, tmp_path_factory.mktemp("world")) as built:
        for engine in (built.one, built.two):
            wait_for(partial(answering, engine), "containers answer")
        yield built


@pytest.fixture(scope="module")
def open_pair(unguarded: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A container, and a neighbour's port: on a bridge whose containers the engine itself lets meet, and the rules' `allowed` too."""
    one, folder = unguarded.one, tmp_path_factory.mktemp("pair")
    bridge = ("--subnet", PAIR, "--opt", "com.docker.network.bridge.name=shiva1")
    one.docker("network", "create", *bridge, "open")
    first, second = (notebook(one, folder, port=port, network="open") for port in (31010, 31011))
    wait_for(lambda: status(one, port=31011) == 200, "the neighbour answers")
    return first, f"tcp/{address(one, second, 'open')}/8888"


@pytest.fixture(scope="module")
def before(unguarded: World, open_pair: tuple[str, str]) -> dict[str, list[str]]:
    """What was reached without the rules: the proof that the scans see."""
    stranger, (first, second) = unguarded.lan.name("stranger"), open_pair
    return {
        "mine": scanned(unguarded.one, unguarded.mine, unguarded.services),
        "pair": scanned(unguarded.one, first, [second]),
        "stranger": scanned_by(stranger, f"tcp/{unguarded.one.address}/31000", V6_PORT),
    }


@pytest.fixture(scope="module")
def guarded(unguarded: World, before: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same with the rules; on machine two they came before its engine, as at boot."""
    assert before
    folder = tmp_path_factory.mktemp("rules")
    apply(unguarded.one, unguarded.config(), folder)
    unguarded.two.stop()
    apply(unguarded.two, unguarded.config(), folder)
    unguarded.two.start()
    return unguarded


def test_without_rules_a_container_reaches_everything(unguarded: World, before: dict[str, list[str]]) -> None:
    assert before["mine"] == unguarded.services
    assert len(before["pair"]) == 1
    assert len(before["stranger"]) == 2


def test_a_container_reaches_what_is_allowed_and_nothing_else(guarded: World) -> None:
    neighbour = f"tcp/{address(guarded.one, guarded.neighbour)}/8888"
    targets = [*guarded.services, neighbour]
    assert set(scanned(guarded.one, guarded.mine, targets)) == set(guarded.wanted)


def test_rules_that_came_before_the_engine_hold_as_well(guarded: World) -> None:
    targets = [f"tcp/{guarded.one.address}/31000", f"tcp/{guarded.two.address}/9100", *guarded.wanted]
    assert scanned(guarded.two, guarded.far, targets) == guarded.wanted


def test_neighbours_are_apart_even_where_engine_and_configuration_let_them_meet(
    guarded: World, open_pair: tuple[str, str]
) -> None:
    container, neighbour = open_pair
    assert scanned(guarded.one, container, [neighbour, *guarded.wanted[:1]]) == guarded.wanted[:1]


def test_the_door_and_the_machine_itself_reach_containers_and_no_other_host_does(guarded: World) -> None:
    published = f"tcp/{guarded.one.address}/31000"
    stranger, bridged = guarded.lan.name("stranger"), address(guarded.one, guarded.mine)
    inside(stranger, "ip", "route", "replace", bridged, "via", guarded.one.address)
    assert [status(guarded.one), status(guarded.two)] == [200, 200]
    assert scanned_by(guarded.one.namespace, published) == [published]
    assert scanned_by(stranger, published, V6_PORT, f"tcp/{bridged}/8888", f"tcp/{guarded.one.address}/22") == [
        f"tcp/{guarded.one.address}/22"
    ]


def test_applied_twice_and_after_a_restart_of_the_engine_the_rules_are_the_same(guarded: World, tmp_path: Path) -> None:
    first = listed(guarded.one)
    apply(guarded.one, guarded.config(), tmp_path)
    assert listed(guarded.one) == first
    guarded.one.restart(live_restore=True)
    assert listed(guarded.one) == first
    targets = [f"tcp/{guarded.one.address}/9100", f"tcp/{guarded.two.address}/31000", *guarded.wanted]
    assert scanned(guarded.one, guarded.mine, targets) == guarded.wanted
    assert status(guarded.one) == 200


def test_a_site_without_internet_closes_it_and_keeps_what_is_allowed(guarded: World, tmp_path: Path) -> None:
    apply(guarded.two, guarded.config(internet=False), tmp_path)
    assert scanned(guarded.two, guarded.far, guarded.wanted) == guarded.wanted[1:]
