"""Real JupyterHub with the standalone door for its proxy: what its people do all day."""

import contextlib
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import requests

from tests.e2e.hub import INNER_TLS, Hub, Person, free_ports, standing
from tests.e2e.person import evaluate
from tests.e2e.running import eventually

pytestmark = [pytest.mark.full, pytest.mark.timeout(240)]

IDLE_SECONDS = 5


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A Hub that starts the door itself."""
    made = standing(tmp_path)
    with made.running(starts_proxy=True):
        yield made


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_login_spawn_kernel_last_activity_stop(hub: Hub) -> None:
    ada = Person(hub, "ada")
    assert len(ada.spawn()) > 1, "progress is streamed"
    [target] = [route["target"] for route in hub.routes().values() if route.get("user") == "ada"]
    assert hub.routes()["/user/ada"]["jupyterhub"] is True
    with ada.channels(ada.kernel()) as channel:
        assert evaluate(channel, "6*7") == "42"
        before, known_before = hub.routes()["/user/ada"]["last_activity"], hub.server("ada")["last_activity"]
        eventually(lambda: evaluate(channel, "1") == "1", seconds=5, what="the kernel computes")
        eventually(
            lambda: moment(hub.routes()["/user/ada"]["last_activity"]) > moment(before),
            seconds=5,
            what="the use is told",
        )
        eventually(
            lambda: evaluate(channel, "1") and moment(hub.server("ada")["last_activity"]) > moment(known_before),
            seconds=20,
            what="the Hub learns of the use of a WebSocket",
        )
    ada.stop()
    eventually(lambda: "/user/ada" not in hub.routes(), seconds=30, what="the route is gone")
    stopped = ada.session.get(ada.url("lab"), timeout=20)
    assert (stopped.status_code, "not running" in " ".join(stopped.text.split())) == (424, True)
    with pytest.raises(requests.ConnectionError):
        requests.get(target, timeout=5)


def test_who_works_is_kept_and_who_rests_is_culled(hub: Hub) -> None:
    ada = Person(hub, "ada")
    ada.spawn()
    began = time.monotonic()
    with hub.culler(IDLE_SECONDS), ada.channels(ada.kernel()) as channel:
        while time.monotonic() < began + 2 * IDLE_SECONDS:
            assert evaluate(channel, "6*7") == "42"
        assert hub.server("ada")["ready"] is True
        eventually(lambda: hub.server("ada") == {}, seconds=60, what="the culler stops who rests")
    assert "/user/ada" not in hub.routes()


def test_what_leads_nowhere_is_said_by_the_hubs_own_pages(hub: Hub) -> None:
    (dead,) = free_ports(1)
    hub.add_route("/dead/server", f"http://127.0.0.1:{dead}")
    answer = requests.get(f"{hub.address}dead/server/lab", timeout=20)
    assert (answer.status_code, "JupyterHub" in answer.text) == (503, True)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert requests.get(f"{hub.address}hub/no-such-page", timeout=20).status_code == 404


def test_a_hub_whose_parts_speak_tls_among_one_another_works(tmp_path: Path) -> None:
    hub = standing(tmp_path)
    with hub.running(starts_proxy=True, more=INNER_TLS):
        ada = Person(hub, "ada")
        ada.spawn()
        with ada.channels(ada.kernel()) as channel:
            assert evaluate(channel, "6*7") == "42"
        assert requests.get(f"{hub.address}hub/no-such-page", timeout=20).status_code == 404


def test_the_hub_fills_a_proxy_of_its_own_again_after_it_was_killed(tmp_path: Path) -> None:
    hub = standing(tmp_path)
    with contextlib.ExitStack() as running:
        first = running.enter_context(hub.proxy())
        empty = requests.get(f"{hub.address}user/ada/lab", timeout=20)
        assert (empty.status_code, empty.text) == (404, "404 Not Found\n"), "no Hub is there to give a page"
        running.enter_context(hub.running(starts_proxy=False))
        ada = Person(hub, "ada")
        ada.spawn()
        kernel = ada.kernel()
        with ada.channels(kernel) as channel:
            assert evaluate(channel, "6*7") == "42"
        first.kill()
        first.wait(10)
        running.enter_context(hub.proxy())
        eventually(lambda: {"/", "/user/ada"} <= set(hub.routes()), seconds=20, what="the Hub fills the table")
        with ada.channels(kernel) as channel:
            assert evaluate(channel, "_ + 0") == "42", "the server and its kernel never stopped"
