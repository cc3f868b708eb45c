"""A tab whose container is starting, or whose machine went away, says so and goes on by itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.door import WORKERS, Door, door
from tests.e2e.running import eventually
from tests.fakes.proxy_broker import unrouted

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door with one name for everything."""
    names = dict.fromkeys(("app", "ada", "mallory"), "localhost")
    with door(tmp_path_factory.mktemp("door"), tls=False, **names) as started:
        yield started


@pytest.fixture
def tab(browser: Browser, at: Door) -> Iterator[Page]:
    """A tab of Ada's, in Tokyo."""
    with browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"{at.app}/-/login")
        page.get_by_label("name").fill("ada")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{at.app}/")
        yield page


def away(at: Door, container: dict[str, Any]) -> list[dict[str, str]]:
    """Let Ada's container be without a route, for every worker of the door; return the routes to come back with."""
    broker = at.behind.broker
    ready, broker.routes, broker.unrouted = broker.routes, [], [container]
    pulled = len(broker.asked) + 2 * WORKERS
    eventually(lambda: len(broker.asked) >= pulled, seconds=20, what="the door pulls")
    return ready


def test_a_starting_container_is_waited_for(at: Door, tab: Page) -> None:
    ready = away(at, unrouted("ada", "starting"))
    tab.goto(f"{at.app}/user/ada/lab?x=1")
    expect(tab.get_by_role("heading")).to_have_text("Your container is starting")
    at.behind.broker.routes, at.behind.broker.unrouted = ready, []
    expect(tab.get_by_text('"target": "/user/ada/lab?x=1"')).to_be_visible(timeout=20_000)


def test_a_lost_machine_is_told_in_the_readers_time_and_its_return_is_noticed(at: Door, tab: Page) -> None:
    today = datetime.now(UTC).replace(hour=5, minute=2, second=0, microsecond=0)
    ready = away(at, unrouted("ada", "lost", machine="gpu-02", since=today.isoformat()))
    tab.goto(f"{at.app}/user/ada/lab")
    expect(tab.get_by_role("heading")).to_contain_text("The machine gpu-02 is unreachable since")
    expect(tab.locator("time")).to_contain_text("14:02")
    expect(tab.get_by_text("Your files are safe")).to_be_visible()
    expect(tab.get_by_role("button", name="Start")).to_be_enabled()
    at.behind.broker.routes, at.behind.broker.unrouted = ready, []
    expect(tab.get_by_text('"target": "/user/ada/lab"')).to_be_visible(timeout=40_000)


OPEN = """() => new Promise((done, failed) => {
  const made = new WebSocket(location.origin.replace("http", "ws") + "/user/ada/socket");
  made.onopen = () => made.send("hello");
  made.onmessage = done;
  made.onerror = failed;
})"""


@pytest.fixture
def notebook(at: Door, tab: Page) -> Iterator[Page]:
    """Ada's tab with a page of her container, the door's script in it, and a socket that is open."""
    ready = at.behind.broker.routes
    tab.goto(f"{at.app}/user/ada/lab")
    tab.add_script_tag(url="/-/assets/tab.js")
    tab.evaluate(OPEN)
    yield tab
    at.behind.broker.routes, at.behind.broker.unrouted = ready, []
    eventually(lambda: at.status(f"{at.app}/-/health", "") == 200, seconds=20, what="the door answers")


@pytest.mark.parametrize(
    ("container", "sentence", "button"),
    [
        (None, "Your container is not running. Your files are safe", "Start it"),
        (unrouted("ada", "lost", machine="gpu-02"), "The machine of your container is unreachable", "To the dashboard"),
        (unrouted("ada", "starting"), "Your container is starting", "To the dashboard"),
    ],
)
def test_an_open_notebook_says_what_became_of_its_container_and_goes_on_with_it(
    at: Door, notebook: Page, container: dict[str, Any] | None, sentence: str, button: str
) -> None:
    ready = away(at, container or unrouted("ken", "starting"))
    said = notebook.get_by_role("alert")
    expect(said).to_contain_text(sentence, timeout=20_000)
    expect(said.get_by_role("button", name=button)).to_be_visible()
    expect(notebook.get_by_text('"target": "/user/ada/lab"')).to_be_visible()
    at.behind.broker.routes, at.behind.broker.unrouted = ready, []
    expect(said).to_have_count(0, timeout=20_000)


def test_an_open_notebook_speaks_the_language_that_was_chosen(at: Door, notebook: Page) -> None:
    notebook.context.add_cookies([{"name": "shiva-language", "value": "ja", "url": at.app}])
    notebook.reload()
    notebook.add_script_tag(url="/-/assets/tab.js")
    notebook.evaluate(OPEN)
    away(at, unrouted("ken", "starting"))
    expect(notebook.get_by_role("alert")).to_contain_text("コンテナは動いていません", timeout=20_000)
