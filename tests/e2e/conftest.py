"""Shared by the end-to-end tests: one running suite and one browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e import browsing, running
from tests.require import require


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.Running]:
    """The suite of `make run`."""
    with running.suite(tmp_path_factory.mktemp("suite") / "real") as started:
        yield started


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.Running]:
    """The suite of `make demo`."""
    with running.suite(tmp_path_factory.mktemp("demo") / "demo", "--demo") as started:
        yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; missing in CI is a failure."""
    if browsing.CHROMIUM is None:
        require("chromium", present=False, reason="Chromium is not installed (apt-get install chromium)")
    with browsing.chromium() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh browser, with no cookie."""
    context = browser.new_context()
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()
