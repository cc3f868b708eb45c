"""`make smoke-gpu`: on a machine with a GPU, our exporter against nvidia-smi; each call timed; all of it kept as a capture.

Exit status 0: the same is told; 1: something differs, and a sentence says what; 2: there is no GPU, nothing was compared.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pynvml
from prometheus_client.parser import text_string_to_metric_families

from tests.bench.measured import table
from tests.fakes.nvml_stub.exporting import exporter
from tests.gpu.smi import ALL, IDENTITY, NoGpuError, Told, differences, query

CAPTURES = Path(__file__).resolve().parents[1] / "captures"
SMI = ["nvidia-smi"]
ROUNDS = 1000
FIELDS = [*IDENTITY, *(same.field for same in ALL)]
COMMON = {"gpu", "uuid", "name"}
CALLS: tuple[tuple[Any, ...], ...] = (
    ("nvmlDeviceGetUtilizationRates",), ("nvmlDeviceGetMemoryInfo",), ("nvmlDeviceGetTemperature", 0),
    ("nvmlDeviceGetPowerUsage",), ("nvmlDeviceGetEnforcedPowerLimit",), ("nvmlDeviceGetTotalEnergyConsumption",),
    ("nvmlDeviceGetEncoderUtilization",), ("nvmlDeviceGetDecoderUtilization",), ("nvmlDeviceGetClockInfo", 1),
    ("nvmlDeviceGetCurrentClocksEventReasons",), ("nvmlDeviceGetPerformanceState",), ("nvmlDeviceGetFanSpeed_v2", 0),
    ("nvmlDeviceGetPcieReplayCounter",), ("nvmlDeviceGetTotalEccErrors", 0, 0), ("nvmlDeviceGetRemappedRows",),
    ("nvmlDeviceGetFieldValues", [82]), ("nvmlDeviceGetComputeRunningProcesses_v3",),
    ("nvmlDeviceGetGraphicsRunningProcesses_v3",), ("nvmlDeviceGetMPSComputeRunningProcesses_v3",),
    ("nvmlDeviceGetProcessUtilization", 0),
)  # fmt: skip


class RealDriver:
    """The one that is installed."""

    environment: Mapping[str, str] = {}


def told_by_card(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Return our metrics by UUID."""
    cards: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("shiva_gpu_") and "uuid" in sample.labels:
                own = [value for label, value in sorted(sample.labels.items()) if label not in COMMON]
                key = (sample.name.removeprefix("shiva_gpu_"), *own)
                cards.setdefault(sample.labels["uuid"], {})[key] = sample.value
    return cards


def compared(smi_before: list[Mapping[str, str]], text: str, smi_after: list[Mapping[str, str]]) -> Iterator[str]:
    """Yield what differs, card by card."""
    ours: Mapping[str, Told] = told_by_card(text)
    if ours.keys() != {card["uuid"] for card in smi_before}:
        yield f"we list {sorted(ours)}; nvidia-smi lists {sorted(card['uuid'] for card in smi_before)}"
    for before, after in zip(smi_before, smi_after, strict=True):
        found = differences(before, ours.get(before["uuid"], {}), after)
        yield from (f"GPU {before['index']}: {sentence}" for sentence in found)


def timed(rounds: int) -> list[dict[str, object]]:
    """Return how long each call of the first card takes, microseconds, or what it answers instead."""
    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    rows = []
    for name, *arguments in CALLS:
        took, answer = [], "told"
        for _ in range(rounds):
            began = time.perf_counter_ns()
            try:
                getattr(pynvml, name)(handle, *arguments)
            except pynvml.NVMLError as error:
                answer = type(error).__name__
            took.append((time.perf_counter_ns() - began) / 1000)
        p99 = statistics.quantiles(took, n=100)[98]
        rows.append({"call": name, "p50_us": statistics.median(took), "p99_us": p99, "answer": answer})
    pynvml.nvmlShutdown()
    return rows


def kept(folder: Path, card: Mapping[str, str], files: Mapping[str, str]) -> Path:
    """Write a capture, in a folder named after card and driver."""
    name = re.sub(r"[^a-z0-9.]+", "-", f"{card['name']} {card['driver_version']}".lower())
    path = folder / name
    path.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (path / file).write_text(text, encoding="utf-8")
    return path


def smoke(folder: Path, rounds: int) -> int:
    """Compare, time, keep, print; return the exit status."""
    with exporter(RealDriver(), {"INTERVAL": 0.5}) as running:
        before = query(SMI, FIELDS)
        running.until(lambda page: ("gpu_devices", "") in page)
        text = running.text()
        after = query(SMI, FIELDS)
    found = list(compared(before, text, after))
    calls = timed(rounds)
    for card in before:
        names = sorted({name for name, *_ in told_by_card(text).get(card["uuid"], {})})
        print(f"GPU {card['index']}, {card['name']}, tells {len(names)} metrics: {', '.join(names)}")
    print(table(calls))
    full = subprocess.run([*SMI, "-q"], capture_output=True, text=True, timeout=120, check=False).stdout
    files = {
        "nvidia-smi.txt": full,
        "nvidia-smi.json": json.dumps(before, indent=1) + "\n",
        "exposition.metrics": text,
        "calls.json": json.dumps(calls, indent=1) + "\n",
    }
    print(f"kept: {kept(folder, before[0], files)}")
    print("\n".join(found) or "Everything that nvidia-smi tells as well is the same.")
    return 1 if found else 0


def main() -> None:
    """Do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=CAPTURES, help="where the capture is written")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each call is timed")
    options = parser.parse_args()
    try:
        query(SMI, IDENTITY)
        sys.exit(smoke(options.folder, options.rounds))
    except NoGpuError as error:
        print(
            f"No NVIDIA GPU answers here ({error}). Nothing was compared: run this on a machine with one.",
            file=sys.stderr,
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
