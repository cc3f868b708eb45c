"""The real image in hostile hands: all that a container with sudo sees mounted, and what a neighbour notices of runaways."""

from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters.shared_directory import SharedDirectory

from tests.docker.people import LIMITS, Notebook, make_home, notebook, run_cell
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.shell import EngineError, run, wait_for

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


def test_memory_beyond_the_limit_and_busy_loops_harm_no_neighbour(engine: Engine, tmp_path: Path) -> None:
    ken = notebook(engine, tmp_path, name="ken", uid=20002, port=31001)
    ada = notebook(engine, tmp_path, "--cpus=0.5")
    with ken.kernel() as neighbour, ada.kernel() as hog:
        run_cell(neighbour, "kept = 42")
        run_cell(hog, "import subprocess, sys")
        eater = "subprocess.run([sys.executable, '-c', 'x = bytearray(b\"x\") * (3 << 30)']).returncode"
        assert run_cell(hog, eater) == "-9", "what its owner reads: killed"
        run_cell(hog, "loops = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(8)]")
        wait_for(lambda: _cpus(ada) > 0.4, "the loops take what they may")
        assert _cpus(ada) < 0.65
        assert run_cell(neighbour, "kept") == "42"
    assert (ken.cell("6*7"), ken.person("sudo -n id -u")) == ("42", "0")
    assert ada.answers()


def _cpus(notebook: Notebook) -> float:
    """Return how many CPUs a container has used during the last second."""
    shown = notebook.engine.docker("stats", "--no-stream", "--format", "{{.CPUPerc}}", notebook.container)
    return float(shown.rstrip("%")) / 100


def test_a_home_is_mounted_as_its_machine_has_it_without_setuid_and_devices(engine: Engine, tmp_path: Path) -> None:
    home = make_home(engine, tmp_path, "ada", 20001)
    owner = str(engine.base_uid + 20001)
    run("mount", "-t", "tmpfs", "-o", f"nosuid,nodev,uid={owner},gid={owner},mode=700", "tmpfs", str(home))
    try:
        assert SharedDirectory(home, uid_base=engine.base_uid).lacking() == []
        ada = notebook(engine, tmp_path, home=home)
        [mounted] = [each.split()[3] for each in ada.person("cat /proc/mounts").splitlines() if " /home/ada " in each]
        assert {"rw", "nosuid", "nodev"} <= set(mounted.split(","))
        ada.person("cp /usr/bin/id mine; sudo chown root mine; sudo chmod 4755 mine")
        assert ada.person("./mine -u") == "20001"
        assert "Operation not permitted" in ada.person("sudo mknod disk b 8 0 2>&1 || true")
        with pytest.raises(EngineError, match="permission denied"):
            ada.person("sudo mount -o remount,suid /home/ada")
        engine.clear()
        run("mount", "-o", "remount,suid,dev", str(home))
        assert SharedDirectory(home, uid_base=engine.base_uid).lacking() == ["nosuid", "nodev"]
    finally:
        engine.clear()
        run("umount", "-l", str(home))


def _processes(first: int) -> int:
    """Return how many tasks the control group of a container holds, whose first process is `first` outside."""
    lines = Path(f"/proc/{first}/cgroup").read_text(encoding="ascii").splitlines()
    groups = dict(line.split(":", 2)[1:] for line in lines)
    folder = f"/pids{groups['pids']}" if "pids" in groups else groups[""]
    return int(Path(f"/sys/fs/cgroup{folder}/pids.current").read_text(encoding="ascii"))
