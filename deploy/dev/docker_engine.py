"""The Docker engine of `make run LAUNCHER=docker`: what must be there before anything starts, and which notebooks run on it."""

import contextlib
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import DockerException, NotFound

CREATE_NETWORK = Path(__file__).resolve().parents[1] / "docker/create-network.sh"
IMAGE = "shiva-jupyter:dev"  # what `make image` builds
NETWORK = "shiva"
NOBODY = 65533  # the last user of a remapped range that a person can be
REMAPPED = re.compile(r"/(\d+)\.\d+$")  # how the root of a remapped engine ends
LOCAL = "unix:///var/run/docker.sock"


class EngineAwayError(Exception):
    """The engine of a run does not answer; the message says so."""


class EngineMissingError(Exception):
    """The engine cannot be used; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerEngine:
    """One engine, for one run."""

    url: str
    address: str  # where the ports of its containers are reached
    uid_base: int  # of its remapped users; 0 without a remap


def ready(url: str, address: str) -> DockerEngine:
    """Return the engine once all is there that containers need; the network `shiva` is made where it is missing.

    Raises:
        EngineMissingError: something else is missing.
    """
    if os.geteuid() != 0:
        raise EngineMissingError(
            "LAUNCHER=docker gives each home to its person, which only root can: run it with sudo."
        )
    try:
        with _client(url) as client:
            info = client.info()
            _look_for_image(client)
            _make_network(client, url)
    except (DockerException, requests.RequestException) as error:
        raise EngineMissingError(
            f"No Docker engine answers at {url} ({_cause(error)}). Install one (apt-get install docker.io), "
            "or name another with DOCKER_HOST. Nothing was started."
        ) from error
    base = REMAPPED.search(str(info["DockerRootDir"]))
    return DockerEngine(url=url, address=address, uid_base=int(base[1]) if base else 0)


def strangers(engine: DockerEngine, homes: Path) -> str:
    """Return what is in the way when homes belong to users that this engine's containers cannot be, else an empty text."""
    owners = {path.name: path.stat().st_uid for path in homes.glob("[!.]*")}
    strange = sorted(name for name, uid in owners.items() if not 0 < uid - engine.uid_base <= NOBODY)
    if not strange:
        return ""
    return (
        f"The homes of {', '.join(strange)} in {homes} were made with another `userns-remap` of the engine: its users begin at "
        f"{engine.uid_base} now. Nothing was changed. Set it back (deploy/docker/daemon.json), or begin anew with --state."
    )


def domain(folder: Path) -> str:
    """Return what the containers of a run's folder are labelled with, so that two folders may share an engine."""
    return f"dev-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def containers(url: str, folder: Path) -> Sequence[Mapping[str, Any]]:
    """Return the containers of a run as the engine lists them, also those that have ended.

    Raises:
        EngineAwayError: it does not answer.
    """
    with _answering(url) as client:
        label = f"shiva.domain={domain(folder)}"
        listed: Sequence[Mapping[str, Any]] = client.containers(all=True, filters={"label": label})
        return listed


def stop(url: str, container: str, *, seconds: int) -> None:
    """End and remove a container; one that has ended or is gone is fine.

    Raises:
        EngineAwayError: the engine does not answer.
    """
    with _answering(url) as client, contextlib.suppress(NotFound):
        client.stop(container, timeout=seconds)
        client.remove_container(container)


@contextlib.contextmanager
def _client(url: str) -> Iterator[docker.APIClient]:
    client = docker.APIClient(base_url=url, version="auto", timeout=60)
    try:
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def _answering(url: str) -> Iterator[docker.APIClient]:
    try:
        with _client(url) as client:
            yield client
    except (DockerException, requests.RequestException) as error:
        raise EngineAwayError(f"The Docker engine at {url} does not answer ({_cause(error)}).") from error


def _cause(error: BaseException) -> str:
    """Return the innermost words: those of the libraries around them are not for people."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _look_for_image(client: docker.APIClient) -> None:
    if not client.images(name=IMAGE):
        raise EngineMissingError(f"The engine has no image {IMAGE}. Build it, once, in a few minutes: make image")


def _make_network(client: docker.APIClient, url: str) -> None:
    if client.networks(names=[f"^{NETWORK}$"]):
        return
    made = subprocess.run(
        [CREATE_NETWORK], env=os.environ | {"DOCKER_HOST": url}, capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise EngineMissingError(f"The network {NETWORK} cannot be made: {made.stderr.strip()}")
