"""The main job by keys alone: log in, start, open JupyterLab, come back, stop; no mouse, and focus that can be seen."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import log_in
from tests.e2e.gallery.keys import Keys
from tests.e2e.gallery.words import say
from tests.e2e.person import Person
from tests.e2e.running import Running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

OWNER = "keys.only"


def test_the_main_job_needs_no_mouse(suite: Running, page: Page) -> None:
    keys = Keys(page=page)
    keys.watch()
    page.goto(suite.address)
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type(OWNER)
    keys.to(page.get_by_role("button", name="Log in"))
    keys.press("Enter")

    keys.to(page.get_by_role("button", name=say("en", "start.button")))
    keys.press("Enter")
    page.wait_for_url(f"**/user/{OWNER}/lab*", timeout=60_000)
    expect(page.locator("#jp-main-dock-panel")).to_be_visible(timeout=60_000)

    page.goto(suite.address)  # as typed into the address bar
    keys.to(page.get_by_role("link", name=say("en", "containers.open")))
    keys.to(page.get_by_role("button", name=say("en", "containers.stop"), exact=True))
    keys.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert dialog.evaluate("each => each.contains(document.activeElement)"), "the focus went into the dialog"
    keys.to(dialog.get_by_role("button", name=say("en", "containers.stopConfirm")))
    keys.press("Enter")
    expect(page.get_by_role("button", name=say("en", "start.button"))).to_be_visible(timeout=20_000)
    assert keys.mouse() is None


def test_single_keys_go_where_they_say_and_are_letters_in_a_field(suite: Running, page: Page) -> None:
    keys = Keys(page=page)
    log_in(page, suite.address, "short.cuts")
    home = page.get_by_role("heading", name=say("en", "containers.mine"))
    search = page.get_by_role("searchbox", name=say("en", "machines.search"))
    expect(search).to_be_visible()
    keys.press("/")
    expect(search).to_be_focused()
    keys.press("?", "n")
    expect(search).to_have_value("?n")
    page.reload()
    expect(home).to_be_visible()

    keys.press("?")
    expect(page.get_by_role("dialog").get_by_text(say("en", "frame.keys.onHint"))).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    keys.press("g", "u")
    expect(page.get_by_role("heading", name=say("en", "usage.title"))).to_be_visible()
    keys.press("g", "m")
    expect(home).to_be_visible()

    start = page.get_by_role("button", name=say("en", "start.button"))
    keys.press("g", "u")
    expect(page.get_by_role("heading", name=say("en", "usage.title"))).to_be_visible()
    keys.press("n")
    expect(start).to_be_focused()
    keys.press("n")
    page.wait_for_url("**/user/short.cuts/lab*", timeout=60_000)
    Person(suite.address, "short.cuts").stop("short.cuts--default")


@pytest.mark.parametrize(("style", "shows"), [("", True), ("outline: none", False)])
def test_a_focus_that_nobody_sees_is_noticed(page: Page, style: str, shows: bool) -> None:
    page.set_content(f"<button style='{style}'>Start</button>")
    keys = Keys(page=page)
    if shows:
        keys.to(page.get_by_role("button"))
        return
    with pytest.raises(AssertionError, match="nobody sees"):
        keys.to(page.get_by_role("button"))
