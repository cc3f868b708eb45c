"""Logout ends a session in every process of a door: its cookie, its sockets, and what it left on disk tells the next one."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from tests.fakes.proxy_door import World, cookie_of, world

ENDS_WITHIN = 5.0  # seconds, everywhere


def in_two(folder: Path, use: Callable[[World, World], Awaitable[None]]) -> None:
    """Run a test's body with two doors that share their marks, as workers do."""

    async def within() -> None:
        async with world(state_dir=folder) as one, world(state_dir=folder) as other:
            await use(one, other)

    asyncio.run(within())


def opening(around: World, cookie: str) -> connect:
    """Return what opens Ada's socket."""
    url, origin = f"ws://localhost:{around.port}/user/ada/socket", Origin(around.origin)
    return connect(url, host="127.0.0.1", origin=origin, additional_headers={"Cookie": cookie}, proxy=None)


async def ended(socket: ClientConnection) -> bool:
    """Whether the door ends a socket in time."""
    try:
        await asyncio.wait_for(socket.recv(), ENDS_WITHIN)
    except ConnectionClosed:
        return True
    except TimeoutError:
        return False
    return False


async def status(around: World, cookie: str) -> int:
    return (await around.ask("GET", "/user/ada/x", cookie)).status


def test_logout_refuses_the_cookie_and_closes_the_sockets_in_both_processes(tmp_path: Path) -> None:
    async def use(one: World, other: World) -> None:
        ada, second = await one.login("ada"), await one.login("ada")
        async with opening(one, ada) as here, opening(other, ada) as there, opening(other, second) as kept:
            assert (await one.log_out(ada)).status == 303
            assert await status(one, ada) == 401
            assert all(await asyncio.gather(ended(here), ended(there)))
            assert await status(other, ada) == 401
            await kept.send("still")
            assert await kept.recv() == "still"
        assert (await status(one, second), await status(other, second)) == (200, 200)

    in_two(tmp_path, use)


def test_logout_everywhere_ends_every_session_of_that_person_alone(tmp_path: Path) -> None:
    async def use(one: World, other: World) -> None:
        first, second, ken = await one.login("ada"), await other.login("ada"), await one.login("ken")
        async with opening(one, first) as here, opening(other, second) as there:
            assert (await one.log_out(first, form="everywhere=1")).status == 303
            assert all(await asyncio.gather(ended(here), ended(there)))
        assert [await status(door, cookie) for door in (one, other) for cookie in (first, second)] == [401] * 4
        assert (await one.ask("GET", "/api/v1/me", ken)).status == 200
        assert await status(other, await one.login("ada")) == 200

    in_two(tmp_path, use)


def test_logging_out_everywhere_is_told_to_the_manager_and_said_where_that_fails(tmp_path: Path) -> None:
    async def use(one: World, other: World) -> None:
        first, second = await one.login("ada"), await other.login("ada")
        assert (await one.log_out(first)).status == 303
        assert one.manager.left == []
        assert (await one.log_out(second, form="everywhere=1")).status == 303
        assert one.manager.left == [("ada", "127.0.0.1")]
        third = await one.login("ada")
        one.manager.status = 503
        page = await one.log_out(third, form="everywhere=1")
        assert (page.status, b"perhaps not everywhere" in page.body) == (503, True)
        assert 'shiva-session="";' in page.value("set-cookie")
        assert await status(one, third) == 401

    in_two(tmp_path, use)


def test_what_the_manager_revokes_closes_sockets_in_both_processes_and_no_tab_revives_it(tmp_path: Path) -> None:
    async def use(one: World, other: World) -> None:
        ada, ken = await one.login("ada"), await one.login("ken")
        async with opening(one, ada) as here, opening(other, ada) as there:
            barred = {"name": "ada", "ended_before": None, "barred": True}
            one.manager.people = other.manager.people = [barred]
            assert all(await asyncio.gather(ended(here), ended(there)))
        assert await status(one, ada) == await status(other, ada) == 401
        with pytest.raises(InvalidStatus):
            async with opening(other, ada):
                pass
        one.manager.status = other.manager.status = 500
        assert await status(one, ada) == 401
        assert (await other.ask("GET", "/api/v1/me", ken)).status == 200

    in_two(tmp_path, use)


def test_an_ended_session_is_over_for_a_door_that_starts_later(tmp_path: Path) -> None:
    async def use() -> None:
        async with world(state_dir=tmp_path) as before:
            ada, kept = await before.login("ada"), await before.login("ada")
            await before.log_out(ada)
        async with world(state_dir=tmp_path) as after:
            assert (await status(after, ada), await status(after, kept)) == (401, 200)

    asyncio.run(use())


def test_a_new_login_ends_the_session_that_this_browser_had(tmp_path: Path) -> None:
    async def use(one: World, other: World) -> None:
        before = await one.login("ada")
        answer = await one.log_in("name=ada", before)
        new = cookie_of(answer, "shiva-session")
        assert new != before
        assert await status(one, before) == 401
        assert await status(other, new) == 200

    in_two(tmp_path, use)


def test_logout_from_a_foreign_page_ends_nothing(tmp_path: Path) -> None:
    async def use(one: World, other: World) -> None:
        ada = await one.login("ada")
        assert (await one.ask("POST", "/-/logout", ada, origin="http://evil.example")).status == 403
        assert (await status(one, ada), await status(other, ada)) == (200, 200)

    in_two(tmp_path, use)


def test_a_session_signed_with_the_previous_key_goes_on_after_a_rotation(tmp_path: Path) -> None:
    async def use() -> None:
        async with world(state_dir=tmp_path) as before:
            ada = await before.login("ada")
        async with world(state_dir=tmp_path, session_key="n" * 32, previous_session_key="s" * 32) as after:
            assert await status(after, ada) == 200
            new = await after.login("ada")
        async with world(state_dir=tmp_path, session_key="n" * 32) as later:
            assert (await status(later, ada), await status(later, new)) == (401, 200)

    asyncio.run(use())
