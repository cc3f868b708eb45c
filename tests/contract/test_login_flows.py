"""T22 and T13: a way back from the provider that this browser did not begin, or that was bent on the way, gives no session."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from shiva_jupyter_proxy.adapters.login_states import LoginStates
from shiva_jupyter_proxy.adapters.marks import Marks
from shiva_jupyter_proxy.adapters.signing import Keys

from tests.fakes.oidc_door import Stage, at_the_door, refused
from tests.fakes.oidc_visit import FORM, Visit
from tests.fakes.proxy_door import SESSION_KEY

Bend = Callable[[str], str]


def with_query(**changes: str | None) -> Bend:
    """Return what changes a URL's query; None leaves a part out."""

    def bend(url: str) -> str:
        parts = urlsplit(url)
        wanted = dict(parse_qsl(parts.query)) | changes
        return parts._replace(query=urlencode({key: one for key, one in wanted.items() if one is not None})).geturl()

    return bend


BENT: dict[str, Bend] = {
    "no state": with_query(state=None),
    "an empty state": with_query(state=""),
    "a state that nobody gave": with_query(state="x" * 43),
    "a state of a megabyte": lambda url: with_query(state="x" * 60_000)(url)[:60_000],
    "no code": with_query(code=None),
    "an empty code": with_query(code=""),
    "another code": with_query(code="guessed"),
    "two codes": lambda url: f"{url}&code=guessed",
    "two states": lambda url: f"{url}&state=guessed",
    "the issuer of another provider": with_query(iss="https://evil.example"),
    "no issuer, where the provider always tells it": with_query(iss=None),
    "two issuers": lambda url: f"{url}&iss=https%3A%2F%2Fevil.example",
    "a refusal": with_query(code=None, error="access_denied"),
    "a refusal with a code": with_query(error="access_denied"),
    "the provider's own failure": with_query(code=None, error="server_error"),
    "a word that no standard knows": with_query(code=None, error="<script>alert(1)</script>"),
}


@pytest.mark.parametrize("bend", BENT.values(), ids=BENT)
def test_a_bent_way_back_gives_no_session(bend: Bend) -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        back = stage.liar.authorize(await browser.begin())
        await refused(browser, await browser.come_back(bend(back)))
        assert stage.logins == []

    at_the_door(use)


def test_what_the_provider_says_of_a_failure_is_never_taken_for_a_page() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        back = stage.liar.authorize(await browser.begin())
        bend = with_query(code=None, error="invalid_scope", error_description="<img src=x onerror=alert(1)>")
        answer = await browser.come_back(bend(back))
        await refused(browser, answer)
        assert b"<img" not in answer.body

    at_the_door(use)


def test_a_way_back_is_good_once() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        back = stage.liar.authorize(await browser.begin())
        assert (await browser.come_back(back)).status == 303
        session = browser.session
        answer = await browser.come_back(back)
        assert (answer.status >= 400, browser.session, len(stage.logins)) == (True, session, 1)

    at_the_door(use)


def test_of_two_that_come_back_at_a_time_one_gets_in() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        back = stage.liar.authorize(await browser.begin())
        answers = await asyncio.gather(*(browser.come_back(back) for _ in range(4)))
        assert sorted(answer.status for answer in answers)[0] == 303
        assert len([answer for answer in answers if answer.status == 303]) == 1

    at_the_door(use)


def test_a_code_that_was_used_is_worth_nothing_in_another_login() -> None:
    async def use(stage: Stage) -> None:
        browser, thief = stage.browser(), stage.browser()
        back = stage.liar.authorize(await browser.begin())
        code = dict(parse_qsl(urlsplit(back).query))["code"]
        assert (await browser.come_back(back)).status == 303
        stolen = with_query(code=code)(stage.liar.authorize(await thief.begin()))
        await refused(thief, await thief.come_back(stolen))

    at_the_door(use)


def test_a_fresh_code_of_another_login_fails_by_its_proof() -> None:
    async def use(stage: Stage) -> None:
        victim, attacker = stage.browser(), stage.browser()
        theirs = stage.liar.authorize(await attacker.begin())
        code = dict(parse_qsl(urlsplit(theirs).query))["code"]
        own = stage.liar.authorize(await victim.begin())
        await refused(victim, await victim.come_back(with_query(code=code)(own)))
        assert (stage.liar.asked_for("/token"), stage.logins) == (1, [])

    at_the_door(use)


def test_the_login_of_an_attacker_cannot_be_ended_in_a_victims_browser() -> None:
    async def use(stage: Stage) -> None:
        attacker = stage.browser()
        back = stage.liar.authorize(await attacker.begin())
        for victim in (stage.browser(), await _begun(stage), await _inside(stage)):
            before = victim.session
            assert (await victim.come_back(back)).status >= 400
            assert victim.session == before

    at_the_door(use)


async def _begun(stage: Stage) -> Visit:
    browser = stage.browser()
    await browser.begin()
    return browser


async def _inside(stage: Stage) -> Visit:
    browser = stage.browser()
    await browser.log_in(stage.liar)
    return browser


def test_a_browser_that_lost_its_cookie_meanwhile_starts_again() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        back = stage.liar.authorize(await browser.begin())
        browser.cookies.clear()
        await refused(browser, await browser.come_back(back))

    at_the_door(use)


def test_a_changed_cookie_of_the_login_is_no_cookie() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        back = stage.liar.authorize(await browser.begin())
        for one in browser.cookies.values():
            raw = one.coded_value
            one.set(one.key, raw, raw[:-2] + ("AA" if raw[-2:] != "AA" else "BB"))
        await refused(browser, await browser.come_back(back))

    at_the_door(use)


@pytest.mark.parametrize(("age", "asked"), [(595, 1), (601, 0)])
def test_a_login_is_good_for_ten_minutes(age: float, asked: int, tmp_path: Path) -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        await browser.press()
        keys = Keys(SESSION_KEY, clock=lambda: time.time() - age)
        marks = Marks(tmp_path, lifetime=timedelta(days=1), idle=timedelta(days=1), on_over=lambda _: None)
        attempt = LoginStates(keys, marks).begin(browser.cookies["shiva-login"].value, "/")
        await refused(
            browser,
            await browser.come_back(f"/-/login/callback?code=late&state={attempt.state}&iss={stage.liar.issuer}"),
        )
        assert stage.liar.asked_for("/token") == asked

    at_the_door(use)


def test_another_site_cannot_begin_a_login() -> None:
    async def use(stage: Stage) -> None:
        for elsewhere in (
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"origin": "", "sec_fetch_site": "cross-site"},
        ):
            browser = stage.browser()
            answer = await browser.press(**elsewhere)
            assert (answer.status, browser.session, stage.liar.asked) == (403, None, [])

    at_the_door(use)


def test_a_way_back_is_a_visit_and_nothing_else() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        back = urlsplit(stage.liar.authorize(await browser.begin()))
        answer = await browser.ask("POST", back.path, back.query.encode(), content_type=FORM)
        assert (answer.status >= 400, browser.session) == (True, None)

    at_the_door(use)


def test_two_tabs_that_log_in_at_a_time_both_arrive_where_they_were_going() -> None:
    async def use(stage: Stage) -> None:
        browser = stage.browser()
        first, second = await browser.begin("/user/ada/lab"), await browser.begin("/machines")
        answers = [await browser.come_back(stage.liar.authorize(url)) for url in (first, second)]
        assert [(one.status, one.value("location")) for one in answers] == [(303, "/user/ada/lab"), (303, "/machines")]
        assert await browser.is_in()

    at_the_door(use)


def test_what_is_asked_of_the_provider_is_different_each_time_and_hides_the_verifier() -> None:
    async def use(stage: Stage) -> None:
        asked = [dict(parse_qsl(urlsplit(await stage.browser().begin()).query)) for _ in range(3)]
        for part in ("state", "nonce", "code_challenge"):
            assert len({one[part] for one in asked}) == 3
            assert all(len(one[part]) >= 22 for one in asked)
        assert {(one["response_type"], one["code_challenge_method"], one["client_id"]) for one in asked} == {
            ("code", "S256", "shiva")
        }
        assert {"client_secret", "code_verifier"} & set(asked[0]) == set()
        assert "openid" in asked[0]["scope"].split()

    at_the_door(use)
