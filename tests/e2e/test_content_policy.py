"""The dashboard lives with a strict Content-Security-Policy: nothing inline, nothing evaluated, nothing from elsewhere."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import log_in
from tests.e2e.running import Running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

PAGES = (
    "", "images", "usage", "wall", "tokens", "device", "containers/admin--default", "admin", "admin/people", "admin/audit",
    "api-docs", "no-such-page",
)  # fmt: skip
OWN_PAGES = ("-/login", "user/admin/lab", "user/ada/lab")
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
ATTACK = """
const add = (tag, content) => {
  const made = document.createElement(tag);
  made.textContent = content;
  document.head.append(made);
};
add("script", "window.ranInline = true");
add("style", "h1 { color: rgb(1, 2, 3) }");
setTimeout("window.ranText = true", 0);
const image = document.createElement("div");
image.innerHTML = "<img src='x' onerror='window.ranHandler = true'>";
document.body.append(image);
"""


@pytest.fixture
def watched(suite: Running, browser: Browser) -> Iterator[tuple[Page, set[str]]]:
    """An admin's tab, and the hosts that it asked."""
    with browser.new_context() as context:
        context.add_init_script(WATCH)
        page = context.new_page()
        asked: set[str] = set()
        page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
        log_in(page, suite.address, "admin")
        yield page, asked


def test_no_page_breaks_the_policy_or_asks_anybody_else(suite: Running, watched: tuple[Page, set[str]]) -> None:
    page, asked = watched
    for path in PAGES + OWN_PAGES:
        page.goto(suite.address + path)
        expect(page.locator("h1, h2").first).to_be_visible()
        page.wait_for_load_state("networkidle" if path == "api-docs" else "load")
        assert page.evaluate("window.violations") == [], path
    assert asked - {""} == {urlsplit(suite.address).netloc}


def test_the_machines_as_a_table_keep_to_it_too(suite: Running, watched: tuple[Page, set[str]]) -> None:
    page, _ = watched
    page.goto(suite.address)
    page.get_by_role("button", name="Table").click()
    expect(page.get_by_role("grid")).to_be_visible()
    row = page.get_by_role("row").nth(1)
    assert row.evaluate("(row) => getComputedStyle(row).display") == "flex", "its styles are let in"
    assert page.evaluate("window.violations") == []


def test_what_is_slipped_into_a_page_does_not_run(suite: Running, watched: tuple[Page, set[str]]) -> None:
    page, _ = watched
    page.goto(suite.address)
    heading = page.locator("h1").first
    expect(heading).to_be_visible()
    page.evaluate(ATTACK)
    page.wait_for_function("window.violations.length >= 4")
    ran = "[window.ranInline, window.ranText, window.ranHandler].some(Boolean)"
    assert page.evaluate(ran) is False
    assert heading.evaluate("(heading) => getComputedStyle(heading).color") != "rgb(1, 2, 3)"
    told = {violation.split()[0] for violation in page.evaluate("window.violations")}
    assert told >= {"script-src-elem", "script-src-attr", "script-src", "style-src-elem"}


def test_each_answer_lets_in_styles_of_its_own_only(suite: Running, watched: tuple[Page, set[str]]) -> None:
    page, _ = watched
    policies = [page.request.get(suite.address).headers["content-security-policy"] for _ in range(2)]
    assert policies[0] != policies[1]
    assert all("'unsafe-" not in policy and "http" not in policy for policy in policies)
    assert "SHIVA-NONCE" not in page.request.get(suite.address).text()
