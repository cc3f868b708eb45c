"""Nothing that is remembered grows with how many send it."""

import asyncio
import gc

from shiva_jupyter_proxy.callers import MOST, Caller
from shiva_jupyter_proxy.domain.memory import keep

from tests.fakes.proxy_door import World, in_world, start


def test_no_more_is_kept_than_was_said() -> None:
    memory: dict[int, int] = {}
    for number in range(1000):
        assert keep(memory, number, -number, most=7) == -number
        assert memory[number] == -number
        assert len(memory) <= 7


def test_many_addresses_with_the_same_header_lines_are_not_all_kept() -> None:
    async def use(world: World) -> None:
        raw = start(world, await world.login("ada"), "GET /user/ada/x", "Connection: close")
        for number in range(2 * MOST):
            own = (f"127.{number >> 8}.{number & 255}.1", 0)
            reader, writer = await asyncio.open_connection("127.0.0.1", world.port, local_addr=own)
            writer.write(raw)
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
            writer.close()
        gc.collect()
        assert sum(isinstance(each, Caller) for each in gc.get_objects()) <= MOST + 2

    in_world(use)
