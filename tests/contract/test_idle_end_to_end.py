"""Idle containers end kindly, and nothing else does: every part is real, but the driver is a stub and hours are seconds."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.dev.suite import PROMETHEUS, SEARCH
from tests.fakes.idle_suite import IdleSuite, eventually, idle_suite
from tests.fakes.nvml_stub.stub import Stub, nvml_library
from tests.require import require

__all__ = ["nvml_library"]

pytestmark = [pytest.mark.full, pytest.mark.timeout(150)]


@pytest.fixture(scope="module")
def suite(nvml_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdleSuite]:
    prometheus = shutil.which(PROMETHEUS, path=SEARCH)
    require("prometheus", present=prometheus is not None, reason="prometheus is not installed")
    folder = tmp_path_factory.mktemp("idle")
    with idle_suite(folder, Stub(nvml_library, folder), str(prometheus)) as made:
        yield made


def test_a_person_is_warned_may_keep_it_is_warned_twice_and_then_it_ends(suite: IdleSuite) -> None:
    ada = suite.launched("ada", gpus=1)
    suite.holds(ada, busy=80)
    eventually(lambda: suite.counted("shiva_container_gpu_active_seconds_total > 0"), what="it works")
    suite.becomes(ada, state="kept", reason="gpu_busy")
    suite.holds(ada, busy=None)  # what only holds memory

    told = suite.becomes(ada, state="warned", reason="warned")
    assert (told["step"], told["dry_run"], told["extensions_left"]) == (1, False, 2)
    assert told["stop_at"] is not None
    assert "holds 1 GPU that others could use" in told["sentence"]

    answer = suite.asked("ada", "POST", f"{ada}/extend")
    assert answer.status_code == 200
    assert suite.asked("ken", "POST", f"{ada}/extend").status_code == 403
    kept = suite.idle(ada)  # at once, before any pass
    assert (kept["reason"], kept["stop_at"], kept["extensions_left"]) == ("extended", None, 1)
    suite.becomes(ada, state="kept", reason="extended")

    suite.becomes(ada, state="warned", reason="warned")
    eventually(lambda: suite.passes() and ada not in running(suite), what="it ends")
    kinds = [each["kind"] for each in suite.decisions(ada)]
    assert kinds[-6:] == ["warn", "keep", "warn", "keep", "again", "end"] or kinds[-5:] == [
        "warn", "keep", "warn", "again", "end",
    ]  # fmt: skip
    last = suite.decisions(ada)[-1]
    assert last["idle_seconds"] >= 12
    assert last["gpu_ratio"] < 0.01
    assert last["jupyter_busy"] == 0


def test_without_the_exporter_or_with_a_busy_jupyter_nothing_ends(suite: IdleSuite) -> None:
    ken, mei, yuki = (suite.launched(who, gpus=gpus) for who, gpus in (("ken", 1), ("mei", 0), ("yuki", 0)))
    suite.types(mei, "sleep 600")
    suite.becomes(ken, state="warned", reason="warned")  # nothing of it was ever on its GPU
    assert suite.exporter is not None
    suite.exporter.kill()
    suite.exporter.wait()
    eventually(lambda: suite.counted("shiva_gpu_processes") == 0, what="the exporter is away")
    eventually(lambda: suite.passes() and yuki not in running(suite), what="yuki's, which needs no exporter, ends")
    [stop_at] = [each["stop_at"] for each in suite.decisions(ken) if each["kind"] == "warn"]
    eventually(lambda: suite.passes() and datetime.now(UTC) > datetime.fromisoformat(stop_at), what="its end is due")
    suite.passes()
    assert running(suite) >= {ken, mei}
    assert (suite.idle(ken)["state"], suite.idle(ken)["reason"]) == ("unknown", "gpu_unknown")
    assert {each["reason"] for each in suite.decisions(mei)} == {"in_use", "jupyter_busy"}
    assert [line.split()[:3] for line in suite.passes("--report").splitlines() if "yuki" in line] == [
        ["yuki", "2", "1"]
    ]


def running(suite: IdleSuite) -> set[str]:
    """Return the containers whose end nobody asked for."""
    return {name for name, each in suite.broker.containers().items() if each["state"] == "ready"}
