"""A container's head has a limit of bytes and of headers, however it arrives."""

import pytest

from tests.fakes.raw_door import RawDoor, Stage, replies
from tests.unit.jupyter_proxy.test_split_messages import pieces

END = b"Content-Length: 0\r\n\r\n"
GIANTS = {
    "a value": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n" + END,
    "a reason": b"HTTP/1.1 200 " + b"O" * 200_000 + b"\r\n" + END,
    "headers": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 33_000 + END,
    "an interim answer": b"HTTP/1.1 103 Early Hints\r\nX: " + b"a" * 200_000 + b"\r\n\r\nHTTP/1.1 200 OK\r\n" + END,
    "many small headers": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 15_000 + END,
}


@pytest.mark.parametrize("packets", [1, 2, 50])
@pytest.mark.parametrize("giant", GIANTS.values(), ids=GIANTS.keys())
def test_a_giant_head_is_no_answer(stage: Stage, giant: bytes, packets: int) -> None:
    async def use(door: RawDoor) -> None:
        door.ken.answers = pieces(giant, list(range(0, len(giant), len(giant) // packets)))
        got, left = replies(await door.until_closed(door.head("GET /user/ken/x HTTP/1.1", "Connection: close")))
        assert ([one.status for one in got], left) in (([502], b""), ([503], b""))
        assert len(got[0].headers) < 30

    stage.run(use)
