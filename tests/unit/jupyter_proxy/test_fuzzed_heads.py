"""Whatever bytes a client sends: no exception escapes, and it gets a refusal and the end, or a request went on. It never hangs."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.proxy_door import PATIENCE
from tests.fakes.raw_door import RawDoor, Stage, replies

EXAMPLES = settings(max_examples=150)
END = b"\r\n\r\n"
SPICE = [
    b"\r", b"\n", b"\r\n", END, b"\x00", b" ", b"\t", b":", b",", b";", b"\x0b", b"\x7f", b"\x80", b"\xff", b"%", b"%00", b"..", b"/", b"\\", b"0", b"-1", b"+", b"_",
    b"Content-Length: 3\r\n", b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: x\r\n", b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    b"Expect: 100-continue\r\n", b"HTTP/1.0", b"HTTP/1.1", b"HTTP/2", b"GET ", b"CONNECT ", b"http://x/", b"0\r\n\r\n", b"ffffffffffffffffff\r\n", b"5;a=b\r\n",
    b"Cookie: shiva-session=\r\n", b'shiva-session="\\"', b"\xef\xbb\xbf", "é".encode(), b"[::1", b"[", b"]", b"?", b"#", b"'", b'"', b"x" * 5000,
]  # fmt: skip
KINDS: list[tuple[str, tuple[str, ...], bytes]] = [
    ("GET /user/ken/x?q=1 HTTP/1.1", ("Accept: text/html",), b""),
    ("POST /user/ken/x HTTP/1.1", ("Content-Length: 5",), b"hello"),
    ("PUT /user/ken/x HTTP/1.1", ("Transfer-Encoding: chunked",), b"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"),
    ("GET /user/ken/x HTTP/1.1", ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"), b""),
    ("HEAD /user/ken/x HTTP/1.0", ("Connection: keep-alive",), b""),
    ("OPTIONS /-/login HTTP/1.1", ("Expect: 100-continue",), b""),
    ("POST /-/health?next=/ HTTP/1.1", ("Content-Type: application/x-www-form-urlencoded", "Content-Length: 6"), b"name=x"),
    ("GET /api/v1/machines HTTP/1.1", ("If-None-Match: x",), b""),
]  # fmt: skip
Mutation = tuple[int, int, bytes, str]
MUTATIONS = st.tuples(
    st.integers(0, 2**16), st.integers(0, 40), st.sampled_from(SPICE) | st.binary(min_size=1, max_size=4),
    st.sampled_from(["insert", "replace", "delete", "repeat", "move"]),
)  # fmt: skip


def mutated(raw: bytes, mutations: list[Mutation]) -> bytes:
    """Return bytes with things put in, taken out, said twice and moved."""
    for place, size, spice, kind in mutations:
        at = place % (len(raw) + 1)
        taken, rest = raw[at : at + size], raw[at + size :]
        middle = {"insert": spice + taken, "replace": spice, "delete": b"", "repeat": taken * 2, "move": b""}[kind]
        raw = raw[:at] + middle + rest + (taken if kind == "move" else b"")
    return raw


async def survives(door: RawDoor, raw: bytes) -> None:
    """Send bytes and no more."""
    reader, writer = await door.connection()
    writer.write(raw)
    await door.settled()
    forwarded = door.ken.everything.replace(b"/user/ken/settled", b"") + door.ada.everything
    if not reader.at_eof():
        writer.write_eof()
    try:
        got = await asyncio.wait_for(reader.read(), PATIENCE)
    except ConnectionError:
        got = b""
    writer.close()
    found, left = replies(got)
    if left and b"HEAD " in raw:
        found, left = replies(got, methods="H")
    assert [one for one in found if not 100 <= one.status < 504] == []
    plain = [one.headers.get("content-type", "").startswith("text/plain") for one in found]  # else a page of ours
    refusals = [number for number, one in enumerate(found) if one.status in {400, 408, 431, 505} and plain[number]]
    assert all(found[number].closes for number in refusals)
    assert refusals in ([], [len(found) - 1])
    assert left == b"" or found == [] or found[-1].status == 101
    assert (door.ken.odd, door.ada.everything) == ([], b"")
    if END in raw.lstrip(b"\r\n") and not found:
        assert forwarded, "neither an answer nor a request that went on"
    await door.settled()


@EXAMPLES
@given(
    kind=st.sampled_from(KINDS), mutations=st.lists(MUTATIONS, min_size=1, max_size=6), then=st.sampled_from([b"", END])
)
def test_a_message_with_mistakes(
    stage: Stage, kind: tuple[str, tuple[str, ...], bytes], mutations: list[Mutation], then: bytes
) -> None:
    async def use(door: RawDoor) -> None:
        line, more, body = kind
        await survives(door, mutated(door.head(line, *more) + body, mutations) + then)

    stage.run(use)


@EXAMPLES
@given(raw=st.binary(max_size=300), then=st.sampled_from([b"", END, b"\n\n"]))
def test_any_bytes(stage: Stage, raw: bytes, then: bytes) -> None:
    async def use(door: RawDoor) -> None:
        await survives(door, raw + then)

    stage.run(use)


@EXAMPLES
@given(parts=st.lists(st.sampled_from(SPICE), min_size=1, max_size=20))
def test_any_mixture_of_what_parsers_care_about(stage: Stage, parts: list[bytes]) -> None:
    async def use(door: RawDoor) -> None:
        await survives(door, b"GET /user/ken/" + b"".join(parts) + END)
        await survives(door, door.head("GET /user/ken/x HTTP/1.1")[:-2] + b"".join(parts) + END)
        await survives(door, door.head("POST /user/ken/x HTTP/1.1", "Transfer-Encoding: chunked") + b"".join(parts))

    stage.run(use)


@settings(max_examples=80)  # after each one the routes are pulled, and that has its pause
@given(answer=st.lists(st.sampled_from(SPICE) | st.binary(max_size=20), max_size=12), start=st.integers(0, 3))
def test_any_answer_of_a_container(stage: Stage, answer: list[bytes], start: int) -> None:
    begins = [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ]

    async def use(door: RawDoor) -> None:
        door.ken.answers.append(begins[start] + b"".join(answer) + END)
        reader, writer = await door.connection()
        writer.write(door.head("GET /user/ken/x HTTP/1.1"))
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            while not door.ken.messages:
                await asyncio.sleep(0)
        for one in door.ken.writers:
            one.close()
        try:
            got = await asyncio.wait_for(reader.read(), PATIENCE)
        except ConnectionError:
            got = b""
        writer.close()
        replies(got)
        await door.settled()

    stage.run(use)
