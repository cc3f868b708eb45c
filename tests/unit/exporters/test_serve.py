"""The exporters' frame on real sockets, and the exporters as programs."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from shiva_exporters import serve
from shiva_exporters.serve import CollectError, Collector, Server, registry, shows

from deploy.dev.suite import free_ports
from tests.fakes.scraping import LOGIN, TOKEN

BIN = Path(sys.executable).parent


class Steady:
    """A collector with one value."""

    name = "steady"

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("shiva_test_value", "A value.", value=42)


class Broken:
    """A collector whose source fails after its health is told."""

    name = "broken"

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("shiva_test_up", "Health.", value=0)
        raise CollectError("away")


class Mistaken:
    """A collector with a mistake of ours in it."""

    name = "mistaken"

    def collect(self) -> Iterable[Metric]:
        raise ZeroDivisionError


def values(text: str) -> dict[str, float]:
    """Return each sample by its name and collector."""
    return {
        sample.name + sample.labels.get("collector", ""): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def at(request: pytest.FixtureRequest) -> Iterator[str]:
    collectors: list[Collector] = request.param
    shown = registry(collectors)
    server = Server(("127.0.0.1", 0), {"/metrics": shows(shown)}, TOKEN)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("at", [[Steady()]], indirect=True)
def test_metrics_and_health_and_nothing_else(at: str) -> None:
    answer = requests.get(f"{at}/metrics", headers=LOGIN, timeout=5)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    told = values(answer.text)
    assert told["shiva_test_value"] == 42
    assert told["shiva_collector_successsteady"] == 1
    assert told["process_resident_memory_bytes"] > 0
    assert requests.get(f"{at}/health", timeout=5).text == "ok\n"
    assert requests.get(f"{at}/", timeout=5).status_code == 404
    assert "Python" not in answer.headers["Server"]


@pytest.mark.parametrize("at", [[Steady()]], indirect=True)
@pytest.mark.parametrize("header", [None, "", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}é"])
def test_who_has_not_the_token_is_told_nothing_but_health(at: str, header: str | None) -> None:
    headers: dict[str, str | bytes] = {} if header is None else {"Authorization": header.encode()}
    answer = requests.get(f"{at}/metrics", headers=headers, timeout=5)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "shiva_test_value" not in answer.text
    assert requests.get(f"{at}/health", headers=headers, timeout=5).text == "ok\n"


@pytest.mark.parametrize("at", [[Steady()]], indirect=True)
@pytest.mark.parametrize(("target", "status"), [
    (b"http://[", b"400"), (b"//[/metrics", b"404"), (b"/../metrics", b"404"), (b"/metrics?machine=%ff&&=", b"200"),
])  # fmt: skip
def test_any_target_gets_an_answer(at: str, target: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(at.rsplit(":", 1)[1])), timeout=5) as client:
        client.sendall(b"GET " + target + b" HTTP/1.0\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n\r\n")
        assert client.recv(4096).split(b" ")[1] == status


@pytest.mark.parametrize("at", [[Steady()]], indirect=True)
def test_who_asks_nothing_is_not_waited_for_without_end(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert serve.Handler.timeout == serve.PATIENCE_SECONDS
    monkeypatch.setattr(serve.Handler, "timeout", 0.05)
    with socket.create_connection(("127.0.0.1", int(at.rsplit(":", 1)[1])), timeout=10) as client:
        client.sendall(b"GET /met")
        assert client.recv(1) == b""


@pytest.mark.parametrize("at", [[Broken(), Mistaken(), Steady()]], indirect=True)
def test_a_collector_that_fails_is_said_and_takes_no_other_along(at: str) -> None:
    told = values(requests.get(f"{at}/metrics", headers=LOGIN, timeout=5).text)
    assert (told["shiva_collector_successbroken"], told["shiva_test_up"]) == (0, 0)
    assert told["shiva_collector_successmistaken"] == 0
    assert (told["shiva_collector_successsteady"], told["shiva_test_value"]) == (1, 42)


class Slow:
    """A collector that waits for the test."""

    name = "slow"
    waiting = threading.Semaphore(0)
    go_on = threading.Event()

    def collect(self) -> Iterable[Metric]:
        self.waiting.release()
        self.go_on.wait(10)
        return ()


@pytest.mark.parametrize("at", [[Slow()]], indirect=True)
def test_scrapes_beyond_a_handful_are_turned_away_and_health_still_answers(at: str) -> None:
    threads = [
        threading.Thread(target=requests.get, args=(f"{at}/metrics",), kwargs={"headers": LOGIN, "timeout": 20})
        for _ in range(serve.MAX_SCRAPES)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert Slow.waiting.acquire(timeout=10)
    try:
        assert requests.get(f"{at}/metrics", headers=LOGIN, timeout=5).status_code == 503
        assert requests.get(f"{at}/health", timeout=5).status_code == 200
    finally:
        Slow.go_on.set()
        for thread in threads:
            thread.join()


def page_of(port: int) -> str:
    """Wait for an exporter's page."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return requests.get(f"http://127.0.0.1:{port}/metrics", headers=LOGIN, timeout=5).text
        except requests.ConnectionError:
            assert time.monotonic() < deadline, "the exporter never answered"
            time.sleep(0.05)


def test_the_gpu_exporter_tells_of_this_machines_driver_and_ends_when_asked() -> None:
    port = free_ports(["gpu"])["gpu"]
    settings = {"BIND_PORT": str(port), "INTERVAL": "0.1", "METRICS_TOKEN": TOKEN}
    environment = os.environ | {f"SHIVA_EXPORTERS_GPU_{key}": value for key, value in settings.items()}
    process = subprocess.Popen([BIN / "shiva-gpu-exporter"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 20
        while "shiva_gpu_driver_present" not in (told := values(page_of(port))):
            assert time.monotonic() < deadline, "no round ever ended"
        has_driver = Path("/proc/driver/nvidia/version").exists()
        assert told["shiva_gpu_driver_present"] == float(has_driver)
        assert ("shiva_gpu_devices" in told) == has_driver
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


WRONG = {
    "shiva-gpu-exporter": {"SHIVA_EXPORTERS_GPU_INTERVAL": "0.01"},
    "shiva-broker-exporter": {"SHIVA_EXPORTERS_BROKER_BROKER_URL": "http://127.0.0.1:1"},
    "shiva-demo-machines": {"SHIVA_EXPORTERS_DEMO_MACHINES_FILE": "/nonexistent"},
}


@pytest.mark.parametrize("program", WRONG)
def test_a_wrong_setting_is_a_sentence_and_status_2(program: str) -> None:
    ended = subprocess.run(
        [BIN / program], env=os.environ | WRONG[program], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"{program}: ")
    assert "Traceback" not in ended.stderr
