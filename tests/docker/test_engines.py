"""The engines that other tests stand on: real ones, that fail as machines do and leave nothing behind."""

import errno
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docker.containers import notebook, state, status
from tests.fakes.engines import cgroups, shell
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.lan import BASE, Lan, sweep
from tests.fakes.engines.shell import EngineError, wait_for

pytestmark = pytest.mark.docker
SHIMS = Path("/run/containerd/s")


def answers(engine: Engine) -> None:
    wait_for(lambda: status(engine) == 200, f"the container on {engine.name} answers")


def left(number: int) -> dict[str, object]:
    """Return what is still there of a run."""
    name = f"shiva-t{number}-"
    mounts = Path("/proc/mounts").read_text(encoding="utf-8")
    found = {
        "groups": cgroups.named(f"{name}*"),
        "spaces": [line for line in shell.run("ip", "netns").splitlines() if line.startswith(name)],
        "cables": [line for line in shell.run("ip", "-brief", "link").splitlines() if f"shivat{number}@" in line],
        "mounts": [line for line in mounts.splitlines() if f"{BASE}/{number}/" in line],
        "folder": (BASE / str(number)).exists(),
    }
    return {what: there for what, there in found.items() if there}


def test_containers_on_two_machines_are_reached_from_here_with_their_token(engines: Engines, tmp_path: Path) -> None:
    machines = engines.fresh(1), engines.fresh(2)
    for machine in machines:
        notebook(machine, tmp_path)
    for machine in machines:
        answers(machine)
        assert status(machine, token="wrong") == 403


def test_root_inside_a_container_is_nobody_outside(engines: Engines, tmp_path: Path) -> None:
    machine = engines.fresh()
    process = state(machine, notebook(machine, tmp_path))["Pid"]
    uids = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("Uid:"))
    assert set(uids.split()[1:]) == {str(machine.base_uid)}
    assert machine.base_uid >= 100_000


def test_a_cut_cable_hides_a_machine_and_a_mended_one_shows_it_again(engines: Engines, tmp_path: Path) -> None:
    machine, other = engines.fresh(1), engines.fresh(2)
    for each in (machine, other):
        notebook(each, tmp_path)
        answers(each)
    machine.cut()
    assert status(machine) == 0
    assert status(other) == 200
    machine.heal()
    answers(machine)


def test_containers_outlive_a_killed_daemon_and_are_found_again(engines: Engines, tmp_path: Path) -> None:
    machine = engines.fresh()
    container = notebook(machine, tmp_path)
    answers(machine)
    before = state(machine, container)["Pid"]
    machine.kill()
    assert not machine.running
    assert status(machine) == 200
    machine.start()
    after = state(machine, container)
    assert (after["Status"], after["Pid"]) == ("running", before)


def test_without_live_restore_a_stopped_daemon_ends_its_containers(engines: Engines, tmp_path: Path) -> None:
    machine = engines.fresh()
    machine.restart(live_restore=False)
    container = notebook(machine, tmp_path)
    answers(machine)
    machine.restart(live_restore=True)
    assert state(machine, container)["Status"] == "exited"


def test_a_paused_daemon_answers_nobody_until_it_goes_on(engines: Engines) -> None:
    machine = engines.fresh()
    machine.pause()
    with pytest.raises(EngineError, match="longer than 1"):
        machine.docker("ps", seconds=1)
    machine.resume()
    assert machine.docker("ps", "-q") == ""


def test_a_machine_without_power_loses_its_processes_and_keeps_its_records(engines: Engines, tmp_path: Path) -> None:
    machine = engines.fresh()
    container = notebook(machine, tmp_path)
    answers(machine)
    machine.power_off()
    assert cgroups.pids(machine.namespace) == []
    assert status(machine) == 0
    machine.start()
    assert state(machine, container)["Status"] == "exited"


@pytest.mark.parametrize(
    ("behaviour", "code", "killed", "says"),
    [("exit0", 0, False, "bye"), ("exit1", 1, False, "libcuda"), ("hungry", 137, True, "")],
)
def test_stand_ins_end_as_asked(
    engines: Engines, tmp_path: Path, behaviour: str, code: int, killed: bool, says: str
) -> None:
    machine = engines.fresh()
    container = notebook(machine, tmp_path, "--memory", "64m", "--memory-swap", "64m", behaviour=behaviour)
    assert machine.docker("wait", container) == str(code)
    assert state(machine, container)["OOMKilled"] is killed
    assert says in subprocess.run(
        ["docker", "-H", machine.base_url, "logs", container], capture_output=True, text=True, check=True
    ).stderr + machine.docker("logs", container)


def test_a_deaf_stand_in_runs_and_never_answers(engines: Engines, tmp_path: Path) -> None:
    machine = engines.fresh()
    container = notebook(machine, tmp_path, behaviour="deaf")
    wait_for(lambda: "thinking" in machine.docker("logs", container), "it has come so far")
    assert status(machine) == 0
    assert state(machine, container)["Status"] == "running"


def test_a_stubborn_stand_in_must_be_killed(engines: Engines, tmp_path: Path) -> None:
    machine = engines.fresh()
    ordinary = notebook(machine, tmp_path)
    stubborn = notebook(machine, tmp_path, behaviour="stubborn", port=31001)
    answers(machine)
    wait_for(lambda: status(machine, port=31001) == 200, "the stubborn one answers")
    machine.docker("stop", "--time", "1", stubborn)
    machine.docker("stop", "--time", "20", ordinary)
    assert [state(machine, each)["ExitCode"] for each in (stubborn, ordinary)] == [137, 0]


def test_a_fresh_machine_has_lost_what_the_last_test_did(engines: Engines, tmp_path: Path) -> None:
    machine = engines.fresh()
    notebook(machine, tmp_path, "--volume", "kept:/kept")
    machine.docker("network", "create", "other")
    machine.cut()
    machine.pause()
    machine.resume()
    machine.kill()
    machine = engines.fresh()
    assert [machine.docker(*what) for what in (("ps", "-aq"), ("volume", "ls", "-q"))] == ["", ""]
    assert sorted(machine.docker("network", "ls", "--format", "{{.Name}}").split()) == [
        "bridge",
        "host",
        "none",
        "shiva",
    ]


@pytest.fixture
def lan(engines: Engines) -> Lan:
    """A network beside the session's; the test ends it."""
    other = Lan()
    assert other.number != engines.lan.number
    return other


def nobody_listens(path: Path) -> bool:
    """Return whether a socket is a dead one: engines of other tests have theirs in the same folder."""
    with socket.socket(socket.AF_UNIX) as end:
        return end.connect_ex(str(path)) == errno.ECONNREFUSED


def test_nothing_is_left_of_a_machine_whose_daemon_was_killed(lan: Lan, engines: Engines, tmp_path: Path) -> None:
    shims = set(SHIMS.glob("*"))
    machine = Engine(lan, "gpu1", 1)
    machine.start()
    machine.load(engines.images)
    notebook(machine, tmp_path, "--restart", "always")
    answers(machine)
    machine.kill()
    assert set(left(lan.number)) == {"groups", "spaces", "cables", "mounts", "folder"}
    machine.end()
    machine.end()
    lan.end()
    assert left(lan.number) == {}
    wait_for(lambda: not any(map(nobody_listens, set(SHIMS.glob("*")) - shims)), "the sockets of dead shims go")


def test_a_daemon_that_cannot_start_says_why_and_leaves_nothing(lan: Lan) -> None:
    machine = Engine(lan, "gpu1", 1)
    machine.start()
    machine.stop()
    (machine.root / "data").rename(machine.root / "elsewhere")
    (machine.root / "data").write_text("not a folder", encoding="ascii")
    with pytest.raises(EngineError, match="points to a file"):
        machine.start()
    assert not machine.running
    machine.end()
    lan.end()
    assert left(lan.number) == {}


def test_what_a_killed_run_left_is_cleared_by_the_next(engines: Engines) -> None:
    script = (
        "from tests.fakes.engines.lan import Lan\nfrom tests.fakes.engines.engine import Engine\n"
        "lan = Lan()\nEngine(lan, 'gpu1', 1).start()\nprint(lan.number, flush=True)\ninput()"
    )
    run = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with run:
        assert run.stdout is not None
        number = int(run.stdout.readline())
        sweep()
        assert set(left(number)) == {"groups", "spaces", "cables", "mounts", "folder"}
        run.send_signal(signal.SIGKILL)
    sweep()
    assert left(number) == {}
    assert left(engines.lan.number) != {}
