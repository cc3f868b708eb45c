"""The real image on a real engine whose users are remapped: each sentence of its README's contract."""

import json
import os
import re
import time
from pathlib import Path

import pytest

from shiva_jupyter_broker.adapters.template import OOM_SCORE
from tests.docker.people import Notebook, contract, make_home, notebook, run_cell
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.jupyter_image import TAG
from tests.fakes.engines.shell import EngineError, run, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]  # the first one waits for the image


@pytest.fixture
def engine(engines: Engines, jupyter_image: Path) -> Engine:
    machine = engines.fresh()
    machine.load(jupyter_image)
    return machine


@pytest.fixture
def ada(engine: Engine, tmp_path: Path) -> Notebook:
    return notebook(engine, tmp_path)


def score(notebook: Notebook, pid: object) -> int:
    return int(notebook.root("cat", f"/proc/{pid}/oom_score_adj"))


def server(notebook: Notebook) -> str:
    return notebook.root("pgrep", "-f", "app/server.py")


def files_of_root(notebook: Notebook) -> list[str]:
    base = notebook.engine.base_uid
    everything = [notebook.home, *notebook.home.rglob("*")]
    return sorted(path.name for path in everything if path.lstat().st_uid == base or path.lstat().st_gid == base)


def test_jupyter_answers_with_the_token_and_refuses_without(ada: Notebook) -> None:
    assert ada.get("api/status").status_code == 200
    assert ada.get("api/status", headers={}).status_code == 403
    assert ada.get("api/status", headers={"Authorization": "token wrong"}).status_code == 403
    assert ada.get("api", headers={}).status_code == 200  # what a health check asks
    assert "JupyterLab" in ada.get("lab").text


def test_a_kernel_is_the_person_at_home_on_the_image_s_own_python(ada: Notebook) -> None:
    with ada.kernel() as kernel:
        assert run_cell(kernel, "6*7") == "42"
        assert (
            run_cell(kernel, "import os, sys; os.getuid(), os.getgid(), os.getcwd()") == "(20001, 20001, '/home/ada')"
        )
        assert run_cell(kernel, "sys.executable") == "'/usr/bin/python3'"
        assert run_cell(kernel, "os.environ['CUDA_DEVICE_ORDER']") == "'PCI_BUS_ID'"
    (ada.home / "hello.txt").write_text("from outside", encoding="utf-8")
    assert ada.cell("open('hello.txt').read()") == "'from outside'"


def test_sudo_makes_root_and_apt_is_there(ada: Notebook) -> None:
    assert ada.person("sudo -n id -u") == "0"
    assert ada.person("sudo apt-get --version").startswith("apt 2")
    assert ada.person("sudo -u nobody id -un; sudo -i id -un").split() == ["nobody", "root"]
    assert "\r\n0\r\n" in ada.terminal("sudo id -u; echo do''ne", until="done")


def test_the_token_is_found_nowhere(ada: Notebook) -> None:
    ada.cell("6*7")
    ada.terminal("echo do''ne", until="done")
    processes = ada.root("sh", "-c", "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'")
    assert "SHIVA_USER=ada" in processes
    places = {
        "processes": processes,
        "inspect": ada.engine.docker("inspect", ada.container),
        "history": ada.engine.docker("history", "--no-trunc", TAG),
        "log": ada.log(),
        "home": run("grep", "-rc", "", str(ada.home)) and _grep(ada.token, str(ada.home)),
        "snapshot": _in_the_layer(ada),
    }
    assert [place for place, text in places.items() if ada.token in text] == []
    assert "pipe:" not in ada.root("sh", "-c", f"ls -l /proc/{server(ada)}/fd/3")


def _grep(text: str, folder: str) -> str:
    return run("sh", "-c", f"grep -rF {text} {folder} || true")


def _in_the_layer(notebook: Notebook) -> str:
    """Return the lines of what `docker commit` would keep that hold the token."""
    changed = notebook.engine.docker("inspect", "--format", "{{.GraphDriver.Data.UpperDir}}", notebook.container)
    assert (Path(changed) / "etc/sudoers.d/shiva").exists()
    return _grep(notebook.token, changed)


def test_a_kernel_inherits_no_file_of_the_server(ada: Notebook) -> None:
    listed = ada.cell(
        "import os; sorted({os.readlink(f'/proc/self/fd/{n}').split(':')[0] for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}') or int(n) < 3})"
    )
    assert "/run/shiva" not in listed
    with pytest.raises(EngineError, match="Permission denied"):
        ada.person("cat /run/shiva/token")


def test_a_full_home_starts(engine: Engine, tmp_path: Path) -> None:
    home = make_home(engine, tmp_path, "ada", 20001)
    owner = str(engine.base_uid + 20001)
    run("mount", "-t", "tmpfs", "-o", f"size=64k,nr_inodes=4,uid={owner},gid={owner},mode=700", "tmpfs", str(home))
    try:
        with pytest.raises(OSError, match="No space"):
            (home / "big").write_bytes(bytes(1 << 20))
        for number in range(2):
            (home / f"file{number}").touch()
        with pytest.raises(OSError, match="No space"):
            (home / "one-more").mkdir()
        ada = notebook(engine, tmp_path, home=home)
        assert ada.cell("6*7") == "42"
        assert "do-it" in ada.terminal("echo do-''it", until="do-it")
        assert ada.get("lab").status_code == 200
        engine.docker("rm", "-f", ada.container)
    finally:
        run("umount", "-l", str(home))
