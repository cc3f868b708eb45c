"""A mistake of ours is an answer too: nobody waits for ever, and the next request goes on."""

import asyncio
from datetime import UTC, datetime

import pytest
from shiva_jupyter_proxy.domain.messages import Forward, Peer, Reply, RequestHead, Upstream
from shiva_jupyter_proxy.domain.targets import Targets
from shiva_jupyter_proxy.forward.downstream import Downstream
from shiva_jupyter_proxy.forward.front import Front, Limits
from shiva_jupyter_proxy.forward.heads import Reader
from shiva_jupyter_proxy.forward.pool import Pool
from shiva_jupyter_proxy.observing import Traffic
from shiva_jupyter_proxy.standalone.store import RouteStore

from tests.fakes.proxy_door import Client


async def away(head: RequestHead) -> Reply:
    raise LookupError(head.target)


def decide(head: RequestHead, peer: Peer) -> Forward | Reply:
    if head.target == "/decision":
        raise LookupError(peer)
    if head.target == "/away":
        return Forward(Upstream(host="127.0.0.1", port=1), b"host: x\r\n", away)
    return Reply(status=200, headers=[])


def test_a_mistake_is_500_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def use() -> None:
        front = Front(
            decide, Pool(Reader(), Targets(allowed=(), control=frozenset())),
            Traffic(RouteStore(lambda: datetime.now(UTC))), Limits(),
        )  # fmt: skip
        server = await asyncio.get_running_loop().create_server(lambda: Downstream(front), "127.0.0.1", 0)
        client = Client(*await asyncio.open_connection(*server.sockets[0].getsockname()))
        answers = [await client.ask("GET", path, {"Host": "x"}) for path in ("/decision", "/away", "/fine")]
        assert [one.status for one in answers] == [500, 500, 200]
        assert [one.body for one in answers[:2]] == [b"Something went wrong here.\n"] * 2
        client.writer.close()
        server.close()

    asyncio.run(use())
    assert [record.message for record in caplog.records] == ["the decision failed", "no answer could be made"]
