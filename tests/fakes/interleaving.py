"""Honest and dishonest containers at the same door, and people who must each get their own answer."""

import asyncio
import contextlib
import itertools
from contextlib import AsyncExitStack

from tests.fakes.hostile import HOSTILE, Mixed
from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import Client, World
from tests.fakes.raw_upstream import RawUpstream, raw_upstream

GIVES_UP = 0.05  # seconds that a client waits for the rest of a trick
PEOPLE = ("ada", "ken", "grace", "linus")


async def containers(stack: AsyncExitStack, names: tuple[str, ...]) -> dict[str, RawUpstream]:
    """Stand one for each person; all of them play tricks when asked for one."""
    standing: dict[str, RawUpstream] = {}
    for number, name in enumerate(names):
        tricks = itertools.cycle([*HOSTILE[number * 7 :], *HOSTILE[: number * 7]])  # each begins elsewhere
        standing[name] = await stack.enter_async_context(raw_upstream(Mixed(name, tricks).answer))
        standing[name].closing = number % 2 == 0
    return standing


async def tricked(world: World, client: Client | None, name: str, cookie: str, nonce: str) -> Client | None:
    """Ask for a trick on a kept connection or a new one, and take whatever comes; return the connection if it is still good."""
    client = client or await world.client()
    try:
        async with asyncio.timeout(GIVES_UP):
            answer = await client.ask("GET", f"/user/{name}/trick/{nonce}", world.headers(cookie))
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
        answer = None
    good = answer is not None and answer.status >= 200 and answer.value("connection") != "close"
    if good:
        return client
    client.writer.close()
    world.clients.remove(client)
    return None


async def asked(world: World, client: Client | None, name: str, cookie: str, nonce: str, method: str) -> Client:
    """Ask honestly: the answer is this person's, to this very request."""
    path, body = f"/user/{name}/{nonce}", nonce.encode() if method == "POST" else b""
    fresh = client is None
    client = client or await world.client()
    try:
        answer = await client.ask(method, path, world.headers(cookie), body)
    except (asyncio.IncompleteReadError, ConnectionError):
        assert not fresh, "a new connection broke"
        return await asked(world, None, name, cookie, nonce, method)
    assert answer.status == 200, (path, answer)
    assert answer.body == f"{name} {path} {body.decode()}".encode(), (path, answer)
    if answer.value("connection") == "close":
        client.writer.close()
        world.clients.remove(client)
        return await world.client()
    return client


async def one_person(world: World, name: str, requests: int) -> None:
    """Ask again and again, now honestly and now for a trick, over a connection that is kept as long as it is good."""
    cookie, client = await world.login(name), None
    for number in range(requests):
        nonce = f"{name}-{number}" + "x" * (number % 2)
        if number % 3 == 2:
            client = await tricked(world, client, name, cookie, nonce)
        else:
            client = await asked(world, client, name, cookie, nonce, "POST" if number % 5 == 0 else "GET")
    if client is not None:
        with contextlib.suppress(ConnectionError):
            client.writer.close()


async def interleaved(world: World, requests: int) -> None:
    """Let several people ask at the same time, each over several connections, until there were so many requests."""
    async with AsyncExitStack() as stack:
        standing = await containers(stack, PEOPLE)
        world.broker.routes = [route(name, one.url) for name, one in standing.items()]
        assert (
            await world.ask("GET", "/user/nobody/x", await world.login("nobody"))
        ).status == 404  # routes are pulled
        each = requests // (len(PEOPLE) * 3)
        await asyncio.gather(*(one_person(world, name, each) for name in PEOPLE for _ in range(3)))
        for name, one in standing.items():
            assert one.odd == []
            assert {message.target.split("/")[2] for message in one.messages} == {name}
