"""The table of posted routes: longest prefix, data as it came, last use."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_proxy.standalone.store import AmbiguousPathError, RouteStore
from shiva_jupyter_proxy.standalone.targets import target

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SEGMENTS = st.sampled_from(["user", "ada", "al", "alice", "a b", "秀樹", "%", "a%2Fb", "DOMAIN\\ada", "-", ""])
PATHS = st.lists(SEGMENTS, max_size=5).map(lambda parts: "/" + "/".join(parts))
TARGET = {"target": "http://127.0.0.1:1"}


class Clock:
    """A time that goes on by a second whenever it is asked for."""

    def __init__(self) -> None:
        self.ticks: Iterator[datetime] = (NOON + timedelta(seconds=n) for n in range(10**9))

    def __call__(self) -> datetime:
        return next(self.ticks)


def store_of(*prefixes: str, host_routing: bool = False) -> RouteStore:
    store = RouteStore(Clock(), host_routing=host_routing)
    for prefix in prefixes:
        store.add(prefix, TARGET)
    return store


def found(store: RouteStore, path: str, host: str = "") -> str | None:
    entry = store.route_for(path, host=host)
    return None if entry is None else entry.prefix


def longest(prefixes: list[str], path: str) -> str | None:
    """Search naively, by whole segments."""
    cleaned = {f"/{prefix.strip('/')}" for prefix in prefixes}
    fitting = [one for one in cleaned if one == "/" or f"{path}/".startswith(f"{one}/")]
    return max(fitting, key=len, default=None)


@given(st.lists(PATHS, max_size=8), st.lists(PATHS, max_size=4), PATHS)
def test_the_store_finds_what_a_naive_search_finds_also_after_removals(
    added: list[str], removed: list[str], path: str
) -> None:
    store = store_of(*added)
    for prefix in removed:
        store.remove(prefix)
    gone = {prefix.strip("/") for prefix in removed}
    left = [prefix for prefix in added if prefix.strip("/") not in gone]
    try:
        assert found(store, quote(path)) == longest(left, path)
    except AmbiguousPathError:
        assert "%2Fb" in path or "\\" in path
    assert set(store.all()) == {f"/{prefix.strip('/')}" for prefix in left}


@given(st.lists(PATHS, max_size=8, unique=True))
def test_a_store_that_was_emptied_holds_nothing_and_no_memory_of_it(prefixes: list[str]) -> None:
    store = store_of(*prefixes)
    assert [store.remove(prefix) for prefix in prefixes].count(True) == len({one.strip("/") for one in prefixes})
    assert store.all() == {}
    assert found(store, "/user/ada") is None


def test_a_neighbour_with_a_longer_name_is_another_server() -> None:
    store = store_of("/", "/user/al")
    assert found(store, "/user/al") == found(store, "/user/al/") == found(store, "/user/al/lab?x") == "/user/al"
    assert found(store, "/user/alice") == "/"
    assert found(store_of("/user/al"), "/user") is None


@pytest.mark.parametrize(
    ("prefix", "path"),
    [
        ("/user/秀樹", "/user/%E7%A7%80%E6%A8%B9/lab"),
        ("/user/a%b", "/user/a%25b/"),
        ("/user/a@b~c", "/user/a%40b%7Ec/"),
        ("/user/DOMAIN\\ada", "/user/DOMAIN%5Cada/"),
        ("/user/ada", "/%75ser/ad%61/"),
    ],
)
def test_a_path_is_unescaped_once_to_be_found(prefix: str, path: str) -> None:
    assert found(store_of("/", prefix), path) == prefix


@pytest.mark.parametrize("path", ["/user/bob%2f..%2fada/", "/user%2Fada/", "/user/bob%5c../", "/user%2F..%2Fuser/ada"])
def test_an_encoded_slash_where_the_route_is_chosen_is_refused(path: str) -> None:
    with pytest.raises(AmbiguousPathError):
        found(store_of("/", "/user/ada", "/user/bob"), path)


@pytest.mark.parametrize("path", ["/user/ada/a%2Fb", "/user/ada/%2e%2e%2Fbob", "/hub/a%2Fb", "/user/ada/%5c"])
def test_an_encoded_slash_behind_the_prefix_is_the_servers_to_read(path: str) -> None:
    assert found(store_of("/", "/user/ada"), path) in {"/", "/user/ada"}


@pytest.mark.parametrize("path", ["/user//ada", "//user/ada", "/USER/ada", "/user/ada%20", "/user/%ff"])
def test_what_is_spelled_differently_is_another_path(path: str) -> None:
    assert found(store_of("/", "/user/ada", "/user/\ufffd"), path) == "/"


def test_the_host_is_the_first_segment_with_host_routing() -> None:
    store = store_of("/", "/ada.hub.example/user/ada", "/hub.example", host_routing=True)
    assert found(store, "/user/ada/lab", "ada.hub.example") == "/ada.hub.example/user/ada"
    assert found(store, "/user/ada/lab", "hub.example") == "/hub.example"
    assert found(store, "/user/ada/lab", "elsewhere.example") == "/"
    assert found(store, "/ada.hub.example/user/ada", "") == "/"


def test_with_host_routing_the_host_is_told_and_its_case_is_no_matter() -> None:
    store = RouteStore(Clock(), host_routing=True)
    store.add("/Ada.example/user/ada", TARGET)
    store.add("/", TARGET)
    assert found(store, "/user/ada", "ada.example") == "/Ada.example/user/ada"
    told = store.get("/Ada.example/user/ada")
    assert told is not None
    assert told["host"] == "Ada.example"
    assert "host" not in (store.get("/") or {})


def test_a_route_knows_how_much_of_a_path_it_is() -> None:
    plain, hosts = store_of("/", "/user/ada"), store_of("/h/user/ada", host_routing=True)
    depths = [
        plain.route_for("/", host=""),
        plain.route_for("/user/ada", host=""),
        hosts.route_for("/user/ada", host="h"),
    ]
    assert [entry and entry.depth for entry in depths] == [0, 2, 2]


def test_data_is_kept_as_it_came_and_last_activity_is_ours() -> None:
    store = RouteStore(Clock())
    data = {"target": "http://h:1/base", "jupyterhub": True, "free": [{"秀": None}], "last_activity": "mine"}
    store.add("/user/ada/", data)
    assert store.get("/user/ada") == {**data, "last_activity": "2026-11-25T12:00:00.000Z"}
    assert store.all() == {"/user/ada": store.get("/user/ada/")}
    assert store.get("/user") is None


def test_a_use_moves_last_activity_and_what_is_gone_stays_gone() -> None:
    store = store_of("/user/ada")
    store.mark("/user/ada")
    assert (store.get("/user/ada") or {})["last_activity"] == "2026-11-25T12:00:01.000Z"
    store.remove("/user/ada")
    store.mark("/user/ada")
    assert store.all() == {}
    assert not store.remove("/user/ada")


def test_those_that_rest_since_then_are_told_apart() -> None:
    store = store_of("/a", "/b", "/c")
    store.mark("/a")
    assert list(store.all(inactive_since=NOON + timedelta(seconds=2))) == ["/b"]
    assert list(store.all(inactive_since=NOON)) == []
    assert list(store.all(inactive_since=NOON + timedelta(days=1))) == ["/a", "/b", "/c"]


@pytest.mark.parametrize(
    "text",
    [
        "", "nowhere", "http://", "ftp://h:1", "ws://h:1", "http://h:x", "http://h:0", "http://h:99999", "http://u@h:1",
        "http://h:1/?q", "http://h:1/#f", "http://ü:1", "http://[::1", "//h:1", "http://h:1/\r\n", "http://h:1/a b",
    ],
)  # fmt: skip
def test_a_target_that_is_no_address_changes_nothing(text: str) -> None:
    store = store_of("/user/ada")
    before = store.all()
    with pytest.raises(ValueError, match=r"."):
        store.add("/user/ada", {"target": text})
    assert store.all() == before


def test_targets_are_hosts_with_and_without_tls_and_sockets() -> None:
    read = target("http://gpu-02:31742")
    assert (read.upstream.host, read.upstream.port, read.upstream.tls, read.path) == ("gpu-02", 31742, False, "")
    read = target("https://[::1]/base/")
    assert (read.upstream.host, read.upstream.port, read.upstream.tls, read.path) == ("::1", 443, True, "/base")
    read = target("http+unix://%2FRun%2Fa.sock/x")
    assert (read.upstream.path, read.host, read.path) == ("/Run/a.sock", "localhost", "/x")


def test_connections_are_never_shared_between_routes() -> None:
    store = store_of("/a", "/b")
    pools = [entry.target.upstream.pool for path in ("/a", "/b") if (entry := store.route_for(path, host=""))]
    assert len(set(pools)) == 2
