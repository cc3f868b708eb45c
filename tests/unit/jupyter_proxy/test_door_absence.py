"""Containers that are known and not reached: what people, programs and sockets are told, and how a tab heals."""

import asyncio
import re
from typing import Any

import pytest

from tests.fakes.proxy_broker import FakeBroker, route, unrouted
from tests.fakes.proxy_door import Answer, World, in_world

LOST = unrouted("ken", "lost", machine="gpu-02", since="2026-11-23T14:02:33.120Z")
SOCKET: dict[str, Any] = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec_websocket_version": "13",
    "sec_websocket_key": "a" * 22 + "==",
}
PORT = 8000
APP, NOTEBOOKS = f"app.localhost:{PORT}", f"nb.localhost:{PORT}"
HOSTS = {"origins": "hosts", "hosts": ("app.localhost",), "notebook_hosts": ("nb.localhost",), "public_port": PORT}


async def asked(world: World, told: list[dict[str, Any]], person: str = "ken") -> tuple[Answer, Answer, Answer]:
    """Return what a person who visits Ken's container gets: as a page, as a program and for a socket."""
    world.broker.unrouted = told
    cookie, path = await world.login(person), "/user/ken/lab?x=1"
    return (
        await world.ask("GET", path, cookie, page=True),
        await world.ask("GET", path, cookie),
        await world.ask("GET", path, cookie, accept="text/html", **SOCKET),
    )


def said(*answers: Answer) -> set[tuple[int, str, str]]:
    """Return statuses, codes and Retry-After of problems."""
    assert all(answer.value("content-type") == "application/problem+json" for answer in answers)
    return {(answer.status, answer.facts["code"], answer.value("retry-after")) for answer in answers}


def test_a_container_that_starts_has_a_page_that_goes_on_by_itself() -> None:
    async def use(world: World) -> None:
        page, *programs = await asked(world, [unrouted("ken", "starting", since="2026-11-23T14:02:00Z")])
        assert (page.status, page.value("retry-after"), page.value("cache-control")) == (503, "2", "no-store")
        assert b"<h1>Your container is starting</h1>" in page.body
        assert b'retry.js" defer data-wanted="/user/ken/lab?x=1"' in page.body
        assert b"<button" not in page.body
        assert "frame-ancestors 'none'" in page.value("content-security-policy")
        assert said(*programs) == {(503, "container-starting", "2")}

    in_world(use)


def test_a_lost_machine_is_named_with_the_time_and_a_start() -> None:
    async def use(world: World) -> None:
        page, *programs = await asked(world, [LOST])
        assert (page.status, page.value("retry-after")) == (503, "2")
        since = b'<time datetime="2026-11-23T14:02:33Z">2026-11-23 14:02 UTC</time>'
        assert b"<h1>The machine gpu-02 is unreachable since " + since + b"</h1>" in page.body
        assert b"Your files are safe" in page.body
        assert b'id="start" data-wanted="/user/ken/lab?x=1" data-name="default"' in page.body
        assert said(*programs) == {(503, "machine-unreachable", "2")}
        assert programs[0].facts["parameters"] == {
            "name": "default", "machine": "gpu-02", "since": "2026-11-23T14:02:33Z",
        }  # fmt: skip
        assert "Your files are safe." in programs[0].facts["detail"]

    in_world(use)


@pytest.mark.parametrize("since", [None, "2026-11-23T14:02:00"])
def test_a_loss_of_unknown_time_claims_none(since: str | None) -> None:
    async def use(world: World) -> None:
        page, data, _ = await asked(world, [LOST | {"since": since}])
        assert b"gpu-02 is unreachable</h1>" in page.body
        assert b"<time" not in page.body
        assert data.facts["parameters"]["since"] is None
        assert data.facts["detail"].startswith("gpu-02 has not been heard of. Your files are safe.")

    in_world(use)


@pytest.mark.parametrize("state", ["stopping", "failed", "hibernating", ""])
def test_another_state_is_not_running_and_a_known_one_is_started_by_its_name(state: str) -> None:
    async def use(world: World) -> None:
        page, *programs = await asked(world, [unrouted("ken", state)])
        assert (page.status, b"Your container is not running" in page.body) == (404, True)
        assert b'data-name="default"' in page.body
        assert said(*programs) == {(404, "not-running", "")}
        nothing_known, *_ = await asked(world, [])
        assert (nothing_known.status, b'data-name=""' in nothing_known.body) == (404, True)

    in_world(use)


def test_why_a_container_failed_is_said() -> None:
    async def use(world: World) -> None:
        page, data, _ = await asked(world, [unrouted("ken", "failed", reason="Jupyter <ended>.")])
        assert b'<p lang="en">Jupyter &lt;ended&gt;.</p>' in page.body
        assert data.facts["detail"].startswith("Jupyter <ended>. Your files are safe.")
        assert data.facts["parameters"]["reason"] == "Jupyter <ended>."

    in_world(use)


@pytest.mark.parametrize(
    "machine", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ wanted }}", "é"]
)
def test_a_machines_name_is_text(machine: str) -> None:
    async def use(world: World) -> None:
        page, data, _ = await asked(world, [LOST | {"machine": machine}])
        assert page.status == data.status == 503
        assert [part for part in (b"<script>alert", b"<img", b"/user/ken/lab?x=1 is") if part in page.body] == []
        assert data.facts["parameters"]["machine"] == machine

    in_world(use)


@pytest.mark.parametrize("state", ["starting", "lost", "failed", "stopping"])
def test_a_stranger_learns_nothing(state: str) -> None:
    async def use(world: World) -> None:
        told = [unrouted("ken", state, machine="gpu-02", reason="secret reason")]
        page, *programs = await asked(world, told, person="ada")
        await world.login("ken")
        assert (page.status, b"not yours" in page.body) == (403, True)
        assert said(*programs) == {(403, "not-yours", "")}
        assert b"gpu-02" not in page.body + programs[0].body
        assert b"secret" not in page.body + programs[0].body

    in_world(use)


def test_who_is_admitted_waits_too_and_cannot_start_it() -> None:
    async def use(world: World) -> None:
        world.broker.unrouted = [LOST | {"admits": ["ada"]}]
        assert (await world.ask("GET", "/user/ken/", await world.login("ken"))).status == 503  # the table is pulled
        page, *programs = await asked(world, [LOST | {"admits": ["ada"]}], person="ada")
        assert (page.status, b"gpu-02" in page.body, b"<button" in page.body) == (503, True, False)
        assert said(*programs) == {(503, "machine-unreachable", "2")}
        page, *programs = await asked(world, [unrouted("ken", "failed", admits=["ada"])], person="ada")
        assert (page.status, b"Its owner can start it" in page.body, b"<button" in page.body) == (404, True, False)
        page, *programs = await asked(world, [], person="ada")
        assert said(*programs) == {(403, "not-yours", "")}

    in_world(use)


@pytest.mark.parametrize("state", ["starting", "lost", "failed"])
def test_a_container_that_becomes_ready_is_reached_at_the_next_try(state: str) -> None:
    async def use(world: World) -> None:
        await asked(world, [unrouted("ken", state)])
        world.broker.unrouted, world.broker.routes = [], [route("ken", world.container.url)]
        assert (await world.ask("GET", "/user/ken/echo", await world.login("ken"))).status == 200

    in_world(use)


def test_a_container_whose_machine_is_lost_under_an_open_tab_is_told_at_the_next_request() -> None:
    async def use(world: World) -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        ken = await world.login("ken")
        world.broker.routes = [route("ken", f"http://127.0.0.1:{port}")]
        assert said(await world.ask("GET", "/user/ken/lab", ken)) == {(503, "not-answering", "2")}
        world.broker.routes = []
        assert said(*(await asked(world, [LOST]))[1:]) == {(503, "machine-unreachable", "2")}

    in_world(use)


def test_a_named_container_that_starts_is_not_taken_for_a_path_of_the_default_one() -> None:
    async def use(world: World) -> None:
        ada, client = await world.login("ada"), await world.client()

        async def status(path: str) -> int:
            return (await client.ask("GET", path, world.headers(ada))).status

        assert await status("/user/ada/echo") == 200
        world.broker.unrouted = [unrouted("ada", "starting", name="gpu")]
        assert (await world.ask("GET", "/user/ken/", await world.login("ken"))).status == 404  # a miss pulls the table
        assert [await status(f"/user/ada/{path}") for path in ("echo", "gpu/echo", "echo")] == [200, 503, 200]

    in_world(use)


def without_token(page: bytes) -> bytes:
    """Return a page without what differs from session to session."""
    return re.sub(rb'data-csrf="[^"]*"', b"", page)


def test_while_the_broker_is_away_the_last_it_said_stands() -> None:
    async def use(world: World) -> None:
        page, *_ = await asked(world, [LOST])
        world.broker.status = 500
        again, *programs = await asked(world, [])
        assert without_token(again.body) == without_token(page.body)
        assert said(*programs) == {(503, "machine-unreachable", "2")}

    in_world(use)


@pytest.mark.parametrize(
    "told",
    [
        None, {}, "x", 7, [None], ["x"], [[]], [{}], [LOST | {"prefix": None}, {"prefix": "/user/ken/"}], [LOST | {"since": 7}],
        [LOST | {"since": "yesterday"}], [LOST | {"since": "0001-01-01T00:00:00+12:00"}], [LOST | {"admits": "ada"}],
        [LOST | {"machine": "\ud800"}],
    ],
    ids=ascii,
)  # fmt: skip
def test_an_older_or_a_confused_broker_keeps_nobody_from_working(told: Any) -> None:
    async def use(world: World) -> None:
        world.broker.routes = [route("ada", world.container.url)]
        page, *programs = await asked(world, told)
        assert (page.status, said(*programs)) == (404, {(404, "not-running", "")})
        assert (await world.ask("GET", "/user/ada/echo", await world.login("ada"))).status == 200
        assert (await world.ask("GET", "/-/health")).facts["broker_answers"]

    in_world(use)


def test_unknown_members_are_read_over() -> None:
    async def use(world: World) -> None:
        page, *_ = await asked(world, [LOST | {"a later member": {"x": 1}}])
        assert page.status == 503

    in_world(use)


def test_what_is_unchanged_is_not_sent_again() -> None:
    async def use(world: World) -> None:
        broker: FakeBroker = world.broker
        await asked(world, [LOST])
        del broker.asked[:]
        await asked(world, [LOST])
        assert broker.asked
        assert set(broker.asked) == {304}

    in_world(use)


@pytest.mark.parametrize("script", ["retry.js", "local-time.js", "notice.js"])
def test_the_pages_scripts_are_ours_and_served(script: str) -> None:
    async def use(world: World) -> None:
        answer = await world.ask("GET", f"/-/assets/{script}")
        assert (answer.status, b'"use strict"' in answer.body) == (200, True)

    in_world(use)


# notebooks on another host than the dashboard


def at(host: str) -> dict[str, Any]:
    return {"host": host, "origin": f"http://{host}"}


async def entered(world: World, person: str) -> tuple[str, str]:
    """Return a person's cookies of the dashboard's host and of the notebooks' host."""
    own = await world.login(person, **at(APP))
    first = await world.ask("GET", f"/user/{person}/", page=True, **at(NOTEBOOKS))
    state = first.value("set-cookie").partition(";")[0]
    made = await world.ask("GET", first.value("location").removeprefix(f"http://{APP}"), own, page=True, **at(APP))
    enter = made.value("location").removeprefix(f"http://{NOTEBOOKS}")
    inside = await world.ask("GET", enter, state, page=True, **at(NOTEBOOKS))
    return own, inside.value("set-cookie").partition(";")[0]


def test_with_two_hosts_a_start_waits_where_it_is_and_a_loss_is_told_where_it_can_be_started() -> None:
    async def use(world: World) -> None:
        app, notebooks = await entered(world, "ken")
        world.broker.unrouted = [unrouted("ken", "starting")]
        waits = await world.ask("GET", "/user/ken/lab", notebooks, page=True, **at(NOTEBOOKS))
        assert (waits.status, b"is starting" in waits.body) == (503, True)
        world.broker.unrouted = [LOST]
        away = await world.ask("GET", "/user/ken/lab", notebooks, page=True, **at(NOTEBOOKS))
        assert (away.status, away.value("location")) == (302, f"http://{APP}/-/start?wanted=%2Fuser%2Fken%2Flab")
        shown = await world.ask("GET", "/-/start?wanted=%2Fuser%2Fken%2Flab", app, page=True, **at(APP))
        assert (shown.status, b"The machine gpu-02" in shown.body) == (503, True)
        assert shown.body.count(b'data-wanted="/user/ken/lab"') == 2  # where Start goes on to, and the retry
        sockets = [
            await world.ask("GET", "/user/ken/x", notebooks, accept="text/html", **SOCKET, **at(NOTEBOOKS)),
            await world.ask("GET", "/user/ken/x", notebooks, **at(NOTEBOOKS)),
        ]
        assert said(*sockets) == {(503, "machine-unreachable", "2")}

    in_world(use, **HOSTS)


def test_with_two_hosts_the_page_that_starts_tells_a_stranger_nothing() -> None:
    async def use(world: World) -> None:
        app, notebooks = await entered(world, "ada")
        world.broker.unrouted = [LOST]
        _, ken = await entered(world, "ken")
        own = await world.ask("GET", "/user/ken/lab", ken, **at(NOTEBOOKS))
        assert said(own) == {(503, "machine-unreachable", "2")}  # the table knows it
        shown = await world.ask("GET", "/-/start?wanted=%2Fuser%2Fken%2Flab", app, page=True, **at(APP))
        assert (shown.status, b"gpu-02" in shown.body) == (403, False)
        program = await world.ask("GET", "/user/ken/lab", notebooks, **at(NOTEBOOKS))
        assert said(program) == {(403, "not-yours", "")}

    in_world(use, **HOSTS)


def test_a_door_that_has_heard_of_no_route_yet_says_so_to_everybody() -> None:
    async def use(world: World) -> None:
        for person in ("ken", "ada"):
            page, *programs = await asked(world, [], person)
            assert page.status == 503
            assert b"<h1>Shiva has just started</h1>" in page.body
            assert b'data-wanted="/user/ken/lab?x=1"' in page.body
            assert said(*programs) == {(503, "routes-unknown", "2")}

    in_world(use, broker_url="http://127.0.0.1:9")
