"""A /proc of a machine whose processes a test starts and ends."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HANDOVER = "/srv/homes/.shiva/launches/shiva/{}"  # where the broker keeps what a launch is given
HOST = "0::/user.slice/user-1000.slice/session-2.scope"


def mount(root: str, at: str = "/run/shiva") -> str:
    """Return a line of mountinfo."""
    return f"733 712 8:1 {root} {at} ro,nosuid,nodev - ext4 /dev/sda1 rw"


@dataclass
class FakeProc:
    """Files as Linux writes them."""

    root: Path

    def runs(
        self,
        pid: int,
        *,
        cgroup: str = HOST,
        parent: int = 1,
        uid: int = 1001,
        start: int = 1000,
        name: str = "python3",
        state: str = "S",
        inside: Sequence[int] | None = None,
        environment: Mapping[str, str] | None = None,
        launch: str | None = None,
        mounts: Sequence[str] = (),
        ticks: tuple[int, int] = (0, 0),
        resident: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        """Let a process run, or be another one from now on; `inside` is its pid in each namespace, None an old kernel.

        `launch` adds its mount as the broker makes it below `mounts`. `ticks` are those as a user and in the kernel, `resident` are
        the kB of its own memory, of mapped files, and of memory that is shared.
        """
        folder = self.root / str(pid)
        folder.mkdir(exist_ok=True)
        fields = [state, str(parent), *["0"] * 9, *map(str, ticks), *["0"] * 6, str(start), "0"]
        (folder / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}\n")
        told = "" if inside is None else "NSpid:\t" + "\t".join(map(str, inside)) + "\n"
        names = ("RssAnon", "RssFile", "RssShmem")
        memory = "".join(f"{name}:\t{each:8d} kB\n" for name, each in zip(names, resident, strict=True))
        (folder / "status").write_text(
            f"Name:\t{name}\nPPid:\t{parent}\n{told}Uid:\t{uid}\t0\t0\t0\nGroups:\t\n\n{memory}"
        )
        (folder / "cgroup").write_text(cgroup + "\n")
        text = "".join(f"{key}={value}\0" for key, value in (environment or {}).items())
        (folder / "environ").write_text(text)
        lines = ["711 655 0:52 / / rw,relatime - overlay overlay rw", *mounts]
        if launch is not None:
            lines.append(mount(HANDOVER.format(launch)))
        (folder / "mountinfo").write_text("".join(line + "\n" for line in lines))
        if state == "Z":
            (folder / "mountinfo").unlink()  # the kernel refuses

    def counts(self, container: str, memory: int, files: int, cpu_microseconds: int) -> Path:
        """Let the kernel count for a container of Docker's; return where, which is a machine's own folder of cgroups of v2."""
        root = self.root / "cgroups"
        folder = root / "docker" / container
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "memory.current").write_text(f"{memory}\n")
        (folder / "memory.stat").write_text(f"anon {memory - files}\nfile {files}\ninactive_file {files}\n")
        (folder / "cpu.stat").write_text(
            f"usage_usec {cpu_microseconds}\nuser_usec {cpu_microseconds}\nsystem_usec 0\n"
        )
        return root

    def dies(self, pid: int) -> None:
        """Leave a zombie on a machine with cgroup v1, whose parent did not look after it."""
        self.runs(pid, cgroup="4:devices:/", state="Z")

    def ends(self, pid: int) -> None:
        """Let nothing be left."""
        shutil.rmtree(self.root / str(pid))
