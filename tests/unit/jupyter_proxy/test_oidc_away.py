"""A login provider that is slow, away or talks nonsense: no login hangs, each says why, and the next one works."""

import asyncio
import contextlib
import time
from typing import Any

import pytest
from shiva_jupyter_proxy.adapters.oidc_http import FRESH_SECONDS, KEPT_SECONDS, MAX_BODY_BYTES, PAUSE_SECONDS
from shiva_jupyter_proxy.domain.ports import LoginRefusedError, ProviderUnavailableError

from tests.fakes.proxy_provider import FakeProvider
from tests.unit.jupyter_proxy.oidc_login import ABOUT, KEYS, TOKEN, USERINFO, Login, with_login

SHORT = 0.5  # seconds, for a provider that never answers
PATIENCE = 5.0  # seconds, on a busy machine
GARBAGE = [
    (200, b""),
    (200, b"<html>"),
    (200, b"[]"),
    (200, b"{"),
    (200, b"[" * 100_000),
    (200, b"\xff"),
    (404, b"no"),
    (302, b""),
]
ERRORS = [(500, b"{}"), (503, b""), *GARBAGE, (200, b"{}"), (200, b'{"x": "' + b"a" * MAX_BODY_BYTES + b'"}')]


@pytest.mark.parametrize("answer", ERRORS, ids=lambda answer: f"{answer[0]} {answer[1][:9]!r}")
@pytest.mark.parametrize("path", [ABOUT, KEYS, TOKEN])
def test_garbage_is_said_and_the_next_login_works(path: str, answer: tuple[int, bytes]) -> None:
    async def use(login: Login) -> None:
        login.provider.answers[path] = answer
        with pytest.raises((ProviderUnavailableError, LoginRefusedError)) as refused:
            await login.claims()
        assert str(refused.value).endswith(".")
        login.provider.answers.clear()
        login.clock.now += PAUSE_SECONDS
        assert (await login.claims()).subject == "subject-of-ada"

    with_login(use)


@pytest.mark.parametrize("path", [ABOUT, KEYS, TOKEN, USERINFO])
def test_a_provider_that_never_answers_is_said_so_in_time_and_the_next_login_works(path: str) -> None:
    async def use(login: Login) -> None:
        login.provider.claims = {"email": None}
        login.provider.userinfo = {"sub": "subject-of-ada", "email": "ada@example.org"}
        login.provider.waits[path] = asyncio.Event()
        began = time.monotonic()
        with pytest.raises(ProviderUnavailableError, match="does not answer"):
            await login.claims()
        assert time.monotonic() - began < PATIENCE
        login.provider.waits.pop(path).set()
        login.clock.now += PAUSE_SECONDS
        assert (await login.claims()).subject == "subject-of-ada"

    with_login(use, seconds=SHORT)


def test_an_answer_that_drips_is_no_answer() -> None:
    async def within() -> None:
        over, ended = asyncio.Event(), asyncio.Event()

        async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not over.is_set():
                writer.write(b"{")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), SHORT / 20)
            writer.close()
            ended.set()

        async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            login = Login(FakeProvider(url=url), seconds=SHORT)
            with pytest.raises(ProviderUnavailableError, match="does not answer"):
                await login.url()
            over.set()
            await ended.wait()
            login.ours.close()

    asyncio.run(within())


def test_nobody_listens_there() -> None:
    async def within() -> None:
        login = Login(FakeProvider(url="http://127.0.0.1:9"))
        with pytest.raises(ProviderUnavailableError, match="does not answer"):
            await login.url()
        login.ours.close()

    asyncio.run(within())


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example"}, {"issuer": None}, {"authorization_endpoint": None}, {"token_endpoint": None}, {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"}, {"token_endpoint": "file:///etc/passwd"}, {"jwks_uri": "/keys"}, {"jwks_uri": 7},
        {"authorization_endpoint": "http://h/ x"}, {"authorization_endpoint": "http://h/#x"}, {"authorization_endpoint": "http://h/\r\nX: y"},
        {"userinfo_endpoint": "ftp://h/"}, {"authorization_endpoint": "http://[/"}, {"token_endpoint": "http:///x"},
    ],
    ids=str,
)  # fmt: skip
def test_a_provider_that_says_nonsense_about_itself_is_not_used(about: dict[str, Any]) -> None:
    async def use(login: Login) -> None:
        login.provider.about = about
        with pytest.raises(ProviderUnavailableError, match="Tell your operator"):
            await login.url()
        assert login.provider.asked == [ABOUT]

    with_login(use)


def test_many_who_log_in_at_once_ask_once() -> None:
    async def use(login: Login) -> None:
        await asyncio.gather(*(login.url() for _ in range(50)))
        assert login.provider.asked == [ABOUT]
        await login.url()
        assert login.provider.asked == [ABOUT]
        login.clock.now += FRESH_SECONDS + 1
        await asyncio.gather(*(login.url() for _ in range(50)))
        assert login.provider.asked == [ABOUT] * 2

    with_login(use)


def test_while_the_provider_is_away_what_it_said_goes_on_for_a_day() -> None:
    async def use(login: Login) -> None:
        before = await login.url()
        login.provider.answers[ABOUT] = (500, b"")
        login.clock.now += FRESH_SECONDS + 1
        assert [await login.url() for _ in range(10)] == [before] * 10
        assert login.provider.asked == [ABOUT] * 2
        login.clock.now += KEPT_SECONDS
        with pytest.raises(ProviderUnavailableError):
            await login.url()
        login.provider.answers.clear()
        login.clock.now += PAUSE_SECONDS
        assert await login.url() == before

    with_login(use)


def test_after_a_failure_the_provider_is_let_be_for_a_moment() -> None:
    async def use(login: Login) -> None:
        login.provider.answers[ABOUT] = (500, b"")
        for _ in range(10):
            with pytest.raises(ProviderUnavailableError, match="error of its own"):
                await login.url()
        assert login.provider.asked == [ABOUT]

    with_login(use)
