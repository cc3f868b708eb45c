"""A provider that is away, slow or lying: a page with a reason, in time, and everybody else is served meanwhile."""

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.fakes.lying_provider import DISCOVERY, silent_for, text
from tests.fakes.oidc_door import Stage, at_the_door, refused, stage_standing
from tests.fakes.oidc_visit import Visit
from tests.fakes.proxy_door import Answer, until
from tests.fakes.scripted_http import Reply, answer

Lie = Callable[[Stage], None]
HTML, JSON = "text/html", "application/json"
NOBODY = "http://127.0.0.1:1"
HUGE = b"[" + b"1," * 2**23
SOON, PATIENCE = 2.0, 12.0  # seconds: for who needs no provider, and for who waits for one


def at(path: str, reply: Callable[..., Reply]) -> Lie:
    """Return what answers a path otherwise."""
    return lambda stage: stage.liar.replies.update({path: reply})


def told(**members: object) -> Lie:
    """Return what changes the discovery document."""
    return lambda stage: stage.liar.discovery.update(members)


def lies_about(path: str) -> dict[str, Lie]:
    """Return what goes wrong with any document."""
    return {
        "fails": at(path, text(b"oh dear", 500, kind=HTML)),
        "is missing": at(path, text(b"not here", 404, kind=HTML)),
        "is a page": at(path, text(b"<html>welcome</html>", kind=HTML)),
        "is cut": at(path, lambda _: Reply(pieces=(b'{"keys": [',), length=5000, headers={"Content-Type": JSON})),
        "is a list": at(path, text(b"[]", kind=JSON)),
        "is empty": at(path, text(b"", kind=JSON)),
        "is nothing": at(path, text(b"{}", kind=JSON)),
        "hangs up": at(path, lambda _: Reply(silent=True)),
        "is huge": at(path, text(HUGE, kind=JSON)),
        "leads elsewhere": at(path, lambda _: Reply(status=302, headers={"Location": f"{NOBODY}/"})),
    }


DISCOVERIES = lies_about(DISCOVERY) | {
    "another issuer": told(issuer="https://evil.example"),
    "no issuer": told(issuer=None),
    "no way in": told(authorization_endpoint=None),
    "no keys": told(jwks_uri=None),
    "a way in that is a script": told(authorization_endpoint="javascript:alert(1)"),
    "a way in that is a number": told(authorization_endpoint=7),
}
KEYS = lies_about("/jwks") | {
    "away": told(jwks_uri=f"{NOBODY}/jwks"),
    "no key": at("/jwks", lambda _: answer({"keys": []})),
    "keys that are none": at("/jwks", lambda _: answer({"keys": [{}, 7, {"kty": "RSA", "kid": "first"}]})),
    "a key of no size": at(
        "/jwks", lambda _: answer({"keys": [{"kty": "RSA", "kid": "first", "n": "AQ", "e": "AQAB"}]})
    ),
    "a shared secret": at("/jwks", lambda _: answer({"keys": [{"kty": "oct", "kid": "first", "k": "c2VjcmV0"}]})),
}
TOKENS = lies_about("/token") | {
    "away": told(token_endpoint=f"{NOBODY}/token"),
    "refused": at("/token", lambda _: answer({"error": "invalid_client"}, 401)),
    "refused with a page": at("/token", lambda _: answer({"error": "<script>alert(1)</script>"}, 400)),
}


@pytest.mark.parametrize("lie", DISCOVERIES.values(), ids=DISCOVERIES)
def test_a_discovery_that_is_wrong_begins_no_login(lie: Lie) -> None:
    async def use(stage: Stage) -> None:
        lie(stage)
        browser = stage.browser()
        began = time.monotonic()
        answer = await browser.press()
        await refused(browser, answer, statuses=range(500, 600))
        assert time.monotonic() - began < PATIENCE

    at_the_door(use)


@pytest.mark.parametrize(
    "lie",
    [*KEYS.values(), *TOKENS.values()],
    ids=[*(f"keys: {one}" for one in KEYS), *(f"token: {one}" for one in TOKENS)],
)
def test_keys_and_tokens_that_are_wrong_end_in_a_page(lie: Lie) -> None:
    async def use(stage: Stage) -> None:
        lie(stage)
        browser = stage.browser()
        began = time.monotonic()
        await refused(browser, await browser.log_in(stage.liar))
        assert (stage.logins, time.monotonic() - began < PATIENCE) == ([], True)

    at_the_door(use)


def test_a_provider_that_is_away_is_told_of_and_found_again_by_itself() -> None:
    async def use(stage: Stage) -> None:
        at(DISCOVERY, lambda _: Reply(silent=True))(stage)
        browser = stage.browser()
        await refused(browser, await browser.press(), statuses=range(503, 504))
        stage.liar.replies.clear()
        async with asyncio.timeout(PATIENCE):
            while (answer := await browser.press()).status != 303:
                pass
        assert (await browser.come_back(stage.liar.authorize(answer.value("location")))).status == 303
        assert await browser.is_in()

    at_the_door(use, attempts_per_minute=10_000)


def test_while_a_provider_hangs_everybody_else_is_served_and_who_waits_is_told_in_time() -> None:
    async def hangs(path: str) -> None:
        async with stage_standing() as stage:
            inside, waiting = stage.browser(), stage.browser()
            if path == "/token":
                await inside.log_in(stage.liar)
            stage.liar.replies[path] = silent_for(stage.server, 60)
            before, began = stage.liar.asked_for(path), time.monotonic()
            login = asyncio.create_task(_tried(stage, waiting))
            await until(lambda: stage.liar.asked_for(path) > before)
            assert await inside.is_in() == (path == "/token")
            assert time.monotonic() - began < SOON
            answer = await login
            assert time.monotonic() - began < PATIENCE
            await refused(waiting, answer, statuses=range(503, 504))

    async def all_of_them() -> None:
        await asyncio.gather(*map(hangs, (DISCOVERY, "/jwks", "/token")))

    asyncio.run(all_of_them())


async def _tried(stage: Stage, browser: Visit) -> Answer:
    answer = await browser.press()
    return answer if answer.status != 303 else await browser.come_back(stage.liar.authorize(answer.value("location")))


def test_who_is_in_stays_in_while_the_provider_is_away() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        await browser.log_in(stage.liar)
        for path in (DISCOVERY, "/jwks", "/token"):
            at(path, lambda _: Reply(silent=True))(stage)
        assert await browser.is_in()

    at_the_door(use)


def test_the_provider_is_not_asked_who_it_is_at_every_login() -> None:
    async def use(stage: Stage) -> None:
        for _ in range(4):
            await stage.browser().log_in(stage.liar)
        assert (stage.liar.asked_for(DISCOVERY), stage.liar.asked_for("/jwks")) == (1, 1)

    at_the_door(use)
