"""However either side ends, and in whichever phase: no socket and no task of the door is left behind."""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import PATIENCE, World, in_world, start, until

SOCKET = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: " + "a" * 22 + "==",
)
AGREED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"
ROUNDS = 10
AGES = 2000  # hundredths of a second: a client that may only have closed its half is waited for


def sockets() -> int:
    """Return how many sockets this process holds, the door's, the containers' and the clients'."""
    count = 0
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # one was the listing's own
            count += os.readlink(f"/proc/self/fd/{number}").startswith("socket:")
    return count


def held() -> tuple[int, int]:
    return sockets(), len(asyncio.all_tasks())


@dataclass
class Container:
    """Takes a head, says what it is told to, and then holds its end until the test lets go."""

    port: int = 0
    says: bytes = b""
    open: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            await reader.readuntil(b"\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()
            return
        self.open += 1
        with contextlib.suppress(ConnectionError):
            writer.write(self.says)
            while await reader.read(2**16):
                pass
        self.open -= 1
        writer.close()

    def end(self, how: str) -> None:
        for writer in self.writers:
            close(writer, how)
        self.writers.clear()


def close(writer: asyncio.StreamWriter, how: str) -> None:
    """End a connection with FIN, or with RST."""
    if how == "RST" and not writer.transport.is_closing():
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    writer.close()


@asynccontextmanager
async def container(says: bytes) -> AsyncIterator[Container]:
    standing = Container(says=says)
    server = await asyncio.start_server(standing.serve, "127.0.0.1", 0)
    standing.port = server.sockets[0].getsockname()[1]
    try:
        yield standing
    finally:
        standing.end("RST")
        server.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """How far a request has come when one side ends."""

    line: str
    more: tuple[str, ...] = ()
    cut: int = 0  # bytes of the head that are not sent
    body: bytes = b""
    says: bytes = b""
    reaches: bool = True  # the container gets the head
    answered: bytes = b""  # the client has seen this


GET, PUT = "GET /user/ken/x", "PUT /user/ken/x"
PHASES = {
    "before a head": Phase(line=GET, cut=10_000, reaches=False),
    "in the head": Phase(line=GET, cut=7, reaches=False),
    "after the head": Phase(line=GET),
    "in a counted body": Phase(line=PUT, more=("Content-Length: 1000000",), body=b"x" * 1000),
    "in a chunked body": Phase(line=PUT, more=("Transfer-Encoding: chunked",), body=b"5\r\nhel"),
    "waiting for permission": Phase(line=PUT, more=("Content-Length: 5", "Expect: 100-continue")),
    "after an interim answer": Phase(line=GET, says=b"HTTP/1.1 103 X\r\n\r\n", answered=b"103"),
    "in the answer's head": Phase(line=GET, says=b"HTTP/1.1 200 OK\r\nContent-"),
    "after the answer's head": Phase(line=GET, says=ANSWER, answered=b"200"),
    "in a counted answer": Phase(line=GET, says=ANSWER + b"x" * 1000, answered=b"200"),
    "in a large answer that nobody reads": Phase(line=GET, says=ANSWER + b"x" * 8_000_000, answered=b"200"),
    "in a chunked answer": Phase(line=GET, says=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", answered=b"200"),
    "in an answer until the end": Phase(line=GET, says=b"HTTP/1.0 200 OK\r\n\r\nhel", answered=b"200"),
    "in an answer while the body comes": Phase(line=PUT, more=("Content-Length: 1000",), body=b"x", says=ANSWER, answered=b"200"),
    "in a tunnel": Phase(line=GET, more=SOCKET, says=AGREED, answered=b"101"),
    "in a tunnel that nobody reads": Phase(line=GET, more=SOCKET, says=AGREED + b"x" * 8_000_000, answered=b"101"),
}  # fmt: skip


async def begin(
    world: World, cookie: str, phase: Phase, person: str = "ken"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    head = start(world, cookie, phase.line.replace("ken", person), *phase.more)
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port, limit=2**10)
    writer.write(head[: max(0, len(head) - phase.cut)] + phase.body)
    if phase.answered:
        line = await asyncio.wait_for(reader.readuntil(b"\r\n"), PATIENCE)
        assert line.startswith(b"HTTP/1.1 " + phase.answered)
    return reader, writer


async def forgotten(world: World) -> None:
    """Close the test's own connections, and let both ends notice."""
    for client in world.clients:
        client.writer.close()
    world.clients.clear()
    seen = (0, 0)
    while seen != (seen := held()):
        await asyncio.sleep(0.05)


async def back_to(before: tuple[int, int], what: Callable[[], object]) -> None:
    """Wait until as little is held as before; say `what` is still open when it is not."""
    for _ in range(AGES):
        if held()[0] <= before[0] and held()[1] <= before[1]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"sockets and tasks were {before} and are {held()}: {what()}")


@pytest.mark.parametrize("how", ["FIN", "RST"])
@pytest.mark.parametrize("side", ["client", "container"])
def test_nothing_is_left_when_one_side_ends_in_any_phase(side: str, how: str) -> None:
    async def use(world: World) -> None:
        async with AsyncExitStack() as stack:
            behind = {name: await stack.enter_async_context(container(phase.says)) for name, phase in PHASES.items()}
            people = {name: f"person{number}" for number, name in enumerate(PHASES)}
            world.broker.routes = [route(people[name], f"http://127.0.0.1:{one.port}") for name, one in behind.items()]
            cookies = {name: await world.login(person) for name, person in people.items()}
            assert (
                await world.ask("GET", "/user/nobody/x", await world.login("nobody"))
            ).status == 404  # routes are pulled
            await forgotten(world)
            before = held()
            opened = [
                await begin(world, cookies[name], phase, people[name])
                for name, phase in PHASES.items()
                for _ in range(ROUNDS)
            ]
            await until(lambda: all(behind[name].open == ROUNDS * phase.reaches for name, phase in PHASES.items()))
            if side == "container":
                for one in behind.values():
                    one.end(how)
            for _, writer in opened:
                close(writer, how if side == "client" else "RST")
            await back_to(before, lambda: {name: one.open for name, one in behind.items() if one.open})

    in_world(use)


@pytest.mark.parametrize("how", ["FIN", "RST"])
def test_nothing_is_left_of_clients_that_leave_while_the_door_connects(how: str) -> None:
    async def use(world: World) -> None:
        with socket.socket() as full, ExitStack() as fillers:  # its queue is full, so who connects waits
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(4):
                filler = fillers.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(full.getsockname())
            ken = await world.login("ken")
            world.broker.routes = [route("ken", f"http://127.0.0.1:{full.getsockname()[1]}")]
            assert (await world.ask("GET", "/user/nobody/x", await world.login("nobody"))).status == 404
            await forgotten(world)
            before = held()
            opened = [await begin(world, ken, PHASES["after the head"]) for _ in range(ROUNDS)]
            await until(lambda: held()[0] >= before[0] + 3 * ROUNDS)
            for _, writer in opened:
                close(writer, how)
            await back_to(before, lambda: how)

    in_world(use)


@pytest.mark.parametrize("how", ["FIN", "RST"])
def test_retries_of_sockets_to_a_dead_container_are_answered_and_leave_nothing(how: str) -> None:
    async def use(world: World) -> None:
        with (
            socket.socket() as bound
        ):  # bound and not listening: the kernel refuses at once, and gives the port to nobody
            bound.bind(("127.0.0.1", 0))
            ken = await world.login("ken")
            world.broker.routes = [route("ken", f"http://127.0.0.1:{bound.getsockname()[1]}")]
            head = start(world, ken, GET, *SOCKET)

            async def retry(times: int) -> None:
                for _ in range(times):
                    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
                    writer.write(head)
                    line = await asyncio.wait_for(reader.readuntil(b"\r\n"), PATIENCE)
                    assert line in {b"HTTP/1.1 503 Service Unavailable\r\n", b"HTTP/1.1 502 Bad Gateway\r\n"}
                    close(writer, how)

            await retry(1)
            await forgotten(world)
            before = held()
            await asyncio.gather(*(retry(50) for _ in range(40)))
            await back_to(before, lambda: how)

    in_world(use)
