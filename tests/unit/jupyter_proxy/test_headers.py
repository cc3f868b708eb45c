"""What a head may carry across the door, in both directions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_proxy.domain import headers
from shiva_jupyter_proxy.domain.messages import Headers, RequestHead

NOTHING: frozenset[str] = frozenset()


def head(*given_headers: tuple[str, str]) -> RequestHead:
    every: Headers = [("host", "localhost:8000"), *given_headers]
    return RequestHead(
        method="GET", target="/", version="1.1", headers=every, body_length=0, keep_alive=True, upgrade=None
    )


def passed(*given_headers: tuple[str, str], drop: frozenset[str] = NOTHING) -> Headers:
    """Return what goes on, without the Host."""
    return [pair for pair in headers.passed_on(head(*given_headers), drop=drop) if pair[0] != "host"]


def test_ordinary_headers_go_on_as_they_came_and_in_order() -> None:
    ordinary = [
        ("accept", "*/*"),
        ("x-xsrftoken", "2|a|b|c"),
        ("accept", "text/html"),
        ("if-none-match", '"é"'),
        ("x-empty", ""),
    ]
    assert passed(*ordinary) == ordinary
    assert ("host", "localhost:8000") in headers.passed_on(head(), drop=NOTHING)


@pytest.mark.parametrize(
    "name",
    [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade", "http2-settings", "content-length",
    ],
)  # fmt: skip
def test_hop_by_hop_headers_and_framing_are_not_copied(name: str) -> None:
    assert passed((name, "x")) == []


def test_headers_named_by_connection_go_no_further() -> None:
    kept = ("accept", "*/*")
    assert passed(
        ("connection", "close, X-Hop"), ("connection", "x-other"), ("x-hop", "1"), ("x-other", "2"), kept
    ) == [kept]


@pytest.mark.parametrize("name", sorted(headers.END_TO_END - {"content-length", "host", "set-cookie"}))
def test_connection_cannot_take_an_end_to_end_header_away(name: str) -> None:
    assert passed(("connection", f"close, {name.title()}"), (name, "a=b")) == [(name, "a=b")]


@pytest.mark.parametrize(
    "name",
    [
        "x-shiva-identity", "x-shiva-client", "x_shiva_identity", "x-shiva_identity", "x-forwarded-for", "forwarded",
        "x-forwarded-host", "x-forwarded-proto", "x-forwarded-user", "x_forwarded_for", "x-real-ip", "x_real_ip",
        "x-scheme", "x-remote-user", "x_remote_user", "remote-user", "remote_user", "x-request-id", "x_request_id",
    ],
)  # fmt: skip
def test_what_only_the_door_may_say_is_stripped_in_every_spelling(name: str) -> None:
    assert passed((name, "mallory")) == []
    assert passed(("connection", name), (name, "mallory")) == []


def test_what_the_decision_drops_is_dropped() -> None:
    assert passed(("authorization", "Bearer x"), ("cookie", "a=b"), drop=frozenset({"authorization"})) == [
        ("cookie", "a=b")
    ]


def test_the_door_says_what_a_request_came_to() -> None:
    said = dict(headers.added(client="192.0.2.7", host="localhost:8000", scheme="http"))
    assert said == {
        "x-forwarded-for": "192.0.2.7", "x-forwarded-host": "localhost:8000", "x-forwarded-proto": "http"
    }  # fmt: skip
    assert all(headers.is_claim(name) for name in (*said, "x-request-id"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([("x-forwarded-for", "192.0.2.7")], {"for": "192.0.2.7"}),
        ([("x-forwarded-for", "198.51.100.1, 192.0.2.7")], {"for": "192.0.2.7"}),
        (
            [("x-forwarded-for", "2001:db8::1"), ("x-forwarded-proto", "https")],
            {"for": "2001:db8::1", "proto": "https"},
        ),
        ([("x-forwarded-host", "shiva.example:8443")], {"host": "shiva.example:8443"}),
        ([("x-forwarded-for", "unknown"), ("x-forwarded-proto", "ftp"), ("x-forwarded-host", "a/b")], {}),
        ([("x-forwarded-for", "192.0.2.7"), ("x-forwarded-for", "192.0.2.8")], {}),
        ([], {}),
    ],
)
def test_what_a_proxy_of_ours_says_is_read_where_it_is_plain(given: Headers, said: dict[str, str]) -> None:
    assert headers.said_by_proxy(head(*given)) == said


@pytest.mark.parametrize(
    ("cookie", "kept"),
    [
        ("shiva-session=x", []),
        ("shiva-session=x; _xsrf=y", ["_xsrf=y"]),
        ("_xsrf=y; shiva-session=x", ["_xsrf=y"]),
        ("a=1;shiva-session=x;b=2", ["a=1;b=2"]),
        ("a=1; shiva-session =x; shiva-session=y; b=2", ["a=1; b=2"]),
        ("shiva-session", []),
        ("a=shiva-session=x", ["a=shiva-session=x"]),
        ("not-shiva-session=1", ["not-shiva-session=1"]),
        ("shiva-notebook=x; a=b; __Host-shiva-notebook=y; __Host-shiva-session=z; shiva-state=s", ["a=b"]),
        ("__Secure-shiva-session=x; SHIVA-SESSION=y; __host-Shiva-State=z", []),
    ],
)
def test_our_cookie_never_goes_on_and_others_do(cookie: str, kept: list[str]) -> None:
    assert [value for _, value in passed(("cookie", cookie))] == kept


PAIRS = st.sampled_from(["shiva-session=secret", " shiva-session = secret", "_xsrf=1", "a", "", " b=2 "])


@given(st.lists(st.lists(PAIRS, max_size=5).map(";".join), max_size=3))
def test_no_mixture_of_cookies_carries_our_session_on(cookies: list[str]) -> None:
    assert "secret" not in str(passed(*(("cookie", value) for value in cookies)))


def back(*given_headers: tuple[str, str], under: str | None = "/user/ada/") -> Headers:
    return headers.passed_back(list(given_headers), cookies_under=under)


def test_an_answer_loses_its_hop_by_hop_headers_only() -> None:
    kept = [("content-type", "text/html"), ("x-frame-options", "DENY"), ("content-length", "5")]
    hop = [("connection", "keep-alive, x-hop, content-type"), ("keep-alive", "timeout=5"), ("x-hop", "1")]
    assert back(*hop, *kept, ("transfer-encoding", "chunked"), ("upgrade", "h2c"), ("trailer", "x")) == kept


@pytest.mark.parametrize(
    "cookie",
    [
        "shiva-session=stolen; Path=/", " shiva-session=stolen", "Shiva-Session=stolen", "__Host-shiva-session=x; Secure",
        "__Secure-shiva-session=x; Secure", "a=b; Domain=localhost", "a=b; domain=", "a=b;DOMAIN = x", "=__Host-x=y",
        "=shiva-session=x", "shiva-notebook=x", "__Host-shiva-notebook=x; Secure; Path=/", "__secure-SHIVA-STATE=x", "nameless", "", ";", "; Path=/", "a; b=c",
    ],
)  # fmt: skip
def test_a_container_cannot_set_a_cookie_that_is_ours_or_reaches_others(cookie: str) -> None:
    assert back(("set-cookie", cookie)) == []


@pytest.mark.parametrize(
    "name", ["service-worker-allowed", "clear-site-data", "strict-transport-security", "alt-svc", "nel", "report-to"]
)
def test_a_container_says_nothing_about_the_rest_of_its_host(name: str) -> None:
    assert back((name, "/")) == []
    assert back((name, "/"), under=None) == [(name, "/")]


def test_the_door_itself_may_set_its_session() -> None:
    cookie = ("set-cookie", "shiva-session=x; Path=/")
    assert back(cookie, under=None) == [cookie]


@pytest.mark.parametrize("cookie", ["_xsrf=1; Path=/user/ada/", "username-localhost=2; HttpOnly; Path=/user/ada/"])
def test_a_containers_own_cookies_come_through(cookie: str) -> None:
    assert back(("set-cookie", cookie)) == [("set-cookie", cookie)]


@pytest.mark.parametrize(
    ("cookie", "confined"),
    [
        ("a=b", "a=b; Path=/user/ada/"),
        ("a=b; Path=/", "a=b; Path=/user/ada/"),
        ("a=b; Path=", "a=b; Path=/user/ada/"),
        ("a=b; path=/user/adam/; Secure", "a=b; Secure; Path=/user/ada/"),
        ("a=b; Path=/user/ada", "a=b; Path=/user/ada"),
        ("a=b; PATH = /user/ada/gpu/; HttpOnly", "a=b; HttpOnly; Path=/user/ada/gpu/"),
        ("a=b; Path=/user/ada/; Path=/", "a=b; Path=/user/ada/"),
        ("a=b; Path=/; Path=/user/ada/lab", "a=b; Path=/user/ada/lab"),
        ("a=Path=/; Max-Age=5", "a=Path=/; Max-Age=5; Path=/user/ada/"),
    ],
)
def test_a_containers_cookie_holds_under_its_own_path_only(cookie: str, confined: str) -> None:
    assert back(("set-cookie", cookie)) == [("set-cookie", confined)]
