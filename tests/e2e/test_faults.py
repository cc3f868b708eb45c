"""Each service killed once, while a cell runs: the kernel keeps its variables, the page says what is missing, all comes back."""

import contextlib
import os
import signal
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browsing import log_in
from tests.e2e.person import Person, evaluate, execute, result
from tests.e2e.running import Running, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

BACK_SECONDS = 10.0
NAME = "mei"
SAYS = {
    "jupyter-broker": "Containers cannot be started or stopped",
    "manager-api": "manager-unavailable",
    "jupyter-proxy": "Shiva does not answer",
    "prometheus": "Prometheus does not answer",
    "gpu-exporter": "GPU exporter does not report",
    "node-exporter": "Unreachable",
}


@pytest.fixture(scope="module")
def mei(suite: Running) -> Iterator[Person]:
    """A person with a running container."""
    person = Person(suite.address, NAME)
    container = person.start()
    yield person
    person.stop(container["id"])


@pytest.fixture(scope="module")
def home_page(suite: Running, browser: Browser, mei: Person) -> Iterator[Page]:
    """The dashboard, open all the time."""
    context = browser.new_context()
    page = context.new_page()
    log_in(page, suite.address, mei.name)
    yield page
    context.close()


def as_before(suite: Running, mei: Person, before: dict[str, object]) -> bool:
    """Whether everything answers, the container is the same one, and the numbers are fresh again."""
    try:
        machines = mei.api("GET", "machines", timeout=3).json()
        container = mei.api("GET", f"containers/{NAME}--default", timeout=3)
        jupyter = mei.get(f"user/{NAME}/api/status", timeout=3)
    except requests.RequestException:
        return False
    if not (container.status_code == jupyter.status_code == 200 and "machines" in machines):
        return False
    now = container.json()
    same = all(now[key] == before[key] for key in ("id", "started_at", "machine", "state", "url", "ready_at"))
    machine = machines["machines"][0]
    fresh = machines["metrics"]["state"] == machines["broker"]["state"] == "fresh"
    told = machine["state"] in {"free", "partly_free", "full"} and machine["gpu_driver"] != "unknown"
    return bool(same and fresh and told and suite.process.poll() is None)


@pytest.mark.parametrize("service", list(SAYS))
def test_a_killed_service_costs_seconds_and_no_work(suite: Running, mei: Person, home_page: Page, service: str) -> None:
    before = mei.api("GET", f"containers/{NAME}--default").json()
    eventually(lambda: as_before(suite, mei, before), seconds=30, what="a calm start")
    kernel = mei.kernel(f"/user/{NAME}/")
    base = f"/user/{NAME}/"
    with contextlib.ExitStack() as stack:
        channel = stack.enter_context(mei.channels(base, kernel))
        assert evaluate(channel, "x = 40; x") == "40"
        cell = execute(channel, "import time; time.sleep(6); x += 2; x")

        said = home_page.get_by_text(SAYS[service]).first
        _kill_until(said, suite, service)
        eventually(lambda: as_before(suite, mei, before), seconds=BACK_SECONDS, what=f"as before: {service}")

        if service == "jupyter-proxy":  # its sockets died with it; the kernel did not
            channel = stack.enter_context(mei.channels(base, kernel))
        else:
            assert result(channel, cell, timeout=60) == "42", "the cell that ran meanwhile"
        eventually(lambda: evaluate(channel, "x") == "42", seconds=15, what="the variable survived")
    assert mei.session.delete(f"{suite.address}user/{NAME}/api/kernels/{kernel}", timeout=10).status_code == 204
    expect(said).to_be_hidden(timeout=20_000)


def _kill_until(said: Locator, suite: Running, service: str) -> None:
    """Kill it once, and hold the supervisor until the page has noticed.

    Killing it again and again would only teach the supervisor to wait longer before each start, and that wait is not the service's.
    """
    supervisor = int((suite.folder / "supervisord.pid").read_text(encoding="ascii"))
    os.kill(supervisor, signal.SIGSTOP)
    try:
        assert suite.kill(service)
        expect(said).to_be_visible(timeout=45_000)
    finally:
        os.kill(supervisor, signal.SIGCONT)


def test_a_killed_broker_exporter_is_back_and_nobody_notices(suite: Running, mei: Person) -> None:
    before = mei.api("GET", f"containers/{NAME}--default").json()
    port = suite.ports()["broker-exporter"]
    login = {"Authorization": f"Bearer {suite.secrets()['metrics_token']}"}

    def tells() -> bool:
        try:
            page = requests.get(f"http://127.0.0.1:{port}/metrics", headers=login, timeout=3).text
        except requests.RequestException:
            return False
        return f'container_id="{NAME}--default"' in page

    eventually(tells, seconds=10, what="the exporter tells of the container")
    assert suite.kill("broker-exporter")
    eventually(lambda: tells() and as_before(suite, mei, before), seconds=BACK_SECONDS, what="as before")
