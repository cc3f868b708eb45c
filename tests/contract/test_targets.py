"""Prometheus' targets are rendered from the one list of machines, whole or not at all."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.prometheus import targets
from tests.contract.test_alerts import PROMETHEUS, promtool
from tests.fakes.scraping import told_to_prometheus

MACHINES = [
    {"name": "gpu-01", "address": "10.0.0.11", "cpus": 8, "gpus": []},
    {"name": "gpu-02", "address": "fd00::12", "cpus": 8, "gpus": []},
]


def render(folder: Path, content: str | None = None, *more: str) -> int:
    """Run the command on a list of machines; its targets are in `folder`/targets."""
    if content is not None:
        (folder / "machines.json").write_text(content, encoding="utf-8")
    return targets.main(["--machines", str(folder / "machines.json"), "--out", str(folder / "targets"), *more])


def rendered(folder: Path) -> dict[str, Any]:
    """Return what was written, by job."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (folder / "targets").iterdir()}


def test_prometheus_accepts_the_configuration_with_the_targets(tmp_path: Path) -> None:
    assert render(tmp_path, json.dumps({"machines": MACHINES})) == 0
    told_to_prometheus(tmp_path)
    shutil.copytree(PROMETHEUS / "rules", tmp_path / "rules")
    shutil.copyfile(PROMETHEUS / "prometheus.yml", tmp_path / "prometheus.yml")
    assert "SUCCESS" in promtool("check", "config", tmp_path / "prometheus.yml")
    made = rendered(tmp_path)
    assert set(made) == {"node", "gpu", "broker", "services"}
    assert [group["targets"] for group in made["gpu"]] == [["10.0.0.11:9101"], ["[fd00::12]:9101"]]
    assert [group["labels"] for group in made["node"]] == [
        {"host": name, "instance": name} for name in ("gpu-01", "gpu-02")
    ]
    assert made["broker"] == [{"targets": ["127.0.0.1:9102"], "labels": {"instance": "broker-exporter"}}]


def test_services_are_where_the_operator_says(tmp_path: Path) -> None:
    listed = json.dumps({"machines": MACHINES})
    assert render(tmp_path, listed, "--control", "10.0.0.1", "--door", "https://shiva.lan") == 0
    services = {group["labels"]["service"]: group for group in rendered(tmp_path)["services"]}
    assert services["jupyter-broker"]["targets"] == ["10.0.0.1:8082"]
    assert services["jupyter-proxy"] == {
        "targets": ["shiva.lan"],
        "labels": {
            "service": "jupyter-proxy",
            "instance": "jupyter-proxy",
            "__metrics_path__": "/-/metrics",
            "__scheme__": "https",
        },
    }


BAD = {
    "not JSON": ("{", "This is not JSON"),
    "a list": ("[]", "`machines` must be a list of at least one machine."),
    "no machine": ('{"machines": []}', "`machines` must be a list of at least one machine."),
    "no name": ('{"machines": [{"address": "10.0.0.1"}]}', "Machine 1 has no `name`."),
    "no address": ('{"machines": [{"name": "gpu-01", "address": " "}]}', "Machine 1 has no `address`."),
    "no object": ('{"machines": ["gpu-01"]}', "Machine 1 has no `name`."),
    "the same twice": (json.dumps({"machines": [MACHINES[0]] * 2}), "There are two machines named “gpu-01”."),
}


@pytest.mark.parametrize("why", BAD)
def test_a_bad_list_is_a_sentence_and_changes_nothing(
    why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    render(tmp_path, json.dumps({"machines": MACHINES}))
    before = rendered(tmp_path)
    content, sentence = BAD[why]
    assert render(tmp_path, content) == 2
    assert sentence in capsys.readouterr().err
    assert rendered(tmp_path) == before


def test_no_list_is_a_sentence_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render(tmp_path) == 2
    assert "nothing was written. It cannot be read: No such file or directory." in capsys.readouterr().err
    assert not (tmp_path / "targets").exists()


def test_a_folder_that_is_none_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "targets").touch()
    assert render(tmp_path, json.dumps({"machines": MACHINES})) == 2
    assert "Prometheus goes on with the old ones." in capsys.readouterr().err


def test_what_did_not_change_is_not_written_and_nothing_is_left_over(tmp_path: Path) -> None:
    render(tmp_path, json.dumps({"machines": MACHINES}))
    before = {path.name: path.stat().st_ino for path in (tmp_path / "targets").iterdir()}
    render(tmp_path, json.dumps({"machines": MACHINES[:1]}))
    after = {path.name: path.stat().st_ino for path in (tmp_path / "targets").iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"node.json", "gpu.json"}
    assert before.keys() == after.keys()


def test_it_needs_nothing_but_python() -> None:
    command = ["python3", "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); import deploy.prometheus.targets"]
    done = subprocess.run(command, cwd=PROMETHEUS.parents[1], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
