"""What `make run` writes before it starts anything: configurations that their programs accept, secrets for us alone."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from shiva_common import env
from shiva_exporters.gpu.__main__ import Settings as GpuSettings
from shiva_jupyter_broker.adapters import catalogue, docker_engines
from shiva_jupyter_broker.settings import PREFIX, Settings

from deploy.dev import docker_engine, inventory, serving, suite
from deploy.dev.docker_engine import DockerEngine
from tests.require import require

MACHINES = {"real": inventory.this_machine, "demo": inventory.simulated}


@pytest.fixture
def dashboard_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that the distribution's programs are there: nothing is started here."""
    monkeypatch.setattr(suite, "program_path", lambda name: f"/usr/bin/{name}")


@pytest.mark.parametrize("kind", MACHINES)
def test_prometheus_accepts_the_configuration_and_finds_the_targets(tmp_path: Path, kind: str) -> None:
    promtool = shutil.which("promtool", path=suite.SEARCH)
    require("prometheus", present=promtool is not None, reason="promtool is not installed")
    names = ["node-exporter", "gpu-exporter", "demo-machines", "broker-exporter"]
    ports = dict.fromkeys([*names, "manager-api", "jupyter-broker", "jupyter-proxy"], 9999)
    config = inventory.write_targets(tmp_path, MACHINES[kind](), ports, demo=kind == "demo", metrics_token="m" * 32)
    checked = subprocess.run([str(promtool), "check", "config", config], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "SUCCESS" in checked.stdout + checked.stderr
    written = {path.name for path in (tmp_path / "targets").iterdir()}
    assert written == {"node.json", "gpu.json", "broker.json", "services.json"}
    assert all(f"targets/{name}" in config.read_text() for name in written)


@pytest.mark.usefixtures("dashboard_only")
def test_prometheus_and_node_exporter_accept_the_files_that_keep_strangers_out(tmp_path: Path) -> None:
    promtool = shutil.which("promtool", path=suite.SEARCH)
    require("prometheus", present=promtool is not None, reason="promtool is not installed")
    prepared = suite.prepare(tmp_path / "run", demo=False, port=0)
    given = {each.name: [part for part in each.command if "web.config" in part] for each in prepared.programs}
    [[prometheus], [node]] = given["prometheus"], given["node-exporter"]
    for option in (prometheus, node):
        command = [str(promtool), "check", "web-config", option.partition("=")[2]]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "SUCCESS" in checked.stdout + checked.stderr


@pytest.mark.usefixtures("dashboard_only")
@pytest.mark.parametrize("demo", [False, True])
def test_secrets_are_in_files_for_us_alone_and_on_no_command_line(tmp_path: Path, demo: bool) -> None:
    folder = tmp_path / "run"
    prepared = suite.prepare(folder, demo=demo, port=0)
    config = serving.supervisor_config(prepared)
    keys = suite.kept_secrets(folder)
    assert len(set(keys.values())) == len(suite.TOKENS)
    for path in folder.rglob("*"):
        if path.is_file() and any(key in path.read_text("utf-8", "replace") for key in keys.values()):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert keys["manager_token"] in config.read_text()
    assert not [p for p in prepared.programs if any(key in " ".join(p.command) for key in keys.values())]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.usefixtures("dashboard_only")
def test_each_service_gets_only_the_secrets_that_it_uses(tmp_path: Path) -> None:
    prepared = suite.prepare(tmp_path / "run", demo=False, port=0)
    names = {value: name for name, value in suite.kept_secrets(tmp_path / "run").items()}
    held = {p.name: {names[v] for v in p.environment.values() if v in names} for p in prepared.programs}
    assert {name: secrets for name, secrets in held.items() if secrets} == {
        "jupyter-broker": {"manager_token", "proxy_token", "exporter_token", "metrics_token"},
        "manager-api": {"manager_token", "identity_key", "prometheus_password", "door_token", "metrics_token"},
        "culler": {"manager_token", "prometheus_password"},
        "jupyter-proxy": {"proxy_token", "identity_key", "session_key", "door_token", "metrics_token"},
        "broker-exporter": {"exporter_token", "metrics_token"},
        "gpu-exporter": {"metrics_token"},
    }


@pytest.mark.usefixtures("dashboard_only")
def test_secrets_are_kept_so_that_sessions_outlive_a_restart(tmp_path: Path) -> None:
    suite.prepare(tmp_path / "run", demo=False, port=0)
    before = suite.kept_secrets(tmp_path / "run")
    suite.prepare(tmp_path / "run", demo=False, port=0)
    assert suite.kept_secrets(tmp_path / "run") == before


@pytest.mark.usefixtures("dashboard_only")
def test_a_folder_of_an_older_shiva_keeps_its_secrets_and_gets_those_that_it_lacks(tmp_path: Path) -> None:
    old = {name: name * 10 for name in suite.TOKENS[:5]}
    (tmp_path / "secrets.json").write_text(json.dumps(old), encoding="utf-8")
    kept = suite.kept_secrets(tmp_path)
    assert set(kept) == set(suite.TOKENS)
    assert old.items() <= kept.items()
    assert suite.kept_secrets(tmp_path) == kept
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["[]", '{"identity_key": 1}', '{"identity_key": ""}', "{"])
def test_secrets_that_are_none_are_left_alone_and_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):  # noqa: PT011  json's own sentence, or ours
        suite.kept_secrets(tmp_path)
    assert (tmp_path / "secrets.json").read_text(encoding="utf-8") == text


def test_a_taken_port_leads_to_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert suite.public_port(port) > port


def test_a_missing_program_is_one_sentence_with_what_to_install() -> None:
    with pytest.raises(suite.MissingPartError, match="apt-get install prometheus prometheus-node-exporter"):
        suite.program_path("no-such-program")


def test_two_runs_never_share_a_folder(tmp_path: Path) -> None:
    with serving.only_one(tmp_path), pytest.raises(SystemExit, match="already runs"), serving.only_one(tmp_path):
        pass


WRONG = {
    "a damaged file": (["--state", "{folder}/damaged"], "damaged cannot be used"),
    "no folder": (["--state", "{folder}/file/run"], "Shiva cannot keep its things in"),
    "containers for a demo": (["--state", "{folder}/run", "--demo", "--launcher", "docker"], "leave LAUNCHER out"),
    "no port": (["--state", "{folder}/run", "--port", "80000"], "PORT=80000 is not a number from 0 to 65535"),
    "no launcher": (["--state", "{folder}/run", "--launcher", "marathon"], "LAUNCHER=marathon is not one that"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_start_says_why_in_a_sentence(tmp_path: Path, case: str) -> None:
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "secrets.json").write_text("{", encoding="utf-8")
    (tmp_path / "file").touch()
    arguments, sentence = WRONG[case]
    command = [sys.executable, "-m", "deploy.dev.run", *(each.format(folder=tmp_path) for each in arguments)]
    ended = subprocess.run(command, cwd=suite.ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode in {1, 2}
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.usefixtures("dashboard_only")
def test_with_an_engine_the_broker_starts_containers_there_and_prometheus_still_scrapes_here(tmp_path: Path) -> None:
    engine = DockerEngine(url="unix:///run/engine.sock", address="10.0.0.1", uid_base=100000)
    prepared = suite.prepare(tmp_path / "run", demo=False, port=0, engine=engine)
    [broker] = [each for each in prepared.programs if each.name == "jupyter-broker"]
    settings = env.load(Settings, broker.environment, prefix=PREFIX)
    assert (settings.launcher, settings.uid_base) == ("docker", 100000)
    assert settings.domain == docker_engine.domain(tmp_path / "run") != docker_engine.domain(tmp_path)
    assert [each.reference for each in catalogue.read(settings.images_file).images()] == [docker_engine.IMAGE]
    [machine] = docker_engines.read(settings.machines_file)
    assert (machine.url, machine.host) == (engine.url, engine.address)
    targets = json.loads((tmp_path / "run/prometheus/targets/node.json").read_text(encoding="utf-8"))
    assert targets[0]["targets"] == [f"127.0.0.1:{prepared.ports['node-exporter']}"]


def test_a_driver_that_hangs_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hanging(_: object) -> list[inventory.Machine]:
        raise subprocess.TimeoutExpired("shiva-gpu-exporter", 60)

    monkeypatch.setattr(inventory, "this_machine", hanging)
    with pytest.raises(SystemExit, match=r"GPUs of this machine cannot be listed: .* timed out after 60 seconds"):
        serving.prepared_suite(tmp_path, demo=False, port=0)


def test_make_alone_prints_help_with_every_everyday_command() -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    printed = subprocess.run(["make"], cwd=suite.ROOT, env=environment, capture_output=True, text=True, check=True)
    assert all(f"make {word}" in printed.stdout for word in ("run", "demo", "test", "stop-notebooks", "bench-start"))


UNIT = suite.ROOT / "deploy/systemd/shiva-gpu-exporter.service"


def test_the_gpu_exporters_unit_has_no_privilege_and_nothing_that_blinds_it() -> None:
    lines = [line.partition("=") for line in UNIT.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    told = {key: value for key, _, value in lines if key}
    assert (told["DynamicUser"], told["NoNewPrivileges"], told["CapabilityBoundingSet"]) == ("yes", "yes", "")
    assert "AF_UNIX" in told["RestrictAddressFamilies"]  # its two processes talk by a pair of sockets
    blinding = {
        "PrivateDevices",
        "DeviceAllow",
        "DevicePolicy",
        "ProtectClock",
        "PrivateUsers",
        "ProtectProc",
        "ProcSubset",
    }
    assert blinding & told.keys() == set()


def test_the_gpu_exporters_settings_are_those_of_the_page() -> None:
    page = (suite.ROOT / "deploy/README.md").read_text(encoding="utf-8")
    [rows] = re.findall(r"\| Setting \(`SHIVA_EXPORTERS_GPU_…`\).*\n.*\n((?:\|.*\n)+)", page)
    named = {name for row in rows.splitlines() for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])}
    assert named == {each.name.upper() for each in fields(GpuSettings)}
