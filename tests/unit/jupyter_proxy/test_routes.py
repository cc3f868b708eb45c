"""The route table: longest prefix by whole segments, replaced as a whole."""

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_proxy.domain.routes import Route, RouteTable, Unrouted, changes

SEGMENTS = st.sampled_from(["user", "ada", "al", "alice", "gpu", "a.b", "_41da", "api", "%2e", "-"])
PATHS = st.lists(SEGMENTS | st.just(""), max_size=5).map(lambda parts: "/" + "/".join(parts))


def route(prefix: str, *, target: str = "http://127.0.0.1:1", key: str = "x") -> Route:
    return Route(prefix=prefix, target=target, owner="ada", container_id=f"id of {prefix}", token=key)


Held = TypeVar("Held", Route, Route | Unrouted)


def without(prefix: str) -> Unrouted:
    return Unrouted(prefix=prefix, owner="ada", name="default", state="starting", machine="gpu-01")


PREFIXES = st.lists(SEGMENTS, min_size=1, max_size=4).map(lambda parts: f"/{'/'.join(parts)}/")
ROUTES = st.builds(route, PREFIXES, target=st.sampled_from(["http://a:1", "http://b:2"]), key=st.sampled_from("xy"))
TABLES = st.lists(ROUTES, max_size=12, unique_by=lambda one: one.prefix)
CONTAINERS = st.lists(ROUTES | st.builds(without, PREFIXES), max_size=12, unique_by=lambda one: one.prefix)


def longest(routes: Sequence[Held], path: str) -> Held | None:
    """Search naively."""
    return max((one for one in routes if path.startswith(one.prefix)), key=lambda one: len(one.prefix), default=None)


def table_of(*routes: Route | Unrouted) -> RouteTable:
    table = RouteTable()
    table.replace(routes)
    return table


@given(TABLES, PATHS)
def test_the_table_finds_what_a_naive_search_finds(routes: list[Route], path: str) -> None:
    assert table_of(*routes).route_for(path) == longest(routes, path)


@given(CONTAINERS, PATHS)
def test_a_path_belongs_to_the_longest_prefix_whether_it_is_reached_or_not(
    containers: list[Route | Unrouted], path: str
) -> None:
    table, expected = table_of(*containers), longest(containers, path)
    assert table.held_for(path) == expected
    assert table.route_for(path) == (expected if isinstance(expected, Route) else None)
    assert set(table.routes()) == {one for one in containers if isinstance(one, Route)}


def test_a_route_wins_over_its_own_absence_in_whatever_order_they_are_told() -> None:
    known, gone = route("/user/ada/"), without("/user/ada/")
    assert table_of(known, gone).held_for("/user/ada/") == table_of(gone, known).held_for("/user/ada/") == known


def test_a_container_below_that_is_not_reached_lets_no_decision_stand() -> None:
    default = route("/user/ada/")
    assert table_of(default).is_leaf(default)
    assert not table_of(default, without("/user/ada/gpu/")).is_leaf(default)


def test_a_container_that_is_lost_closes_its_connections() -> None:
    table = table_of(route("/user/ada/"))
    assert table.replace([without("/user/ada/")]).closed == {"id of /user/ada/"}


@given(TABLES, TABLES)
def test_a_difference_applied_to_the_old_table_gives_the_new_one(before: list[Route], after: list[Route]) -> None:
    diff = changes(before, after)
    applied = {one.prefix: one for one in before}
    for gone in diff.removed:
        del applied[gone.prefix]
    for one in diff.added + diff.retargeted:
        applied[one.prefix] = one
    assert applied == {one.prefix: one for one in after}


@given(TABLES, TABLES)
def test_a_replaced_table_is_as_good_as_a_fresh_one(before: list[Route], after: list[Route]) -> None:
    table = table_of(*before)
    assert table.replace(after) == changes(before, after)
    assert {one.prefix for one in table.routes()} == {one.prefix for one in after}
    for one in before + after:
        assert table.route_for(one.prefix) == longest(after, one.prefix)


def test_a_neighbour_with_a_longer_name_is_another_person() -> None:
    table = table_of(route("/user/al/"))
    assert table.route_for("/user/alice/") is None
    assert table.route_for("/user/al") is None
    assert table.route_for("/user/al/lab") is not None


def test_a_named_container_wins_over_the_default_one() -> None:
    default, named = route("/user/ada/"), route("/user/ada/gpu/")
    table = table_of(default, named)
    assert table.route_for("/user/ada/gpu/lab") == named
    assert table.route_for("/user/ada/gpus/lab") == default


def test_an_unchanged_table_closes_nothing() -> None:
    table = table_of(route("/user/ada/"))
    assert table.replace([route("/user/ada/")]).closed == set()


def test_connections_close_when_a_route_goes_or_leads_elsewhere() -> None:
    before = [route("/user/a/"), route("/user/b/"), route("/user/c/"), route("/user/d/")]
    after = [route("/user/a/"), route("/user/b/", target="http://b:2"), route("/user/c/", key="new")]
    assert changes(before, after).closed == {"id of /user/b/", "id of /user/c/", "id of /user/d/"}


def test_a_token_is_in_no_representation() -> None:
    assert "s3cret" not in repr(route("/user/ada/", key="s3cret"))
