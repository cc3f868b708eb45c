"""Secrets that must not get out, in every form in which they might, and the places in which a machine could show them."""

import base64
import contextlib
import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.fakes.engines.engine import Engine
from tests.fakes.engines.shell import EngineError

Places = Iterator[tuple[str, bytes]]  # a name and what stands there
KINDS = ("container", "volume", "network", "image")


def spellings(secret: bytes) -> set[bytes]:
    """Return the secret as it is, in hexadecimal digits, and as it looks within something longer in base 64."""
    found = {secret, secret.hex().encode()}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"x" * before + secret).rstrip(b"=")
            found.add(text[4 if before else 0 : -4])  # what its neighbours have no part in
    return found


def hits(secrets: Mapping[str, bytes], places: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Return which secret stands where."""
    wanted = {name: spellings(secret) for name, secret in secrets.items()}
    return [
        (name, place) for place, text in places for name, forms in wanted.items() if any(form in text for form in forms)
    ]


def processes() -> Places:
    """Yield what `ps` tells of every process of this machine, its containers' among them."""
    for process in Path("/proc").iterdir():
        for name in ("cmdline", "environ") if process.name.isdigit() else ():
            with contextlib.suppress(OSError):
                yield str(process / name), (process / name).read_bytes()


def told_by(engine: Engine) -> Places:
    """Yield everything that an engine tells of what it has, and the files that a commit of each container would keep."""
    yield "the engine's log", engine.log().encode()
    yield "events", engine.docker("events", "--since", "1h", "--until", "0s", "--format", "{{json .}}").encode()
    for kind in KINDS:
        listed = engine.docker(kind, "ls", "-q", *(("-a",) if kind == "container" else ())).split()
        for each in set(listed):
            yield f"{kind} inspect {each}", engine.docker(kind, "inspect", each).encode()
            if kind == "image":
                yield f"history {each}", engine.docker("history", "--no-trunc", each).encode()
    for each in engine.docker("ps", "-aq").split():
        yield f"logs {each}", _logs(engine, each)
        yield from files(Path(json.loads(engine.docker("inspect", each))[0]["GraphDriver"]["Data"]["UpperDir"]))


def committed(engine: Engine, container: str) -> Places:
    """Yield the configuration, with its history, of the image that a container would be saved as."""
    image = engine.docker("commit", container)
    yield f"image of {container}", engine.docker("image", "inspect", image).encode()
    yield f"history of {container}", engine.docker("history", "--no-trunc", image).encode()
    engine.docker("rmi", image)


def files(root: Path, *, but: frozenset[str] = frozenset()) -> Places:
    """Yield every file under a folder, except those of these names."""
    for path in root.rglob("*"):
        with contextlib.suppress(OSError):  # what lives changes
            if path.is_file() and not path.is_symlink() and path.name not in but:
                yield str(path), path.read_bytes()


def _logs(engine: Engine, container: str) -> bytes:
    done = subprocess.run(["docker", "-H", engine.base_url, "logs", container], capture_output=True, check=False)
    if done.returncode:
        raise EngineError(done.stderr.decode())
    return done.stdout + done.stderr
