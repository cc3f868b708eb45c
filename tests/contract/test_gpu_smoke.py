"""The smoke script for a real GPU, on the stub beside an nvidia-smi of our own: it sees what is the same and what is not."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fakes.nvml_stub.presets import ONE_BUSY, ONE_H200
from tests.fakes.nvml_stub.state import Gpu, Machine
from tests.fakes.nvml_stub.stub import ROOT, Stub, nvml_library, stub
from tests.gpu import smi

__all__ = ["nvml_library", "stub"]

MIB = 2**20
CLOCK = ("graphics", "sm", "memory", "video")
FAKE = """#!{python}
import json, sys
told = json.load(open({path!r}))
asked = [word for word in sys.argv if word.startswith("--query-gpu=")]
fields = asked[0].partition("=")[2].split(",") if asked else []
for field in fields:
    if field == "ecc.errors.corrected.aggregate.total":
        sys.exit('Field "' + field + '" is not a valid field to query.')
print("\\n".join(", ".join(card.get(field, "[N/A]") for field in fields) for card in told) if asked else "everything")
"""


def told_of(gpu: Gpu, index: int) -> dict[str, str]:
    """Return what nvidia-smi tells of a card."""
    assert gpu.memory is not None
    values = {
        "index": index,
        "uuid": gpu.uuid,
        "name": gpu.name,
        "driver_version": "580.65.06",
        "pci.bus_id": gpu.bus_id,
        "memory.total": gpu.memory.total // MIB,
        "memory.used": gpu.memory.used // MIB,
        "utilization.gpu": gpu.utilization and gpu.utilization[0],
        "utilization.memory": gpu.utilization and gpu.utilization[1],
        "temperature.gpu": gpu.temperature,
        "power.draw": gpu.power_mw and f"{gpu.power_mw / 1000:.2f}",
        "enforced.power.limit": gpu.power_limit_mw and f"{gpu.power_limit_mw / 1000:.2f}",
        "fan.speed": gpu.fans[0] if gpu.fans else None,
        "pstate": f"P{gpu.performance_state}",
        "ecc.errors.corrected.volatile.total": gpu.ecc_errors and gpu.ecc_errors[0, 0],
        "ecc.errors.uncorrected.aggregate.total": gpu.ecc_errors and gpu.ecc_errors[1, 1],
        **{f"clocks.current.{name}": gpu.clocks[number] for number, name in enumerate(CLOCK)},
    }
    return {field: "[N/A]" if value is None else str(value) for field, value in values.items()}


class Smoke:
    """The script, with a driver and an nvidia-smi that need not agree."""

    def __init__(self, stub: Stub, folder: Path) -> None:
        self._environment = os.environ | stub.environment | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        self._told = folder / "smi.json"
        self.captures = folder / "captures"
        (folder / "bin").mkdir()
        program = folder / "bin" / "nvidia-smi"
        program.write_text(FAKE.format(python=sys.executable, path=str(self._told)), encoding="utf-8")
        program.chmod(0o755)

    def run(self, machine: Machine, **other: str) -> tuple[int, str]:
        """Return its exit status and what it prints; `other` is what nvidia-smi tells instead of the last card."""
        cards = [told_of(gpu, index) for index, gpu in enumerate(machine.gpus)]
        cards[-1] |= {field.replace("_", "."): value for field, value in other.items()}
        self._told.write_text(json.dumps(cards), encoding="utf-8")
        return run(self._environment, self.captures)


def run(environment: Mapping[str, str], captures: Path) -> tuple[int, str]:
    """Run it, each call twice."""
    command = [sys.executable, "-m", "tests.gpu.smoke", "--folder", str(captures), "--rounds", "2"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=50, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def smoke(stub: Stub, tmp_path: Path) -> Smoke:
    return Smoke(stub, tmp_path)


@pytest.mark.parametrize("machine", [ONE_BUSY, ONE_H200, Machine(gpus=[*ONE_BUSY.gpus, *ONE_H200.gpus])])
def test_what_is_the_same_is_kept(stub: Stub, smoke: Smoke, machine: Machine) -> None:
    stub.is_now(machine)
    status, printed = smoke.run(machine)
    assert (status, printed.splitlines()[-1]) == (0, "Everything that nvidia-smi tells as well is the same.")
    [capture] = smoke.captures.iterdir()
    assert capture.name == machine.gpus[0].name.lower().replace(" ", "-") + "-580.65.06"
    assert {path.name for path in capture.iterdir()} == {
        "nvidia-smi.txt",
        "nvidia-smi.json",
        "exposition.metrics",
        "calls.json",
    }
    assert "shiva_gpu_power_watts" in (capture / "exposition.metrics").read_text(encoding="utf-8")
    calls = {call["call"]: call for call in json.loads((capture / "calls.json").read_text(encoding="utf-8"))}
    assert calls["nvmlDeviceGetPowerUsage"]["answer"] == "told"
    energy = "told" if machine.gpus[0].energy_mj is not None else "NVMLError_NotSupported"
    assert calls["nvmlDeviceGetTotalEnergyConsumption"]["answer"] == energy


@pytest.mark.parametrize(("other", "sentence"), [
    ({"temperature_gpu": "91"}, "GPU 0: shiva_gpu_temperature_celsius is 38.0; nvidia-smi tells temperature.gpu [91.0, 91.0]"),
    ({"memory_used": "1"}, "GPU 0: shiva_gpu_memory_used_bytes is "),
    ({"temperature_memory": "50"}, "GPU 0: shiva_gpu_memory_temperature_celsius is missing; nvidia-smi tells temperature.memory"),
    ({"uuid": "GPU-other"}, "we list ['GPU-10800000-0000-4000-8000-000000000000']; nvidia-smi lists ['GPU-other']"),
])  # fmt: skip
def test_what_differs_is_said(stub: Stub, smoke: Smoke, other: dict[str, str], sentence: str) -> None:
    stub.is_now(ONE_BUSY)
    status, printed = smoke.run(ONE_BUSY, **other)
    assert status == 1
    assert sentence in printed


FAILED = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."


@pytest.mark.parametrize(("script", "why"), [
    (None, "nvidia-smi cannot be run: No such file or directory"),
    (f'#!/bin/sh\necho "{FAILED}"; exit 9\n', FAILED),
    ("#!/bin/sh\nexit 0\n", "nvidia-smi lists no card"),
])  # fmt: skip
def test_without_a_gpu_it_says_so(tmp_path: Path, script: str | None, why: str) -> None:
    if script is not None:
        (tmp_path / "nvidia-smi").write_text(script, encoding="utf-8")
        (tmp_path / "nvidia-smi").chmod(0o755)
    status, printed = run(os.environ | {"PATH": str(tmp_path)}, tmp_path / "captures")
    assert status == 2
    assert printed == f"No NVIDIA GPU answers here ({why}). Nothing was compared: run this on a machine with one.\n"
    assert not (tmp_path / "captures").exists()


@pytest.mark.parametrize(("text", "value"), [
    ("76", 76.0), ("-2", -2.0), ("151.23", 151.23), ("P8", 8.0), ("[N/A]", None), ("N/A", None), ("[Not Supported]", None),
    ("[Unknown Error]", None), ("", None), (None, None),
])  # fmt: skip
def test_a_field_is_a_number_or_nothing(text: str | None, value: float | None) -> None:
    assert smi.number(text) == value
