"""How often Marathon is asked, and for what."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_broker.adapters import marathon_watch
from shiva_jupyter_broker.adapters.marathon_json import listed
from shiva_jupyter_broker.domain.containers import ContainerState

from tests.fakes.marathon_cluster import MarathonCluster, becomes, eventually, marathon_cluster, shown

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[MarathonCluster]:
    with marathon_cluster(tmp_path) as made:
        yield made


def asked(cluster: MarathonCluster, prefix: str = "/v2/") -> list[str]:
    return [each.target for each in cluster.simulator.recorder.sent("GET", prefix) if "/v2/events" not in each.target]


@pytest.mark.parametrize("crowd", [1, 12])
def test_a_new_look_at_everything_is_one_request_for_however_many(cluster: MarathonCluster, crowd: int) -> None:
    first = cluster.launcher()
    for number in range(crowd):
        first.launch(cluster.wanted(f"u{number}"))
    eventually(lambda: all(each.endpoint for each in first.containers()), "all run")
    first.close()
    before = len(asked(cluster, "/v2/apps?"))
    assert len(cluster.idle().containers()) == crowd
    assert len(asked(cluster, "/v2/apps?")) == before + 1


def test_listing_asks_nobody(cluster: MarathonCluster) -> None:
    launcher = cluster.idle()
    launcher.containers()
    before = asked(cluster)
    for _ in range(50):
        launcher.containers()
        launcher.machines()
        launcher.settle()
    assert asked(cluster) == before


def test_the_queue_is_asked_for_while_something_waits(cluster: MarathonCluster) -> None:
    launcher = cluster.idle()
    launcher.containers()
    assert asked(cluster, "/v2/queue") == []
    cluster.simulator.hold_offers()
    launcher.launch(cluster.wanted())
    cluster.idle().containers()
    assert asked(cluster, "/v2/queue") == ["/v2/queue?embed=lastUnusedOffers"]


def test_of_many_that_wait_the_offers_are_not_asked_for(
    cluster: MarathonCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marathon_watch, "OFFERS", 1)
    cluster.simulator.hold_offers()
    launcher = cluster.idle()
    for owner in ("ada", "mei"):
        launcher.launch(cluster.wanted(owner))
    cluster.idle().containers()
    assert asked(cluster, "/v2/queue") == ["/v2/queue"]


def quiet(cluster: MarathonCluster) -> bool:
    """Tell whether nothing was asked for a while: only time can show that no event is on its way any more."""
    before = len(asked(cluster))
    time.sleep(0.5)
    return len(asked(cluster)) == before


def test_an_event_is_a_look_at_its_app_and_at_no_other(
    cluster: MarathonCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher, one, other = cluster.launcher(), cluster.wanted(), cluster.wanted("mei")
    launcher.launch(one)
    launcher.launch(other)
    eventually(lambda: all(each.endpoint for each in launcher.containers()), "both run")
    monkeypatch.setattr(marathon_watch, "ATTACHED_SECONDS", 3600.0)
    [app_id] = [key for key, app in cluster.apps().items() if app["labels"]["shiva.id"] == one.id]
    eventually(lambda: cluster.simulator.events("deployment_success")[1:], "both deployments are over")
    eventually(lambda: quiet(cluster), "the looks at the start are over")
    before = len(asked(cluster))
    cluster.simulator.end_task(app_id, 1)
    becomes(launcher, one.id, ContainerState.FAILED)
    assert set(asked(cluster)[before:]) <= {f"/v2/apps{app_id}", "/v2/deployments"}
    assert shown(launcher, other.id) is not None


def test_a_look_that_takes_long_is_not_repeated_at_once(
    cluster: MarathonCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marathon_watch, "SHARE", 1e6)
    monkeypatch.setattr(marathon_watch, "ATTACHED_SECONDS", 0.01)
    launcher = cluster.launcher()
    launcher.launch(cluster.wanted())
    eventually(lambda: all(each.endpoint for each in launcher.containers()), "it runs")
    launcher.stop(launcher.containers()[0].launch_id, grace=timedelta(0))
    eventually(lambda: launcher.containers() == [], "it is gone")
    assert len(asked(cluster, "/v2/apps?")) <= 3  # the first one, and those after attaching


@given(st.lists(ANYTHING, max_size=4), st.sampled_from([None, 1]), st.booleans())
def test_a_list_is_read_item_by_item_as_json_reads_it(items: list[Any], indent: int | None, more: bool) -> None:
    document: dict[str, Any] = {"apps": items, **({"more": 1} if more else {})}
    assert listed(json.dumps(document, indent=indent), "apps") == items


@given(
    st.lists(st.dictionaries(st.text(max_size=3), ANYTHING, max_size=3), min_size=1, max_size=4),
    st.sampled_from([None, 1]),
)
def test_objects_are_as_well(items: list[Any], indent: int | None) -> None:
    assert listed(f" {json.dumps({'apps': items}, indent=indent)}\n", "apps") == items


@given(st.lists(st.dictionaries(st.text(max_size=3), ANYTHING, max_size=3), min_size=1, max_size=4), st.data())
def test_half_a_list_is_none(items: list[Any], data: st.DataObject) -> None:
    document = json.dumps({"apps": items})
    with pytest.raises(json.JSONDecodeError):
        listed(document[: data.draw(st.integers(min_value=0, max_value=len(document) - 1))], "apps")
