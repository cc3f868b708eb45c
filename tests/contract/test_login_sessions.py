"""T08, T26, T27 and T29 after a real login: where it leads, what the browser keeps, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from tests.fakes.certificates import signed
from tests.fakes.oidc_door import NAME, Stage, at_the_door, refused
from tests.fakes.oidc_visit import Visit, set_cookies
from tests.fakes.proxy_process import hidden

ENDS_WITHIN = 5.0  # seconds
ELSEWHERE = [
    "//evil.example", "///evil.example", "////evil.example", "\\\\evil.example", "/\\evil.example", "\\/evil.example",
    "/\\/evil.example", "https:evil.example", "https:/evil.example", "https://evil.example", "http://evil.example/-/login",
    "HTTPS://evil.example", "localhost//evil.example", "localhost@evil.example", "//localhost@evil.example",
    "http://localhost@evil.example/", "/\t/evil.example", "/%09/evil.example", "\t//evil.example", "/\n/evil.example",
    "/\r\nLocation: https://evil.example", "/%0d%0aLocation:%20https://evil.example", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "data:text/html,x", "evil.example", ".evil.example", "@evil.example", ":80", "?//evil.example",
    "#//evil.example", " //evil.example", "\x00//evil.example", "/\u2028/evil.example", "/%5cevil.example", "/..//evil.example",
    "/.//evil.example", "//%65vil.example", "/%2f/evil.example", "ftp://evil.example", "",
]  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_a_login_leads_to_no_other_site(wanted: str) -> None:
    async def use(stage: Stage) -> None:
        answer = await stage.browser().log_in(stage.liar, wanted)
        assert answer.status == 303
        (location,) = answer.values("location")
        parts = urlsplit(location)
        assert (parts.scheme, parts.netloc) == ("", "")
        assert location[0] == "/"
        assert location[1:2] not in {"/", "\\"}
        assert not set(location) & set("\\\t\r\n\x00\u2028")

    at_the_door(use)


@pytest.mark.parametrize("wanted", ["/", "/user/ada/lab/tree/a%20b%2Fc.ipynb?reset#cell", "/machines?sort=name"])
def test_a_login_leads_where_the_person_was_going(wanted: str) -> None:
    async def use(stage: Stage) -> None:
        assert (await stage.browser().log_in(stage.liar, wanted)).value("location") == wanted

    at_the_door(use)


def test_a_session_that_somebody_planted_is_not_the_one_that_a_login_gives() -> None:
    async def use(stage: Stage) -> None:
        attacker, victim = stage.browser(), stage.browser()
        await attacker.log_in(stage.liar)
        planted = attacker.session
        victim.cookies |= attacker.cookies
        stage.liar.claims |= {"sub": "subject-of-ken", "email": "ken@example.com"}
        assert (await victim.log_in(stage.liar)).status == 303
        assert victim.session not in {planted, None}
        assert not await attacker.is_in(), "what the victim's browser had before is over"

    at_the_door(use)


def test_a_made_up_session_cookie_does_not_outlive_a_login() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        await browser.log_in(stage.liar)
        for one in browser.cookies.values():
            one.set(one.key, "made-up", "made-up")
        assert not await browser.is_in()
        await browser.log_in(stage.liar)
        assert (browser.session != "made-up", await browser.is_in()) == (True, True)

    at_the_door(use)


def _opening(stage: Stage, browser: Visit) -> connect:
    around = stage.world
    return connect(
        f"ws://localhost:{around.port}/user/{NAME}/socket", host="127.0.0.1", origin=Origin(around.origin),
        additional_headers={"Cookie": browser.header("/")}, proxy=None,
    )  # fmt: skip


async def _over(stage: Stage, browser: Visit, end: Callable[[], Awaitable[object]]) -> None:
    """After `end`, the socket closes, the cookie is dead, and a second tab cannot bring it back."""
    tab = stage.browser()
    tab.cookies |= browser.cookies
    async with _opening(stage, browser) as socket:
        await end()
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), ENDS_WITHIN)
    for one in (tab, browser):
        assert not await one.is_in()
    with pytest.raises(InvalidStatus):
        async with _opening(stage, tab):
            pass
    assert not await tab.is_in()


def test_after_a_logout_the_cookie_is_dead_the_socket_closed_and_no_second_tab_revives_it() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        await browser.log_in(stage.liar)
        await _over(stage, browser, lambda: stage.log_out(browser))

    at_the_door(use)


def test_who_is_barred_is_out_within_seconds() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        await browser.log_in(stage.liar)

        async def bar() -> None:
            stage.revoke(barred=True)

        await _over(stage, browser, bar)

    at_the_door(use)


def test_logged_out_everywhere_by_an_admin_is_out_within_seconds_and_may_log_in_again() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        await browser.log_in(stage.liar)

        async def end() -> None:
            stage.revoke(barred=False)

        await _over(stage, browser, end)
        await asyncio.sleep(0)
        assert (await browser.log_in(stage.liar)).status == 303
        assert await browser.is_in()

    at_the_door(use)


def test_who_logs_out_everywhere_is_out_in_each_browser() -> None:
    async def use(stage: Stage) -> None:
        here, there = stage.browser(), stage.browser()
        for browser in (here, there):
            await browser.log_in(stage.liar)
        await _over(stage, there, lambda: stage.log_out(here, everywhere=True))
        assert not await here.is_in()

    at_the_door(use)


def test_every_cookie_of_a_login_is_kept_from_scripts_and_other_sites() -> None:
    async def use(stage: Stage) -> None:
        await _flags(stage, secure=False)

    at_the_door(use)


def test_with_tls_every_cookie_is_bound_to_this_host_and_to_tls() -> None:
    async def use(stage: Stage) -> None:
        await _flags(stage, secure=True)

    at_the_door(use, public_scheme="https")


def test_over_real_tls_a_login_ends_with_cookies_that_no_plain_connection_gets(tmp_path: Path) -> None:
    pair = signed(tmp_path, "door")

    def go(stage: Stage) -> requests.Response:
        session, address = requests.Session(), f"https://localhost:{stage.world.port}"
        session.verify, session.trust_env = str(pair.ca), False
        form = {"csrf_token": hidden(session.get(f"{address}/-/login").content), "next": "/"}
        there = session.post(f"{address}/-/login", form, headers={"Origin": address}, allow_redirects=False)
        ended = session.get(stage.liar.authorize(there.headers["Location"]), allow_redirects=False)
        assert session.get(f"{address}/api/v1/me").ok
        assert {cookie.name for cookie in session.cookies if cookie.secure} == set(session.cookies.keys())
        return ended

    async def use(stage: Stage) -> None:
        ended = await asyncio.to_thread(go, stage)
        assert ended.headers["Set-Cookie"].startswith("__Host-shiva-session=")
        assert "max-age" in ended.headers["Strict-Transport-Security"]

    at_the_door(use, tls_cert=pair.cert, tls_key=pair.key)


async def _flags(stage: Stage, *, secure: bool) -> None:
    browser = stage.browser()
    begun = await browser.press()
    ended = await browser.come_back(stage.liar.authorize(begun.value("location")))
    given = [*set_cookies(begun), *set_cookies(ended)]
    assert any(one.key.endswith("shiva-session") for one in given)
    for one in given:
        assert one["httponly"], one
        assert (one["samesite"].lower(), bool(one["secure"]), one["domain"]) == ("lax", secure, ""), one
        assert one.key.startswith("__Host-") == secure, one
        assert one["path"] == "/" or not secure, one


def test_the_login_form_comes_with_its_origin_and_the_way_back_tells_nobody_its_code() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        form = await browser.ask("GET", "/-/login")
        assert form.value("referrer-policy") == "same-origin", "with no-referrer, browsers send `Origin: null`"
        assert (await browser.log_in(stage.liar)).value("referrer-policy") == "no-referrer"

    at_the_door(use)


def test_an_address_that_tries_too_often_is_told_to_wait() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        pressed = [(await browser.press()).status for _ in range(6)]
        assert pressed == [303] * 5 + [429]
        answer = await browser.press()
        await refused(browser, answer)
        assert 0 < int(answer.value("retry-after")) <= 60

    at_the_door(use, attempts_per_minute=5)


def test_an_address_that_guesses_answers_is_told_to_wait_and_the_provider_is_left_in_peace() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        statuses = [(await browser.come_back(f"/-/login/callback?state=guess{n}&code=guess")).status for n in range(8)]
        assert statuses == [403] * 5 + [429] * 3
        assert stage.liar.asked == []

    at_the_door(use, attempts_per_minute=5)
