"""First process under tini, as root: make the person's account, hand over the token, run Jupyter as the person.

Whatever is wrong with the contract (README.md) ends in one sentence and an exit status of sysexits.h.
"""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

APP = Path(__file__).parent
ETC = Path("/etc")
TOKEN = Path("/run/shiva/token")
LEAST_UID = 500  # below are the accounts of the image's own services
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}


class RefusedError(Exception):
    """The container cannot start: a sentence for the operator, and the exit status."""

    def __init__(self, sentence: str, status: int) -> None:
        """`status` is one of sysexits.h."""
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose container this is; see README.md for the contract."""

    name: str
    uid: int  # and gid
    prefix: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Person":
        """Read the contract.

        Raises:
            RefusedError: a value is missing or bad.
        """
        name = _value(
            environment, "SHIVA_USER", r"(?!root$)[a-z0-9_][a-z0-9._-]{0,62}", "a name of [a-z0-9._-], not root"
        )
        uid = _value(environment, "SHIVA_UID", r"[0-9]{3,10}", f"a uid from {LEAST_UID} to 4294967294")
        prefix = _value(
            environment, "SHIVA_PREFIX", r"/(?:(?!\.\.?/)[A-Za-z0-9._~-]+/)*", "a path with a slash at both ends"
        )
        _value(environment, "SHIVA_CONTAINER_ID", r"[A-Za-z0-9._-]+", "the container's id")
        if not LEAST_UID <= int(uid) < 2**32 - 1:
            raise RefusedError(f"SHIVA_UID must be a uid from {LEAST_UID} to 4294967294; it is {uid}.", os.EX_CONFIG)
        return cls(name=name, uid=int(uid), prefix=prefix)

    @property
    def home(self) -> Path:
        """Where the home is mounted."""
        return Path("/home") / self.name

    @property
    def run(self) -> Path:
        """Where everything of this run is, so that a full home still starts."""
        return Path("/run/user") / str(self.uid)


def _value(environment: Mapping[str, str], key: str, pattern: str, what: str) -> str:
    value = environment.get(key)
    if value is None or not re.fullmatch(pattern, value, re.ASCII):
        found = "is missing" if value is None else f"is {value[:80]!r}"
        raise RefusedError(f"{key} must be {what}; it {found}.", os.EX_CONFIG)
    return value


def check_home(person: Person) -> None:
    """Raise RefusedError unless the person's own home is mounted."""
    try:
        found = person.home.lstat()
    except OSError:
        raise RefusedError(f"No home is mounted at {person.home}; no file was touched.", os.EX_NOINPUT) from None
    if not stat.S_ISDIR(found.st_mode):
        raise RefusedError(f"{person.home} is not a folder; no file was touched.", os.EX_NOINPUT)
    if found.st_uid != person.uid:
        whose = f"{person.home} belongs to uid {found.st_uid}, not to {person.name} (uid {person.uid})"
        raise RefusedError(f"{whose}; no file was touched.", os.EX_NOPERM)


def read_token(path: Path = TOKEN) -> bytes:
    """Return the token of Jupyter; raise RefusedError where there is none."""
    try:
        token = path.read_bytes().strip()
    except OSError as error:
        raise RefusedError(f"Jupyter's token cannot be read from {path}: {error.strerror}.", os.EX_NOINPUT) from None
    if not re.fullmatch(rb"[\x21-\x7e]{16,4096}", token):
        raise RefusedError(f"{path} holds no token: 16 to 4096 visible characters.", os.EX_DATAERR)
    return token


def with_line(lines: Iterable[str], line: str, *, unique: Iterable[int]) -> str:
    """Return a file like /etc/passwd with `line` in place of those that share one of its fields `unique`."""
    fields = line.split(":")

    def differs(other: str) -> bool:
        others = other.split(":")
        return all(others[n : n + 1] != [fields[n]] for n in unique)

    return "".join(f"{kept}\n" for kept in [*filter(differs, lines), line])


def make_account(person: Person, *, path: str, etc: Path = ETC) -> None:
    """Give the person a login, sudo without a password, and the end of sudo sessions; whoever had the name or uid yields.

    Written by hand: `useradd` refuses names with dots or capitals of other systems, and a uid that the base image took.
    """
    name, uid, home = person.name, person.uid, person.home
    for file, line, unique in (
        ("passwd", f"{name}:x:{uid}:{uid}::{home}:/bin/bash", (0, 2)),
        ("group", f"{name}:x:{uid}:", (0, 2)),
        ("shadow", f"{name}:*:19000:0:99999:7:::", (0,)),
    ):
        text = with_line((etc / file).read_text(encoding="utf-8").splitlines(), line, unique=unique)
        (etc / file).write_text(text, encoding="utf-8")
    sudoers = etc / "sudoers.d" / "shiva"
    sudoers.unlink(missing_ok=True)
    sudoers.touch(mode=0o440)
    sudoers.write_text(f'#{uid} ALL=(ALL:ALL) NOPASSWD: ALL\nDefaults:#{uid} secure_path="{path}"\n', encoding="utf-8")
    session = f"session optional pam_exec.so seteuid quiet {APP / 'reclaim'} {home} {uid}\n"
    (etc / "pam.d" / "shiva-session").write_text(session, encoding="utf-8")


def make_run_folder(person: Person) -> None:
    """Make the folder of this run anew: keys of an earlier run, or of a snapshot's, end here."""
    shutil.rmtree(person.run, ignore_errors=True)
    person.run.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    person.run.mkdir(mode=0o700)
    os.chown(person.run, person.uid, person.uid)


def environment_of(person: Person, ours: Mapping[str, str]) -> dict[str, str]:
    """Return what the server, and so every kernel and terminal, finds in its environment: the image's, and the person."""
    return dict(ours) | {
        "HOME": str(person.home),
        "USER": person.name,
        "LOGNAME": person.name,
        "SHELL": "/bin/bash",
        "TERM": "xterm-256color",
        "XDG_RUNTIME_DIR": str(person.run),
        "JUPYTER_RUNTIME_DIR": str(person.run / "jupyter"),
    }


def start(person: Person, token: bytes) -> int:
    """Start the server as the person and return its pid. It reads the token from a pipe, which is empty from then on."""
    reading, writing = os.pipe()
    os.write(writing, token)
    os.close(writing)
    child = os.fork()
    if child == 0:
        _become(person, reading)
    os.close(reading)
    return child


def _become(person: Person, reading: int) -> NoReturn:
    try:
        os.set_inheritable(reading, True)
        os.initgroups(person.name, person.uid)
        os.setgid(person.uid)
        os.setuid(person.uid)
        os.chdir(person.home)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        command = [sys.executable, "-I", str(APP / "shiva_server.py"), str(reading)]
        os.execve(command[0], command, environment_of(person, os.environ))  # noqa: S606
    except OSError as error:
        _say(f"Jupyter cannot be started as {person.name} (uid {person.uid}): {error}.")
    os._exit(os.EX_OSERR)


def wait(child: int) -> int:
    """Pass a stop on to the server until it ends; return its exit status, 128 + signal where one ended it."""
    while True:
        if signal.sigwait(SIGNALS) != signal.SIGCHLD:
            os.kill(child, signal.SIGTERM)
        elif (ended := os.waitpid(child, os.WNOHANG))[0]:
            status = os.waitstatus_to_exitcode(ended[1])
            return status if status >= 0 else 128 - status


def _say(sentence: str) -> None:
    print(f"shiva-jupyter: {sentence}", file=sys.stderr, flush=True)


def main() -> int:
    """Run the container's one server and return the exit status."""
    try:
        if os.geteuid() != 0:
            raise RefusedError("The entry must run as the container's root, and leaves it by itself.", os.EX_NOPERM)
        person = Person.of(os.environ)
        check_home(person)
        token = read_token()
        make_account(person, path=os.environ.get("PATH", os.defpath))
        make_run_folder(person)
    except RefusedError as refusal:
        _say(str(refusal))
        return refusal.status
    except OSError as error:
        _say(f"The account of the person cannot be made: {error}.")
        return os.EX_OSERR
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    status = wait(start(person, token))
    subprocess.run([APP / "reclaim", person.home, str(person.uid)], check=False)
    return status


if __name__ == "__main__":
    sys.exit(main())
