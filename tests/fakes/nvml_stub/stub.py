"""The library as built here, a machine that runs on it, and a client that asks it through nvidia-ml-py.

A conftest or a test takes its fixtures with `from tests.fakes.nvml_stub.stub import client, nvml_library, stub`.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.nvml_stub import state
from tests.fakes.nvml_stub.lines import write
from tests.fakes.nvml_stub.presets import ONE_BUSY
from tests.fakes.nvml_stub.state import Machine
from tests.require import require

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SONAME = "libnvidia-ml.so.1"
FLAGS = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden"]


def build(folder: Path) -> Path:
    """Compile the library into `folder` and return that."""
    sources = sorted(HERE.glob("*.c"))
    command = ["gcc", *FLAGS, f"-Wl,-soname,{SONAME}", "-o", str(folder / SONAME), *map(str, sources), "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


class NvmlError(Exception):
    """An error of nvidia-ml-py in the client: its class's name, and NVML's code if it has one."""

    def __init__(self, name: str, code: int | None) -> None:
        super().__init__(name)
        self.name = name
        self.code = code


class Client:
    """A process with nvidia-ml-py. Handles, event sets and samples are numbers in a dictionary, as `{"kept": 3}`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """`process` runs `client.py`."""
        self._process = process

    def ask(self, function: str, *arguments: object) -> Any:
        """Call a function of pynvml; a struct comes back as a dictionary of its fields.

        Raises:
            NvmlError: it raised.
        """
        self.begin(function, *arguments)
        return self.end()

    def begin(self, function: str, *arguments: object) -> None:
        """Call it, and do not wait for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([function, *arguments]) + "\n")
        self._process.stdin.flush()

    def end(self) -> Any:
        """Return or raise what `begin` began."""
        assert self._process.stdout is not None
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise NvmlError(answer["error"], answer["code"])
        return answer["value"]

    def told(self, function: str, *arguments: object) -> Any:
        """Return the answer, None where it is NOT_SUPPORTED."""
        try:
            return self.ask(function, *arguments)
        except NvmlError as error:
            if error.code != state.NOT_SUPPORTED:
                raise
            return None

    def refused(self, function: str, *arguments: object) -> int | None:
        """Return the code of the error that it must raise."""
        with pytest.raises(NvmlError) as raised:
            self.ask(function, *arguments)
        return raised.value.code

    def gpu(self, index: int = 0) -> Any:
        """Return a handle."""
        return self.ask("nvmlDeviceGetHandleByIndex", index)


class Stub:
    """One machine on the stub."""

    def __init__(self, library: Path, folder: Path) -> None:
        """`library` is the folder that `build` filled; `folder` becomes the machine's own."""
        self._state = folder / "nvml.state"
        self._calls = folder / "nvml.calls"
        self._calls.touch()
        self.environment = {
            "LD_LIBRARY_PATH": str(library),
            "NVML_STUB_STATE": str(self._state),
            "NVML_STUB_CALLS": str(self._calls),
        }

    def is_now(self, machine: Machine) -> None:
        """From the next call on the driver is `machine`'s."""
        write(machine, self._state)

    def calls(self) -> Counter[str]:
        """Return how often each symbol was called so far, by any process."""
        return state.calls(self._calls)

    def calls_by_pid(self) -> dict[int, Counter[str]]:
        """Return the same for each process."""
        found: dict[int, Counter[str]] = defaultdict(Counter)
        for line in self._calls.read_text(encoding="utf-8").splitlines():
            pid, symbol, _ = line.split(" ", 2)
            found[int(pid)][symbol] += 1
        return found

    def run(self, *command: str | Path) -> str:
        """Return what a program prints that asks the stub."""
        done = subprocess.run(
            command,
            env=os.environ | self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client that has not begun: ask it for `nvmlInit` first."""
        command = [sys.executable, "-m", "tests.fakes.nvml_stub.client"]
        environment = os.environ | self.environment
        with subprocess.Popen(
            command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            yield Client(process)
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(20) == 0


@pytest.fixture(scope="session")
def nvml_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the library, for LD_LIBRARY_PATH."""
    require("gcc", present=shutil.which("gcc") is not None, reason="apt-get install gcc libc6-dev")
    return build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def stub(nvml_library: Path, tmp_path: Path) -> Stub:
    """A machine whose driver is not there until the test says `is_now`."""
    return Stub(nvml_library, tmp_path)


@pytest.fixture
def client(stub: Stub) -> Iterator[Client]:
    """A client, already begun, of a machine with one busy card."""
    stub.is_now(ONE_BUSY)
    with stub.client() as asking:
        asking.ask("nvmlInit")
        yield asking
