"""The real door on a real socket: who gets in, what goes through, and what is said instead."""

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest
from shiva_common import identity

from tests.fakes.proxy_broker import route
from tests.fakes.proxy_door import IDENTITY_KEY, World, in_world
from tests.fakes.proxy_manager import METRICS_TOKEN

JUPYTER_TOKEN = "token token-of-jupyter"


# login


def test_login_sets_a_cookie_that_scripts_and_other_sites_do_not_get() -> None:
    async def use(world: World) -> None:
        form = await world.ask("GET", "/-/login?next=%2Fuser%2Fada%2Flab", page=True)
        assert (form.status, b'value="/user/ada/lab"' in form.body) == (200, True)
        answer = await world.log_in("name=Ada&next=%2Fuser%2F_41da%2F")
        assert (answer.status, answer.value("location")) == (303, "/user/_41da/")
        (cookie,) = answer.values("set-cookie")
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= flags
        assert not any(flag.startswith("domain") for flag in flags)

    in_world(use)


@pytest.mark.parametrize("wanted", ["//evil.example", "http://evil.example", "/\\evil.example", "%0d%0aX: y"])
def test_login_leads_to_no_other_site(wanted: str) -> None:
    async def use(world: World) -> None:
        answer = await world.log_in(f"name=ada&next={wanted}")
        assert (answer.status, answer.value("location")) == (303, "/")

    in_world(use)


def test_a_name_that_cannot_be_is_refused_in_words_and_escaped() -> None:
    async def use(world: World) -> None:
        answer = await world.log_in("name=%3Cscript%3E%E2%80%8Bx")
        assert answer.status == 403
        assert "shiva-session" not in answer.value("set-cookie")
        assert b"Detail of &lt;bad-name&gt;." in answer.body
        assert b"<script>" not in answer.body

    in_world(use)


def test_an_enormous_form_is_not_taken_and_harms_nobody() -> None:
    async def use(world: World) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            assert (await world.log_in("name=" + "a" * 2**20)).status >= 400
        assert (await world.ask("GET", "/-/health")).status == 200

    in_world(use)


def test_logout_forgets_the_cookie() -> None:
    async def use(world: World) -> None:
        answer = await world.log_out(await world.login("ada"))
        assert (answer.status, answer.value("location")) == (303, "/-/login")
        assert 'shiva-session="";' in answer.value("set-cookie")

    in_world(use)


# who gets in


def test_the_owner_gets_in_and_the_container_sees_neither_session_nor_claims() -> None:
    async def use(world: World) -> None:
        cookie = await world.login("ada")
        answer = await world.ask(
            "GET",
            "/user/ada/echo?x=%2F..%2F&y=1",
            f"_xsrf=1; {cookie}; a=b",
            authorization="Bearer mine",
            x_shiva_identity="forged",
            x_forwarded_for="192.0.2.1",
            x_request_id="mine",
            connection="keep-alive, Authorization, X-Hop",
            x_hop="1",
            te="trailers",
        )
        assert (answer.status, answer.value("x-upstream")) == (200, "echo")
        assert answer.facts["target"] == "/user/ada/echo?x=%2F..%2F&y=1"
        told = {name.lower(): value for name, value in answer.facts["headers"]}
        assert told.pop("x-request-id") != "mine"
        assert told == {
            "host": f"localhost:{world.port}",
            "origin": world.origin,
            "cookie": "_xsrf=1; a=b",
            "authorization": JUPYTER_TOKEN,
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-host": f"localhost:{world.port}",
            "x-forwarded-proto": "http",
        }

    in_world(use)


@pytest.mark.parametrize("path", ["/user/ada/", "/user/ada/lab", "/user/ada", "/user/ada/gpu/"])
def test_another_person_stays_outside_and_nothing_reaches_the_container(path: str) -> None:
    async def use(world: World) -> None:
        ken = await world.login("ken")
        page, data = await world.ask("GET", path, ken, page=True), await world.ask("POST", path, ken, b"x")
        assert (page.status, b"not yours" in page.body, b"/user/ken/" in page.body) == (403, True, True)
        assert (data.status, data.facts["code"]) == (403, "not-yours")
        assert world.container.seen == []

    in_world(use)


@pytest.mark.parametrize("cookie", [None, "shiva-session=x", "shiva-session", "twice", "shiva-session=\xff"])
def test_who_is_not_logged_in_is_sent_to_the_login_or_told_so(cookie: str | None) -> None:
    async def use(world: World) -> None:
        own = await world.login("ada")
        given = f"{own}; {own}" if cookie == "twice" else cookie
        page = await world.ask("GET", "/user/ada/lab?a=1", given, page=True)
        assert (page.status, page.value("location")) == (302, "/-/login?next=%2Fuser%2Fada%2Flab%3Fa%3D1")
        for path in ("/user/ada/api/contents", "/api/v1/machines"):
            data = await world.ask("GET", path, given)
            assert (data.status, data.facts["code"]) == (401, "not-logged-in")
        assert world.container.seen == world.manager.seen == []

    in_world(use)


def test_the_dashboard_is_for_those_who_are_logged_in() -> None:
    async def use(world: World) -> None:
        away = await world.ask("GET", "/machines?x=1", x_shiva_identity="forged", page=True)
        assert (away.status, away.value("location")) == (302, "/-/login?next=%2Fmachines%3Fx%3D1")
        shown = await world.ask("GET", "/machines?x=1", await world.login("ada"), page=True)
        assert (shown.status, b"the dashboard" in shown.body) == (200, True)
        assert "frame-ancestors 'none'" in shown.value("content-security-policy")

    in_world(use)


def test_the_manager_gets_a_signed_identity_and_no_cookie() -> None:
    async def use(world: World) -> None:
        cookie = await world.login("Ada")
        token = world.csrf_token(cookie)
        answer = await world.ask(
            "POST", "/api/v1/containers", cookie, b"{}", x_shiva_identity="forged", x_csrf_token=token
        )
        told = [(name.lower(), value) for name, value in answer.facts["headers"]]
        (signed,) = [value for name, value in told if name == "x-shiva-identity"]
        who = identity.verify(signed, key=IDENTITY_KEY.encode(), now=datetime.now(UTC))
        assert (who.name, who.shown_name, who.client, who.token_id) == ("_41da", "Ada", "127.0.0.1", None)
        assert (who.scopes, who.csrf_token) == (frozenset(), token)
        assert {name for name, _ in told} & {"cookie", "authorization"} == set()

    in_world(use)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.2", "[::2]:80"])
def test_another_name_for_us_is_not_answered(host: str) -> None:
    async def use(world: World) -> None:
        answer = await world.ask("GET", "/user/ada/", await world.login("ada"), host=host)
        assert (answer.status, answer.facts["code"]) == (421, "unknown-host")
        assert world.container.seen == []

    in_world(use)


def test_a_foreign_page_changes_nothing() -> None:
    async def use(world: World) -> None:
        cookie = await world.login("ada")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for path in ("/user/ada/api/kernels", "/api/v1/containers", "/-/logout"):
                for origin in ("http://evil.example", "null", f"{world.origin}.evil.example"):
                    answer = await world.ask(method, path, cookie, origin=origin)
                    assert (answer.status, answer.facts["code"]) == (403, "cross-site")
        assert world.container.seen == world.manager.seen == []

    in_world(use)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND"])
def test_other_methods_are_not_used_here(method: str) -> None:
    async def use(world: World) -> None:
        answer = await world.ask(method, "/user/ada/", await world.login("ada"))
        assert answer.status in {400, 405}
        assert world.container.seen == []

    in_world(use)


@pytest.mark.parametrize(
    "path", ["/user/ada/../ken/", "/user/ada/%2e%2e/ken/", "/user//ada/", "/user/%61da/", "/user/ada%2f"]
)
def test_an_address_with_two_readings_is_refused(path: str) -> None:
    async def use(world: World) -> None:
        answer = await world.ask("GET", path, await world.login("ada"))
        assert (answer.status, answer.facts["code"]) == (400, "bad-path")
        assert world.container.seen == []

    in_world(use)


# containers that are not there


def test_a_container_that_does_not_run_has_a_page_that_starts_it() -> None:
    async def use(world: World) -> None:
        ken = await world.login("ken")
        page, data = (
            await world.ask("GET", "/user/ken/lab", ken, page=True),
            await world.ask("GET", "/user/ken/lab", ken),
        )
        assert (page.status, b'data-wanted="/user/ken/lab"' in page.body) == (404, True)
        assert (data.status, data.facts["code"], data.value("cache-control")) == (404, "not-running", "no-store")

    in_world(use)


def test_a_container_that_was_just_started_is_found_at_once() -> None:
    async def use(world: World) -> None:
        ken = await world.login("ken")
        assert (await world.ask("GET", "/user/ken/echo", ken)).status == 404
        world.broker.routes = [*world.broker.routes, route("ken", world.container.url)]
        assert (await world.ask("GET", "/user/ken/echo", ken)).status == 200

    in_world(use)


def test_a_container_that_does_not_answer_has_a_page_that_tries_again() -> None:
    async def use(world: World) -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        world.broker.routes = [route("ada", f"http://127.0.0.1:{port}"), route("ken", world.container.url)]
        ken, ada = await world.login("ken"), await world.login("ada")
        assert (await world.ask("GET", "/user/ken/echo", ken)).status == 200
        page, data = await world.ask("GET", "/user/ada/lab", ada, page=True), await world.ask("GET", "/user/ada/x", ada)
        assert (page.status, b"does not answer" in page.body, page.value("retry-after")) == (503, True, "2")
        assert (data.status, data.facts["code"]) == (503, "not-answering")
        assert b"Traceback" not in page.body + data.body

    in_world(use)


def test_a_broker_that_is_away_disturbs_nobody_who_works() -> None:
    async def use(world: World) -> None:
        ada = await world.login("ada")
        assert (await world.ask("GET", "/user/ada/echo", ada)).status == 200
        world.broker.status = 500
        assert (await world.ask("GET", "/user/ada/gone", ada)).status == 200
        assert (await world.ask("GET", "/user/ken/x", await world.login("ken"))).status == 404
        health = (await world.ask("GET", "/-/health")).facts
        assert health == {"status": "degraded", "broker_answers": False}

    in_world(use)


def test_uses_of_a_container_are_reported_when_the_door_closes_and_refusals_are_no_use() -> None:
    seen: list[World] = []

    async def use(world: World) -> None:
        seen.append(world)
        ken = await world.login("ken")
        world.broker.routes = [*world.broker.routes, route("ken", world.container.url)]
        assert (await world.ask("GET", "/user/ada/echo", await world.login("ada"))).status == 200
        assert (await world.ask("GET", "/user/ken/status/500", ken)).status == 500
        assert (await world.ask("GET", "/user/ada/echo", ken)).status == 403

    in_world(use)
    assert set(seen[0].broker.last_access) == {"ada--default"}


def test_metrics_count_answers_by_class_for_whom_has_the_token() -> None:
    async def use(world: World) -> None:
        await world.ask("GET", "/user/ada/echo", await world.login("ada"))
        for said in ("", "Bearer x", METRICS_TOKEN):
            assert (await world.ask("GET", "/-/metrics", authorization=said)).status == 401
        metrics = await world.metrics()
        assert 'shiva_proxy_requests_total{kind="container",status="2xx"} 1.0' in metrics

    in_world(use)


@pytest.mark.parametrize(
    "path", ["/-/nonsense", "/-/assets/none.css", "/assets/..%2findex.html", "/-/assets/shiva.css"]
)
def test_no_answer_of_the_door_names_its_software(path: str) -> None:
    async def use(world: World) -> None:
        answer = await world.ask("GET", path)
        assert answer.status in {200, 403, 404}
        assert answer.values("server") == []
        assert b"ornado" not in answer.body

    in_world(use)


def test_a_session_outlives_the_door() -> None:
    cookies: list[str] = []

    async def before(world: World) -> None:
        cookies.append(await world.login("ada"))

    async def after(world: World) -> None:
        assert (await world.ask("GET", "/user/ada/echo", cookies[0])).status == 200

    in_world(before)
    in_world(after)


def test_everybody_gets_their_own_answer_however_many_ask_at_once() -> None:
    async def use(world: World) -> None:
        people = [f"person{number}" for number in range(10)]
        world.broker.routes = [route(name, world.container.url) for name in people]

        async def work(name: str) -> None:
            cookie, client = await world.login(name), await world.client()
            for number in range(20):
                for path in (f"/user/{name}/{number}", f"/api/v1/{name}/{number}"):
                    headers = world.headers(cookie, x_csrf_token=world.csrf_token(cookie))
                    answer = await client.ask("POST", path, headers, f"{name} {number}".encode())
                    assert (answer.status, answer.facts["target"]) == (200, path)
                    who = {key.lower(): value for key, value in answer.facts["headers"]}.get("x-shiva-identity")
                    if path.startswith("/api/"):
                        now = datetime.now(UTC)
                        assert identity.verify(who, key=IDENTITY_KEY.encode(), now=now).name == name

        await asyncio.gather(*(work(name) for name in people for _ in range(2)))

    in_world(use)
