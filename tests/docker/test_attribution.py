"""Whose a container's processes are, as the GPU exporter sees it from the machine: by launch, whatever is tried inside."""

import json
from pathlib import Path

import pytest
from shiva_exporters.containers.cgroups import Cgroups
from shiva_exporters.containers.watching import Watching
from shiva_exporters.gpu.attribution import Owners
from shiva_exporters.gpu.source import Kind, Owner

from tests.conformance.subjects import eventually
from tests.conformance.test_launchers import started
from tests.docker.docker_subject import DockerSubject
from tests.docker.launching import one
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.image import tag

pytestmark = pytest.mark.docker
FORGE = """
import ctypes, json, os, time
ask = ctypes.CDLL(None).mount, ctypes.CDLL(None).unshare
mine = b"/home/ada/.shiva/launches/x/%s"
os.makedirs(mine + b"/run/shiva")
got = [
    ask[0](mine, b"/run/shiva", None, 4096, None),  # MS_BIND
    ask[0](mine, mine + b"/run/shiva", None, 4096, None),
    ask[1](0x00020000),  # CLONE_NEWNS
    ask[1](0x10020000),  # and CLONE_NEWUSER
]
if os.fork() == 0:
    os.chroot(mine)
else:
    with open("/home/ada/tried", "w") as file:
        json.dump(got, file)
time.sleep(600)
"""

WORK = """
import time
held = bytearray(200 * 2**20)
while time.process_time() < 1.2:
    pass
time.sleep(2)
"""


@pytest.fixture(scope="module")
def subject(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> DockerSubject:
    return DockerSubject(tmp_path_factory.mktemp("attribution"), engines.fresh(1))


def seen_of(engine: Engine, container: str) -> list[Owner]:
    """Return the owners of all processes of a container."""
    _, *pids = engine.docker("top", container, "-eo", "pid").split()
    found = Owners(Path("/proc")).of([int(pid) for pid in pids])
    assert len(found) == len(pids)
    return list(found.values())


def test_a_container_of_ours_is_its_launch_and_one_by_hand_is_foreign(subject: DockerSubject) -> None:
    ours = one(subject, started(subject, "ken").spec)
    assert {owner.launch_id for owner in seen_of(subject.engine, str(ours.engine_id))} == {ours.launch_id}
    by_hand = subject.engine.docker("run", "--detach", tag("1")).strip()
    [owner] = seen_of(subject.engine, by_hand)
    assert (owner.kind, owner.launch_id, owner.engine_id) == (Kind.FOREIGN, None, by_hand)


def test_who_tries_to_be_somebody_else_stays_themself(subject: DockerSubject) -> None:
    mei, ada = one(subject, started(subject, "mei").spec), started(subject, "ada").spec
    container, tried = str(one(subject, ada).engine_id), Path(ada.home) / "tried"
    subject.engine.docker("exec", "--detach", container, "python3", "-c", FORGE % mei.launch_id)
    eventually(lambda: tried.exists() and tried.read_text(encoding="ascii"), what="everything was tried")
    assert json.loads(tried.read_text(encoding="ascii")) == [-1, -1, -1, -1]
    owners = seen_of(subject.engine, container)
    assert len(owners) == 3
    assert {owner.launch_id for owner in owners} == {ada.launch_id}


def test_what_a_container_uses_is_told_by_its_own_cgroup(subject: DockerSubject) -> None:
    ours = one(subject, started(subject, "yuki").spec)
    proc = Path("/proc")
    watching = Watching(Owners(proc), Cgroups(Path("/sys/fs/cgroup")), proc=proc, interval_seconds=60.0)

    def used() -> tuple[int, float]:
        watching.round()
        use = (watching.latest() or {})[ours.launch_id]
        assert use.memory_used_bytes is not None
        assert use.cpu_seconds is not None
        return use.memory_used_bytes, use.cpu_seconds

    memory, seconds = used()
    assert 0 < memory < ours.limits.memory_bytes
    assert seconds > 0
    subject.engine.docker("exec", "--detach", str(ours.engine_id), "python3", "-c", WORK)
    eventually(lambda: used()[0] > memory + 150 * 2**20, what="its memory is counted")
    eventually(lambda: used()[1] > seconds + 1, what="its work is counted, although its process has ended")
