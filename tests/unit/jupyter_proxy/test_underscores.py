"""A header that a server of the CGI family reads as framing, because it takes `_` for `-`, does not go on."""

import pytest

from tests.fakes.raw_door import RawDoor, Stage


@pytest.mark.parametrize(
    "line",
    ["Content_Length: 3", "content_length: 3", "CONTENT_LENGTH: 3", "Transfer_Encoding: chunked", "TRANSFER_ENCODING: chunked"],
)  # fmt: skip
def test_no_second_framing_goes_on_in_another_spelling(stage: Stage, line: str) -> None:
    async def use(door: RawDoor) -> None:
        head = door.head("POST /user/ken/x HTTP/1.1", line, "Content-Length: 5")
        found, _ = await door.talk(head + b"hello", methods="P")
        assert found[0].status in {200, 400}
        assert b"_length" not in door.ken.everything.lower()
        assert b"_encoding" not in door.ken.everything.lower()

    stage.run(use)
