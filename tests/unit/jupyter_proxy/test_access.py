"""Where a path leads, whose it is, and which pages may change something."""

import posixpath
from urllib.parse import quote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_proxy.domain import access
from shiva_jupyter_proxy.domain.access import Place
from shiva_jupyter_proxy.domain.messages import Headers, RequestHead

HOST = "localhost:8000"
OWN = f"http://{HOST}"


def head(*headers: tuple[str, str], method: str = "POST", upgrade: str | None = None) -> RequestHead:
    """Return a request for our own host."""
    every: Headers = [("host", HOST), *headers]
    return RequestHead(
        method=method, target="/", version="1.1", headers=every, body_length=0, keep_alive=True, upgrade=upgrade
    )


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/", Place.INSIDE),
        ("/-/login", Place.INSIDE),
        ("/machines", Place.INSIDE),
        ("/user", Place.INSIDE),
        ("//user/ada/", Place.INSIDE),
        ("/User/ada/", Place.INSIDE),
        ("/us%65r/ada/", Place.INSIDE),
        ("/api", Place.INSIDE),
        ("/api/v1/machines", Place.API),
        ("/user/ada", Place.CONTAINER),
        ("/user/ada/", Place.CONTAINER),
        ("/user/_41da/lab/tree/%20%E7%A7%80%20%23.ipynb", Place.CONTAINER),
        ("/user/ada/contents/a%2Fb", Place.CONTAINER),
        ("/user/ada/...", Place.CONTAINER),
    ],
)
def test_who_answers_a_path(path: str, place: Place) -> None:
    assert access.place(path) is place


@pytest.mark.parametrize(
    "path",
    [
        "/user/ada/../bob/", "/user/ada/%2e%2e/bob/", "/user/ada/%2E./bob/", "/user/ada/.%2e/bob/", "/user/./bob/",
        "/user/%2e/bob/", "/user/ada/\\..\\bob/", "/user/ada\\bob/", "/user//bob/", "/user/", "/user/%62ob/",
        "/user/ada%2f..%2fbob/", "/user/ada%5c..%5cbob/", "/user/ada%00/", "/user/Ada/", "/user/ada;x/", "/user/-ada/",
        "/user/a--b/", "/user/%c0%ae%c0%ae/", "/user/%252e%252e/", "/api/../user/bob/", "/-/%2e%2e/", "/..",
        f"/user/{'a' * 64}/",
    ],
)  # fmt: skip
def test_a_path_that_can_be_read_in_two_ways_leads_nowhere(path: str) -> None:
    assert access.place(path) is Place.NOWHERE


@given(st.text(alphabet="/.%2eE5cCfF\\abo;user", max_size=30))
def test_a_containers_path_stays_with_its_owner_however_it_is_resolved(rest: str) -> None:
    path = f"/user/ada/{rest}"
    if access.place(path) is Place.CONTAINER:
        assert access.owner_of(path) == "ada"
        resolved = posixpath.normpath(path.replace("%2e", ".").replace("%2E", "."))
        assert f"{resolved}/".startswith("/user/ada/")


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost:8000", "localhost"),
        ("LocalHost", "localhost"),
        ("[::1]:8000", "[::1]"),
        ("[::1]", "[::1]"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost:", "localhost"),
        ("", ""),
    ],
)
def test_a_host_without_its_port(host: str, name: str) -> None:
    assert access.host_name(host) == name


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "null", "", "https://localhost:8000", "http://localhost", "http://localhost:8001",
        "http://localhost:8000.evil.example", "http://evillocalhost:8000", "http://localhost:8000@evil.example",
        "http://localhost:8000/", "HTTP://LOCALHOST:8000", f"{OWN} {OWN}", "http://127.0.0.1:8000",
    ],
)  # fmt: skip
def test_a_foreign_origin_is_refused_whatever_else_is_said(origin: str) -> None:
    said = [("sec-fetch-site", "same-origin")]
    assert not access.from_own_page(head(("origin", origin), *said), origin=OWN)


def test_two_origins_are_refused() -> None:
    assert not access.from_own_page(head(("origin", OWN), ("origin", OWN)), origin=OWN)


def test_our_own_origin_is_admitted() -> None:
    assert access.from_own_page(head(("origin", OWN)), origin=OWN)


@pytest.mark.parametrize(("site", "admitted"), [("same-origin", 1), ("none", 1), ("same-site", 0), ("cross-site", 0)])
def test_without_an_origin_the_fetch_site_decides(site: str, admitted: int) -> None:
    assert access.from_own_page(head(("sec-fetch-site", site)), origin=OWN) == bool(admitted)


@pytest.mark.parametrize(
    "said", [("x-shiva-client", "curl"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty"), ("x", "y")]
)
def test_who_does_not_say_where_it_comes_from_is_no_page_of_ours(said: tuple[str, str]) -> None:
    assert not access.from_own_page(head(said), origin=OWN)


def test_two_fetch_sites_are_refused() -> None:
    twice = ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")
    assert not access.from_own_page(head(*twice), origin=OWN)


@pytest.mark.parametrize(
    ("headers", "elsewhere"),
    [
        ([], False), ([("sec-fetch-site", "same-origin")], False), ([("sec-fetch-site", "none")], False), ([("origin", OWN)], False),
        ([("sec-fetch-site", "same-site")], True), ([("sec-fetch-site", "cross-site")], True), ([("sec-fetch-site", "new-word")], True),
        ([("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], True), ([("origin", "null")], True),
        ([("origin", OWN), ("origin", "http://evil")], True), ([("origin", "http://evil"), ("sec-fetch-site", "same-origin")], True),
    ],
)  # fmt: skip
def test_what_comes_from_elsewhere(headers: Headers, elsewhere: bool) -> None:
    assert access.from_elsewhere(head(*headers, method="GET"), origin=OWN) == elsewhere


@pytest.mark.parametrize(
    ("mode", "dest", "visit"),
    [("navigate", "document", True), ("navigate", "iframe", False), ("no-cors", "document", False), ("cors", "empty", False), ("navigate", "", False)],
)  # fmt: skip
def test_only_a_page_of_its_own_is_a_visit(mode: str, dest: str, visit: bool) -> None:
    assert access.is_visit(head(("sec-fetch-mode", mode), ("sec-fetch-dest", dest))) == visit
    assert not access.is_visit(head())


def test_only_what_changes_something_or_opens_a_socket_needs_our_page() -> None:
    assert {method for method in access.METHODS if access.needs_own_page(head(method=method))} == {
        "POST", "PUT", "PATCH", "DELETE",
    }  # fmt: skip
    assert access.needs_own_page(head(method="GET", upgrade="websocket"))


@pytest.mark.parametrize(
    "wanted",
    [
        "/",
        "/user/ada/lab?x=1&y=%2F#top",
        "/machines",
        "/@h",
        "/a:b",
        "/user/ada/lab/tree/%E7%A7%80%20%23.ipynb?q=%0A",
        "/user/ada/a%5Cb",
    ],
)
def test_a_path_of_ours_is_where_login_leads(wanted: str) -> None:
    assert access.safe_next(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        "", "//h", "///h", "////h", "\\\\h", "/\\h", "\\/h", "https://h", "https:h", "http:///h", "HOST//h", "HOST@h",
        "h", "javascript:alert(1)", "/\t/h", "/\r\nLocation: http://h", "/\x00", " //h", "/ /h", "/é", "/\x7f",
        "/%2Fh", "/%2fh", "/%252Fh", "/%5Ch", "/%5c%5ch", "/%255ch", "/%09/h", "/a%0d%0aLocation:h", "/a%250Ab", "/a%00",
        "/.//h", "/..//h", "/%2e%2e//h", "/user/..", "/" + "a" * 3000,
    ],
)  # fmt: skip
def test_every_other_place_after_login_is_the_home_page(wanted: str) -> None:
    assert access.safe_next(wanted) == "/"


@given(st.text(max_size=20), st.text(alphabet="/\\.:@h%\t ?#", max_size=8))
def test_login_never_leads_to_another_host(one: str, other: str) -> None:
    for wanted in (one, other, f"/{other}", f"/{quote(one)}"):
        landed = urlsplit(urljoin(f"{OWN}/-/login", access.safe_next(wanted)))
        assert (landed.scheme, landed.netloc) == ("http", HOST)
