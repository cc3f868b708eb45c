"""A notebook that is open in JupyterLab while its container is stopped, and while the door restarts."""

import os
import signal

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import log_in
from tests.e2e.person import Person
from tests.e2e.running import Running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

NAME = "rei"


def test_the_tab_says_what_happened_offers_help_and_keeps_what_is_unsaved(suite: Running, page: Page) -> None:
    rei = Person(suite.address, NAME)
    container = rei.start()
    log_in(page, suite.address, NAME)
    page.goto(f"{suite.address}user/{NAME}/lab")
    page.locator(".jp-LauncherCard[data-category='Notebook']").first.click()
    cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
    expect(page.locator("#jp-bottom-panel")).to_contain_text("| Idle", timeout=60_000)
    cell.click()
    page.keyboard.type("not_saved = 1")
    said = page.locator("#shiva-notice")

    supervisor = int((suite.folder / "supervisord.pid").read_text(encoding="ascii"))
    os.kill(supervisor, signal.SIGSTOP)
    try:
        assert suite.kill("jupyter-proxy")
        expect(said).to_contain_text("Shiva does not answer. Your container goes on running", timeout=30_000)
        expect(said.get_by_role("button", name="Try now")).to_be_visible()
    finally:
        os.kill(supervisor, signal.SIGCONT)
    expect(said).to_have_count(0, timeout=30_000)

    rei.stop(container["id"])
    expect(said).to_contain_text("Your container is not running. Your files are safe", timeout=30_000)
    with page.context.expect_page() as opened:
        said.get_by_role("button", name="Start it").click()
    opened.value.get_by_role("button", name="Start").click()
    expect(opened.value.locator("#jp-main-dock-panel")).to_be_visible(timeout=60_000)
    expect(said).to_have_count(0, timeout=30_000)
    expect(cell).to_have_text("not_saved = 1")
    rei.stop(container["id"])
