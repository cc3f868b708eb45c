"""Headless Chromium of the distribution, driven by Playwright."""

import contextlib
import os
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, Page, expect, sync_playwright

expect.set_options(timeout=20_000)  # a page waits for a machine that is busy with other tests

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.shiva.test 127.0.0.1",  # names of tests are this machine
]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser; the sandbox is off for root alone, who cannot have it."""
    arguments = ARGUMENTS + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def log_in(page: Page, address: str, name: str) -> None:
    """Log in on the login page, as a person does."""
    page.goto(address)
    page.get_by_label("name").fill(name)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Machines")).to_be_visible(timeout=15_000)


def run_cell(page: Page, code: str, answer: str) -> None:
    """In an open JupyterLab, make a notebook, run `code` in its first cell and read `answer` below it."""
    page.locator(".jp-LauncherCard[data-category='Notebook']").first.click()
    cell = page.locator(".jp-Notebook .jp-CodeCell .cm-content").first
    expect(cell).to_be_visible(timeout=30_000)
    expect(page.locator("#jp-bottom-panel")).to_contain_text("| Idle", timeout=30_000)
    cell.click()
    page.keyboard.type(code)
    expect(cell).to_have_text(code)
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-OutputArea-output pre").first).to_have_text(answer, timeout=30_000)


def type_in_terminal(page: Page, line: str) -> None:
    """In an open JupyterLab, open a terminal and run a line there."""
    page.locator("jp-button[data-command='launcher:create']").first.click()
    page.locator(".jp-LauncherCard[title*='terminal' i]").last.click()
    terminal = page.locator(".jp-Terminal .xterm-helper-textarea").last
    terminal.wait_for(state="attached", timeout=30_000)
    page.locator(".jp-Terminal").last.click()
    page.wait_for_timeout(1000)  # the shell's prompt has no mark of its own
    page.keyboard.type(f"{line}\n")
