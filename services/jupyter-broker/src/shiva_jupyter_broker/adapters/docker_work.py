"""What is left to do for a launch, told by its records alone, so that any broker can go on where another one ended."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from docker.errors import APIError

from shiva_jupyter_broker.adapters.docker_hands import FAILED, Hands
from shiva_jupyter_broker.adapters.docker_jobs import Jobs
from shiva_jupyter_broker.adapters.docker_machine import DockerMachine
from shiva_jupyter_broker.adapters.docker_pulls import Pulls
from shiva_jupyter_broker.adapters.docker_sentences import SAFE, refusal
from shiva_jupyter_broker.domain.containers import ContainerSpec, LaunchId
from shiva_jupyter_broker.domain.ports import LaunchRefusedError

log = logging.getLogger("shiva.jupyter_broker.docker_work")


class Work:
    """Begins, carries on and ends launches."""

    def __init__(self, hands: Hands, pulls: Pulls, jobs: Jobs) -> None:
        """Nothing is begun."""
        self._hands = hands
        self._pulls = pulls
        self._jobs = jobs

    def begin(self, machine: DockerMachine, spec: ContainerSpec) -> Callable[[], object]:
        """Make a record of a launch that has none, and return what is left to do for it; raises as `Hands.create`."""
        if not self._hands.has_image(machine, spec.image_ref):
            self._hands.record(machine, spec)
            return partial(self._pulls.begin, machine, spec.image_ref)
        return partial(self._start, machine, self._hands.create(machine, spec))

    def settle(self, machine: DockerMachine, spec: ContainerSpec) -> None:
        """Let a thread go on with a launch, if there is something to do and nobody does it."""
        if self._is_due(machine, spec):
            self._jobs.begin(spec.launch_id, partial(self.carry_on, machine, spec))

    def carry_on(self, machine: DockerMachine, spec: ContainerSpec) -> None:
        """Do the next thing for a launch whose record is there."""
        machine.look(force=True)
        found = machine.containers.get(spec.launch_id)
        if found is None:
            self._fetch_or_create(machine, spec)
        else:
            if spec.launch_id in machine.fallen or _was_never_started(machine, spec.launch_id):
                log.info("a container is started", extra={"container": spec.id})
                self._hands.give(spec)  # a broker that had not seen its container may have tidied it away
                self._hands.start(machine, found["Id"])
            if spec.launch_id in machine.records:
                self._hands.unrecord(machine, spec)
        machine.look(force=True)

    def end(self, machine: DockerMachine, spec: ContainerSpec, grace: timedelta, *, keep: bool) -> None:
        """End a launch, whatever it has come to."""
        machine.look(force=True)
        found = machine.containers.get(spec.launch_id)
        if spec.launch_id in machine.records:
            self._hands.unrecord(machine, spec)
        if found is not None:
            self._hands.end(machine, found["Id"], grace, keep=keep)
        if found is None or not keep:
            machine.ended(spec.launch_id)
        machine.look(force=True)

    def _is_due(self, machine: DockerMachine, spec: ContainerSpec) -> bool:
        launch, record = spec.launch_id, machine.records.get(spec.launch_id)
        if launch in machine.containers:
            return record is not None or launch in machine.fallen or _was_never_started(machine, launch)
        return record is not None and FAILED not in record["Labels"] and not self._pulls.runs(machine, spec.image_ref)

    def _start(self, machine: DockerMachine, container: str) -> None:
        self._hands.start(machine, container)
        machine.look(force=True)

    def _fetch_or_create(self, machine: DockerMachine, spec: ContainerSpec) -> None:
        record, pull = machine.records.get(spec.launch_id), self._pulls.state(machine, spec.image_ref)
        if record is None or FAILED in record["Labels"]:
            return
        if pull is not None and pull.error:
            self._hands.fail(machine, spec, pull.error)
        elif not self._hands.has_image(machine, spec.image_ref):
            self._pulls.begin(machine, spec.image_ref)
        else:
            self._create(machine, spec)

    def _create(self, machine: DockerMachine, spec: ContainerSpec) -> None:
        try:
            container = self._hands.create(machine, spec)
        except APIError as error:
            self._hands.fail(machine, spec, refusal(str(error.explanation or error)))
        except LaunchRefusedError as error:
            self._hands.fail(machine, spec, f"It was refused: {error}. {SAFE}")
        else:
            self._hands.start(machine, container)
            self._hands.unrecord(machine, spec)


def _was_never_started(machine: DockerMachine, launch: LaunchId) -> bool:
    state = machine.containers[launch]["State"]
    return state["Status"] == "created" and not state.get("Error")
