"""The real image on a real engine whose users are remapped: each sentence of its README's contract."""

import re
from pathlib import Path

import pytest

from tests.docker.people import Notebook, contract, errors, make_home, notebook, run_cell
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.jupyter_image import TAG
from tests.fakes.engines.shell import EngineError, run

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]  # the first one waits for the image


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
    assert "uid=0(root)" in ada.terminal("sudo id; echo do''ne", until="done")


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
        "home": _grep(ada.token, str(ada.home)),
        "snapshot": _in_the_layer(ada),
    }
    assert [place for place, text in places.items() if ada.token in text] == []
    opened = ada.person(f"ls -l /proc/{ada.server}/fd").splitlines()
    assert {line.split()[-3] for line in opened if "pipe:" in line} <= {"0", "1", "2"}  # the engine's own


def _grep(text: str, folder: str) -> str:
    return run("sh", "-c", f"grep -rF {text} {folder} || true")


def _in_the_layer(notebook: Notebook) -> str:
    """Return the lines of what `docker commit` would keep that hold the token."""
    changed = notebook.engine.docker("inspect", "--format", "{{.GraphDriver.Data.UpperDir}}", notebook.container)
    assert (Path(changed) / "etc/sudoers.d/shiva").exists()
    return _grep(notebook.token, changed)


def test_only_root_reads_the_token_s_file(ada: Notebook) -> None:
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


@pytest.mark.parametrize(
    ("name", "uid"),
    [
        ("ada.lovelace", 20001),
        ("_e6_97_a5.42-b", 20002),
        ("nobody", 20003),
        ("ken", 65534),
        ("42", 500),
        ("m" * 63, 20004),
    ],
)
def test_odd_names_and_taken_uids_have_an_account(engine: Engine, tmp_path: Path, name: str, uid: int) -> None:
    person = notebook(engine, tmp_path, name=name, uid=uid)
    asked = "import getpass, os; print(getpass.getuser(), os.getuid(), os.getcwd())"
    assert person.cell(asked) == f"{name} {uid} /home/{name}\n"
    assert person.person("id -un; id -gn; sudo -n id -u").split() == [name, name, "0"]
    assert person.root("cut", "-d:", "-f3", "/etc/passwd").split().count(str(uid)) == 1


def test_another_person_s_container_sees_neither_home_nor_processes(engine: Engine, tmp_path: Path) -> None:
    ada = notebook(engine, tmp_path)
    ken = notebook(engine, tmp_path, name="ken", uid=20002, port=31001)
    assert ada.cell("open('diary', 'w').write('mine'); 6*7") == "42"
    assert ken.person("ls /home") == "ken"
    seen = ken.person("sudo cat /proc/mounts /etc/passwd; sudo ls -R /run; ps -ef; sudo find / -xdev -name diary")
    assert re.findall(r".*\bada\b.*|.*diary$", seen) == []  # a word: a layer's id in hexadecimal may hold the letters
    assert ken.get("api/status", headers={"Authorization": f"token {ada.token}"}).status_code == 403


BAD: dict[str, tuple[list[str], int, str]] = {
    "no name": (["--env=SHIVA_USER="], 78, "SHIVA_USER must be"),
    "root": (["--env=SHIVA_USER=root"], 78, "not root; it is 'root'"),
    "a path": (["--env=SHIVA_USER=../ken"], 78, "SHIVA_USER must be"),
    "uid 0": (["--env=SHIVA_UID=0"], 78, "SHIVA_UID must be a uid from 500"),
    "a service's uid": (["--env=SHIVA_UID=101"], 78, "SHIVA_UID must be a uid from 500"),
    "no slash": (["--env=SHIVA_PREFIX=/user/ada"], 78, "SHIVA_PREFIX must be a path"),
    "no id": (["--env=SHIVA_CONTAINER_ID="], 78, "SHIVA_CONTAINER_ID must be"),
    "no home": (["--env=SHIVA_USER=ken"], 66, "No home is mounted at /home/ken; no file was touched."),
    "somebody's home": (["--env=SHIVA_UID=20002"], 77, "belongs to uid 20001, not to ada"),
    "no token": (["--tmpfs=/run/shiva"], 66, "token cannot be read from /run/shiva/token: No such file"),
    "not root": (["--user=20001"], 77, "must run as the container's root"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_broken_contract_ends_in_one_sentence(engine: Engine, tmp_path: Path, what: str) -> None:
    options, status, sentence = BAD[what]
    home = make_home(engine, tmp_path, "ada", 20001)
    given = contract(engine, tmp_path, name="ada", uid=20001, home=home, token="t" * 32)
    if what == "no token":
        given = [option for option in given if "/run/shiva" not in option]
    container = engine.docker("run", "--detach", *given, *options, TAG)
    assert engine.docker("wait", container) == str(status)
    log = errors(engine, container)
    assert sentence in log
    assert (log.count("\n"), log.startswith("shiva-jupyter: ")) == (1, True)
    assert [*home.iterdir()] == []
