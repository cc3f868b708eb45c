"""The real image `shiva-jupyter:dev` as a tar for `Engine.load`, built once for its sources.

The machines of the tests reach no package server, so an engine of its own builds it in this machine's network, without a
bridge and without a rule of iptables, and ends.
"""

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.engines import cgroups
from tests.fakes.engines.lan import forget
from tests.fakes.engines.shell import EngineError, missing, run, wait_for
from tests.require import require

ROOT = Path(__file__).resolve().parents[3]
IMAGES = ROOT / "images"
KEPT = ROOT / ".tools/images"  # `make clean` removes it
TAG = "shiva-jupyter:dev"
BASE = "shiva-base:bookworm"
BUILD_SECONDS = 900.0


def build() -> Path:
    """Return the tar; the first call after a change of `images/` takes a minute, and the very first one two."""
    sources = [IMAGES / "shiva-jupyter" / name for name in ("Dockerfile", "install.sh", "server.lock", "kernel.lock")]
    sources += sorted(path for path in (IMAGES / "shiva-jupyter/files").rglob("*") if path.is_file())
    base = KEPT / f"base-{_digest([IMAGES / 'base.sh'])}.tar"
    image = KEPT / f"shiva-jupyter-{_digest([IMAGES / 'base.sh', *sources])}.tar"
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not image.exists():
            for old in KEPT.glob("shiva-jupyter-*"):
                old.unlink()
            if not base.exists():
                _write(base, f"{IMAGES}/base.sh > {base}.part")
            with _builder() as engine:
                run("docker", "-H", engine, "import", str(base), BASE, seconds=BUILD_SECONDS)
                build_it = f"DOCKER_HOST={engine} {IMAGES}/shiva-jupyter/build.sh {TAG} --network host"
                run("sh", "-c", build_it, seconds=BUILD_SECONDS)
                _write(image, f"docker -H {engine} save {TAG} > {image}.part")
    return image


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(IMAGES)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _write(path: Path, command: str) -> None:
    """Run a command that writes `<path>.part`; `path` is there once it is whole."""
    run("sh", "-c", command, seconds=BUILD_SECONDS)
    os.replace(f"{path}.part", path)


@contextlib.contextmanager
def _builder() -> Iterator[str]:
    """Yield the address of an engine that can build; it ends with this process at the latest."""
    root = Path(tempfile.mkdtemp(prefix="shiva-builder-", dir="/var/tmp"))
    (root / "daemon.json").write_text("{}", encoding="ascii")
    address = f"unix://{root}/docker.sock"
    command = [
        *("setpriv", "--pdeathsig", "TERM", "dockerd", "--config-file", f"{root}/daemon.json"),
        *("--data-root", f"{root}/data", "--exec-root", f"{root}/exec", "--pidfile", f"{root}/pid", "--host", address),
        *("--bridge", "none", "--iptables=false", "--ip6tables=false", "--storage-driver", "overlay2"),
        *("--cgroup-parent", f"/{root.name}", "--exec-opt", "native.cgroupdriver=cgroupfs", "--log-level", "warn"),
    ]
    with (root / "log").open("wb") as log:
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(lambda: daemon.poll() is not None or (root / "docker.sock").exists(), "the builder answers")
        run("docker", "-H", address, "version")
        yield address
    except EngineError as error:
        raise EngineError(f"{error}\n{(root / 'log').read_text(encoding='utf-8')[-2000:]}") from error
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
        cgroups.remove(root.name)
        forget(root)


@pytest.fixture(scope="session")
def jupyter_image() -> Path:
    """The tar of `shiva-jupyter:dev`; the first test that asks for it waits while it is built, up to three minutes."""
    why = missing(debootstrap="debootstrap", setpriv="util-linux")
    require("docker", present=not why, reason=why)
    return build()
