"""Who calls the broker sends only what its contract describes, reads its examples, and survives its failures."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from shiva_common import logs
from shiva_exporters.broker import source as exporter
from shiva_jupyter_proxy.adapters import broker_http as door
from shiva_jupyter_proxy.domain.ports import ReportRefusedError, RoutesUnavailableError
from shiva_jupyter_proxy.domain.routes import Route, Unrouted
from shiva_manager_api.adapters.broker_http import BrokerHttp
from shiva_manager_api.domain.ports import BrokerRefusedError, BrokerUnavailableError, StartUnansweredError, Wish

from tests.contract.described import PROBLEM, Examples, served
from tests.fakes.proxy_broker import LOCAL

TOKEN = "t" * 40
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens there
BROKEN = [
    (200, "application/json", "{"), (200, "application/json", "[]"), (200, "application/json", '{"containers": 1}'),
    (200, "application/json", '{"containers": [{}], "machines": [{}], "routes": [{}], "images": [{}]}'),
    (200, "text/html", "<html>a proxy's page</html>"), (500, "text/plain", "oops"), (502, "text/html", "bad gateway"),
    (503, PROBLEM, "{}"), (401, PROBLEM, json.dumps({"code": "unauthorized", "title": "t", "detail": "d"})),
]  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[Examples]:
    with served("jupyter-broker") as examples:
        yield examples


@pytest.fixture
def broker(server: Examples) -> Iterator[Examples]:
    server.reset()
    yield server
    assert server.wrong == []


MANAGER_CALLS: dict[str, Callable[[BrokerHttp], object]] = {
    "machines": lambda b: b.machines(),
    "containers": lambda b: (b.containers(), b.tenants()),
    "container": lambda b: b.container("ada.lovelace--default"),
    "launch": lambda b: b.launch("ada", Wish(gpus=1)),
    "stop": lambda b: b.stop("ada.lovelace--default"),
    "images": lambda b: b.images(),
    "container_activity": lambda b: b.activity("ada.lovelace--default"),
    "explain": lambda b: b.explain("ada.lovelace", Wish(gpus=2), ["GPU-1"], ["GPU-2"]),
    "drain": lambda b: b.drain("gpu-02", "A new disk."),
    "disable": lambda b: b.disable("GPU-1", None),
    "pull": lambda b: b.pull("shiva-jupyter", ["gpu-02"]),
}
WITHOUT_BODY = {"stop", "drain", "disable", "pull"}


def test_the_manager_reads_every_answer_that_it_asks_for(broker: Examples) -> None:
    manager = BrokerHttp(broker.url, TOKEN)
    [gpu_02] = manager.machines()
    assert [gpu.container_id for gpu in gpu_02.gpus] == ["ada.lovelace--default", None]
    first, second = manager.tenants()
    assert (first.owner, first.gpus, first.since) == (
        "ada.lovelace", 1, datetime(2026, 11, 23, 9, 10, 0, 180_000, tzinfo=UTC),
    )  # fmt: skip
    assert (second.state, second.since) == ("failed", None)
    assert (first.launch_id, second.launch_id) == ("3f" * 16, "5c" * 16)
    assert [gpu.disabled for gpu in gpu_02.gpus] == [None, None]
    assert manager.container("ada.lovelace--default")["time_to_notebook_seconds"] == 2.31
    assert manager.launch("ada", Wish())[1] is False
    broker.statuses["launch"] = 201
    assert manager.launch("ada", Wish(name="second", image="shiva-jupyter", machine="gpu-02", gpus=2))[1] is True
    manager.stop("ada.lovelace--default")
    [image] = manager.images()
    assert (image.name, image.reference, image.digest, image.size_bytes) == (
        "shiva-jupyter",
        "shiva-jupyter",
        None,
        None,
    )
    assert [(each.machine, each.state) for each in image.machines] == [("gpu-02", "present")]
    told = manager.activity("ada.lovelace--default")
    assert (told.busy, told.busy_since, told.last_activity_at) == (
        1, datetime(2026, 11, 23, 10, 40, 0, 120_000, tzinfo=UTC), datetime(2026, 11, 23, 9, 15, tzinfo=UTC),
    )  # fmt: skip
    explained = manager.explain("ada.lovelace", Wish(gpus=2), ["GPU-1"], ["GPU-2"])
    assert (explained["fits"], [each["name"] for each in explained["machines"]]) == (False, ["gpu-02"])
    assert (explained["image"], [each["image"] for each in explained["machines"]]) == ("shiva-jupyter", ["present"])
    [offer] = explained["offers"]
    assert offer["wish"] == {"name": "default", "image": None, "machine": None, "gpus": 1}
    manager.drain("gpu-02", "A new disk.")
    manager.disable("GPU-1", None)
    manager.pull("shiva-jupyter", None)
    manager.pull("shiva-jupyter", ["gpu-02"])
    assert set(broker.asked) == set(MANAGER_CALLS)


BEYOND: list[dict[str, object]] = [
    {"gpus_shared": True},
    {"memory_bytes": 2**30},
    {"cpus": 0.5},
    {"something_new": "x"},
]


@pytest.mark.parametrize("beyond", BEYOND, ids=str)
def test_an_offer_that_people_cannot_ask_for_is_not_told(broker: Examples, beyond: dict[str, object]) -> None:
    example = broker.description.answer("explain", 200)["content"]["application/json"]["example"]
    offer = {"text": "It fits so.", "machine": "gpu-02", "wish": {"owner": "ada", "gpus": 1, **beyond}}
    broker.raw = (200, "application/json", json.dumps({**example, "offers": [offer]}))
    assert BrokerHttp(broker.url, TOKEN).explain("ada", Wish())["offers"] == []


def test_an_explanation_that_nobody_gave_is_a_broker_away_and_no_start(broker: Examples) -> None:
    broker.raw = (200, "text/html", "<html>")
    with pytest.raises(BrokerUnavailableError) as away:
        BrokerHttp(broker.url, TOKEN).explain("ada", Wish())
    assert not isinstance(away.value, StartUnansweredError)


@pytest.mark.parametrize(("operation", "status"), [
    ("launch", 400), ("launch", 404), ("launch", 409), ("launch", 503), ("container", 404), ("stop", 503), ("containers", 503), ("container_activity", 404), ("container_activity", 503),
])  # fmt: skip
def test_the_brokers_refusals_keep_their_words_for_people(broker: Examples, operation: str, status: int) -> None:
    broker.statuses[operation] = status
    with pytest.raises(BrokerRefusedError) as refused:
        MANAGER_CALLS[operation](BrokerHttp(broker.url, TOKEN))
    assert refused.value.status == status
    assert refused.value.code in broker.description.codes(operation, status)


@pytest.mark.parametrize("operation", sorted(MANAGER_CALLS.keys() - WITHOUT_BODY))
@pytest.mark.parametrize("answer", BROKEN, ids=lambda answer: f"{answer[0]} {answer[2][:20]}")
def test_to_the_manager_an_answer_that_cannot_be_read_is_a_broker_away(
    broker: Examples, answer: tuple[int, str, str], operation: str
) -> None:
    broker.raw = answer
    with pytest.raises(BrokerUnavailableError):
        MANAGER_CALLS[operation](BrokerHttp(broker.url, TOKEN))


CLOSED: list[tuple[dict[str, object], str | None]] = [
    ({}, None),
    ({"drained": "New cooling."}, "New cooling."),
    (
        {"reachable": False, "unreachable_since": "2026-11-23T09:10:00.180Z"},
        "Its engine has not answered since 09:10 UTC. What runs there goes on.",
    ),
    ({"reachable": False}, "Its engine has not answered. What runs there goes on."),
]


@pytest.mark.parametrize(("told", "closed"), CLOSED, ids=lambda told: str(told)[:30])
def test_the_manager_reads_why_a_machine_takes_nobody(
    broker: Examples, told: dict[str, object], closed: str | None
) -> None:
    gpu_02 = broker.description.answer("machines", 200)["content"]["application/json"]["example"]["machines"][0] | told
    broker.raw = (200, "application/json", json.dumps({"machines": [gpu_02]}))
    [machine] = BrokerHttp(broker.url, TOKEN).machines()
    assert machine.closed == closed


@pytest.mark.parametrize("operation", MANAGER_CALLS)
def test_to_the_manager_nobody_there_is_a_broker_away(operation: str) -> None:
    with pytest.raises(BrokerUnavailableError):
        MANAGER_CALLS[operation](BrokerHttp(NOWHERE, TOKEN))


def test_to_the_manager_an_unanswered_start_may_still_come_about() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        broker = BrokerHttp(f"http://127.0.0.1:{server.getsockname()[1]}", TOKEN)
        waiting = pool.submit(broker.launch, "ada", Wish())
        connection = server.accept()[0]
        with connection:
            assert connection.recv(4) == b"POST"  # and hangs up, as a broker that is killed does
        with pytest.raises(StartUnansweredError):
            waiting.result()


def test_the_request_id_goes_along(broker: Examples) -> None:
    token = logs.request_id.set("abc-1")
    try:
        BrokerHttp(broker.url, TOKEN).images()
    finally:
        logs.request_id.reset(token)
    assert broker.request_ids == ["abc-1"]


def test_an_id_cannot_lead_the_manager_to_another_call(broker: Examples) -> None:
    BrokerHttp(broker.url, TOKEN).stop("ada--x?y=1#z")
    assert broker.asked == ["stop"]


def test_the_door_reads_routes_and_asks_for_changes_only(broker: Examples) -> None:
    async def scenario() -> None:
        client = door.Broker(broker.url, TOKEN, LOCAL)
        routes = await client.routes()
        assert routes is not None
        lost, route = routes
        assert isinstance(route, Route)
        assert isinstance(lost, Unrouted)
        assert (route.prefix, route.target, route.owner) == (
            "/user/ada.lovelace/", "http://127.0.0.1:31742", "ada.lovelace",
        )  # fmt: skip
        assert (route.access, route.admits) == ("session", frozenset())
        assert (lost.prefix, lost.owner, lost.state, lost.machine) == ("/user/ken/", "ken", "lost", "gpu-01")
        assert lost.since == datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
        broker.statuses["routes"] = 304
        assert await client.routes() is None
        await client.report({"ada.lovelace--default": datetime(2026, 11, 23, 10, 42, 7, tzinfo=UTC)})

    asyncio.run(scenario())
    assert broker.asked == ["routes", "routes", "activity"]


@pytest.mark.parametrize("answer", [each for each in BROKEN if "routes" not in each[2]] + [BROKEN[3]])
def test_to_the_door_an_answer_that_cannot_be_read_keeps_the_known_routes(
    broker: Examples, answer: tuple[int, str, str]
) -> None:
    broker.raw = answer
    with pytest.raises(RoutesUnavailableError):
        asyncio.run(_routes(broker.url))


def test_to_the_door_nobody_there_keeps_the_known_routes() -> None:
    with pytest.raises(RoutesUnavailableError):
        asyncio.run(_routes(NOWHERE))


async def _routes(url: str) -> object:
    return await door.Broker(url, TOKEN, LOCAL).routes()


@pytest.mark.parametrize("status", [400, 403, 503])
def test_a_report_that_is_refused_is_said(broker: Examples, status: int) -> None:
    broker.statuses["activity"] = status

    async def scenario() -> None:
        with pytest.raises(ReportRefusedError):
            await door.Broker(broker.url, TOKEN, LOCAL).report({"ada--default": datetime.now(UTC)})

    asyncio.run(scenario())


def test_the_exporter_reads_containers_and_keeps_unknown_unknown(broker: Examples) -> None:
    first, second = exporter.BrokerHttp(broker.url, TOKEN).containers()
    assert (first.user, len(first.gpus), first.time_to_notebook_seconds) == ("ada.lovelace", 1, 2.31)
    assert (second.started_at, second.last_access_at, second.time_to_notebook_seconds) == (None, None, None)


@pytest.mark.parametrize("answer", BROKEN, ids=lambda answer: f"{answer[0]} {answer[2][:20]}")
def test_to_the_exporter_an_answer_that_cannot_be_read_is_no_empty_cluster(
    broker: Examples, answer: tuple[int, str, str]
) -> None:
    broker.raw = answer
    with pytest.raises(exporter.BrokerAwayError):
        exporter.BrokerHttp(broker.url, TOKEN).containers()
