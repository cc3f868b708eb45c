"""The main job by keys alone: log in, start, open JupyterLab, come back, stop; no mouse, and focus that can be seen."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.gallery.keys import Keys
from tests.e2e.gallery.words import say
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

    keys.to(page.get_by_role("button", name=say("en", "=Start my container")))
    keys.press("Enter")
    page.wait_for_url(f"**/user/{OWNER}/lab*", timeout=60_000)
    expect(page.locator("#jp-main-dock-panel")).to_be_visible(timeout=60_000)

    page.goto(suite.address)  # as typed into the address bar
    keys.to(page.get_by_role("link", name=say("en", "=Open JupyterLab")))
    keys.to(page.get_by_role("button", name=say("en", "=Stop"), exact=True))
    keys.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert dialog.evaluate("each => each.contains(document.activeElement)"), "the focus went into the dialog"
    keys.to(dialog.get_by_role("button", name=say("en", "=Stop container")))
    keys.press("Enter")
    expect(page.get_by_role("button", name=say("en", "=Start my container"))).to_be_visible(timeout=20_000)
    assert keys.mouse() is None


@pytest.mark.parametrize(("style", "shows"), [("", True), ("outline: none", False)])
def test_a_focus_that_nobody_sees_is_noticed(page: Page, style: str, shows: bool) -> None:
    page.set_content(f"<button style='{style}'>Start</button>")
    keys = Keys(page=page)
    if shows:
        keys.to(page.get_by_role("button"))
        return
    with pytest.raises(AssertionError, match="nobody sees"):
        keys.to(page.get_by_role("button"))
