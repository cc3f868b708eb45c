"""The standalone door's decision: where, with which headers; and what is said instead."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from shiva_jupyter_proxy.domain.messages import Forward, Headers, Peer, Reply, RequestHead
from shiva_jupyter_proxy.standalone.door import StandaloneDoor
from shiva_jupyter_proxy.standalone.error_pages import ErrorPages
from shiva_jupyter_proxy.standalone.options import Passing
from shiva_jupyter_proxy.standalone.store import RouteStore

PEER = Peer(address="192.0.2.7", scheme="http", port=8000)
NO_PAGES = ErrorPages(target=None, folder=None, tls=None)


def head(path: str = "/user/ada/lab", headers: Headers = [], **facts: Any) -> RequestHead:  # noqa: B006 - never changed
    given: dict[str, Any] = {
        "method": "GET",
        "version": "1.1",
        "body_length": 0,
        "keep_alive": True,
        "upgrade": None,
    } | facts
    own = [] if any(name == "host" for name, _ in headers) else [("host", "hub.example:8000")]
    return RequestHead(target=path, headers=own + headers, **given)


def store_of(*prefixes: str, to: str = "http://127.0.0.1:1", host_routing: bool = False) -> RouteStore:
    store = RouteStore(lambda: datetime.now(UTC), host_routing=host_routing)
    for prefix in prefixes:
        store.add(prefix, {"target": to})
    return store


def door(store: RouteStore, pages: ErrorPages = NO_PAGES, **passing: Any) -> StandaloneDoor:
    return StandaloneDoor(store, pages, Passing(**passing))


def forward(standing: StandaloneDoor, request: RequestHead, peer: Peer = PEER) -> Forward:
    decision = standing.decide(request, peer)
    assert isinstance(decision, Forward)
    return decision


def passed_on(standing: StandaloneDoor, request: RequestHead, peer: Peer = PEER) -> Headers:
    """Return the headers that go on."""
    told = forward(standing, request, peer).lines.decode("latin-1").split("\r\n")[:-1]
    return [(name, value) for name, _, value in (line.partition(": ") for line in told)]


def reply(standing: StandaloneDoor, request: RequestHead) -> Reply:
    async def use() -> Reply:
        decision = standing.decide(request, PEER)
        decided = decision if isinstance(decision, Reply | Forward) else await decision
        assert isinstance(decided, Reply)
        return decided

    return asyncio.run(use())


# where


def test_the_longest_prefix_wins_and_the_path_goes_on_byte_for_byte() -> None:
    standing = door(store_of("/", "/user/ada"))
    going = forward(standing, head("/user/ada/a%20b%2Fc//d?x=%2F..%2F&y=/../"))
    assert (going.container_id, going.target) == ("/user/ada", "/user/ada/a%20b%2Fc//d?x=%2F..%2F&y=/../")
    assert forward(standing, head("/hub/login?next=%2F")).container_id == "/"


def test_cookies_of_the_answer_stay_as_they_are() -> None:
    assert forward(door(store_of("/")), head("/")).cookies_under is None


@pytest.mark.parametrize("path", ["/user/ken/../ada/", "/user/ken/%2e%2E/ada/", "/./x", "/user/.", "/user/ken/.%2e"])
def test_a_path_with_dots_leads_nowhere(path: str) -> None:
    assert reply(door(store_of("/", "/user/ada")), head(path)).status == 400


@pytest.mark.parametrize("path", ["/user/ada/.hidden", "/user/ada/..x/...", "/user/ada/a%2fb/%2e%2fx"])
def test_dots_within_a_name_are_a_name(path: str) -> None:
    assert forward(door(store_of("/user/ada")), head(path)).target == path


def test_an_encoded_slash_in_a_prefix_leads_nowhere() -> None:
    assert reply(door(store_of("/", "/user/ada")), head("/user/ken%2f..%2fada/")).status == 400


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_that_proxies_answer_themselves_are_refused(method: str) -> None:
    assert reply(door(store_of("/")), head("/", method=method)).status == 405


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_every_other_method_is_the_servers_to_judge(method: str) -> None:
    assert forward(door(store_of("/")), head("/", method=method)).container_id == "/"


def test_with_host_routing_the_name_chooses() -> None:
    standing = door(store_of("/", "/ada.example/user/ada", host_routing=True))
    assert forward(standing, head(headers=[("host", "ADA.example:8000")])).container_id == "/ada.example/user/ada"
    assert forward(standing, head(headers=[("host", "ken.example")])).container_id == "/"


def test_health_is_answered_without_any_route() -> None:
    answer = reply(door(store_of()), head("/_chp_healthz"))
    assert (answer.status, answer.body) == (200, b'{"status":"OK"}')


@pytest.mark.parametrize(
    ("to", "passing", "wanted"),
    [
        ("http://h:1", {}, "/user/ada/lab?x=1"),
        ("http://h:1/base/", {}, "/base/user/ada/lab?x=1"),
        ("http://h:1/base/", {"prepend_path": False}, "/user/ada/lab?x=1"),
        ("http://h:1", {"include_prefix": False}, "/lab?x=1"),
        ("http://h:1/base", {"include_prefix": False}, "/base/lab?x=1"),
    ],
)
def test_prefix_and_path_are_changed_only_where_that_is_asked_for(to: str, passing: Any, wanted: str) -> None:
    assert forward(door(store_of("/user/ada", to=to), **passing), head("/user/ada/lab?x=1")).target == wanted


@pytest.mark.parametrize(
    ("prefix", "path", "wanted"),
    [("/", "/lab", "/lab"), ("/a", "/a", "/"), ("/a", "/a?x", "/?x"), ("/秀", "/%E7%A7%80/lab", "/lab")],
)
def test_a_prefix_that_is_taken_off_leaves_a_path(prefix: str, path: str, wanted: str) -> None:
    assert forward(door(store_of(prefix), include_prefix=False), head(path)).target == wanted


def test_a_prefix_under_a_host_is_the_paths_part_alone() -> None:
    standing = door(store_of("/hub.example/user/ada", host_routing=True), include_prefix=False)
    assert forward(standing, head("/user/ada/lab")).target == "/lab"


# headers


def test_what_is_the_persons_goes_on_untouched() -> None:
    given = [
        ("cookie", "shiva-session=x; _xsrf=1"),
        ("authorization", "token mine"),
        ("origin", "http://hub.example:8000"),
        ("x-remote-user", "ada"),
        ("x-scheme", "https"),
        ("forwarded", "for=1"),
    ]
    passed = passed_on(door(store_of("/")), head("/", given))
    assert passed == [
        ("host", "hub.example:8000"),
        *given,
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-port", "8000"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "hub.example:8000"),
    ]


def test_what_proxies_in_front_said_is_kept_and_added_to() -> None:
    given = [
        ("x-forwarded-for", "203.0.113.1, 203.0.113.2"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-host", "people.example"),
    ]
    peer = Peer(address="10.0.0.1", scheme="https", port=8000)
    passed = dict(passed_on(door(store_of("/")), head("/", [("host", "inner"), *given]), peer))
    assert passed == {
        "host": "inner",
        "x-forwarded-for": "203.0.113.1, 203.0.113.2,10.0.0.1",
        "x-forwarded-proto": "https,https",
        "x-forwarded-port": "443,443",
        "x-forwarded-host": "people.example",
    }


@pytest.mark.parametrize(
    ("host", "scheme", "port"),
    [
        ("h", "http", "80"),
        ("h", "https", "443"),
        ("h:81", "https", "81"),
        ("[::1]", "http", "80"),
        ("[::1]:82", "http", "82"),
    ],
)
def test_the_port_is_the_one_that_people_wrote(host: str, scheme: str, port: str) -> None:
    peer = Peer(address="", scheme=scheme, port=9000)
    assert dict(passed_on(door(store_of("/")), head("/", [("host", host)]), peer))["x-forwarded-port"] == port


def test_hop_by_hop_headers_and_framing_stay_here() -> None:
    given = [("connection", "keep-alive, X-Hop"), ("x-hop", "1"), ("te", "trailers"), ("keep-alive", "5")]
    given += [
        ("transfer-encoding", "chunked"),
        ("content-length", "5"),
        ("upgrade", "websocket"),
        ("proxy-authorization", "x"),
    ]
    assert [name for name, _ in passed_on(door(store_of("/"), forwarded=False), head("/", given))] == ["host"]


def test_nothing_is_said_about_the_way_where_that_is_unwanted() -> None:
    passed = passed_on(door(store_of("/"), forwarded=False), head("/", [("x-forwarded-for", "1")]))
    assert passed == [("host", "hub.example:8000"), ("x-forwarded-for", "1")]


def test_headers_may_be_added_and_the_host_be_the_targets() -> None:
    standing = door(
        store_of("/", to="http://gpu:1"), forwarded=False, change_origin=True, custom_headers=(("x-a", "1"),)
    )
    assert passed_on(standing, head("/", [("x-a", "0")])) == [("x-a", "1"), ("host", "gpu:1")]


def test_a_server_that_is_away_is_503() -> None:
    async def use() -> Reply:
        return await forward(door(store_of("/")), head("/")).away(head("/"))

    assert asyncio.run(use()).status == 503
