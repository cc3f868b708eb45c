"""The command `shiva` as a process: on a terminal of its own, or with pipes."""

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

COMMAND = [sys.executable, "-m", "shiva_cli"]
SECONDS = 60.0


@dataclass
class Tty:
    """A process on a terminal of its own."""

    process: subprocess.Popen[bytes]
    master: int
    seen: str = field(default="")

    def until(self, text: str) -> None:
        """Wait until the terminal shows it."""
        deadline = time.monotonic() + SECONDS
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.master], [], [], 0.1)[0] and not self._read():
                assert text in self.seen, self.seen

    def type(self, text: str) -> None:
        """Type."""
        os.write(self.master, text.encode())

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        while self._read():
            pass
        return self.process.wait(SECONDS)

    def answered(self, text: str) -> int:
        """Type, wait for the end and return the exit code."""
        self.type(text)
        return self.end()

    def insist(self, text: str) -> int:
        """Type until the process ends: a signal just before a read begins is not seen by Python (no way around it)."""
        while self.process.poll() is None:
            self.type(text)
            until = time.monotonic() + 5
            while self.process.poll() is None and time.monotonic() < until:
                if select.select([self.master], [], [], 0.1)[0]:
                    self._read()
        return self.end()

    def _read(self) -> bool:
        try:
            raw = os.read(self.master, 65536)
        except OSError:  # nobody is at the other end any more
            raw = b""
        self.seen += raw.decode("utf-8", "replace")
        return bool(raw)


@contextmanager
def on_a_terminal(environ: Mapping[str, str], *arguments: str) -> Iterator[Tty]:
    """Run a command on a terminal; it ends with the context."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environ,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    try:
        yield Tty(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def piped(environ: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose output goes into pipes."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )
