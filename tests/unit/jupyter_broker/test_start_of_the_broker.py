"""How the broker starts and does not: settings in sentences, one broker a folder, a watcher that survives."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

import pytest
from shiva_common import env
from shiva_jupyter_broker import bootstrap, watcher
from shiva_jupyter_broker.bootstrap import StateInUseError
from shiva_jupyter_broker.domain.containers import UserName, Wish
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError
from shiva_jupyter_broker.service import Broker
from shiva_jupyter_broker.settings import PREFIX, Settings
from shiva_jupyter_broker.upkeep import Upkeep

from tests.fakes.broker_world import BOOT_TIMEOUT, World

PROGRAM = [sys.executable, "-m", "shiva_jupyter_broker"]


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "machines.json").write_text(json.dumps({"machines": []}), encoding="utf-8")
    facts = {
        "MANAGER_TOKEN": "m" * 32, "PROXY_TOKEN": "p" * 32, "EXPORTER_TOKEN": "e" * 32, "METRICS_TOKEN": "x" * 32,
        "STATE_DIR": str(tmp_path / "state"), "HOMES_DIR": str(tmp_path / "homes"),
        "MACHINES_FILE": str(tmp_path / "machines.json"), "BIND_PORT": "0",
    }  # fmt: skip
    return {PREFIX + key: value for key, value in facts.items()}


def test_good_settings_are_read_and_keep_their_secrets(variables: dict[str, str]) -> None:
    read = env.load(Settings, variables, prefix=PREFIX)
    assert (read.bind_port, read.launcher, read.demo) == (0, "process", False)
    assert not any(letter * 32 in repr(read) for letter in "mpe")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"LAUNCHER": "cloud"}, "LAUNCHER must be one of process, docker, marathon"),
        ({"LAUNCHER": "marathon"}, "MARATHON_URLS must be one or more http(s) addresses without path and password"),
        (
            {"LAUNCHER": "marathon", "MARATHON_URLS": "http://shiva:secret@m1:8080"},
            "MARATHON_URLS must be one or more http(s) addresses without path and password",
        ),
        (
            {"LAUNCHER": "marathon", "MARATHON_URLS": "http://m1:8080", "MESOS_URLS": "zk://m1:2181/mesos"},
            "MESOS_URLS must be http(s) addresses without path and password",
        ),
        (
            {"LAUNCHER": "marathon", "MARATHON_URLS": "http://m1:8080", "MARATHON_USER": "shiva"},
            "MARATHON_USER and MARATHON_PASSWORD go together",
        ),
        (
            {"LAUNCHER": "marathon", "MARATHON_URLS": "http://m1:8080", "MARATHON_GROUP": "Shiva"},
            "MARATHON_GROUP must be at most 40 lower-case letters, digits and inner dashes",
        ),
        (
            {"REGISTRY_URL": "https://shiva:secret@registry.lan"},
            "REGISTRY_URL must be an http(s) address without path and password",
        ),
        ({"REGISTRY_URL": "registry.lan:5000"}, "REGISTRY_URL must be an http(s) address without path and password"),
        ({"UID_BASE": "-1"}, "UID_BASE must not be negative"),
        ({"KERNEL_IDLE_TIMEOUT": "-1"}, "KERNEL_IDLE_TIMEOUT must be from 0 to 31536000"),
        ({"BIND_PORT": "65536"}, "BIND_PORT must be from 0 to 65535"),
        (
            {"MANAGER_TOKEN": "m" * 31},
            "MANAGER_TOKEN must have at least 32 characters, of ASCII and without spaces",
        ),
        ({"MANAGER_TOKEN": "p" * 32}, "MANAGER_TOKEN, PROXY_TOKEN, EXPORTER_TOKEN and METRICS_TOKEN must differ"),
        ({"CPUS": "0"}, "CPUS must be above zero"),
        ({"MEMORY_BYTES": "-1"}, "MEMORY_BYTES must be above zero"),
        ({"SHM_BYTES": "0"}, "SHM_BYTES must be above zero"),
        ({"PIDS": "0"}, "PIDS must be above zero"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(
    variables: dict[str, str], changes: dict[str, str], sentence: str
) -> None:
    changed = variables | {PREFIX + key: value for key, value in changes.items()}
    with pytest.raises(env.SettingsError) as refused:
        env.load(Settings, changed, prefix=PREFIX)
    assert str(refused.value) == PREFIX + sentence


@pytest.mark.parametrize("broken", ["TOKEN", "machines", "registry", "switches"])
def test_a_start_that_cannot_be_ends_with_2_and_a_sentence_on_standard_error(
    variables: dict[str, str], broken: str
) -> None:
    if broken == "TOKEN":
        variables[f"{PREFIX}PROXY_TOKEN"] = "m" * 32
    elif broken == "registry":
        variables |= {f"{PREFIX}REGISTRY_URL": "https://registry.lan", f"{PREFIX}REGISTRY_CA": "/nowhere/registry.pem"}
    elif broken == "switches":
        state = Path(variables[f"{PREFIX}STATE_DIR"])
        state.mkdir(exist_ok=True)
        (state / "switches.json").write_text("{", encoding="utf-8")
    else:
        Path(variables[f"{PREFIX}MACHINES_FILE"]).write_text("{", encoding="utf-8")
    ended = subprocess.run(PROGRAM, env=os.environ | variables, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("shiva-jupyter-broker: ")
    assert broken in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "m" * 32 not in ended.stderr


def test_a_start_that_its_state_forbids_ends_in_a_line_of_the_log_that_says_why(
    variables: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/token.key").write_bytes(b"short")
    ended = subprocess.run(PROGRAM, env=os.environ | variables, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3
    lines = [json.loads(line) for line in (ended.stdout + ended.stderr).splitlines()]
    [why] = [line["why"] for line in lines if line["event"] == "the broker cannot start"]
    assert "token.key is no key of 32 bytes" in why
    assert "Traceback" not in ended.stdout + ended.stderr


def test_one_broker_at_a_time_uses_a_folder(tmp_path: Path) -> None:
    first = bootstrap.hold(tmp_path / "state", patience_seconds=0)
    with pytest.raises(StateInUseError, match="another broker uses"):
        bootstrap.hold(tmp_path / "state", patience_seconds=0)
    first.close()
    bootstrap.hold(tmp_path / "state", patience_seconds=0).close()


class Ended(BaseException):
    """Ends the watcher, which ends for no error."""


class Waits(threading.Event):
    """Does not wait, but remembers for how long it should have; the third time ends the watcher."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        if len(self.seconds) == 3:
            raise Ended
        return False


def watched(broker: Broker) -> list[float | None]:
    """Let the watcher look three times, and return how long it would have waited in between."""
    broker.changed = waits = Waits()
    with pytest.raises(Ended):
        watcher.watch(broker, Upkeep(broker, boot_timeout=BOOT_TIMEOUT))
    return waits.seconds


def test_an_idle_broker_looks_seldom(tmp_path: Path) -> None:
    assert watched(World(tmp_path).broker()) == [watcher.CALM_SECONDS] * 3


def test_a_start_is_watched_closely_until_it_is_ready(tmp_path: Path) -> None:
    world = World(tmp_path)
    broker = world.broker()
    seen, _ = broker.launch(Wish(owner=UserName("ada")))
    assert watched(broker) == [watcher.BUSY_SECONDS] * 3
    world.launcher.listen(seen.container.id)
    assert watched(broker) == [watcher.CALM_SECONDS] * 3


@pytest.mark.parametrize("error", [LauncherUnavailableError("no answer"), RuntimeError("unforeseen")])
def test_no_error_ends_the_watcher(tmp_path: Path, error: Exception) -> None:
    world = World(tmp_path)
    broker = world.broker()

    def fail() -> NoReturn:
        raise error

    world.launcher.containers = fail  # type: ignore[method-assign]
    assert watched(broker) == [watcher.CALM_SECONDS] * 3
