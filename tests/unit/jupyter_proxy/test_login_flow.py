"""Logging in at a provider, through the real door: who comes out with a session, and what is said to everybody else."""

import asyncio
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.proxy_door import world
from tests.fakes.proxy_provider import provider_standing, query
from tests.unit.jupyter_proxy.provider_world import Browser, at, with_provider

SESSION, LOGIN = "shiva-session", "shiva-login"


# a good login


def test_a_login_ends_where_it_began_with_a_session() -> None:
    async def use(browser: Browser) -> None:
        answer = await browser.log_in(wanted="/user/ada/lab?x=1&y=%2F")
        assert (answer.status, answer.value("location")) == (303, "/user/ada/lab?x=1&y=%2F")
        assert (answer.value("referrer-policy"), answer.value("cache-control")) == ("no-referrer", "no-store")
        assert await browser.inside()
        assert (await browser.ask("GET", "/user/ada/lab")).value("x-upstream") == "echo"
        (asked,) = browser.world.manager.logins
        assert asked == {
            "issuer": browser.provider.url, "subject": "subject-of-ada", "email": "ada@example.org", "email_verified": True,
            "hosted_domain": "example.org", "groups": [], "shown_name": "Ada Lovelace",
            "picture": "https://pictures.example/ada", "client": "127.0.0.1",
        }  # fmt: skip

    with_provider(use)


def test_the_page_has_a_button_that_says_where_it_leads() -> None:
    async def use(browser: Browser) -> None:
        page = await browser.ask("GET", "/-/login?next=%2Fmachines")
        assert b"Log in with Example</button>" in page.body
        assert b'value="/machines"' in page.body
        assert b"type a name" not in page.body
        assert re.search("form-action 'self' http:$", page.value("content-security-policy"))
        (cookie,) = page.values("set-cookie")
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        assert flags == {"httponly", "samesite=lax", "path=/", "max-age=600"}
        assert browser.provider.asked == []

    with_provider(use)


def test_with_https_the_browser_keeps_the_binding_from_every_other_host() -> None:
    async def use(browser: Browser) -> None:
        (cookie,) = (await browser.ask("GET", "/-/login", host="localhost")).values("set-cookie")
        assert cookie.startswith("__Host-shiva-login=")
        assert "; Secure" in cookie
        assert "domain" not in cookie.lower()

    with_provider(use, public_scheme="https", public_port=443)


def test_tabs_of_one_browser_do_not_disturb_one_another() -> None:
    async def use(browser: Browser) -> None:
        one, other = await browser.there(wanted="/one"), await browser.there(wanted="/other")
        assert (await browser.back(**other)).value("location") == "/other"
        first = browser.jar[SESSION]
        assert (await browser.back(**one)).value("location") == "/one"
        assert await browser.inside()
        browser.jar[SESSION] = first
        assert not await browser.inside()

    with_provider(use)


def test_a_session_that_was_slipped_in_before_the_login_is_not_the_one_after_it() -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in()
        mallory = Browser(browser.world, browser.provider, {SESSION: browser.jar[SESSION]})
        await browser.log_in()
        assert browser.jar[SESSION] != mallory.jar[SESSION]
        assert await browser.inside()
        assert not await mallory.inside()

    with_provider(use)


def test_under_another_of_our_names_the_login_begins_at_the_first_one() -> None:
    async def use(browser: Browser) -> None:
        port = browser.world.port
        page = await browser.ask("GET", "/-/login?next=%2Fx", host=f"127.0.0.1:{port}")
        assert (page.status, page.value("location")) == (302, f"http://localhost:{port}/-/login?next=%2Fx")
        start = await browser.begin()
        sent = parse_qs(urlsplit(start.value("location")).query)
        assert sent["redirect_uri"] == [f"http://localhost:{port}/-/login/callback"]

    with_provider(use)


def test_who_was_refused_may_choose_another_account() -> None:
    async def use(browser: Browser) -> None:
        browser.world.manager.refuses = "wrong-domain"
        refused = await browser.log_in(wanted="/machines")
        (link,) = re.findall(rb'href="(/-/login\?[^"]+)"', refused.body)
        assert link == b"/-/login?next=%2Fmachines&amp;other=1"
        page = await browser.ask("GET", "/-/login?next=%2Fmachines&other=1")
        assert b'name="other" value="1"' in page.body
        start = await browser.begin(other="1")
        assert parse_qs(urlsplit(start.value("location")).query)["prompt"] == ["select_account"]

    with_provider(use)


# nobody else


async def refused(browser: Browser, answer: dict[str, str], *, status: int = 403, code_used: bool = False) -> bytes:
    """Return the page that says so; no session began."""
    page = await browser.back(**answer)
    assert (page.status, page.value("content-type")) == (status, "text/html; charset=UTF-8"), page
    assert SESSION not in page.value("set-cookie")
    assert not await browser.inside()
    assert browser.world.manager.logins == []
    assert ("/token" in browser.provider.asked) == code_used
    return page.body


def test_a_login_of_another_browser_is_refused() -> None:
    async def use(mallory: Browser) -> None:
        answer, victim = await mallory.there(), Browser(mallory.world, mallory.provider)
        await refused(victim, answer)
        await victim.there()
        await refused(victim, answer)
        assert (await mallory.back(**answer)).status == 303

    with_provider(use)


def test_an_answer_is_good_once() -> None:
    async def use(browser: Browser) -> None:
        answer = await browser.there()
        assert (await browser.back(**answer)).status == 303
        again = Browser(browser.world, browser.provider, {LOGIN: browser.jar[LOGIN]})
        page = await again.back(**answer)
        assert (page.status, b"This login is over" in page.body) == (403, True)
        assert not await again.inside()

    with_provider(use)


@pytest.mark.parametrize("state", [None, "", "x", "2|1:0|10:1800000000|17:shiva-login-state|4:W10=|00"])
def test_without_a_state_of_ours_nothing_is_redeemed(state: str | None) -> None:
    async def use(browser: Browser) -> None:
        answer = await browser.there()
        del answer["state"]
        assert b"This login is over" in await refused(browser, answer | ({} if state is None else {"state": state}))

    with_provider(use)


def test_two_states_are_a_trick() -> None:
    async def use(browser: Browser) -> None:
        answer = await browser.there()
        page = await browser.ask("GET", query(**answer) + "&state=x")
        assert (page.status, await browser.inside()) == (403, False)
        assert (await browser.ask("GET", query(**answer) + "&iss=x&iss=y")).status == 403

    with_provider(use)


@pytest.mark.parametrize("more", [{"error": "access_denied"}, {"error": "<script>"}, {"code": ""}, {"error": ""}])
def test_a_provider_that_lets_nobody_through_is_heard(more: dict[str, str]) -> None:
    async def use(browser: Browser) -> None:
        page = await refused(browser, await browser.there(wanted="/machines") | more)
        assert b"Example did not let you through." in page
        assert (b"It says: access_denied." in page) == (more.get("error") == "access_denied")
        assert b"<script>" not in page
        assert b"/-/login?next=%2Fmachines" in page

    with_provider(use)


@pytest.mark.parametrize(
    "wrong",
    [
        {"claims": {"nonce": "another"}}, {"claims": {"aud": "another"}}, {"claims": {"exp": 1}}, {"claims": {"sub": None}},
        {"header": {"alg": "none"}}, {"header": {"kid": "unknown"}},
    ],
    ids=str,
)  # fmt: skip
def test_a_proof_that_proves_nobody_gives_no_session(wrong: dict[str, Any]) -> None:
    async def use(browser: Browser) -> None:
        for name, value in wrong.items():
            setattr(browser.provider, name, value)
        page = await refused(browser, await browser.there(), code_used=True)
        assert b"You could not be logged in" in page
        browser.provider.claims, browser.provider.header = {}, {}
        assert (await browser.log_in()).status == 303

    with_provider(use)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/keys"])
def test_a_provider_that_is_away_is_said_so_and_the_next_login_works(path: str) -> None:
    async def use(browser: Browser) -> None:
        browser.provider.answers[path] = (503, b"")
        start = await browser.begin(wanted="/machines")
        page = (
            start if start.status != 303 else await browser.back(**browser.provider.authorize(start.value("location")))
        )
        assert (page.status, b"Example cannot log you in just now" in page.body) == (503, True)
        assert b"/-/login?next=%2Fmachines" in page.body
        assert not await browser.inside()
        browser.provider.answers.clear()
        async with asyncio.timeout(10):  # it is let be for a second
            while not await browser.inside():
                await asyncio.sleep(0.1)
                if (start := await browser.begin()).status == 303:
                    await browser.back(**browser.provider.authorize(start.value("location")))

    with_provider(use, attempts_per_minute=1000)


def test_who_is_logged_in_notices_nothing_of_a_provider_that_is_away() -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in()
        browser.provider.answers = {path: (500, b"") for path in ("/token", "/keys")}
        assert (await browser.log_in()).status == 503
        assert await browser.inside()

    with_provider(use)


# the manager's word


@pytest.mark.parametrize(
    "code", ["wrong-domain", "email-unverified", "not-on-the-list", "guest-expired", "barred", "name-taken"]
)
def test_who_is_not_admitted_reads_why(code: str) -> None:
    async def use(browser: Browser) -> None:
        browser.world.manager.refuses = code
        page = await browser.log_in()
        assert (page.status, f"Title of {code}".encode() in page.body) == (403, True)
        assert f"Detail of &lt;{code}&gt;.".encode() in page.body
        assert SESSION not in page.value("set-cookie")
        assert not await browser.inside()

    with_provider(use)


def test_who_was_logged_in_stays_so_when_another_account_is_not_admitted() -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in()
        browser.world.manager.refuses = "wrong-domain"
        assert (await browser.log_in()).status == 403
        assert await browser.inside()

    with_provider(use)


@pytest.mark.parametrize(
    ("status", "garbage"),
    [(500, b""), (503, b"{}"), (0, b"<html>"), (401, b""), (0, b'{"name": "../ken", "shown_name": "K"}'), (0, b"[]")],
)
def test_a_manager_that_is_away_or_confused_lets_nobody_in_and_says_so(status: int, garbage: bytes) -> None:
    async def use(browser: Browser) -> None:
        browser.world.manager.status, browser.world.manager.garbage = status, garbage
        page = await browser.log_in()
        assert (page.status, b"manager does not answer" in page.body) == (503, True)
        assert SESSION not in page.value("set-cookie")
        browser.world.manager.status, browser.world.manager.garbage = 0, b""
        assert (await browser.log_in()).status == 303

    with_provider(use)


# limits and forms


def test_a_form_of_another_page_begins_no_login() -> None:
    async def use(browser: Browser) -> None:
        form = "application/x-www-form-urlencoded"
        for body, jar in ((b"", {}), (b"csrf_token=x", {}), (b"csrf_token=x", {LOGIN: "a" * 43})):
            browser.jar = jar
            answer = await browser.ask("POST", "/-/login", body, content_type=form)
            assert (answer.status, answer.values("location")) == (403, [])
            assert b"too old" in answer.body
        foreign = await browser.ask("POST", "/-/login", b"", content_type=form, origin="http://evil.example")
        assert foreign.status == 403
        assert browser.provider.asked == []

    with_provider(use)


def test_too_many_logins_of_one_address_have_to_wait() -> None:
    async def use(browser: Browser) -> None:
        for _ in range(3):
            assert (await browser.begin()).status == 303
        limited = await browser.begin()
        assert (limited.status, limited.value("retry-after"), b"too many logins" in limited.body) == (429, "20", True)
        answers = [await browser.back(state="x", code="y") for _ in range(4)]
        assert [each.status for each in answers] == [403, 403, 403, 429]
        assert (await browser.ask("GET", "/-/login")).status == 200

    with_provider(use, attempts_per_minute=3)


def test_nothing_is_left_on_disk_by_logins_that_nobody_ends(tmp_path: Path) -> None:
    async def use(browser: Browser) -> None:
        before = sorted(each.name for each in tmp_path.iterdir())
        for _ in range(20):
            assert (await browser.begin()).status == 303
            assert (await browser.back(state="x", code="y")).status == 403
        assert sorted(each.name for each in tmp_path.iterdir()) == before

    with_provider(use, state_dir=tmp_path)


def test_a_disk_that_keeps_nothing_lets_nobody_in_and_nobody_out_and_says_so(tmp_path: Path) -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in()
        answer, session = await browser.there(), browser.jar[SESSION]
        shutil.rmtree(tmp_path / "door")
        (tmp_path / "door").write_text("no folder")
        page = await browser.back(**answer)
        assert (page.status, b"cannot keep that" in page.body) == (503, True)
        leaving = await browser.world.log_out(f"{SESSION}={session}")
        assert (leaving.status, leaving.values("set-cookie")) == (503, [])
        assert browser.jar[SESSION] == session

    with_provider(use, state_dir=tmp_path / "door")


def test_a_login_that_began_before_the_key_was_changed_ends_well(tmp_path: Path) -> None:
    async def use() -> None:
        async with provider_standing() as provider:
            given = at(provider) | {"state_dir": tmp_path}
            async with world(**given) as before:
                browser = Browser(before, provider)
                answer = await browser.there()
            async with world(**given | {"session_key": "n" * 32, "previous_session_key": "s" * 32}) as after:
                browser.world = after
                assert (await browser.back(**answer)).status == 303
                assert await browser.inside()

    asyncio.run(use())
