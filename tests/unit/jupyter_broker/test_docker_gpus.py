"""GPUs by UUID, in each of the three ways that a machine may have; what nvidia-docker says is not believed blindly."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from shiva_jupyter_broker.adapters import docker_gpus
from shiva_jupyter_broker.adapters.docker_engines import EngineAddress
from shiva_jupyter_broker.domain.containers import GpuUuid, MachineName
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, LaunchRefusedError

ONE, TWO = GpuUuid("GPU-8f3c"), GpuUuid("GPU-aa10")
CONTROL = ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"]
DRIVER = "nvidia_driver_375.26:/usr/local/nvidia:ro"


class Plugin(ThreadingHTTPServer):
    """nvidia-docker-plugin 1.0.1, as far as it is asked."""

    def __init__(self) -> None:
        """Know one machine's two GPUs."""
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[str] = []
        self.status = 200
        self.said: Any = {
            "VolumeDriver": "nvidia-docker",
            "Volumes": [DRIVER],
            "Devices": ["/dev/nvidia1", *CONTROL, "/dev/nvidia0"],
        }


class _Answers(BaseHTTPRequestHandler):
    server: Plugin

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        data = self.server.said if isinstance(self.server.said, bytes) else json.dumps(self.server.said).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def plugin() -> Iterator[Plugin]:
    server = Plugin()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def engine(runtime: str, *, plugin: str = "") -> EngineAddress:
    return EngineAddress(
        machine=MachineName("gpu-02"), host="10.0.0.2", url="unix:///e.sock", gpu_runtime=runtime, plugin=plugin
    )


def legacy(plugin: Plugin) -> EngineAddress:
    return engine("nvidia-docker", plugin=f"http://127.0.0.1:{plugin.server_port}")


def test_the_toolkit_gets_them_as_a_device_request() -> None:
    assert docker_gpus.options([ONE, TWO], engine("toolkit")) == {
        "DeviceRequests": [{"Driver": "", "DeviceIDs": [ONE, TWO], "Capabilities": [["gpu"]]}]
    }


def test_cdi_gets_them_by_their_names_there() -> None:
    assert docker_gpus.options([ONE, TWO], engine("cdi")) == {
        "DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=GPU-8f3c", "nvidia.com/gpu=GPU-aa10"]}]
    }


@pytest.mark.parametrize("change", [{}, {"VolumeDriver": None}, {"VolumeDriver": "local"}])
def test_nvidia_docker_tells_the_devices_and_the_drivers_volume(plugin: Plugin, change: dict[str, Any]) -> None:
    plugin.said |= change
    nodes = ["/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl"]
    assert docker_gpus.options([ONE, TWO], legacy(plugin)) == {
        "Devices": [{"PathOnHost": each, "PathInContainer": each, "CgroupPermissions": "rwm"} for each in nodes],
        "VolumeDriver": "nvidia-docker",
        "Binds": [DRIVER],
    }
    assert plugin.asked == ["/v1.0/docker/cli/json?dev=GPU-8f3c+GPU-aa10&vol=nvidia_driver"]


@pytest.mark.parametrize("runtime", ["toolkit", "cdi", "nvidia-docker"])
def test_without_a_gpu_there_is_no_option_and_nobody_is_asked(runtime: str) -> None:
    assert docker_gpus.options([], engine(runtime, plugin="http://127.0.0.1:1")) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"Devices": [*CONTROL, "/dev/nvidia0"]},  # one too few
        {"Devices": [*CONTROL, "/dev/nvidia0", "/dev/nvidia1", "/dev/nvidia2"]},
        {"Devices": [*CONTROL, "/dev/nvidia0", "/dev/sda1"]},
        {"Devices": [*CONTROL, "/dev/nvidia0", "/dev/nvidia0/../sda1"]},
        {"Volumes": ["/:/usr/local/nvidia:ro"]},
        {"Volumes": ["nvidia_driver_375.26:/etc:ro"]},
        {"Volumes": ["nvidia_driver_375.26:/usr/local/nvidia:rw"]},
        {"Devices": None},
        {"Volumes": 3},
    ],
)
def test_what_is_no_answer_to_the_question_is_refused(plugin: Plugin, change: dict[str, Any]) -> None:
    plugin.said |= change
    with pytest.raises(LaunchRefusedError, match="nvidia-docker"):
        docker_gpus.options([ONE, TWO], legacy(plugin))


def test_a_gpu_that_it_does_not_know_is_refused_in_its_words(plugin: Plugin) -> None:
    plugin.status, plugin.said = 400, b"invalid device: GPU-8f3c\n"
    with pytest.raises(LaunchRefusedError, match="nvidia-docker of gpu-02: invalid device: GPU-8f3c"):
        docker_gpus.options([ONE], legacy(plugin))


@pytest.mark.parametrize(("status", "said"), [(500, b""), (200, b"<html>"), (404, b"{}")])
def test_a_plugin_in_trouble_is_away(plugin: Plugin, status: int, said: bytes) -> None:
    plugin.status, plugin.said = status, said
    with pytest.raises(LauncherUnavailableError):
        docker_gpus.options([ONE], legacy(plugin))
