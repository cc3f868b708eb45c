"""Bodies on their way to the API: the manager, which has few threads, is asked when all of one is here, and not before."""

import hashlib

import pytest
from shiva_jupyter_proxy.api_entrance import MAX_BODY_BYTES

from tests.fakes.proxy_door import World, in_world, until

PATH = "/api/v1/device/other"  # nothing of it is the door's own
BODY = b'{"client": "x", "scopes": ["read"]}'


async def head(around: World, *more: str) -> bytes:
    """Return the head of a change of Ada's, with further lines."""
    ada = await around.login("ada")
    own = [f"{name}: {value}" for name, value in around.headers(ada, x_csrf_token=around.csrf_token(ada)).items()]
    return "\r\n".join([f"POST {PATH} HTTP/1.1", *own, *more, "", ""]).encode()


def chunked(content: bytes) -> bytes:
    return b"".join(b"1\r\n%c\r\n" % byte for byte in content) + b"0\r\n\r\n"


FRAMINGS = pytest.mark.parametrize(
    ("line", "sent"), [(f"Content-Length: {len(BODY)}", BODY), ("Transfer-Encoding: chunked", chunked(BODY))]
)


@FRAMINGS
def test_a_slow_body_keeps_nobody_waiting_but_its_sender(line: str, sent: bytes) -> None:
    async def use(around: World) -> None:
        before, client = await head(around, line), await around.client()
        client.writer.write(before + sent[:-1])
        await client.writer.drain()
        assert (await around.ask("GET", "/api/v1/me", await around.login("ken"))).status == 200
        assert ("POST", PATH) not in around.manager.seen
        client.writer.write(sent[-1:])
        answer = await client.answer()
        assert (answer.facts["size"], answer.facts["sha256"]) == (len(BODY), hashlib.sha256(BODY).hexdigest())
        assert (await client.ask("GET", "/api/v1/me", {"Host": f"localhost:{around.port}"})).status == 401

    in_world(use)


@FRAMINGS
def test_a_body_that_is_here_at_once_goes_on_and_so_does_the_request_behind_it(line: str, sent: bytes) -> None:
    async def use(around: World) -> None:
        request = await head(around, line)
        answer, client = await around.send((request + sent) * 2)
        assert (answer.facts["size"], (await client.answer()).facts["size"]) == (len(BODY), len(BODY))

    in_world(use)


def test_a_body_that_never_becomes_whole_is_refused_and_reaches_nobody() -> None:
    async def use(around: World) -> None:
        before, client = await head(around, "Content-Length: 10"), await around.client()
        client.writer.write(before + b"x")
        client.writer.write_eof()
        assert (await client.answer()).status == 400
        assert ("POST", PATH) not in around.manager.seen

    in_world(use)


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        (f"Content-Length: {MAX_BODY_BYTES + 1}", b""),
        ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n" % (MAX_BODY_BYTES, b"x" * MAX_BODY_BYTES)),
    ],
)
def test_a_body_that_is_too_large_to_be_kept_is_refused(line: str, sent: bytes) -> None:
    async def use(around: World) -> None:
        answer, client = await around.send(await head(around, line) + sent)
        assert (answer.status, answer.value("connection")) == (413, "close")
        assert await client.closed() == b""
        assert ("POST", PATH) not in around.manager.seen

    in_world(use)


def test_who_waits_to_be_told_to_go_on_is_told() -> None:
    async def use(around: World) -> None:
        before, client = (
            await head(around, f"Content-Length: {len(BODY)}", "Expect: 100-continue"),
            await around.client(),
        )
        client.writer.write(before)
        assert (await client.head()).status == 100
        client.writer.write(BODY)
        answers = [await client.answer()]
        while answers[-1].status == 100:
            answers.append(await client.answer())
        assert answers[-1].facts["size"] == len(BODY)

    in_world(use)


def test_bodies_to_containers_still_flow() -> None:
    async def use(around: World) -> None:
        ada, client = await around.login("ada"), await around.client()
        own = [f"{name}: {value}" for name, value in around.headers(ada).items()]
        lines = ["POST /user/ada/x HTTP/1.1", *own, "Content-Length: 10", "", ""]
        client.writer.write("\r\n".join(lines).encode() + b"x")
        await until(lambda: around.container.received == 1)
        client.writer.write(b"x" * 9)
        assert (await client.answer()).facts["size"] == 10

    in_world(use)
