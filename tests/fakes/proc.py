"""A /proc of a machine whose processes a test starts and ends."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HOST = "0::/user.slice/user-1000.slice/session-2.scope"


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
    ) -> None:
        """Let a process run, or be another one from now on; `inside` is its pid in each namespace, None an old kernel."""
        folder = self.root / str(pid)
        folder.mkdir(exist_ok=True)
        fields = [state, str(parent), *["0"] * 17, str(start), "0"]
        (folder / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}\n")
        told = "" if inside is None else "NSpid:\t" + "\t".join(map(str, inside)) + "\n"
        (folder / "status").write_text(f"Name:\t{name}\nPPid:\t{parent}\n{told}Uid:\t{uid}\t0\t0\t0\nGroups:\t\n\n")
        (folder / "cgroup").write_text(cgroup + "\n")
        text = "".join(f"{key}={value}\0" for key, value in (environment or {}).items())
        (folder / "environ").write_text(text)

    def dies(self, pid: int) -> None:
        """Leave a zombie on a machine with cgroup v1, whose parent did not look after it."""
        self.runs(pid, cgroup="4:devices:/", state="Z")

    def ends(self, pid: int) -> None:
        """Let nothing be left."""
        shutil.rmtree(self.root / str(pid))
