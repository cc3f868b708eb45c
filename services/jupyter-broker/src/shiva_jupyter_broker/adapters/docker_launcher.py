"""Launcher over Docker engines, one per machine. Labels of containers are the record; of volumes, while an image is fetched."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from docker.errors import APIError

from shiva_jupyter_broker.adapters import labels
from shiva_jupyter_broker.adapters.docker_credentials import Credentials
from shiva_jupyter_broker.adapters.docker_engines import EngineAddress
from shiva_jupyter_broker.adapters.docker_hands import FAILED, Hands
from shiva_jupyter_broker.adapters.docker_jobs import Jobs
from shiva_jupyter_broker.adapters.docker_machine import DockerMachine
from shiva_jupyter_broker.adapters.docker_memory import Memory, Remembered
from shiva_jupyter_broker.adapters.docker_observed import endpoint, observed, port, recorded
from shiva_jupyter_broker.adapters.docker_pulls import Pulls
from shiva_jupyter_broker.adapters.docker_sentences import FALLEN, SAFE, refusal
from shiva_jupyter_broker.adapters.docker_work import Work
from shiva_jupyter_broker.adapters.handover import Handover
from shiva_jupyter_broker.adapters.template import Site
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerSpec,
    ContainerState,
    ImageRef,
    LaunchId,
    MachineName,
    MachineState,
)
from shiva_jupyter_broker.domain.logs import Log
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, LaunchRefusedError

log = logging.getLogger("shiva.jupyter_broker.docker")

PATIENCE = timedelta(seconds=10)


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
        *,
        credentials: Credentials | None = None,
        patience: timedelta = PATIENCE,
    ) -> None:
        """`seen` keeps what was last seen on each machine, for when it is away at the next start of the broker.

        An engine that has been away for less than `patience` is being restarted, as far as one can tell: its containers are
        shown as last seen, so that nobody is cut off. Then they are LOST.
        """
        self._site = site
        self._handover = handover
        self._token = token
        self._memory = Memory(seen)
        self._patience = patience
        self._hands = Hands(site, handover)
        self._machines = {each.machine: DockerMachine(each, site, self._memory.of(each.machine)) for each in engines}
        self._pulls = Pulls(credentials or {})
        self._jobs = Jobs()
        self._work = Work(self._hands, self._pulls, self._jobs)
        self._damaged = set[str]()
        self._asking = ThreadPoolExecutor(max(4, len(engines)), thread_name_prefix="engine")

    def containers(self) -> Sequence[Container]:
        """Return everything on every machine; see `Launcher.containers`."""
        away = [machine for machine in self._machines.values() if machine.away_since is not None]
        for machine in away:
            self._asking.submit(machine.look)  # in the background: it must not slow the others
        list(self._asking.map(DockerMachine.look, [m for m in self._machines.values() if m not in away]))
        if self._memory.is_new and not any(machine.looked for machine in self._machines.values()):
            raise LauncherUnavailableError("no engine has answered yet")
        self._memory.keep({name: self._remembered(machine) for name, machine in self._machines.items()})
        return [each for machine in self._machines.values() for each in self._on(machine)]

    def machines(self) -> Mapping[MachineName, MachineState]:
        """Return what is known of each machine, as of the last look."""
        return {
            name: MachineState(
                reachable=machine.away_since is None,
                since=machine.away_since,
                images=None if machine.facts is None else frozenset(map(ImageRef, machine.facts.images)),
                pulls=self._pulls.of(machine),
                warnings=() if machine.facts is None else machine.facts.warnings,
            )
            for name, machine in self._machines.items()
        }

    def launch(self, spec: ContainerSpec) -> None:
        """Create it and let it start, or begin to fetch the image; see `Launcher.launch`."""
        machine = self._machine(spec.machine)
        if not self._jobs.hold(spec.launch_id):
            return  # the same request, while the first one is under way
        try:
            machine.look(force=True)
            if machine.away_since is not None:
                raise LauncherUnavailableError(f"the engine of {spec.machine}")
            rest = self._begun(machine, spec)
            machine.look(force=True)
        except APIError as error:
            self._jobs.let_go(spec.launch_id)
            raise LaunchRefusedError(refusal(str(error.explanation or error))) from error
        except BaseException:
            self._jobs.let_go(spec.launch_id)
            raise
        self._jobs.go_on(spec.launch_id, rest)

    def stop(self, launch: LaunchId, *, grace: timedelta, keep: bool = False) -> None:
        """End it in the background; see `Launcher.stop`."""
        for machine in self._machines.values():
            if launch in machine.containers or launch in machine.records or launch in machine.unseen:
                if machine.away_since is not None:
                    raise LauncherUnavailableError(f"the engine of {machine.address.machine}")
                if (spec := self._specs_on(machine).get(launch)) is not None:
                    self._jobs.end(launch, partial(self._work.end, machine, spec, grace, keep=keep))

    def settle(self) -> None:
        """Start what was created and never started, go on with what waits for its image, forget what is gone."""
        for machine in self._machines.values():
            if machine.away_since is None:
                for spec in self._specs_on(machine).values():
                    self._work.settle(machine, spec)
        if all(machine.looked and machine.away_since is None for machine in self._machines.values()):
            held = self._jobs.held  # before the rest: what is let go in between is in the next look
            known = {LaunchId(each) for m in self._machines.values() for each in (*m.containers, *m.records, *m.unseen)}
            self._handover.forget_all_but(known | held)

    def pull(self, reference: ImageRef, machine: MachineName) -> None:
        """Fetch an image there; see `Launcher.pull`."""
        where = self._machine(machine)
        if where.away_since is not None:
            raise LauncherUnavailableError(f"the engine of {machine}")
        try:
            if not self._hands.has_image(where, reference):
                self._pulls.begin(where, reference)
        except APIError as error:
            raise LauncherUnavailableError(f"the engine of {machine}") from error

    def log(self, launch: LaunchId, *, lines: int) -> Log:
        """Return what its engine kept; see `Launcher.log`."""
        where = next((m for m in self._machines.values() if launch in m.containers or launch in m.unseen), None)
        if where is None:
            return Log()
        if where.away_since is not None:
            raise LauncherUnavailableError(f"the engine of {where.address.machine}")
        try:
            return where.log(launch, lines)
        except APIError as error:
            raise LauncherUnavailableError(f"the engine of {where.address.machine}") from error

    # ---- what is seen ----

    def _on(self, machine: DockerMachine) -> list[Container]:
        specs = self._specs(found["Config"]["Labels"] for found in machine.containers.values())
        waiting = self._specs(each["Labels"] for each in machine.records.values())
        seen = [self._seen(machine, each, machine.containers[launch]) for launch, each in specs.items()]
        seen += [self._fetched(machine, each) for launch, each in waiting.items() if launch not in specs]
        seen += [self._remembered_one(machine, each) for each in self._specs(machine.unseen.values()).values()]
        since = machine.away_since
        if since is None or (machine.looked and datetime.now(UTC) - since < self._patience):
            return seen
        reason = f"Its machine has not answered since {since:%H:%M} UTC. {SAFE} It may still run there."
        return [
            each
            if each.state is ContainerState.FAILED
            else replace(each, state=ContainerState.LOST, reason=reason, pull=None)
            for each in seen
        ]

    def _remembered_one(self, machine: DockerMachine, spec: ContainerSpec) -> Container:
        known = self._memory.of(machine.address.machine).ports.get(spec.launch_id)
        return replace(recorded(spec, ContainerState.PENDING), endpoint=endpoint(known, machine.address.host))

    def _seen(self, machine: DockerMachine, spec: ContainerSpec, inspected: Mapping[str, Any]) -> Container:
        seen = observed(spec, inspected, host=machine.address.host)
        if self._jobs.is_ending(spec.launch_id):
            return replace(seen, state=ContainerState.STOPPING, reason=None, endpoint=None)
        if spec.launch_id in machine.fallen:
            return recorded(spec, ContainerState.PENDING, FALLEN)
        if seen.state is not ContainerState.FAILED:
            return seen
        if spec.launch_id in self._jobs.held:  # a start that was refused is being tried again
            return recorded(spec, ContainerState.PENDING)
        return replace(seen, log_tail=machine.tail(spec.launch_id))

    def _fetched(self, machine: DockerMachine, spec: ContainerSpec) -> Container:
        if self._jobs.is_ending(spec.launch_id):
            return recorded(spec, ContainerState.STOPPING)
        if failed := machine.records[spec.launch_id]["Labels"].get(FAILED):
            return recorded(spec, ContainerState.FAILED, failed)
        return recorded(spec, ContainerState.PULLING, pull=self._pulls.state(machine, spec.image_ref))

    def _specs(self, written: Iterable[Mapping[str, str]]) -> dict[LaunchId, ContainerSpec]:
        """Return specs by launch; labels that nobody of ours can have written are said once, and left alone."""
        found = {}
        for each in written:
            launch = LaunchId(each[labels.LAUNCH])
            try:
                found[launch] = labels.spec(each, token=self._token(launch))
            except labels.DamagedLabelsError as error:
                if launch not in self._damaged:
                    self._damaged.add(launch)
                    log.warning("a container with damaged labels is left alone", extra={"why": str(error)})
        return found

    def _remembered(self, machine: DockerMachine) -> Remembered:
        earlier = self._memory.of(machine.address.machine)
        if not machine.looked:
            return earlier
        there = dict(machine.unseen) | {launch: each["Labels"] for launch, each in machine.records.items()}
        there |= {launch: each["Config"]["Labels"] for launch, each in machine.containers.items()}
        ports = {launch: port(each) for launch, each in machine.containers.items()}
        ports = {launch: earlier.ports.get(launch) for launch in machine.unseen} | ports
        return Remembered(
            containers=[dict(there[launch]) for launch in sorted(there)],
            alive=machine.alive,
            ports={launch: each for launch, each in sorted(ports.items()) if each is not None},
        )

    # ---- what is done ----

    def _begun(self, machine: DockerMachine, spec: ContainerSpec) -> Callable[[], object]:
        """Make sure that there is a record of the launch, and return what is left to do for it."""
        for launch, known in self._specs_on(machine).items():
            if known.id == spec.id and known != spec:
                raise LaunchRefusedError(f"another container is called {spec.id}")
            if launch == spec.launch_id:
                return partial(self._work.carry_on, machine, spec)
        return self._work.begin(machine, spec)

    def _specs_on(self, machine: DockerMachine) -> dict[LaunchId, ContainerSpec]:
        written = [each["Labels"] for each in machine.records.values()]
        return self._specs(written + [each["Config"]["Labels"] for each in machine.containers.values()])

    def _machine(self, name: MachineName) -> DockerMachine:
        try:
            return self._machines[name]
        except KeyError:
            raise LaunchRefusedError(f"no engine is known for {name}") from None
