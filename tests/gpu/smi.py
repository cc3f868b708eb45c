"""What nvidia-smi tells in its own words, and whether our exporter tells the same."""

import csv
import io
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

UNKNOWN_FIELD = re.compile(r'Field "([^"]+)" is not a valid field')
NUMBER = re.compile(r"-?[0-9.]+")
UNTOLD = ("N/A", "Not Supported", "Not Found", "Unknown Error", "Requested functionality has been deprecated")
MIB = 2**20


class NoGpuError(Exception):
    """There is nothing to compare with; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """A field of nvidia-smi and the metric that must tell the same."""

    field: str
    metric: str  # without `shiva_gpu_`
    labels: tuple[str, ...] = ()  # values of its own labels
    times: float = 1.0
    within: float = 0.0  # in the metric's unit; both are read a moment apart, and nvidia-smi rounds
    share: float = 0.0  # of the value, beside


ECC = [
    Same(field=f"ecc.errors.{kind}.{lifetime}.total", metric="ecc_errors_total", labels=(lifetime, kind), within=1)
    for kind in ("corrected", "uncorrected")
    for lifetime in ("volatile", "aggregate")
]
CLOCKS = [
    Same(field=f"clocks.current.{clock}", metric="clock_hertz", labels=(clock,), times=1e6, within=15e6, share=0.3)
    for clock in ("graphics", "sm", "memory", "video")
]
ALL: Sequence[Same] = (
    Same(field="memory.total", metric="memory_total_bytes", times=MIB, within=MIB),
    Same(field="memory.used", metric="memory_used_bytes", times=MIB, within=64 * MIB, share=0.05),
    Same(field="memory.reserved", metric="memory_reserved_bytes", times=MIB, within=2 * MIB),
    Same(field="memory.free", metric="memory_free_bytes", times=MIB, within=64 * MIB, share=0.05),
    Same(field="utilization.gpu", metric="utilization_ratio", times=0.01, within=0.25),
    Same(field="utilization.memory", metric="memory_bandwidth_utilization_ratio", times=0.01, within=0.25),
    Same(field="utilization.encoder", metric="encoder_utilization_ratio", times=0.01, within=0.25),
    Same(field="utilization.decoder", metric="decoder_utilization_ratio", times=0.01, within=0.25),
    Same(field="temperature.gpu", metric="temperature_celsius", within=3),
    Same(field="temperature.memory", metric="memory_temperature_celsius", within=3),
    Same(field="power.draw", metric="power_watts", within=5, share=0.3),
    Same(field="enforced.power.limit", metric="power_limit_watts", within=1),
    Same(field="fan.speed", metric="fan_speed_ratio", labels=("0",), times=0.01, within=0.05),
    Same(field="pstate", metric="performance_state", within=2),
    *CLOCKS,
    *ECC,
)
IDENTITY = ("index", "uuid", "name", "driver_version", "pci.bus_id")
Card = Mapping[str, str]  # what nvidia-smi tells of one, by field
Told = Mapping[
    tuple[str, ...], float
]  # our metrics of one card: the name, and the values of its own labels in their order


def query(command: Sequence[str], fields: Sequence[str]) -> list[Card]:
    """Ask `nvidia-smi` for the fields that this version knows.

    Raises:
        NoGpuError: there is none, or no card.
    """
    asked = list(fields)
    while True:
        arguments = [f"--query-gpu={','.join(asked)}", "--format=csv,noheader,nounits"]
        try:
            done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=120, check=False)
        except OSError as error:
            raise NoGpuError(f"nvidia-smi cannot be run: {error.strerror}") from error
        unknown = UNKNOWN_FIELD.search(done.stdout + done.stderr)
        if unknown is None or unknown[1] not in asked:
            break
        asked.remove(unknown[1])
    rows = list(csv.reader(io.StringIO(done.stdout), skipinitialspace=True))
    if done.returncode or not rows:
        raise NoGpuError((done.stdout + done.stderr).strip() or "nvidia-smi lists no card")
    return [dict(zip(asked, row, strict=True)) for row in rows]


def number(text: str | None) -> float | None:
    """Return what a field tells; None where it tells nothing. `P8` is 8."""
    if text is None or any(word in text for word in UNTOLD):
        return None
    found = NUMBER.search(text)
    return None if found is None else float(found[0])


def differences(before: Card, ours: Told, after: Card) -> Iterator[str]:
    """Yield a sentence for each metric that is not between what nvidia-smi told before and after, give or take."""
    for same in ALL:
        told = [number(card.get(same.field)) for card in (before, after)]
        known = [value * same.times for value in told if value is not None]
        mine = ours.get((same.metric, *same.labels))
        what = f"shiva_gpu_{same.metric}{list(same.labels) or ''}"
        if mine is None and len(known) == len(told):
            yield f"{what} is missing; nvidia-smi tells {same.field} {known}"
        if mine is None or not known:
            continue
        slack = same.within + same.share * max(map(abs, known))
        if not min(known) - slack <= mine <= max(known) + slack:
            yield f"{what} is {mine}; nvidia-smi tells {same.field} {known}, give or take {slack}"
