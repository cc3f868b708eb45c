"""What the page shows is true or says how old it is: Shiva silent for half a minute, a wrong clock, answers out of order."""

import contextlib
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browsing import log_in
from tests.e2e.person import Person
from tests.e2e.running import Running, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

SILENT_SECONDS = 30.0
FRESH_SECONDS = 10.0  # as src/api/live.ts has it
SEEN_SECONDS = 2.0
SCRAPE_SECONDS = 5.0
BUSY_SECONDS = 1.0  # may be added by a machine that runs other tests meanwhile
AGO = re.compile(r"^since \d+ s$")
FREE = re.compile(r"^(Free|Partly free)")
WATCH = """
window.saidFree = [];
new MutationObserver(() => {
  const texts = [...document.querySelectorAll("article")].map((card) => card.innerText);
  if (texts.some((text) => /^(Free|Partly free)\\b/im.test(text))) window.saidFree.push(performance.now());
}).observe(document, { subtree: true, childList: true, characterData: true });
"""
SHIFTED = """
const shift = %d, RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) { given.length ? super(...given) : super(RealDate.now() + shift); }
  static now() { return RealDate.now() + shift; }
};
"""


@pytest.fixture
def ada(suite: Running) -> Person:
    """A person without a browser; Shiva is calm."""
    person = Person(suite.address, "ada.live")

    def calm() -> bool:
        told = person.api("GET", "machines").json()
        return bool(told["machines"][0]["state"] in {"free", "partly_free"})

    eventually(calm, seconds=60, what="the machine is free")
    return person


@contextlib.contextmanager
def silent(suite: Running) -> Iterator[None]:
    """Let the manager take connections and never answer."""
    service = suite.service("manager-api")
    assert service is not None
    everybody = [service, *service.children(recursive=True)]
    for process in everybody:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(everybody):
            process.send_signal(signal.SIGCONT)


def seconds_old(page: Page) -> float:
    """Return the age that stands at the machine."""
    text = page.get_by_text(re.compile(r"^\d+ s old$")).first.text_content()
    assert text is not None
    return float(text.split()[0])


def test_nothing_is_free_while_shiva_is_silent_and_all_comes_back(suite: Running, ada: Person, page: Page) -> None:
    log_in(page, suite.address, ada.name)
    expect(page.get_by_role("article").get_by_text(FREE).first).to_be_visible()
    with silent(suite):
        since = time.monotonic()
        expect(page.get_by_role("article").get_by_text(FREE)).to_have_count(0, timeout=(FRESH_SECONDS + 5) * 1000)
        assert time.monotonic() - since > FRESH_SECONDS - 5, "nobody is alarmed by a slow answer"
        page.evaluate(WATCH)
        before = time.monotonic() - seconds_old(page)  # when the shown sample was taken
        assert since - before <= SCRAPE_SECONDS + SEEN_SECONDS + BUSY_SECONDS
        while time.monotonic() - since < SILENT_SECONDS:
            assert abs(time.monotonic() - before - seconds_old(page)) <= 1 + BUSY_SECONDS, "the age grows by itself"
            page.wait_for_timeout(1000)
        assert page.evaluate("window.saidFree") == []
        expect(page.get_by_text("Shiva does not answer").first).to_be_visible()
    expect(page.get_by_role("article").get_by_text(FREE).first).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Shiva does not answer")).to_have_count(0, timeout=15_000)


def test_ages_are_right_though_the_computers_clock_is_wrong(suite: Running, ada: Person, browser: Browser) -> None:
    container = ada.start()
    started = datetime.fromisoformat(container["started_at"])
    try:
        for hours in (3, -3):
            with browser.new_context() as context:
                context.add_init_script(SHIFTED % (hours * 3_600_000))
                page = context.new_page()
                log_in(page, suite.address, ada.name)
                shown = page.locator(f'time[datetime="{container["started_at"]}"]').first
                expect(shown).to_have_text(AGO)
                told = float(re.findall(r"\d+", shown.text_content() or "")[0])
                assert abs(told - (datetime.now(UTC) - started).total_seconds()) <= SEEN_SECONDS + BUSY_SECONDS
    finally:
        ada.stop(container["id"])


def test_an_older_answer_never_replaces_a_newer_one(suite: Running, ada: Person, page: Page) -> None:
    log_in(page, suite.address, ada.name)
    expect(page.get_by_role("article").get_by_text(FREE).first).to_be_visible()
    answered = 0

    def full_then_late_and_free(route: Route) -> None:
        nonlocal answered
        response = route.fetch()
        told: dict[str, Any] = response.json()
        answered += 1
        if answered % 2:
            told["machines"][0] |= {"state": "full", "gpus_free": 0, "cpu_ratio": None}
        else:
            told["as_of"] = (datetime.fromisoformat(told["as_of"]) - timedelta(seconds=8)).isoformat()
        route.fulfill(response=response, json=told)

    page.route("**/api/v1/machines", full_then_late_and_free)
    expect(page.get_by_role("article").get_by_text(FREE)).to_have_count(0, timeout=10_000)
    page.evaluate(WATCH)
    for _ in range(3):
        for _ in "older", "newer":
            with page.expect_response("**/api/v1/machines"):
                pass
    assert page.evaluate("window.saidFree") == []
    page.unroute("**/api/v1/machines")
    expect(page.get_by_role("article").get_by_text(FREE).first).to_be_visible(timeout=15_000)


def test_a_start_is_seen_by_others_within_two_seconds(suite: Running, ada: Person, page: Page) -> None:
    log_in(page, suite.address, "onlooker")
    answer = ada.api("POST", "containers", json={})
    since = time.monotonic()
    try:
        expect(page.get_by_text(ada.name).first).to_be_visible()
        assert time.monotonic() - since <= SEEN_SECONDS + BUSY_SECONDS
    finally:
        ada.stop(answer.json()["id"])
