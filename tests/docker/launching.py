"""Words for tests that launch by the Docker launcher."""

from shiva_jupyter_broker.domain.containers import Container, ContainerSpec, ContainerState

from tests.conformance.subjects import eventually, shown
from tests.docker.docker_subject import DockerSubject


def one(subject: DockerSubject, spec: ContainerSpec) -> Container:
    """Return what is shown of a container that is there."""
    seen = shown(subject.launcher, spec.id)
    assert seen is not None
    return seen


def settled(subject: DockerSubject, spec: ContainerSpec, state: ContainerState) -> Container:
    """Let the launcher settle until the container is in that state, as the watcher does."""

    def is_there() -> bool:
        subject.launcher.settle()
        return one(subject, spec).state is state

    eventually(is_there, what=f"it is {state}")
    return one(subject, spec)
