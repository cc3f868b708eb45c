"""The real image in hostile hands: all that a container with sudo sees mounted, and a fork bomb beside a neighbour."""

from pathlib import Path

import pytest

from tests.docker.people import LIMITS, Notebook, notebook, run_cell
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.shell import wait_for

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]  # the first one waits for the image

KERNEL = "nosuid nodev noexec"
MOUNTS = {
    "/": "rw",
    "/dev": "rw nosuid",
    "/dev/mqueue": f"rw {KERNEL}",
    "/dev/pts": "rw nosuid noexec",
    "/dev/shm": f"rw {KERNEL}",
    "/etc/hostname": "rw",
    "/etc/hosts": "rw",
    "/etc/resolv.conf": "rw",
    "/home/ada": "rw",
    "/proc": f"rw {KERNEL}",
    "/run/shiva": "ro",
    "/sys": f"ro {KERNEL}",
}
DEVICES = {
    f"/dev/{name}": "rw" for name in ("full", "null", "random", "tty", "urandom", "zero")
}  # of a remapped engine
READ_ONLY = {f"/proc/{name}" for name in ("bus", "fs", "irq", "sys", "sysrq-trigger")}
MASKED = {f"/proc/{name}" for name in ("acpi", "asound", "kcore", "keys", "latency_stats", "sched_debug", "scsi")}
MASKED |= {"/proc/timer_list", "/proc/timer_stats", "/sys/firmware"}
BOMB = """
import os, signal
while True:
    try:
        os.fork()
    except OSError:
        signal.pause()
"""
MOST = int(LIMITS[LIMITS.index("--pids-limit") + 1])


def test_the_mount_table_is_the_golden_one(ada: Notebook) -> None:
    found = {}
    for line in ada.person("sudo cat /proc/self/mountinfo").splitlines():
        target, options, root = (line.split()[n] for n in (4, 5, 3))
        if target.startswith("/sys/fs/cgroup"):  # as many as the machine has, each only its own part
            assert ada.container in root or root == "/"
            continue
        found[target] = " ".join(each for each in options.split(",") if each not in {"relatime", "noatime"})
    hidden = {path for path in MASKED if Path(path).exists()}  # this machine's kernel has them
    guarded = {path: f"ro {KERNEL}" for path in READ_ONLY if Path(path).exists()}
    assert {path: options for path, options in found.items() if path not in MASKED} == MOUNTS | DEVICES | guarded
    assert found.keys() & MASKED == hidden
    assert ada.person(f"sudo cat {' '.join(hidden)} 2>/dev/null | wc -c") == "0"


def test_a_fork_bomb_stays_within_its_limit_and_harms_no_neighbour(engine: Engine, tmp_path: Path) -> None:
    ken = notebook(engine, tmp_path, name="ken", uid=20002, port=31001)
    ada = notebook(engine, tmp_path, "--cpus=1")
    first = int(engine.docker("inspect", "--format", "{{.State.Pid}}", ada.container))
    with ada.kernel() as kernel:
        begin = f"subprocess.Popen([sys.executable, '-c', {BOMB!r}], start_new_session=True)"
        run_cell(kernel, f"import subprocess, sys; bomb = {begin}")
        wait_for(lambda: _processes(first) == MOST, "the bomb has taken what it may")
        assert "Resource temporarily unavailable" in run_cell(kernel, "subprocess.run('true')")  # what its owner reads
    assert ada.answers()
    assert (ken.cell("6*7"), ken.person("sudo -n id -u")) == ("42", "0")
    assert _processes(first) == MOST
    ada.engine.docker("stop", "--time", "20", ada.container)
    assert engine.docker("inspect", "--format", "{{.State.ExitCode}}", ada.container) == "0", ada.log()


def _processes(first: int) -> int:
    """Return how many tasks the control group of a container holds, whose first process is `first` outside."""
    lines = Path(f"/proc/{first}/cgroup").read_text(encoding="ascii").splitlines()
    groups = dict(line.split(":", 2)[1:] for line in lines)
    folder = f"/pids{groups['pids']}" if "pids" in groups else groups[""]
    return int(Path(f"/sys/fs/cgroup{folder}/pids.current").read_text(encoding="ascii"))
