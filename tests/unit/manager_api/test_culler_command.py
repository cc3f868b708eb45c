"""`shiva-culler` as an operator meets it: sentences and exit statuses."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from shiva_manager_api import culler
from shiva_manager_api.adapters.decision_file import DecisionFile
from shiva_manager_api.adapters.lock_file import locked
from shiva_manager_api.adapters.store.preparing import prepared

Ran = Callable[..., tuple[int, str, str]]  # status, output and errors
NOWHERE = "http://127.0.0.1:9"
COMMAND = str(Path(sys.executable).parent / "shiva-culler")


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """Return settings over a broker and a Prometheus that are away."""
    given = {
        "PROMETHEUS_URL": NOWHERE, "BROKER_URL": NOWHERE, "BROKER_TOKEN": "t" * 40, "STATE_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/manager.db",
    }  # fmt: skip
    return os.environ | {f"SHIVA_MANAGER_CULLER_{key}": value for key, value in (given | changes).items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place with the manager's database."""
    prepared(f"sqlite:///{tmp_path}/manager.db").close()
    return tmp_path


def run(folder: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [COMMAND, *arguments],
        env=environment(folder, **changes),
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ran:
    """Run it in this process: what ends before the log begins; each start of its own costs a second."""

    def run(folder: Path, *arguments: str, **changes: str) -> tuple[int, str, str]:
        for key, value in environment(folder, **changes).items():
            monkeypatch.setenv(key, value)
        monkeypatch.setattr(sys, "argv", [COMMAND, *arguments])
        status = 0
        try:
            culler.main()
        except SystemExit as ended:
            status = int(str(ended.code))
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"INTERVAL": "often"}, "SHIVA_MANAGER_CULLER_INTERVAL"), ({"GPU_STEP": "0"}, "above zero"), ({"DRY": "1"}, "is not a setting"),
        ({"INTERVAL": "601"}, "pause"), ({"POLICY_FILE": "policy.json"}, "rule.grace must be a time"),
        ({"POLICY_FILE": "nothing.json"}, "cannot be read"), ({"STATE_DIR": "policy.json"}, "policy.json"),
        ({"DATABASE_URL": "manager.db"}, "sqlite:////var/lib/shiva/manager.db"),
    ],
)  # fmt: skip
def test_wrong_settings_and_a_wrong_policy_are_a_sentence_and_status_2(
    ran: Ran, tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    (tmp_path / "policy.json").write_text('{"rule": {"grace": 5}}', encoding="utf-8")
    paths = {key: str(tmp_path / value) for key, value in changes.items() if key in {"POLICY_FILE", "STATE_DIR"}}
    status, out, told = ran(tmp_path, "--once", **(changes | paths))
    assert (status, out) == (2, "")
    assert told.startswith("shiva-culler: ")
    assert said in told


def test_one_pass_that_could_not_be_made_says_so(folder: Path) -> None:
    done = run(folder, "--once")
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "nothing was judged"


def test_two_on_one_folder_are_one_too_many(folder: Path) -> None:
    with locked(folder / "culler.lock"):
        done = run(folder, "--once")
    assert done.returncode == 1
    assert "another one runs" in done.stderr


def test_the_loop_goes_on_through_failures_and_ends_when_it_is_told_to(folder: Path) -> None:
    process = subprocess.Popen(
        [COMMAND],
        env=environment(folder, INTERVAL="0.05"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as lines:
        events = [json.loads(lines.readline())["event"] for _ in range(3)]
        process.send_signal(signal.SIGTERM)
        lines.read()
    assert events == ["nothing was judged"] * 3
    assert process.wait(20) == 0


def test_the_report_is_a_table_or_json(ran: Ran, folder: Path) -> None:
    decisions = DecisionFile(folder)
    common = {"owner": "ada", "dry_run": True, "gpus": 2, "container_id": "ada--default"}
    decisions.note({**common, "kind": "warn", "at": "2026-11-23T09:00:00+00:00"})
    decisions.note({**common, "kind": "end", "at": "2026-11-23T10:00:00+00:00"})
    decisions.note({
        **common, "kind": "reclaimed", "at": "2026-11-23T13:00:00+00:00", "since": "2026-11-23T10:00:00+00:00",
    })  # fmt: skip
    assert [line.split() for line in ran(folder, "--report")[1].splitlines()[1:]] == [
        ["ada", "1", "0", "1", "6.0"], ["everybody", "1", "0", "1", "6.0"],
    ]  # fmt: skip
    told = json.loads(ran(folder, "--report", "--json")[1])
    assert told == {"ada": {"warned": 1, "ended": 0, "would_have_ended": 1, "gpu_hours": 6.0}}


def test_it_never_makes_the_database_and_says_who_does(tmp_path: Path) -> None:
    done = run(tmp_path, "--report")
    assert (done.returncode, done.stdout) == (1, "")
    assert "look whether shiva-manager-api runs" in done.stderr
    assert list(tmp_path.iterdir()) == []
