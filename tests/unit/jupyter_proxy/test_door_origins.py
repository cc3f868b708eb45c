"""The real door under several names: each serves its own, and a session goes from one to the other once, by a code."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import Answer, World, in_world
from tests.fakes.proxy_process import hidden

PORT = 8000  # in links; the door itself listens where the kernel says
APP = f"app.localhost:{PORT}"
NOTEBOOKS = f"nb.localhost:{PORT}"
HOSTS = {"origins": "hosts", "hosts": ("app.localhost",), "notebook_hosts": ("nb.localhost",), "public_port": PORT}
PEOPLE = {"origins": "subdomains", "hosts": ("app.localhost",), "notebook_domain": "nb.localhost", "public_port": PORT}
MODES = pytest.mark.parametrize(("mode", "host"), [(HOSTS, NOTEBOOKS), (PEOPLE, f"ada.{NOTEBOOKS}")], ids=["hosts", "subdomains"])  # fmt: skip
BOTH = pytest.mark.parametrize("mode", [HOSTS, PEOPLE], ids=["hosts", "subdomains"])


def at(host: str, **more: str) -> dict[str, Any]:
    """Return the headers of a browser that calls `host` from a page there."""
    return {"host": host, "origin": f"http://{host}", **more}


class Browser:
    """A jar for each host, and redirects one by one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.jars: dict[str, dict[str, str]] = {}

    async def ask(self, method: str, url: str, body: bytes = b"", **more: str) -> Answer:
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        jar = self.jars.setdefault(parts.netloc, {})
        cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
        headers = at(parts.netloc, accept="text/html") | more
        answer = await self.world.ask(method, target, cookie or None, body, **headers)
        for line in answer.values("set-cookie"):
            found = re.match(r'([^=]+)="?([^";]*)', line)
            assert found is not None
            jar[found[1]] = found[2]
        return answer

    async def go(self, url: str) -> tuple[Answer, list[str]]:
        """Follow redirects; return the last answer and the addresses on the way."""
        way = [url]
        while (answer := await self.ask("GET", way[-1])).status in {302, 303}:
            where = answer.value("location")
            way.append(where if where.startswith("http") else f"http://{urlsplit(way[-1]).netloc}{where}")
            assert len(way) < 10, way
        return answer, way

    async def log_in(self, name: str) -> None:
        page = await self.ask("GET", f"http://{APP}/-/login")
        body = f"csrf_token={hidden(page.body)}&name={name}".encode()
        form = "application/x-www-form-urlencoded"
        answer = await self.ask("POST", f"http://{APP}/-/login", body, content_type=form)
        assert answer.status == 303

    async def code(self, host: str) -> str:
        """Get as far as a code for Ada's notebook, and return the address that takes it."""
        first = await self.ask("GET", f"http://{host}/user/ada/lab")
        made = await self.ask("GET", first.value("location"))
        return made.value("location")


def in_mode(mode: dict[str, object], use: Callable[[Browser], Awaitable[None]]) -> None:
    async def within(world: World) -> None:
        await use(Browser(world))

    in_world(within, **mode)


# the way in


@MODES
def test_a_notebook_is_opened_through_login_and_hand_over_and_stays_open(mode: dict[str, object], host: str) -> None:
    async def use(browser: Browser) -> None:
        login, way = await browser.go(f"http://{APP}/user/ada/lab?x=1")
        assert (login.status, b"Log in" in login.body) == (200, True)
        paths = [urlsplit(each).netloc + urlsplit(each).path for each in way]
        assert paths == [f"{APP}/user/ada/lab", f"{host}/user/ada/lab", f"{APP}/-/handover", f"{APP}/-/login"]
        await browser.log_in("ada")
        answer, way = await browser.go(f"http://{APP}{parse_qs(urlsplit(way[-1]).query)['next'][0]}")
        assert answer.value("x-upstream") == "echo"
        assert way[-1] == f"http://{host}/user/ada/lab?x=1"
        assert set(browser.jars[APP]) == {"shiva-session", "shiva-login"}
        assert set(browser.jars[host]) == {"shiva-notebook", "shiva-state"}
        assert not [name for name, _ in answer.facts["headers"] if name == "Cookie"]
        again, way = await browser.go(f"http://{APP}/user/ada/lab")
        assert (again.status, len(way)) == (200, 2)

    in_mode(mode, use)


@MODES
def test_the_cookie_of_a_host_of_notebooks_is_that_hosts_alone(mode: dict[str, object], host: str) -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in("ada")
        entered = await browser.ask("GET", await browser.code(host))
        (line,) = entered.values("set-cookie")
        flags = {flag.strip().lower() for flag in line.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= flags
        assert not any(flag.startswith("domain") for flag in flags)
        assert (entered.value("referrer-policy"), entered.value("cache-control")) == ("no-referrer", "no-store")
        stolen = browser.jars[host]["shiva-notebook"]
        for name in ("shiva-session", "shiva-notebook"):
            refused = await browser.world.ask("GET", "/api/v1/me", f"{name}={stolen}", **at(APP))
            assert (refused.status, refused.facts["code"]) == (401, "not-logged-in")
        assert browser.world.manager.seen == []

    in_mode(mode, use)


def test_in_subdomains_a_cookie_of_one_persons_host_is_nothing_on_anothers() -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in("ada")
        await browser.ask("GET", await browser.code(f"ada.{NOTEBOOKS}"))
        stolen = f"shiva-notebook={browser.jars[f'ada.{NOTEBOOKS}']['shiva-notebook']}"
        ada = await browser.world.ask("GET", "/user/ada/api", stolen, **at(f"ada.{NOTEBOOKS}"))
        ken = await browser.world.ask("GET", "/user/ken/api", stolen, **at(f"ken.{NOTEBOOKS}"))
        assert (ada.status, ken.status) == (200, 401)

    in_mode(PEOPLE, use)


# codes


@MODES
def test_a_code_that_was_used_is_refused_with_a_page(mode: dict[str, object], host: str) -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in("ada")
        link = await browser.code(host)
        assert (await browser.ask("GET", link)).status == 302
        again = await browser.ask("GET", link)
        assert (again.status, again.values("set-cookie"), b"/user/ada/lab" in again.body) == (403, [], True)

    in_mode(mode, use)


@MODES
def test_a_code_works_in_the_browser_that_asked_for_it_alone(mode: dict[str, object], host: str) -> None:
    async def use(mallory: Browser) -> None:
        await mallory.log_in("ada")
        link, victim = await mallory.code(host), Browser(mallory.world)
        refused = await victim.ask("GET", link)
        assert (refused.status, refused.values("set-cookie")) == (403, [])
        victim.jars[host] = {"shiva-state": "x" * 24}  # it is on its way in itself, in another tab
        answer = await victim.ask("GET", link)
        assert (answer.status, answer.value("location"), answer.values("set-cookie")) == (302, "/user/ada/lab", [])
        assert (await mallory.ask("GET", link)).values("set-cookie") != []

    in_mode(mode, use)


def test_a_code_for_another_host_is_refused() -> None:
    async def use(browser: Browser) -> None:
        browser.world.broker.routes[0] = route("ada", browser.world.container.url)
        await browser.log_in("ada")
        link = await browser.code(f"ada.{NOTEBOOKS}")
        browser.jars[f"ken.{NOTEBOOKS}"] = dict(browser.jars[f"ada.{NOTEBOOKS}"])
        refused = await browser.ask("GET", link.replace("//ada.", "//ken."))
        assert (refused.status, refused.values("set-cookie")) == (403, [])

    in_mode(PEOPLE, use)


@MODES
@pytest.mark.parametrize("code", ["", "x", "2|1:0|10:1700000000|14:shiva-handover|4:W10=|00"])
def test_a_forged_code_is_refused(mode: dict[str, object], host: str, code: str) -> None:
    async def use(browser: Browser) -> None:
        browser.jars[host] = {"shiva-state": "x" * 24}
        refused = await browser.ask("GET", f"http://{host}/-/enter?code={quote(code)}&next=/user/ada/")
        assert (refused.status, refused.values("set-cookie")) == (403, [])

    in_mode(mode, use)


@MODES
@pytest.mark.parametrize(
    "next_",
    ["//evil.example/", "/", "/-/login", "/user/", "/user/ada/../ken/", "https://evil.example/user/ada/", "/api/v1/me"],
)
def test_the_way_leads_into_a_container_and_nowhere_else(mode: dict[str, object], host: str, next_: str) -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in("ada")
        for url in (
            f"http://{APP}/-/handover?state=x&to=",
            f"http://{host}/-/enter?code=x&next=",
            f"http://{APP}/-/start?wanted=",
        ):
            answer = await browser.ask("GET", url + quote(next_, safe=""))
            assert (answer.status, answer.values("location")) == (400, [])

    in_mode(mode, use)


@BOTH
def test_nobody_is_handed_over_to_what_is_not_theirs(mode: dict[str, object]) -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in("ken")
        answer, way = await browser.go(f"http://{APP}/user/ada/lab")
        assert (answer.status, b"not yours" in answer.body, b"/user/ken/" in answer.body) == (403, True, True)
        assert urlsplit(way[-1]).path == "/-/handover"
        assert browser.world.container.seen == []

    in_mode(mode, use)


def test_who_logs_in_as_another_person_is_that_person_on_the_host_of_notebooks_too() -> None:
    async def use(browser: Browser) -> None:
        browser.world.broker.routes.append(route("ken", browser.world.container.url))
        await browser.log_in("ada")
        assert (await browser.go(f"http://{APP}/user/ada/"))[0].status == 200
        browser.jars[APP].clear()
        await browser.log_in("ken")
        assert (await browser.go(f"http://{APP}/user/ken/"))[0].status == 200
        assert (await browser.go(f"http://{APP}/user/ada/"))[0].status == 403

    in_mode(HOSTS, use)


# what is where


@MODES
@pytest.mark.parametrize(
    ("method", "app", "path"),
    [
        ("GET", True, "/user/ada/api"), ("POST", True, "/user/ada/lab"), ("GET", False, "/api/v1/me"), ("POST", False, "/api/v1/containers"),
        ("GET", False, "/"), ("POST", False, "/-/login"), ("POST", False, "/-/logout"), ("GET", False, "/-/handover?to=/user/ada/&state=x"),
        ("GET", False, "/-/start?wanted=/user/ada/"), ("GET", True, "/-/enter?code=x&next=/user/ada/"), ("GET", False, "/-/metrics"), ("GET", False, "/user/../"),
    ],
)  # fmt: skip
def test_programs_and_scripts_get_nothing_under_the_wrong_name(
    mode: dict[str, object], host: str, method: str, app: bool, path: str
) -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in("ada")
        assert (await browser.go(f"http://{APP}/user/ada/lab"))[0].status == 200
        browser.world.container.seen.clear()
        answer = await browser.ask(method, f"http://{APP if app else host}{path}", accept="application/json")
        assert answer.status in {400, 421}
        assert answer.facts["code"] in {"bad-path", "other-host"}
        assert browser.world.container.seen + browser.world.manager.seen == []

    in_mode(mode, use)


@BOTH
def test_a_socket_to_a_notebook_is_not_opened_under_the_dashboards_name(mode: dict[str, object]) -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in("ada")
        answer = await browser.ask(
            "GET", f"http://{APP}/user/ada/socket", connection="Upgrade", upgrade="websocket", sec_websocket_version="13",
            sec_websocket_key="AAAAAAAAAAAAAAAAAAAAAA==",
        )  # fmt: skip
        assert (answer.status, answer.facts["code"]) == (421, "other-host")
        assert browser.world.container.seen == []

    in_mode(mode, use)


@MODES
def test_a_page_under_the_wrong_name_leads_to_the_right_one(mode: dict[str, object], host: str) -> None:
    async def use(browser: Browser) -> None:
        answer = await browser.ask("GET", f"http://{host}/machines")
        assert (answer.status, answer.value("location")) == (302, f"http://{APP}/")
        assets = await browser.ask("GET", f"http://{host}/-/assets/shiva.css")
        assert assets.status == 200

    in_mode(mode, use)


@BOTH
@pytest.mark.parametrize("host", ["evil.example", "nb.localhost.evil.example", "app.localhost.:8000"])
def test_another_name_is_not_answered(mode: dict[str, object], host: str) -> None:
    async def use(browser: Browser) -> None:
        answer = await browser.world.ask("GET", "/-/login", host=host)
        assert (answer.status, answer.facts["code"]) == (421, "unknown-host")

    in_mode(mode, use)


@MODES
def test_a_container_that_does_not_run_is_started_on_the_dashboards_host(mode: dict[str, object], host: str) -> None:
    async def use(browser: Browser) -> None:
        browser.world.broker.routes.clear()
        await browser.log_in("ada")
        answer, way = await browser.go(f"http://{host}/user/ada/lab?x=1")
        assert (answer.status, way[-1]) == (404, f"http://{APP}/-/start?wanted=%2Fuser%2Fada%2Flab%3Fx%3D1")
        assert b'data-wanted="/user/ada/lab?x=1"' in answer.body
        program = await browser.ask("GET", f"http://{host}/user/ada/api", accept="application/json")
        assert (program.status, program.facts["code"]) == (404, "not-running")

    in_mode(mode, use)


def test_with_https_cookies_are_bound_to_their_host_by_their_name() -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in("ada")
        assert {name for name, value in browser.jars[APP].items() if value} == {
            "__Host-shiva-session",
            "__Host-shiva-login",
        }
        unprefixed = f"shiva-session={browser.jars[APP]['__Host-shiva-session']}"
        assert (await browser.world.ask("GET", "/api/v1/me", f"__Host-{unprefixed}", **at(APP))).status == 200
        assert (await browser.world.ask("GET", "/api/v1/me", unprefixed, **at(APP))).status == 401
        first = await browser.ask("GET", f"http://{NOTEBOOKS}/user/ada/")
        assert re.match(r"__Host-shiva-state=[^;]+; Path=/; .*; Secure$", first.value("set-cookie"))
        assert first.value("location").startswith("https://app.localhost:8000/-/handover?")

    in_mode(HOSTS | {"public_scheme": "https"}, use)


# pages of other origins

FOREIGN = [
    ("same-site", ""),
    ("cross-site", ""),
    ("", "http://evil.example"),
    ("", "null"),
    ("", f"http://{NOTEBOOKS}"),
]


@pytest.mark.parametrize(("site", "origin"), FOREIGN)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE"])
def test_a_foreign_page_neither_reads_nor_changes_anything_of_the_api(method: str, site: str, origin: str) -> None:
    async def use(browser: Browser) -> None:
        await browser.log_in("ada")
        cookie = f"shiva-session={browser.jars[APP]['shiva-session']}"
        said = {"host": APP} | ({"origin": origin} if origin else {"sec-fetch-site": site})
        said |= {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
        client = await browser.world.client()
        answer = await client.ask(method, "/api/v1/me", said | {"cookie": cookie})
        assert answer.status == 403
        assert browser.world.manager.seen == []

    in_mode(HOSTS, use)


@pytest.mark.parametrize(
    ("mode", "dest", "status"),
    [("navigate", "document", 200), ("navigate", "iframe", 403), ("no-cors", "image", 403), ("cors", "empty", 403)],
)
def test_a_foreign_page_may_link_to_a_notebook_and_no_more(mode: str, dest: str, status: int) -> None:
    async def use(world: World) -> None:
        cookie = await world.login("ada")
        said = {"Host": f"localhost:{world.port}", "cookie": cookie, "sec-fetch-site": "same-site", "sec-fetch-mode": mode, "sec-fetch-dest": dest}  # fmt: skip
        answer = await (await world.client()).ask("GET", "/user/ada/x", said)
        assert (answer.status, len(world.container.seen)) == (status, int(status == 200))

    in_world(use)


# whom a route admits


def test_a_route_admits_whom_it_names_and_nobody_else() -> None:
    async def use(world: World) -> None:
        shared = route("ada", world.container.url)
        world.broker.routes = [json.loads(json.dumps(shared | {"access": "session", "admits": ["ken"]}))]
        for name, status in (("ada", 200), ("ken", 200), ("mei", 403)):
            assert (await world.ask("GET", "/user/ada/x", await world.login(name))).status == status
        assert len(world.container.seen) == 2

    in_world(use)


def test_an_access_that_the_door_does_not_know_lets_nobody_in() -> None:
    async def use(world: World) -> None:
        world.broker.routes = [route("ada", world.container.url) | {"access": "secret-handshake"}]
        assert (await world.ask("GET", "/user/ada/x", await world.login("ada"))).status == 403
        assert world.container.seen == []

    in_world(use)
