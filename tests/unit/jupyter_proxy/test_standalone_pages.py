"""What is said where nothing answers: the Hub's page, a file, or a line of ours; never with another status."""

import asyncio
from pathlib import Path

import pytest
from shiva_jupyter_proxy.domain.messages import Reply, RequestHead
from shiva_jupyter_proxy.standalone.error_pages import ErrorPages
from shiva_jupyter_proxy.standalone.targets import target

from tests.fakes.proxy_upstream import scripted


def head(path: str = "/user/ada/lab", *, upgrade: str | None = None) -> RequestHead:
    return RequestHead(
        method="GET",
        target=path,
        version="1.1",
        headers=[("host", "h")],
        body_length=0,
        keep_alive=True,
        upgrade=upgrade,
    )


def answered(raw: bytes, status: int, request: RequestHead) -> tuple[Reply, list[bytes]]:
    """Return the answer where the error server answers `raw`, and what it was asked."""

    async def use() -> tuple[Reply, list[bytes]]:
        async with scripted(lambda _: raw) as (url, heads):
            pages = ErrorPages(target=target(f"{url}/hub/error"), folder=None, tls=None)
            return await pages.reply(status, request), heads

    return asyncio.run(use())


@pytest.mark.parametrize("status", [404, 503])
@pytest.mark.parametrize("theirs", [b"404 Not Found", b"200 OK", b"302 Found"])
def test_the_hubs_page_is_shown_and_the_status_is_ours(status: int, theirs: bytes) -> None:
    raw = (
        b"HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nSet-Cookie: a=1\r\nLocation: /x\r\nContent-Length: 6\r\n\r\n<b>no!"
        % theirs
    )
    answer, asked = answered(raw, status, head("/user/ada/lab?x=1&y=ä".encode().decode("latin-1")))
    assert answer == Reply(status=status, headers=[("content-type", "text/html; charset=utf-8")], body=b"<b>no!")
    assert asked[0].startswith(b"GET /hub/error/%d?url=%%2Fuser%%2Fada%%2Flab%%3Fx%%3D1%%26y%%3D" % status)


def test_a_packed_page_stays_packed() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"
    answer, _ = answered(raw, 404, head())
    assert (answer.headers, answer.body) == ([("content-encoding", "gzip")], b"\x1f\x8b")


@pytest.mark.parametrize("raw", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_where_the_hub_does_not_answer_a_line_of_ours_is_shown(raw: bytes) -> None:
    answer, _ = answered(raw, 503, head())
    assert (answer.status, answer.body) == (503, b"503 Service Unavailable\n")


def test_a_hub_that_is_not_there_changes_no_status() -> None:
    async def use() -> Reply:
        return await ErrorPages(target=target("http://127.0.0.1:1/hub/error"), folder=None, tls=None).reply(404, head())

    assert asyncio.run(use()).body == b"404 Not Found\n"


def test_a_socket_is_refused_without_a_page() -> None:
    answer, asked = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 503, head(upgrade="websocket"))
    assert (answer, asked) == (Reply(status=503, headers=[]), [])


def test_pages_may_lie_in_a_folder(tmp_path: Path) -> None:
    pages = ErrorPages(target=None, folder=tmp_path, tls=None)

    def shown() -> Reply:
        return asyncio.run(pages.reply(404, head()))

    assert shown().body == b"404 Not Found\n"
    (tmp_path / "error.html").write_text("any")
    assert shown().body == b"any"
    (tmp_path / "404.html").write_text("gone")
    assert shown() == Reply(status=404, headers=[("content-type", "text/html; charset=utf-8")], body=b"gone")
