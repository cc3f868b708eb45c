"""The Tab key: real bash, names kept for seconds, and silence when nobody answers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.scripted_http import answer
from tests.fakes.shiva_api import LOST, TOKEN, FakeShiva, Terminal, example, problem

BASH = shutil.which("bash") or "bash"


@pytest.fixture
def environ(shiva: FakeShiva, tmp_path: Path) -> dict[str, str]:
    """An environment with the command on its path."""
    program = tmp_path / "bin" / "shiva"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m shiva_cli "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(tmp_path), "SHIVA_URL": shiva.url, "SHIVA_TOKEN": TOKEN}


def completed(environ: dict[str, str], *words: str) -> list[str]:
    """Return what bash offers behind these words."""
    quoted = " ".join(f"'{word}'" for word in words)
    script = f"""
        source <(shiva completion bash)
        COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}
        _shiva_completion shiva
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run([BASH, "-c", script], env=environ, capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("shiva", "st"), ["start", "stop"]),
        (("shiva", "start", ""), ["auto", "gpu-02"]),
        (("shiva", "start", "gp"), ["gpu-02"]),
        (("shiva", "start", "--image", ""), ["shiva-jupyter"]),
        (("shiva", "stop", ""), ["default"]),
        (("shiva", "admin", "stop", ""), ["ada.lovelace--default"]),
        (("shiva", "admin", "drain", ""), ["gpu-02"]),
        (("shiva", "start", "--de"), ["--detach"]),
        (("shiva", "completion", ""), ["bash", "zsh", "fish"]),
    ],
)
def test_bash_completes_commands_options_and_names(
    environ: dict[str, str], words: tuple[str, ...], offered: list[str]
) -> None:
    assert completed(environ, *words) == offered


def test_names_are_kept_for_seconds(ada: Terminal, shiva: FakeShiva) -> None:
    ada.environ |= {"_SHIVA_COMPLETE": "bash_complete", "COMP_WORDS": "shiva start g", "COMP_CWORD": "2"}
    assert tab(ada) == tab(ada) == ["plain,gpu-02"]
    assert len(shiva.asked("machines")) == 1
    ada.slept += 60
    shiva.on("machines", LOST)
    assert tab(ada) == ["plain,gpu-02"]
    assert len(shiva.asked("machines")) == 2
    [kept] = (ada.home / ".cache/shiva").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_nobody_answers_and_nothing_is_said(ada: Terminal, shiva: FakeShiva) -> None:
    ada.environ |= {"_SHIVA_COMPLETE": "bash_complete", "COMP_WORDS": "shiva start ", "COMP_CWORD": "2"}
    shiva.on("machines", problem("token-refused"))
    assert tab(ada) == ["plain,auto"]
    ada.environ["SHIVA_URL"] = "http://127.0.0.1:1"
    assert tab(ada) == ["plain,auto"]
    del ada.environ["SHIVA_TOKEN"]
    assert tab(ada) == ["plain,auto"]


def test_a_name_that_a_shell_would_take_for_more_is_not_offered(ada: Terminal, shiva: FakeShiva) -> None:
    ada.environ |= {"_SHIVA_COMPLETE": "bash_complete", "COMP_WORDS": "shiva start ", "COMP_CWORD": "2"}
    machine = example("machines")["machines"][0]
    names = ["$(reboot)", "`x`", "a b", "a\nb", "-rf", "a;b", "\x1b[31m", "gpu_1.lan"]
    shiva.on("machines", answer(example("machines") | {"machines": [machine | {"name": name} for name in names]}))
    assert tab(ada) == ["plain,auto", "plain,gpu_1.lan"]


def tab(person: Terminal) -> list[str]:
    """Press Tab, and return what the shell's script gets."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("_SHIVA_COMPLETE", "COMP_WORDS", "COMP_CWORD"):
            patched.setenv(name, person.environ[name])
        with pytest.raises(SystemExit):
            person()
    person.out, person.err = person.capture.readouterr()
    assert person.err == ""
    return person.out.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(outside: Terminal, shell: str) -> None:
    assert outside("completion", shell) == 0
    assert "_SHIVA_COMPLETE" in outside.out
