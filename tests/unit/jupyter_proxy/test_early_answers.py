"""An answer that comes in one piece before its request is whole: what is owed of the body belongs to nobody's next request."""

import asyncio

from tests.fakes.proxy_door import PATIENCE, until
from tests.fakes.raw_door import RawDoor, Stage, replies

WHOLE = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno\n"


def test_a_container_that_still_waits_for_a_body_gets_no_further_request(stage: Stage) -> None:
    async def use(door: RawDoor) -> None:
        door.ken.answers = [WHOLE]
        await door.talk(door.head("GET /user/ken/x HTTP/1.1"), methods="G")  # this head is known now
        reader, writer = await door.connection()
        writer.write(door.head("POST /user/ken/early HTTP/1.1", "Content-Length: 1000") + b"x")
        await until(lambda: b"early" in door.ken.raw[-1])
        door.ken.writers[-1].write(WHOLE)
        found, left = replies(await asyncio.wait_for(reader.read(), PATIENCE))
        assert ([one.status for one in found], left, found[0].closes) == ([413], b"", True)
        writer.close()
        await door.settled()
        await until(lambda: door.ken.ended)

    stage.run(use)
