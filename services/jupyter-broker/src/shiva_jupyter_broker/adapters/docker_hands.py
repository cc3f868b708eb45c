"""What is done to one engine for one container. Each step may be repeated, and cut off anywhere."""

import contextlib
import logging
from datetime import timedelta

import docker
from docker.errors import APIError, NotFound

from shiva_jupyter_broker.adapters import docker_create, docker_gpus, labels
from shiva_jupyter_broker.adapters.docker_machine import DockerMachine
from shiva_jupyter_broker.adapters.docker_sentences import is_taken
from shiva_jupyter_broker.adapters.handover import Handover
from shiva_jupyter_broker.adapters.template import Site, template
from shiva_jupyter_broker.domain.containers import ContainerSpec, ImageRef
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, LaunchRefusedError

log = logging.getLogger("shiva.jupyter_broker.docker_hands")

PORT_TRIES = 50  # an engine goes on to the next port of the range at each start
CONFLICT = 409
FAILED = "shiva.failed"  # a record's label: why nothing came of the launch


class Hands:
    """Creates, starts and removes, for one installation."""

    def __init__(self, site: Site, handover: Handover) -> None:
        """`handover` is where tokens are given."""
        self._site = site
        self._handover = handover

    def has_image(self, machine: DockerMachine, reference: ImageRef) -> bool:
        """Ask whether an image is there."""
        try:
            machine.call(lambda api: api.inspect_image(reference))  # type: ignore[no-untyped-call]
        except NotFound:
            return False
        return True

    def create(self, machine: DockerMachine, spec: ContainerSpec) -> str:
        """Create the container, unless our own request of before has done so; return the engine's id of it.

        Raises:
            LaunchRefusedError: another container has that id.
            APIError: the engine refuses.
            LauncherUnavailableError: it does not answer, and nothing came of it as far as one can see.
            HomeUnavailableError: the token cannot be handed over.
        """
        folder = self.give(spec)
        written = labels.labels(spec, domain=self._site.domain)
        facts = machine.facts
        body = docker_create.body(
            template(spec, self._site, handover=folder),
            machine.address.host,
            written,
            gpus=docker_gpus.options(spec.gpus, machine.address),
            layer_limit=facts is not None and facts.layer_limit,
            only_runc=facts is not None and facts.only_runc,
        )
        try:
            return self._ask(machine, body, self._site.called(spec.id))
        except APIError as error:
            if "storage-opt" in str(error.explanation) and "StorageOpt" in body["HostConfig"]:
                machine.forget_layer_limit()
                return self.create(machine, spec)
            if error.response is None or error.response.status_code != CONFLICT:
                raise
        except LauncherUnavailableError:
            if (known := self._known(machine, spec)) is None:
                raise
            return known  # only the answer was lost
        known = self._known(machine, spec)  # the name is taken: by our own request, delivered twice, or by another
        if known is None:
            raise LaunchRefusedError(f"another container is called {spec.id}")
        return known

    def give(self, spec: ContainerSpec) -> str:
        """Hand over what the container finds at its start; return the folder.

        Raises:
            HomeUnavailableError: the storage refuses.
        """
        return self._handover.give(spec.launch_id, spec.token)

    def start(self, machine: DockerMachine, container: str) -> None:
        """Start it; what the engine refuses stays, and is shown as failed with the engine's reason.

        A port that somebody else has is exchanged for the next one.
        """
        for _ in range(PORT_TRIES):
            try:
                machine.call(lambda api: api.start(container))
            except APIError as error:
                if is_taken(str(error.explanation)):
                    continue
                log.warning("a start was refused", extra={"machine": machine.address.machine, "why": str(error)})
            return

    def record(self, machine: DockerMachine, spec: ContainerSpec) -> None:
        """Write down what has no container yet, as the labels of a volume: they hold its leases.

        Raises:
            LaunchRefusedError: another launch has that id.
        """
        written = labels.labels(spec, domain=self._site.domain)
        made = machine.call(lambda api: dict(api.create_volume(self._site.called(spec.id), labels=written)["Labels"]))
        if made != written:  # an engine returns the volume that has the name
            raise LaunchRefusedError(f"another container is called {spec.id}")

    def fail(self, machine: DockerMachine, spec: ContainerSpec, why: str) -> None:
        """Write down that nothing comes of it, before the record of its leases goes: it never holds them again."""
        written = labels.labels(spec, domain=self._site.domain) | {FAILED: why}
        machine.call(lambda api: api.create_volume(self._called_failed(spec), labels=written))
        self._remove_volume(machine, self._site.called(spec.id))

    def unrecord(self, machine: DockerMachine, spec: ContainerSpec) -> None:
        """Remove what was written down of it."""
        self._remove_volume(machine, self._site.called(spec.id))
        self._remove_volume(machine, self._called_failed(spec))

    def end(self, machine: DockerMachine, container: str, grace: timedelta, *, keep: bool) -> None:
        """Stop it, and remove it unless it is to be kept; what is gone is fine."""
        with contextlib.suppress(NotFound):
            machine.call(lambda api: api.stop(container, timeout=int(grace.total_seconds())))
            if not keep:
                self.remove(machine, container)

    def remove(self, machine: DockerMachine, container: str) -> None:
        """Remove it with whatever volumes its image made, running or not."""
        with contextlib.suppress(NotFound):
            machine.call(lambda api: api.remove_container(container, force=True, v=True))

    def _called_failed(self, spec: ContainerSpec) -> str:
        return f"{self._site.called(spec.id)}.{spec.launch_id}"

    @staticmethod
    def _remove_volume(machine: DockerMachine, name: str) -> None:
        with contextlib.suppress(NotFound):
            machine.call(lambda api: api.remove_volume(name))

    @staticmethod
    def _ask(machine: DockerMachine, body: dict[str, object], name: str) -> str:
        # Read within the call: an answer in which nothing can be found is no engine's.
        return machine.call(lambda api: str(api.create_container_from_config(body, name)["Id"]))  # type: ignore[no-untyped-call]

    def _known(self, machine: DockerMachine, spec: ContainerSpec) -> str | None:
        """Return the container of that name, if it is this launch's."""

        def known(api: docker.APIClient) -> str | None:
            found = api.inspect_container(self._site.called(spec.id))
            return str(found["Id"]) if found["Config"]["Labels"].get(labels.LAUNCH) == spec.launch_id else None

        try:
            return machine.call(known)
        except NotFound:
            return None
