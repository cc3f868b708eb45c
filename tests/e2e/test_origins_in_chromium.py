"""The browser's wall: from an attacker's notebook, nothing of the dashboard, the API or another person can be had.

Each way of sharing names out is tried with names that are foreign to each other and with ones of one site, where
SameSite cookies are no help and the door's own rules alone stand.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.door import WORKERS, Door, door
from tests.fakes.proxy_hostile import NAMES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SOCKETS = 4 * WORKERS
OPEN = """count => Promise.all(Array.from({length: count}, (_, number) => new Promise((done, failed) => {
  window.ended = 0;
  const made = new WebSocket(location.origin.replace("http", "ws") + "/user/ada/socket");
  made.onopen = () => made.send(`hello ${number}`);
  made.onmessage = (message) => done(message.data);
  made.onerror = failed;
  made.onclose = () => { window.ended += 1; };
})))"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """A way of sharing names out."""

    settings: dict[str, str]
    app: str
    ada: str
    mallory: str
    tossed: tuple[str, ...]  # cookie attributes that an attacker can try
    tls: bool = False
    apart: bool  # each person's notebooks have an origin of their own


HERE = ("", "; path=/", "; path=/; domain=localhost", "; path=/-/")
SITE = (*HERE, "; path=/; domain=shiva.test; secure", "; path=/; domain=nb.shiva.test; secure")
WAYS = {
    "hosts": Names(
        settings={"origins": "hosts", "notebook_hosts": "127.0.0.1"}, app="localhost", ada="127.0.0.1", mallory="127.0.0.1",
        tossed=HERE, apart=False,
    ),
    "subdomains": Names(
        settings={"origins": "subdomains", "notebook_domain": "localhost"}, app="localhost", ada="ada.localhost",
        mallory="mallory.localhost", tossed=HERE, apart=True,
    ),
    "hosts of one site": Names(
        settings={"origins": "hosts", "notebook_hosts": "nb.shiva.test"}, app="app.shiva.test", ada="nb.shiva.test",
        mallory="nb.shiva.test", tossed=SITE, apart=False, tls=True,
    ),
    "subdomains of one site": Names(
        settings={"origins": "subdomains", "notebook_domain": "nb.shiva.test"}, app="app.shiva.test",
        ada="ada.nb.shiva.test", mallory="mallory.nb.shiva.test", tossed=SITE, apart=True, tls=True,
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=list(WAYS.values()), ids=list(WAYS))
def names(request: pytest.FixtureRequest) -> Names:
    """Each way in turn."""
    found: Names = request.param
    return found


@pytest.fixture(scope="module")
def at(names: Names, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door with these names."""
    folder = tmp_path_factory.mktemp("door")
    with door(folder, app=names.app, ada=names.ada, mallory=names.mallory, tls=names.tls, **names.settings) as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh browser, with no cookie."""
    made = browser.new_context(ignore_https_errors=True)
    made.set_default_timeout(20_000)
    yield made
    made.close()


def in_notebook(context: BrowserContext, at: Door) -> Page:
    """Log in as Ada on the way to her notebook, and come to it."""
    page = context.new_page()
    page.goto(f"{at.app}/user/ada/lab?x=1")
    page.get_by_label("name").fill("ada")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{at.ada}/user/ada/lab?x=1")
    return page


def ours(context: BrowserContext) -> set[tuple[str, str, str]]:
    """Return the door's cookies: host, name and value."""
    return {
        (str(cookie.get("domain")), str(cookie.get("name")), str(cookie.get("value")))
        for cookie in context.cookies()
        if cookie.get("httpOnly") and str(cookie.get("name")).removeprefix("__Host-") in NAMES
    }


def cookie(context: BrowserContext, name: str) -> str:
    """Return what a thief of a cookie would send."""
    [(found, value)] = {(found, value) for _, found, value in ours(context) if found.endswith(name)}
    return f"{found}={value}"


def test_a_notebook_opens_works_and_ends_with_the_logout_in_every_process(context: BrowserContext, at: Door) -> None:
    notebook = in_notebook(context, at)
    assert notebook.evaluate(OPEN, SOCKETS) == [f"hello {number}" for number in range(SOCKETS)]
    session, stolen = cookie(context, "shiva-session"), cookie(context, "shiva-notebook")
    assert {at.status(f"{at.ada}/user/ada/x", stolen) for _ in range(SOCKETS)} == {200}
    dashboard = context.new_page()
    dashboard.goto(at.app)
    expect(dashboard.get_by_role("heading", name="Machines")).to_be_visible()
    dashboard.evaluate(
        "token => fetch('/-/logout', {method: 'POST', headers: {'X-CSRF-Token': token}})", at.csrf_token(session)
    )
    notebook.wait_for_function(f"window.ended === {SOCKETS}", timeout=5_000)
    assert {at.status(f"{at.ada}/user/ada/x", stolen) for _ in range(SOCKETS)} == {401}
    assert {at.status(f"{at.app}/api/v1/me", session) for _ in range(SOCKETS)} == {401}
    notebook.goto(f"{at.ada}/user/ada/lab")
    expect(notebook.get_by_role("heading", name="Log in")).to_be_visible()


def test_an_attackers_notebook_reads_and_changes_nothing(context: BrowserContext, at: Door, names: Names) -> None:
    in_notebook(context, at)
    attacker = context.new_page()
    attacker.goto(f"{at.app}/user/mallory/shared.html")
    expect(attacker.get_by_role("heading", name="Look at my results")).to_be_visible()
    assert attacker.url == f"{at.mallory}/user/mallory/shared.html"
    before = ours(context)
    assert {name.removeprefix("__Host-") for _, name, _ in before} == set(NAMES)
    assert all(name.startswith("__Host-") == names.tls for _, name, _ in before)
    at.behind.manager.seen.clear()
    at.behind.ada.seen.clear()
    urls = [f"{at.app}{path}" for path in ("/", "/api/v1/me", "/api/v1/containers", "/-/logout", "/-/login")]
    if names.apart:  # else notebooks are one origin
        urls += [f"{at.app}/user/ada/x", f"{at.ada}/user/ada/x"]
    got = attacker.evaluate(
        "targets => attack(targets)",
        {
            "urls": urls,
            "sockets": [f"{at.app}/api/v1/events", f"{at.app}/user/ada/socket"] + ([f"{at.ada}/user/ada/socket"] if names.apart else []),
            "tossed": [f"{name}=evil{attributes}" for name in (*NAMES, *(f"__Host-{name}" for name in NAMES)) for attributes in names.tossed],
        },
    )  # fmt: skip
    assert got == []
    assert at.behind.manager.seen == []
    visit = ("GET", "/user/ada/x")  # a link that is followed; nobody reads what it leads to
    assert at.behind.ada.seen == ([visit, visit] if names.apart else [])
    assert ours(context) == before
    assert at.status(f"{at.app}/api/v1/me", cookie(context, "shiva-session")) == 200
    dashboard = context.new_page()
    dashboard.goto(at.app)
    expect(dashboard.get_by_role("heading", name="Machines")).to_be_visible()


def test_a_link_with_somebody_elses_code_logs_nobody_in(context: BrowserContext, at: Door) -> None:
    page = context.new_page()
    page.goto(at.link_into(f"{at.mallory}/user/mallory/", "mallory"))
    expect(page.get_by_role("heading", name="This link was used, or is too old")).to_be_visible()
    assert ours(context) == set()
