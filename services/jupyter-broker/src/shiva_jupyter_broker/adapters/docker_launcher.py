"""Launcher over Docker engines, one per machine. Labels of containers are the record; of volumes, while an image is fetched."""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

from shiva_jupyter_broker.adapters import docker_create, labels
from shiva_jupyter_broker.adapters.docker_engines import EngineAddress
from shiva_jupyter_broker.adapters.docker_machine import DockerMachine
from shiva_jupyter_broker.adapters.docker_observed import observed, recorded, refusal
from shiva_jupyter_broker.adapters.docker_pulls import Pulls
from shiva_jupyter_broker.adapters.files import write_atomically
from shiva_jupyter_broker.adapters.handover import Handover
from shiva_jupyter_broker.adapters.template import Site, template
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerSpec,
    ContainerState,
    ImageRef,
    LaunchId,
    MachineName,
    MachineState,
)
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, LaunchRefusedError

log = logging.getLogger("shiva.jupyter_broker.docker")

LOOKS = 32  # engines that are asked side by side


class DockerLauncher:
    """Containers of one installation on the engines of all its machines."""

    name = "docker"

    def __init__(
        self,
        engines: Sequence[EngineAddress],
        site: Site,
        handover: Handover,
        token: Callable[[LaunchId], str],
        seen: Path,
    ) -> None:
        """`seen` keeps what was last seen on each machine, for when it is away at the next start of the broker."""
        self._site = site
        self._handover = handover
        self._token = token
        self._file = seen
        self._machines = {each.machine: DockerMachine(each, site) for each in engines}
        self._pulls = Pulls()
        self._asking = ThreadPoolExecutor(LOOKS, thread_name_prefix="engine")
        self._lock = threading.Lock()
        self._busy = set[LaunchId]()  # being launched or ended by a thread of ours
        self._ending = set[LaunchId]()
        self._remembered = self._read_seen()

    def containers(self) -> Sequence[Container]:
        """Return everything on every machine; see `Launcher.containers`."""
        self._look()
        found = [each for machine in self._machines.values() for each in self._on(machine)]
        self._keep_seen()
        return found

    def machines(self) -> Mapping[MachineName, MachineState]:
        """Return what is known of each machine, as of the last look."""
        return {
            name: MachineState(
                reachable=machine.away_since is None,
                since=machine.away_since,
                images=None if machine.images is None else frozenset(map(ImageRef, machine.images)),
                pulls=self._pulls.of(machine),
                warnings=machine.warnings,
            )
            for name, machine in self._machines.items()
        }

    def launch(self, spec: ContainerSpec) -> None:
        """Create and start, or begin to fetch the image; see `Launcher.launch`."""
        machine = self._machine(spec.machine)
        held = self._hold(spec.launch_id)
        try:
            machine.look(force=True)
            if machine.away_since is not None:
                raise LauncherUnavailableError(f"the engine of {spec.machine}")
            self._refuse_another(machine, spec)
            self._handover.give(spec.launch_id, spec.token)
            if spec.launch_id in machine.containers:
                self._start_created(machine, machine.containers[spec.launch_id])
            elif self._has_image(machine, spec.image_ref):
                self._create(machine, spec)
            else:
                self._record(machine, spec)
                self._pulls.begin(machine, spec.image_ref)
        except APIError as error:
            raise LaunchRefusedError(refusal(str(error.explanation or error))) from error
        finally:
            machine.look(force=True)
            if held:
                self._let_go(spec.launch_id)

    def stop(self, launch: LaunchId, *, grace: timedelta, keep: bool = False) -> None:
        """End it in the background; see `Launcher.stop`."""
        for machine in self._machines.values():
            if launch in machine.containers or launch in machine.records or self._is_remembered(machine, launch):
                if machine.away_since is not None:
                    raise LauncherUnavailableError(f"the engine of {machine.address.machine}")
                self._end_in_background(machine, launch, grace, keep=keep)

    def settle(self) -> None:
        """Start what was created and never started, go on with what waits for its image, forget what is gone."""
        for machine in self._machines.values():
            if machine.away_since is None:
                self._settle(machine)
        if all(machine.looked for machine in self._machines.values()):
            with self._lock:
                known = {each.launch_id for machine in self._machines.values() for each in self._on(machine)}
                self._handover.forget_all_but(known | self._busy)

    def pull(self, reference: ImageRef, machine: MachineName) -> None:
        """Fetch an image there; see `Launcher.pull`."""
        where = self._machine(machine)
        if where.away_since is not None:
            raise LauncherUnavailableError(f"the engine of {machine}")
        if not self._has_image(where, reference):
            self._pulls.begin(where, reference)

    # ---- looking ----

    def _look(self) -> None:
        away = [m for m in self._machines.values() if m.away_since is not None]
        for machine in away:
            self._asking.submit(machine.look)  # in the background: it must not slow the others
        list(self._asking.map(DockerMachine.look, [m for m in self._machines.values() if m not in away]))

    def _on(self, machine: DockerMachine) -> list[Container]:
        specs = self._specs(found["Config"]["Labels"] for found in machine.containers.values())
        waiting = self._specs(record for launch, record in machine.records.items() if launch not in specs)
        if machine.away_since is not None:
            remembered = [] if machine.looked else self._remembered.get(machine.address.machine, [])
            lost = {**specs, **waiting, **self._specs(remembered)}.values()
            since = f"{machine.away_since:%H:%M} UTC"
            reason = f"Its machine has not answered since {since}. The files in the home are safe."
            return [recorded(each, ContainerState.LOST, reason) for each in lost]
        found = [self._seen(machine, each, machine.containers[launch]) for launch, each in specs.items()]
        return found + [self._fetched(machine, each) for each in waiting.values()]

    def _seen(self, machine: DockerMachine, spec: ContainerSpec, inspected: Mapping[str, Any]) -> Container:
        ended = inspected["State"]["Status"] in {"exited", "dead"}
        tail = machine.tail(spec.launch_id) if ended else ()
        seen = observed(spec, inspected, host=machine.address.host, log_tail=tail)
        return recorded(spec, ContainerState.STOPPING) if spec.launch_id in self._ending else seen

    def _fetched(self, machine: DockerMachine, spec: ContainerSpec) -> Container:
        pull = self._pulls.state(machine, spec.image_ref)
        if spec.launch_id in self._ending:
            return recorded(spec, ContainerState.STOPPING)
        if pull is not None and pull.error:
            return recorded(spec, ContainerState.FAILED, f"Its image could not be fetched. {pull.error}")
        return recorded(spec, ContainerState.PULLING, pull=pull)

    def _specs(self, written: Iterable[Mapping[str, str]]) -> dict[LaunchId, ContainerSpec]:
        """Return specs by launch; labels that nobody of ours can have written are said and left alone."""
        found = {}
        for each in written:
            try:
                spec = self._spec(each)
            except labels.DamagedLabelsError:
                log.exception("a container with damaged labels is left alone")
                continue
            found[spec.launch_id] = spec
        return found

    def _spec(self, written: Mapping[str, str]) -> ContainerSpec:
        return labels.spec(written, token=self._token(LaunchId(written[labels.LAUNCH])))

    # ---- acting ----

    def _refuse_another(self, machine: DockerMachine, spec: ContainerSpec) -> None:
        known = [found["Config"]["Labels"] for found in machine.containers.values()] + list(machine.records.values())
        for written in known:
            if written.get(labels.ID) == spec.id and written[labels.LAUNCH] != spec.launch_id:
                raise LaunchRefusedError(f"another container is called {spec.id}")
            if written[labels.LAUNCH] == spec.launch_id and self._spec(written) != spec:
                raise LaunchRefusedError(f"another container is called {spec.id}")

    def _create(self, machine: DockerMachine, spec: ContainerSpec) -> None:
        made = template(spec, self._site, handover=self._handover.give(spec.launch_id, spec.token))
        written = labels.labels(spec, domain=self._site.domain)
        body = docker_create.body(made, machine.address, written, layer_limit=machine.layer_limit)
        try:
            name = self._called(spec)
            created = machine.call(lambda api: api.create_container_from_config(body, name))["Id"]  # type: ignore[no-untyped-call]
        except APIError as error:
            if error.response is None or error.response.status_code != 409:
                raise
            found = machine.call(lambda api: api.inspect_container(self._called(spec)))
            if found["Config"]["Labels"].get(labels.LAUNCH) != spec.launch_id:
                raise LaunchRefusedError(f"another container is called {spec.id}") from error
            created = found["Id"]  # our own request, delivered twice
        self._start(machine, created)

    def _start(self, machine: DockerMachine, container: str) -> None:
        """Start it; what the engine refuses stays, and is shown as failed with the engine's reason."""
        try:
            machine.call(lambda api: api.start(container))
        except APIError as error:
            log.warning("a start was refused", extra={"machine": machine.address.machine, "why": str(error)})

    def _record(self, machine: DockerMachine, spec: ContainerSpec) -> None:
        written = labels.labels(spec, domain=self._site.domain)
        machine.call(lambda api: api.create_volume(self._called(spec, spec.launch_id), labels=written))

    def _unrecord(self, machine: DockerMachine, spec: ContainerSpec) -> bool:
        """Remove the record; False when it was gone already: somebody ended the launch meanwhile."""
        try:
            machine.call(lambda api: api.remove_volume(self._called(spec, spec.launch_id)))
        except NotFound:
            return False
        return True

    def _start_created(self, machine: DockerMachine, found: Mapping[str, Any]) -> None:
        """Start what never was; what has run and ended, or was refused, stays as it is."""
        if found["State"]["Status"] == "created" and not found["State"].get("Error"):
            self._start(machine, found["Id"])

    def _settle(self, machine: DockerMachine) -> None:
        containers, records = machine.containers, machine.records
        for launch, spec in self._specs(found["Config"]["Labels"] for found in containers.values()).items():
            if containers[launch]["State"]["Status"] == "created" and self._hold(launch):
                self._in_background(launch, self._start_created, machine, containers[launch])
            elif launch in records and self._hold(launch):
                self._in_background(launch, self._unrecord, machine, spec)
        for launch, spec in self._specs(records.values()).items():
            if launch not in containers:
                self._go_on(machine, spec)

    def _go_on(self, machine: DockerMachine, spec: ContainerSpec) -> None:
        """Create what waited for its image, once it is there."""
        if not self._has_image(machine, spec.image_ref):
            self._pulls.begin(machine, spec.image_ref, again=False)
        elif self._hold(spec.launch_id):
            self._in_background(spec.launch_id, self._create_fetched, machine, spec)

    def _create_fetched(self, machine: DockerMachine, spec: ContainerSpec) -> None:
        self._create(machine, spec)
        if not self._unrecord(machine, spec):
            machine.call(lambda api: api.remove_container(self._called(spec), force=True, v=True))

    def _end_in_background(self, machine: DockerMachine, launch: LaunchId, grace: timedelta, *, keep: bool) -> None:
        with self._lock:
            if launch in self._ending:
                return
            self._ending.add(launch)
        threading.Thread(target=self._end, args=(machine, launch, grace), kwargs={"keep": keep}, daemon=True).start()

    def _end(self, machine: DockerMachine, launch: LaunchId, grace: timedelta, *, keep: bool) -> None:
        record, found = machine.records.get(launch), machine.containers.get(launch)
        try:
            if record is not None:
                self._unrecord(machine, self._spec(record))
            if found is not None:
                self._end_container(machine, found["Id"], grace, keep=keep)
        except (APIError, LauncherUnavailableError) as error:
            log.warning("an end was not finished", extra={"machine": machine.address.machine, "cause": repr(error)})
        finally:
            machine.look(force=True)
            self._ending.discard(launch)

    @staticmethod
    def _end_container(machine: DockerMachine, container: str, grace: timedelta, *, keep: bool) -> None:
        try:
            machine.call(lambda api: api.stop(container, timeout=int(grace.total_seconds())))
            if not keep:
                machine.call(lambda api: api.remove_container(container, force=True, v=True))
        except NotFound:
            return

    # ---- small things ----

    def _in_background(self, launch: LaunchId, act: Callable[..., object], *args: object) -> None:
        def run() -> None:
            try:
                act(*args)
            except (APIError, LauncherUnavailableError, LaunchRefusedError) as error:
                log.warning("something has to be tried again", extra={"launch": launch, "cause": repr(error)})
            finally:
                self._let_go(launch)

        threading.Thread(target=run, daemon=True).start()

    def _hold(self, launch: LaunchId) -> bool:
        """Take a launch for one thread; False when another has it, or it is being ended."""
        with self._lock:
            if launch in self._busy or launch in self._ending:
                return False
            self._busy.add(launch)
            return True

    def _let_go(self, launch: LaunchId) -> None:
        with self._lock:
            self._busy.discard(launch)

    @staticmethod
    def _has_image(machine: DockerMachine, reference: ImageRef) -> bool:
        try:
            machine.call(lambda api: api.inspect_image(reference))  # type: ignore[no-untyped-call]
        except NotFound:
            return False
        return True

    def _machine(self, name: MachineName) -> DockerMachine:
        try:
            return self._machines[name]
        except KeyError:
            raise LaunchRefusedError(f"no engine is known for {name}") from None

    def _is_remembered(self, machine: DockerMachine, launch: LaunchId) -> bool:
        """Tell whether it stood there when an earlier broker looked, and nobody could look since."""
        remembered = [] if machine.looked else self._remembered.get(machine.address.machine, [])
        return any(each[labels.LAUNCH] == launch for each in remembered)

    def _called(self, spec: ContainerSpec, *more: str) -> str:
        return "-".join(["shiva", self._site.domain, spec.id, *more])

    def _read_seen(self) -> dict[str, list[dict[str, str]]]:
        try:
            found: dict[str, list[dict[str, str]]] = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def _keep_seen(self) -> None:
        """Keep the labels of what is there; a file that cannot be written costs a restart's memory, no more."""
        seen: dict[str, list[dict[str, str]]] = {
            name: [dict(c["Config"]["Labels"]) for c in machine.containers.values()]
            + [*map(dict, machine.records.values())]
            if machine.looked
            else self._remembered.get(name, [])
            for name, machine in self._machines.items()
        }
        if seen != self._remembered:
            try:
                write_atomically(self._file, json.dumps(seen))
                self._remembered = seen
            except OSError:
                log.exception("what was seen cannot be kept")
