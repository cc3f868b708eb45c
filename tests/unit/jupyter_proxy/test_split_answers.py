"""However a container cuts its answer into packets, the client gets all of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.raw_door import RawDoor, Stage
from tests.unit.jupyter_proxy.test_split_messages import chunked, pieces


@settings(max_examples=250)
@given(
    body=st.binary(max_size=400),
    cuts=st.lists(st.integers(0, 10_000), max_size=12),
    sizes=st.lists(st.integers(1, 50), min_size=1),
)
def test_an_answer_arrives_whole_however_the_container_cuts_it(
    stage: Stage, body: bytes, cuts: list[int], sizes: list[int]
) -> None:
    async def use(door: RawDoor) -> None:
        starts = [sum((sizes * 400)[:number]) for number in range(400)]
        parts = [
            body[start : start + size] for start, size in zip(starts, sizes * 400, strict=False) if start < len(body)
        ]
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n" + chunked(parts, [])
        door.ken.answers.extend(pieces(answer, cuts))
        found, closed = await door.talk(door.head("GET /user/ken/x HTTP/1.1"), methods="G")
        assert ([(one.status, one.body, one.headers["x-a"]) for one in found], closed) == ([(200, body, "b")], False)

    stage.run(use)


@pytest.mark.parametrize(
    "framing", ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n"]
)
def test_every_single_cut_of_an_answer_gives_the_same(stage: Stage, framing: str) -> None:
    body = b"5\r\nhello\r\n0\r\n\r\n" if "chunked" in framing else b"hello"
    raw = f"HTTP/1.1 200 OK\r\n{framing}X-A: b\r\n\r\n".encode() + body

    async def use(door: RawDoor) -> None:
        for cut in range(1, len(raw)):
            door.ken.answers.extend([raw[:cut], raw[cut:]])
            door.ken.closes = "close" in framing
            found, closed = await door.talk(door.head("GET /user/ken/x HTTP/1.1"), methods="G")
            assert ([(one.status, one.body, one.headers["x-a"]) for one in found], closed) == (
                [(200, b"hello", "b")],
                False,
            ), cut

    stage.run(use)
