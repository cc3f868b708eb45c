"""The command `shiva` against `make run`: in a terminal and in a pipe, every exit code."""

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import Person
from tests.e2e.running import Running, eventually
from tests.fakes.terminal import COMMAND, on_a_terminal, piped

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Somebody at a terminal of their own, who is logged in on the page as well."""

    person: Person
    environ: dict[str, str]

    def __call__(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command whose output goes into pipes."""
        return piped(self.environ | more, *arguments)

    def json(self, *arguments: str) -> Any:
        """Run a command that succeeds and return its document."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def consenting(self, *arguments: str) -> tuple[int, str]:
        """Run a command that asks for consent, give it on the page, and return exit code and stdout."""
        with subprocess.Popen(
            [*COMMAND, *arguments, "--no-browser"],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            line = process.stderr.readline()
            code = re.search(r"[A-Z]{4}-[A-Z]{4}", line)
            assert code is not None, line
            waiting = self.person.api("GET", f"device/{code[0]}").json()
            assert waiting["state"] == "pending"
            answer = self.person.api("POST", f"device/{code[0]}", json={"approve": True})
            assert answer.status_code == 204, answer.text
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        return process.returncode, out


def shell(suite: Running, folder: Path, name: str, *options: str) -> Shell:
    """Return somebody who has logged in with the command."""
    folder.mkdir()
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "en_US.UTF-8", "TERM": "xterm"}
    made = Shell(person=Person(suite.address, name), environ=environ)
    _, out = made.consenting("login", suite.address, *options)
    assert f"Logged in as {name} at {suite.address.rstrip('/')}" in out
    return made


@pytest.fixture(scope="module")
def ada(suite: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A user."""
    made = shell(suite, tmp_path_factory.mktemp("cli") / "ada", "cli-ada")
    yield made
    for container in made.person.api("GET", "containers").json()["containers"]:
        made.person.stop(container["id"])


@pytest.fixture(scope="module")
def admin(suite: Running, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """An admin, as `make run` has one."""
    return shell(suite, tmp_path_factory.mktemp("cli") / "admin", "admin", "--admin")


@contextlib.contextmanager
def starting(who: Shell, name: str) -> Iterator[subprocess.Popen[str]]:
    """Start a container in a pipe, and go on once the start was accepted."""
    with subprocess.Popen(
        [*COMMAND, "start", "--name", name], env=who.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        eventually(lambda: any(c["name"] == name for c in who.json("ps")["containers"]), seconds=30, what="it is there")
        yield process
        process.wait(60)


def test_the_main_job_in_a_pipe(ada: Shell) -> None:
    assert ada.json("whoami")["user"]["name"] == "cli-ada"
    [machine] = ada.json("machines")["machines"]
    assert machine["name"] in ada("ls").stdout
    assert ada("why").returncode == 0

    started = ada("start", machine["name"], "--wait")
    assert started.returncode == 0, started.stderr
    url = started.stdout.strip()
    assert started.stderr.splitlines()[-1].startswith("✔ ready ")
    assert ada("start").stdout.strip() == url, "a second start returns the running one"
    assert ada("open", "default", "--no-browser").stdout.strip() == url
    answer = ada.person.session.get(f"{url}api/status", timeout=10)
    assert answer.status_code == 200
    assert ada("ps", "-q").stdout == "default\n"
    assert "ready" in ada("events", "default").stdout
    assert ada("images", "-q").stdout.split()

    assert ada("stop", "default").returncode == 0
    again = ada("start")  # waits for the end of the former
    assert again.returncode == 0, again.stderr
    assert ada("stop", "default").returncode == 0
    eventually(lambda: ada.json("ps")["containers"] == [], seconds=30, what="it is gone")


def test_the_main_job_in_a_terminal(ada: Shell) -> None:
    with on_a_terminal(ada.environ, "start", "--name", "on-tty") as terminal:
        assert terminal.end() == 0
    assert "\r\x1b[K" in terminal.seen
    assert "✔ ready" in terminal.seen
    assert f"{ada.person.address}user/cli-ada/on-tty/" in terminal.seen
    assert ada("stop", "on-tty").returncode == 0


def test_ctrl_c_in_a_terminal_asks_and_stops_it(ada: Shell) -> None:
    with on_a_terminal(ada.environ, "start", "--name", "changed-mind") as terminal:
        terminal.until("⧗")
        terminal.type("\x03")
        terminal.until("[y/N]")
        terminal.type("y\n")
        assert terminal.end() == 130
    eventually(lambda: "changed-mind" not in ada("ps", "-q").stdout.split(), seconds=30, what="it is gone")


def test_every_exit_code_comes_about(ada: Shell, admin: Shell) -> None:
    assert ada("ps").returncode == 0
    assert ada("start", "gpu-99").returncode == 2
    assert ada("ps", SHIVA_TOKEN="shiva_0123456789abcdef_" + "0" * 64).returncode == 3
    assert ada("admin", "people").returncode == 4
    assert ada("why", "--gpus", "64").returncode == 5
    assert ada("ps", SHIVA_URL="http://127.0.0.1:1", SHIVA_TOKEN="x").returncode == 7
    late = ada("start", "--name", "late", "--wait=0s")
    assert late.returncode == 124, late.stderr
    assert "It goes on starting" in late.stderr

    with starting(ada, "doomed") as doomed:
        assert ada("stop", "doomed").returncode == 0
    assert doomed.returncode == 6

    assert admin("admin", "quota", "cli-ada", "--containers", "0").returncode == 0
    refused = ada("start", "--name", "too-much", LANG="ja_JP.UTF-8")
    assert admin("admin", "quota", "cli-ada", "--clear").returncode == 0
    assert refused.returncode == 4
    catalogue = Path("services/manager-api/src/shiva_manager_api/problems.json").read_text(encoding="utf-8")
    assert json.loads(catalogue)["quota-exceeded"]["ja"]["title"] in refused.stderr


def test_an_admin_sees_everybody_drains_and_opens_again(admin: Shell) -> None:
    assert "admin" in [person["name"] for person in admin.json("admin", "people")["people"]]
    [machine] = admin("machines", "-q").stdout.split()
    assert admin("admin", "drain", machine, "A new disk.").returncode == 0
    assert admin("why").returncode == 5
    assert admin("admin", "undrain", machine).returncode == 0
    assert admin("why").returncode == 0
    assert "machine.drain" in {act["action"] for act in admin.json("admin", "audit")["acts"]}


def test_a_token_for_a_script_and_a_logout(suite: Running, tmp_path: Path) -> None:
    ken = shell(suite, tmp_path / "ken", "cli-ken")
    _, token = ken.consenting("token", "create", "nightly", "--scope", "read")
    script = {"SHIVA_URL": suite.address, "SHIVA_TOKEN": token.strip()}
    assert ken("ps", **script).returncode == 0
    refused = ken("start", **script)
    assert (refused.returncode, "(scope-missing)" in refused.stderr) == (4, True)
    labels = {each["label"]: each["state"] for each in ken.json("token", "list")["tokens"]}
    assert labels["nightly"] == "active"

    assert ken("logout").returncode == 0
    assert ken("ps").returncode == 3
    states = [each["state"] for each in ken.person.api("GET", "tokens").json()["tokens"] if each["label"] != "nightly"]
    assert states == ["revoked"]
