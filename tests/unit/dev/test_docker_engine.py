"""What `make run LAUNCHER=docker` and `make stop-notebooks` say when the engine is away, or is not the one of before."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.dev import docker_engine
from deploy.dev.docker_engine import DockerEngine
from deploy.dev.suite import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run whose engine is not there any more."""
    machines = [{"name": "here", "engine": {"url": f"unix://{tmp_path}/none.sock"}}]
    (tmp_path / "machines.json").write_text(json.dumps({"machines": machines}), encoding="utf-8")
    return tmp_path


def printed(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run it in a process of its own: the library leaves a socket open when an engine is away."""
    command = [sys.executable, "-c", f"from pathlib import Path; from deploy.dev import notebooks; {code}", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_an_engine_that_is_away_when_notebooks_are_stopped_is_a_sentence(folder: Path) -> None:
    ended = printed(folder, "notebooks.main()")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"The Docker engine at unix://{folder}/none.sock does not answer (No such file or directory). "
        "Its notebooks may go on, homes are kept: start the engine and try again.\n"
    )


def test_an_engine_that_is_away_at_the_end_is_a_sentence(folder: Path) -> None:
    ended = printed(folder, f"notebooks.tell(Path({str(folder)!r}), demo=False)")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "does not answer (No such file or directory). Its notebooks may go on" in ended.stdout


def test_homes_of_another_range_of_users_are_in_the_way_and_named(tmp_path: Path) -> None:
    (tmp_path / ".shiva").mkdir()
    engine = DockerEngine(url="", address="", uid_base=os.getuid() + 1)
    assert docker_engine.strangers(engine, tmp_path) == ""
    assert docker_engine.strangers(engine, tmp_path / "none") == ""
    (tmp_path / "ada").mkdir()
    assert f"The homes of ada in {tmp_path} were made with another" in docker_engine.strangers(engine, tmp_path)
    nearer = DockerEngine(url="", address="", uid_base=os.getuid() - 1)
    assert docker_engine.strangers(nearer, tmp_path) == ""
