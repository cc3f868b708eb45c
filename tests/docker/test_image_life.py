"""The real image over time: who dies when memory ends, whose root's files are, what people install, how it stops."""

import base64
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters.template import OOM_SCORE

from tests.docker.containers import state
from tests.docker.people import Notebook, ask, make_home, notebook, run_cell
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.jupyter_image import TAG
from tests.fakes.engines.shell import wait_for

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]  # the first one waits for the image


def score(notebook: Notebook, pid: object) -> int:
    return int(notebook.root("cat", f"/proc/{pid}/oom_score_adj"))


def lives(notebook: Notebook, pid: object) -> bool:
    return notebook.root("sh", "-c", f"[ -e /proc/{pid} ] && echo yes || echo no") == "yes"


def owners(notebook: Notebook) -> dict[str, int]:
    """Return the owner inside of everything in the home, whose group must be the same."""
    base = notebook.engine.base_uid
    found = {path.name: path.lstat() for path in notebook.home.rglob("*") if ".local" not in path.parts}
    assert [name for name, each in found.items() if each.st_uid != each.st_gid] == []
    return {name: each.st_uid - base for name, each in found.items()}


def test_kernels_and_terminals_go_before_the_server(ada: Notebook) -> None:
    assert score(ada, 1) == score(ada, ada.server) == OOM_SCORE
    assert ada.cell("open('/proc/self/oom_score_adj').read()") == "'900\\n'"
    assert "score 900" in ada.terminal("echo sco''re $(cat /proc/self/oom_score_adj)", until="score 900")


def test_a_kernel_that_takes_all_memory_dies_alone(ada: Notebook) -> None:
    server = ada.server
    with ada.kernel() as other, ada.kernel() as greedy:
        pid = int(run_cell(greedy, "import os; os.getpid()"))
        run_cell(other, "kept = 42")
        ask(greedy, "taken = bytearray(b'x') * (3 << 30)")
        wait_for(lambda: not lives(ada, pid), "the kernel is killed")
        assert run_cell(other, "kept") == "42"
    assert ada.server == server
    assert ada.answers()


def test_what_root_leaves_in_the_home_becomes_the_person_s(ada: Notebook) -> None:
    ada.person("touch mine nobody_s; sudo chown nobody:65534 nobody_s")
    ada.person(
        "sudo sh -c 'mkdir -p a/b; touch a/b/c; ln -s /etc/hostname a/link; ln -s /etc a/folder; touch \"a/two words\"'"
    )
    wait_for(lambda: 0 not in owners(ada).values(), "root's files are the person's")
    assert {name: uid for name, uid in owners(ada).items() if uid != ada.uid} == {"nobody_s": 65534}
    assert ada.root("stat", "-c", "%u", "/etc/hostname", "/etc", "/etc/passwd").split() == ["0", "0", "0"]
    assert ada.person("rm -r a; ls") == "mine\nnobody_s"


def test_many_sudo_sessions_leave_no_process_behind(ada: Notebook) -> None:
    ada.person("for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sudo touch file$n & done; wait")
    wait_for(lambda: set(owners(ada).values()) == {ada.uid}, "root's files are the person's")
    wait_for(lambda: "reclaim" not in ada.root("ps", "-eo", "args"), "the walks end")


def test_a_stop_is_orderly_and_gives_the_rest_of_root_s_files_back(ada: Notebook) -> None:
    ada.person("sudo true")
    wait_for(lambda: "reclaim" not in ada.root("ps", "-eo", "args"), "the walk ends")
    with ada.kernel() as kernel:
        run_cell(kernel, "6*7")
        ada.root("touch", "/home/ada/by-a-service-of-root")  # no session of sudo
        ada.engine.docker("stop", "--time", "20", ada.container)
    assert (state(ada.engine, ada.container)["ExitCode"], "Shutting down 1 kernel" in ada.log()) == (0, True)
    assert owners(ada)["by-a-service-of-root"] == ada.uid


def test_a_container_starts_again_after_its_machine_did(ada: Notebook) -> None:
    ada.engine.docker("kill", ada.container)
    ada.engine.docker("start", ada.container)
    wait_for(ada.answers, "Jupyter answers again")
    assert ada.cell("6*7") == "42"
    assert ada.person("sudo -n id -u") == "0"


def test_a_snapshot_of_one_person_starts_for_another(ada: Notebook, tmp_path: Path) -> None:
    ada.person("sudo touch /opt/installed")
    ada.engine.docker("commit", ada.container, TAG.replace(":dev", ":snapshot"))
    ada.engine.docker("rm", "-f", ada.container)
    mei = notebook(ada.engine, tmp_path, name="mei", uid=20001, image=TAG.replace(":dev", ":snapshot"))
    assert mei.cell("import getpass, os; getpass.getuser(), os.path.exists('/opt/installed')") == "('mei', True)"
    assert mei.person("sudo -n id -u; id -un").split() == ["0", "mei"]
    ada.engine.docker("rm", "-f", mei.container)
    ada.engine.docker("rmi", TAG.replace(":dev", ":snapshot"))


def test_what_a_home_has_installed_cannot_break_the_server(engine: Engine, tmp_path: Path) -> None:
    home = make_home(engine, tmp_path, "ada", 20001)
    for name in ("tornado", "traitlets", "jupyter_server"):
        package = home / ".local/lib/python3.11/site-packages" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise SystemExit('broken')", encoding="utf-8")
    (home / ".jupyter").mkdir()
    (home / ".jupyter/jupyter_server_config.py").write_text("c.ServerApp.port = 1; broken", encoding="utf-8")
    ada = notebook(engine, tmp_path, home=home)
    assert ada.get("lab").status_code == 200


def test_a_home_with_an_ipykernel_of_its_own_still_runs_the_image_s_python(engine: Engine, tmp_path: Path) -> None:
    home = make_home(engine, tmp_path, "ada", 20001)
    spec = home / ".local/share/jupyter/kernels/python3"
    spec.mkdir(parents=True)
    argv = ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Mine", "language": "python"}))
    ada = notebook(engine, tmp_path, home=home)
    assert ada.get("api/kernelspecs").json()["kernelspecs"]["python3"]["spec"]["display_name"] == "Mine"
    assert ada.cell("import sys; sys.executable") == "'/usr/bin/python3'"


def test_pip_installs_into_the_home_and_sudo_pip_for_the_image(ada: Notebook) -> None:
    for name, pip in (("of_the_home", "pip"), ("of_the_image", "sudo pip")):
        wheel = f"{name}-1.0-py3-none-any.whl"
        (ada.home / wheel).write_bytes(_wheel(name))
        ada.person(f"{pip} install -q --no-index ./{wheel}")
    assert (ada.home / ".local/lib/python3.11/site-packages/of_the_home.py").exists()
    assert (
        ada.cell("import of_the_home as module; module.__file__")
        == "'/home/ada/.local/lib/python3.11/site-packages/of_the_home.py'"
    )
    assert (
        ada.cell("import of_the_image as module; module.__file__")
        == "'/usr/local/lib/python3.11/dist-packages/of_the_image.py'"
    )


def _wheel(name: str) -> bytes:
    """Return the smallest package that pip takes."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: shiva\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    sums = {path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()) for path, text in files.items()}
    record = "".join(f"{path},sha256={sums[path].rstrip(b'=').decode()},{len(files[path])}\n" for path in files)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in (files | {f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}).items():
            archive.writestr(path, text)
    return made.getvalue()
