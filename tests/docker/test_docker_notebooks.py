"""The Docker launcher with the real image: what every launcher of real notebooks promises, and what a container adds."""

import json
import os
from copy import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from shiva_jupyter_broker.domain.containers import ContainerState, ImageRef

from tests.conformance.subjects import GRACE, eventually, shown
from tests.conformance.test_activity import (
    KERNEL_IDLE_TIMEOUT,
    test_a_kernel_is_busy_while_it_executes_and_quiet_before_and_afterwards,
    test_a_program_in_a_terminal_is_busy_until_it_ends_and_a_prompt_is_quiet,
    test_a_program_in_the_place_of_its_shell_is_busy_for_nobody_knows_how_long,
    test_an_idle_kernel_ends_and_neither_a_busy_one_nor_one_that_somebody_looks_at,
    test_what_it_does_is_told_to_who_has_the_token,
)
from tests.conformance.test_launchers import (
    Running,
    ask,
    started,
    test_its_endpoint_answers_with_the_token_and_refuses_without,
    test_the_probe_tells_the_notebook_from_a_stranger,
)
from tests.docker.docker_subject import DockerSubject
from tests.docker.launching import one, settled
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.jupyter_image import TAG

__all__ = [
    "test_a_kernel_is_busy_while_it_executes_and_quiet_before_and_afterwards",
    "test_a_program_in_a_terminal_is_busy_until_it_ends_and_a_prompt_is_quiet",
    "test_a_program_in_the_place_of_its_shell_is_busy_for_nobody_knows_how_long",
    "test_an_idle_kernel_ends_and_neither_a_busy_one_nor_one_that_somebody_looks_at",
    "test_its_endpoint_answers_with_the_token_and_refuses_without",
    "test_the_probe_tells_the_notebook_from_a_stranger",
    "test_what_it_does_is_told_to_who_has_the_token",
]
pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]  # the first one waits for the image


@pytest.fixture(scope="module")
def real(engines: Engines, jupyter_image: Path, tmp_path_factory: pytest.TempPathFactory) -> DockerSubject:
    engine = engines.fresh(1)
    engine.load(jupyter_image)
    subject = DockerSubject(tmp_path_factory.mktemp("notebooks"), engine)
    subject.image = ImageRef(TAG)
    return subject


@pytest.fixture(scope="module")
def culling(real: DockerSubject) -> DockerSubject:
    """A launcher whose notebooks end idle kernels."""
    subject = copy(real)
    subject.site = replace(real.site, kernel_idle_timeout=KERNEL_IDLE_TIMEOUT)
    subject.launcher = subject.reopened()
    return subject


@pytest.fixture(scope="module")
def jupyter(real: DockerSubject) -> Running:
    return started(real, "ada.lovelace")


def first_process(real: DockerSubject, running: Running) -> psutil.Process:
    container = str(one(real, running.spec).engine_id)
    return psutil.Process(int(real.engine.docker("inspect", "--format", "{{.State.Pid}}", container)))


def test_its_token_stands_in_no_process_list_in_no_label_and_in_no_log(real: DockerSubject, jupyter: Running) -> None:
    token, container = jupyter.spec.token, str(one(real, jupyter.spec).engine_id)
    assert ask(real, jupyter, "api/contents/none", token=token).status_code == 404
    places = [real.engine.docker("inspect", container), real.engine.docker("logs", container)]
    for pid in psutil.pids():
        for name in ("cmdline", "environ"):
            try:
                places.append(Path(f"/proc/{pid}/{name}").read_bytes().decode("utf-8", "replace"))
            except OSError:
                continue
    assert not [each[:200] for each in places if token in each]
    handed = real.folder / "homes/.shiva/launches/suite" / jupyter.spec.launch_id / "token"
    assert handed.read_text(encoding="ascii") == token
    assert (handed.stat().st_uid, handed.stat().st_mode & 0o777) == (real.site.uid_base, 0o400)


def test_its_limits_are_the_kernels_own(real: DockerSubject, jupyter: Running) -> None:
    assert ask(real, jupyter, "api/kernels", token=jupyter.spec.token, method="POST").status_code == 201
    first, limits = first_process(real, jupyter), jupyter.spec.limits
    for each in [first, *first.children(recursive=True)]:
        lines = Path(f"/proc/{each.pid}/limits").read_text(encoding="ascii").splitlines()
        assert {tuple(line.split()[3:5]) for line in lines if line.startswith("Max open files")} == {("16384", "16384")}
        assert all(uid >= real.site.uid_base for uid in each.uids())
    host = json.loads(real.engine.docker("inspect", str(one(real, jupyter.spec).engine_id)))[0]["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (
        limits.memory_bytes,
        limits.memory_bytes,
        limits.pids,
    )


def test_a_stop_ends_kernels_and_detached_processes_and_keeps_the_home(real: DockerSubject) -> None:
    running = started(real, "worker")
    spec, work = running.spec, Path(running.spec.home) / "work.ipynb"
    container = str(one(real, spec).engine_id)
    work.write_text("mine", encoding="utf-8")
    os.chown(work, spec.uid, spec.uid)
    assert ask(real, running, "api/kernels", token=spec.token, method="POST").status_code == 201
    real.engine.docker("exec", "--detach", container, "setsid", "sleep", "600")
    family = [first_process(real, running), *first_process(real, running).children(recursive=True)]
    real.launcher.stop(spec.launch_id, grace=GRACE)
    real.leave(spec.id)
    assert not [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
    assert work.read_text(encoding="utf-8") == "mine"
    assert work.stat().st_uid == spec.uid
    real.launcher.settle()
    assert not (real.folder / "homes/.shiva/launches/suite" / spec.launch_id).exists()


def test_a_killed_server_is_a_failure_that_shows_its_last_lines(real: DockerSubject) -> None:
    running = started(real, "victim")
    real.kill(running.spec.id)
    seen = settled(real, running.spec, ContainerState.FAILED)
    assert seen.log_tail
    real.launcher.stop(running.spec.launch_id, grace=timedelta(0))
    eventually(lambda: shown(real.launcher, running.spec.id) is None, what="it is gone")
