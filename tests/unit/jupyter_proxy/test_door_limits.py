"""What one client may take, and whom the door believes about clients."""

import asyncio
from datetime import timedelta

from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import PATIENCE, Client, World, in_world, start, until
from tests.fakes.raw_upstream import raw_upstream


def test_one_address_has_so_many_connections_and_gets_them_back() -> None:
    async def use(world: World) -> None:
        first, second = await world.client(), await world.client()
        for client in (first, second):
            assert (await client.ask("GET", "/-/health", world.headers())).status == 200
        third = await world.client()
        assert (await third.answer()).status == 429
        first.writer.close()
        third.writer.close()
        async with asyncio.timeout(PATIENCE):
            while True:
                again = await world.client()
                if (await again.ask("GET", "/-/health", world.headers())).status == 200:
                    break
                again.writer.close()
                await asyncio.sleep(0.01)  # a refused one counts until its end is noticed

    in_world(use, connections_per_client=2)


def test_an_idle_connection_is_closed() -> None:
    async def use(world: World) -> None:
        client = await world.client()
        assert (await client.ask("GET", "/-/health", world.headers())).status == 200
        assert await client.closed() == b""

    in_world(use, idle_timeout=timedelta(seconds=0.05))


def test_slow_heads_are_408_however_many_and_whatever_came_before() -> None:
    async def use(world: World) -> None:
        ada = await world.login("ada")
        raw = start(world, ada, "GET /user/ada/slow")

        async def dripped(earlier: int) -> tuple[int, str, bytes]:
            client = await world.client()
            for _ in range(earlier):
                assert (await client.ask("GET", "/user/ada/x", world.headers(ada))).status == 200
            dripping = asyncio.create_task(drip(client))
            answer = await client.answer()
            dripping.cancel()
            return answer.status, answer.value("connection"), await client.closed()

        async def drip(client: Client) -> None:
            for byte in raw[:-1]:
                client.writer.write(bytes([byte]))
                await asyncio.sleep(0.01)

        outcomes = await asyncio.gather(*(dripped(earlier) for earlier in [0, 1, 3] * 10))
        assert outcomes == [(408, "close", b"")] * 30
        assert [target for _, target in world.container.seen].count("/user/ada/slow") == 0

    in_world(use, head_timeout=timedelta(seconds=0.3))


def test_a_head_is_as_large_as_the_setting_says() -> None:
    async def use(world: World) -> None:
        async with raw_upstream() as ken:
            world.broker.routes = [route("ken", ken.url)]
            answer = await world.ask("GET", "/user/ken/x", await world.login("ken"), x_large="x" * 600_000)
            assert answer.status == 200

    in_world(use, max_head_bytes=2**20)


def test_more_headers_than_the_setting_says_are_too_many() -> None:
    async def use(world: World) -> None:
        answer = await world.ask("GET", "/-/health", accept="*/*", x_a="1", x_b="2")
        assert answer.status == 431

    in_world(use, max_headers=4)


def test_what_a_client_says_of_itself_counts_only_from_a_proxy_of_ours() -> None:
    async def told(world: World, origin: str) -> tuple[str, str]:
        answer = await world.ask(
            "GET", "/user/ada/x", await world.login("ada"), origin=origin,
            x_forwarded_for="198.51.100.1, 192.0.2.7", x_forwarded_proto="https",
        )  # fmt: skip
        said = {name.lower(): value for name, value in answer.facts["headers"]}
        return said["x-forwarded-for"], said["x-forwarded-proto"]

    async def stranger(world: World) -> None:
        assert await told(world, world.origin) == ("127.0.0.1", "http")

    async def proxy(world: World) -> None:
        assert await told(world, f"https://localhost:{world.port}") == ("192.0.2.7", "https")

    in_world(stranger)
    in_world(proxy, trusted_proxies=("127.0.0.0/8",))


def test_what_is_under_way_ends_in_peace_when_the_door_closes() -> None:
    answered: list[int] = []
    late: list[asyncio.Task[None]] = []

    async def use(world: World) -> None:
        world.container.taking.clear()
        client = await world.client()
        body = b"x" * 100_000
        client.writer.write(
            start(world, await world.login("ada"), "POST /user/ada/x", f"Content-Length: {len(body)}") + body
        )
        await until(lambda: world.container.seen)

        async def finish() -> None:
            await asyncio.sleep(0.05)
            world.container.taking.set()
            answer = await client.answer()
            answered.append(answer.status)
            assert answer.value("connection") == "close"
            client.writer.close()

        late.append(asyncio.create_task(finish()))
        world.clients.remove(client)

    in_world(use, drain=timedelta(seconds=10))
    assert answered == [200]
