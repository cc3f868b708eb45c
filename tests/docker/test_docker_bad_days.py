"""The Docker launcher when real engines restart, hang and lose their power, and when ports and images are hard to get."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters.docker_launcher import DockerLauncher
from shiva_jupyter_broker.domain.containers import ContainerSpec, ContainerState, GpuUuid, ImageRef, MachineName

from tests.conformance.subjects import eventually, wanted
from tests.docker.docker_subject import DockerSubject
from tests.docker.launching import one, settled
from tests.fakes import registry
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines
from tests.fakes.engines.image import tag

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]
PASSWORD = "planted-password-of-the-registry"


@pytest.fixture
def subject(engines: Engines, tmp_path: Path) -> DockerSubject:
    return DockerSubject(tmp_path, engines.fresh(1))


@pytest.fixture
def as_before(subject: DockerSubject) -> Iterator[None]:
    """Give the engine back its settings."""
    yield
    subject.engine.restart(live_restore=True)


def runs(subject: DockerSubject, owner: str) -> ContainerSpec:
    spec = wanted(subject, owner)
    subject.launcher.launch(spec)
    subject.boot(spec.id)
    return spec


def leaves(subject: DockerSubject, *specs: ContainerSpec) -> None:
    for spec in specs:
        subject.launcher.stop(spec.launch_id, grace=timedelta(0))
        subject.leave(spec.id)


def upgraded(engine: Engine) -> None:
    """Come up with settings that have no live-restore: that ends what runs."""
    engine.restart(live_restore=False)


def without_power(engine: Engine) -> None:
    engine.power_off()
    engine.start()


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize("down", [upgraded, without_power])
@pytest.mark.parametrize("same_broker", [True, False], ids=["same broker", "next broker"])
def test_what_fell_with_its_engine_runs_again_and_never_loses_its_lease(
    subject: DockerSubject, down: Callable[[Engine], None], same_broker: bool
) -> None:
    spec = runs(subject, "ada")
    first = one(subject, spec)
    down(subject.engine)
    if not same_broker:
        subject.launcher = subject.reopened()
    seen = one(subject, spec)
    assert seen.holds_resources
    again = settled(subject, spec, ContainerState.BOOTING)
    subject.boot(spec.id)
    assert again.engine_id == first.engine_id
    assert again.started_at is not None
    assert first.started_at is not None
    assert again.started_at > first.started_at
    leaves(subject, spec)


def test_a_restart_with_live_restore_touches_nobody(subject: DockerSubject) -> None:
    spec = runs(subject, "ada")
    before = one(subject, spec)
    subject.engine.restart(live_restore=True)
    eventually(lambda: one(subject, spec) == before, what="it is seen as before")
    leaves(subject, spec)


def test_what_ended_by_itself_while_its_engine_was_away_has_failed(subject: DockerSubject) -> None:
    spec = runs(subject, "ada")
    container = one(subject, spec).engine_id
    process = int(subject.engine.docker("inspect", "--format", "{{.State.Pid}}", str(container)))
    subject.engine.kill()
    subprocess.run(["kill", "-9", str(process)], check=True)
    subject.engine.start()
    seen = settled(subject, spec, ContainerState.FAILED)
    assert seen.log_tail[0] == "Jupyter Server is running"
    leaves(subject, spec)


def test_what_somebody_removed_by_hand_is_gone_after_a_few_seconds(subject: DockerSubject) -> None:
    spec = runs(subject, "ada")
    subject.engine.docker("rm", "-f", str(one(subject, spec).engine_id))
    assert one(subject, spec).holds_resources
    subject.leave(spec.id)


def test_an_engine_that_hangs_takes_no_other_machine_with_it(engines: Engines, tmp_path: Path) -> None:
    subjects = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        subjects.append(DockerSubject(folder, engines.fresh(number), machine=f"gpu-0{number}"))
    first, second = subjects
    both = DockerLauncher(
        [*first.addresses, *second.addresses],
        first.site,
        first.handover,
        first.token,
        tmp_path / "seen",
        patience=timedelta(0),
    )
    specs = [
        replace(wanted(each, owner), machine=MachineName(each.machine))
        for each, owner in zip(subjects, ("ada", "ken"), strict=True)
    ]
    for spec in specs:
        both.launch(spec)
    first.launcher = second.launcher = both
    for subject, spec in zip(subjects, specs, strict=True):
        subject.boot(spec.id)
    first.engine.pause()
    try:
        for _ in range(20):
            states = {each.machine: each.state for each in both.containers()}
            assert states == {"gpu-01": ContainerState.LOST, "gpu-02": ContainerState.BOOTING}
        leaves(second, specs[1])
    finally:
        first.engine.resume()
    eventually(lambda: one(first, specs[0]).state is ContainerState.BOOTING, what="it is there again")
    leaves(first, specs[0])


def test_a_gpu_that_its_machine_cannot_hand_out_is_a_failure_in_a_sentence(subject: DockerSubject) -> None:
    spec = replace(wanted(subject, "ada"), gpus=(GpuUuid("GPU-gpu-01-0"),))
    subject.launcher.launch(spec)
    seen = settled(subject, spec, ContainerState.FAILED)
    assert seen.reason is not None
    assert seen.reason.startswith("Its machine cannot hand out GPUs: the NVIDIA runtime is missing there.")
    leaves(subject, spec)


# ---- ports ----


@contextmanager
def inside(engine: Engine, *program: str) -> Iterator[str]:
    """Run a Python program on a machine until the block ends; yield the first line that it prints."""
    command = ["nsenter", f"--net=/run/netns/{engine.namespace}", sys.executable, *program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def test_ports_that_others_have_are_passed_over_and_no_port_is_given_again_at_once(subject: DockerSubject) -> None:
    first = subject.site.ports[0]
    probe = runs(subject, "probe")
    endpoint = one(subject, probe).endpoint
    assert endpoint is not None
    leaves(subject, probe)
    others = [first + (endpoint.port - first + step) % 1000 for step in (1, 2, 3)]
    listen = "import socket, sys, time; held = [socket.create_server((sys.argv[1], int(p))) for p in sys.argv[2:]]; print('held', flush=True); time.sleep(600)"
    with inside(subject.engine, "-c", listen, subject.engine.address, *map(str, others)) as said:
        assert said == "held"
        spec = runs(subject, "ada")
        seen = one(subject, spec)
        assert seen.endpoint is not None
        assert seen.endpoint.port not in {*others, endpoint.port}
        leaves(subject, spec)


# ---- images ----


@pytest.fixture(scope="module")
def archive(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("registry") / "one.tar"
    engines.fresh(1).docker("save", "--output", str(path), tag("1"))
    return path


@contextmanager
def private(subject: DockerSubject, archive: Path, *, password: str) -> Iterator[ContainerSpec]:
    """Run a registry beside the engine; yield a wish for its image by a launcher that has this password."""
    with inside(subject.engine, registry.__file__, "0", f"shiva:{PASSWORD}", str(archive), "2") as port:
        name = f"127.0.0.1:{port}"
        subject.launcher = subject.reopened(credentials={name: {"username": "shiva", "password": password}})
        yield replace(wanted(subject, "ada"), image_ref=ImageRef(f"{name}/fake:1"))


def test_a_private_image_comes_by_the_brokers_credentials_and_tells_its_bytes(
    subject: DockerSubject, archive: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with private(subject, archive, password=PASSWORD) as spec:
        subject.launcher.launch(spec)
        heard: list[tuple[int, int]] = []

        def has_come() -> bool:
            subject.launcher.settle()
            seen = one(subject, spec)
            if seen.pull is not None and seen.pull.done_bytes and seen.pull.total_bytes:
                heard.append((seen.pull.done_bytes, seen.pull.total_bytes))
            return seen.state is ContainerState.BOOTING

        eventually(has_come, what="it runs")
        assert heard == sorted(heard)
        assert len(set(heard)) > 1
        assert all(done <= total for done, total in heard)
        assert subject.engine.docker("volume", "ls", "-q") == ""
        leaves(subject, spec)
        subject.engine.docker("image", "rm", spec.image_ref)
    assert PASSWORD not in caplog.text


def test_a_registry_that_refuses_is_a_failure_in_a_sentence(
    subject: DockerSubject, archive: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with private(subject, archive, password=f"not-{PASSWORD}") as spec:
        subject.launcher.launch(spec)
        assert one(subject, spec).state is ContainerState.PULLING
        seen = settled(subject, spec, ContainerState.FAILED)
        assert seen.reason is not None
        assert "The registry does not let its machine fetch the image." in seen.reason
        leaves(subject, spec)
    assert PASSWORD not in caplog.text
