"""Whatever a container answers, the next request of anybody gets its own answer: a nonce in each tells."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.fakes.hostile import HOSTILE, STOLEN, Mixed
from tests.fakes.interleaving import asked, interleaved
from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import World, in_world, until
from tests.fakes.raw_door import RawDoor, Stage, replies
from tests.fakes.raw_upstream import Answering, Message, plain, raw_upstream


@pytest.mark.parametrize("hangs_up", [True, False])
@pytest.mark.parametrize("trick", HOSTILE, ids=lambda trick: repr(trick[:70]))
def test_no_trick_reaches_the_next_request(stage: Stage, trick: str, hangs_up: bool) -> None:
    async def use(door: RawDoor) -> None:
        door.ken.answers, door.ken.closes = [trick.encode("latin-1")], hangs_up
        reader, writer = await door.connection()
        writer.write(
            door.head("GET /user/ken/trick HTTP/1.1") + door.head("GET /user/ken/second HTTP/1.1", "Connection: close")
        )
        await until(lambda: door.ken.messages)
        await door.settled()  # another client's request gets its own
        waits = not reader.at_eof() and len(door.ken.messages) < 2  # for the rest of what is no whole answer
        if waits:
            for one in door.ken.writers:
                one.close()
        try:
            got = await asyncio.wait_for(reader.read(), 5)
        except ConnectionError:
            got = b""
        writer.close()
        found, _ = replies(got)
        finals = [one for one in found if one.status >= 200]
        assert len(finals) <= 2
        cut = waits and [one.status for one in finals[1:]] == [503]  # the second came just in time to be closed too
        assert cut or [one.body for one in finals[1:]] in ([], [b"GET /user/ken/second 0"])
        assert len(found) - len(finals) <= 10
        assert not any(one.status == 101 for one in found)
        assert all(b"HTTP/1.1" not in one.body for one in finals)
        await door.settled()

    stage.run(use)


def test_a_thousand_interleaved_requests_each_get_their_own_answer() -> None:
    in_world(lambda world: interleaved(world, 1200))


@pytest.mark.parametrize("trick", ["", STOLEN, STOLEN * 2, "HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n" + STOLEN])
def test_a_port_that_another_persons_container_took_over_answers_nobody_else(trick: str) -> None:
    async def use(world: World) -> None:
        ada, ken = await world.login("ada"), await world.login("ken")
        port = 0
        for round_number in range(4):
            first, second = (("ada", ada), ("ken", ken))[:: 1 if round_number % 2 else -1]
            for name, cookie in (first, second):
                async with AsyncExitStack() as stack:
                    standing = await stack.enter_async_context(raw_upstream(_guarded(name, trick), port=port))
                    port = standing.port
                    world.broker.routes = [route(name, standing.url, key=f"token of {name}")]
                    missing = await world.login("nobody")
                    assert (await world.ask("GET", "/user/nobody/x", missing)).status == 404  # routes are pulled
                    client = await asked(world, None, name, cookie, f"{round_number}-a", "GET")
                    await asked(world, client, name, cookie, f"{round_number}-b", "GET")
                    other = ("ken", ken) if name == "ada" else ("ada", ada)
                    refused = await world.ask("GET", f"/user/{other[0]}/x", other[1])
                    assert (refused.status, refused.facts["code"]) == (404, "not-running")
                    assert {one.target.split("/")[2] for one in standing.messages} == {name}
                    assert {one.values("authorization")[0] for one in standing.messages} == {f"token token of {name}"}
                    trick_client = await world.client()
                    trick_client.writer.write(
                        f"GET /user/{name}/trick HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode()
                    )
                    await until(lambda: standing.messages[-1].target.endswith("/trick"))  # noqa: B023
                    trick_client.writer.close()

    in_world(use)


def _guarded(name: str, trick: str) -> Answering:
    """Return a container's answers; it asks for its token as Jupyter does."""
    honest = Mixed(name, iter([trick] * 1000)).answer

    def answer(message: Message) -> bytes:
        if message.values("authorization") != [f"token token of {name}"]:
            return b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
        return honest(message)

    return answer


@pytest.mark.parametrize(
    "cookie",
    [
        "shiva-session=x; Path=/", "Shiva-Session=x", " shiva-session=x", "__Host-shiva-session=x; Secure; Path=/", "__Secure-shiva-session=x; Secure",
        "\tshiva-session=x", "shiva-session =x", "shiva-session\t=x", "a=b; Domain=localhost", "a=b; Domain=.localhost; Path=/", "a=b; DOMAIN=example.org", "a=b;domain", "a=b; domain =x",
        "=x", "=shiva-session=x", "x", "", "=", ";", "; shiva-session=x", "=__Host-shiva-session=x", "a=b;\tDomain=x", "a=b; Path=/; Domain=x; Domain=",
    ],
)  # fmt: skip
def test_no_container_sets_a_cookie_that_is_not_its_own(stage: Stage, cookie: str) -> None:
    async def use(door: RawDoor) -> None:
        head = f"HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\nsEt-cOokie: {cookie}\r\nSet-Cookie: own=1\r\nContent-Length: 0\r\n\r\n"
        door.ken.answers = [head.encode()]
        raw = await door.until_closed(door.head("GET /user/ken/x HTTP/1.1", "Connection: close"))
        said = [line for line in raw.split(b"\r\n") if line.lower().startswith(b"set-cookie")]
        assert said == [b"set-cookie: own=1; Path=/user/ken/"]

    stage.run(use)


def test_a_plain_container_is_answered_plainly_after_all_of_this(stage: Stage) -> None:
    async def use(door: RawDoor) -> None:
        door.ken.answer = plain
        found, _ = await door.talk(door.head("GET /user/ken/x HTTP/1.1"), methods="G")
        assert [one.body for one in found] == [b"GET /user/ken/x 0"]

    stage.run(use)
