"""Launcher over Marathon on Mesos: one app a launch, whose labels are the only record of the container and of its GPUs.

An app is created once, under an id of its own, and never changed but to its end. A stop sets its instances to 0: labels, and
with them the lease, stay until its task is gone, and only then is it deleted. What ended by itself is suspended in the same
way and kept, so that Marathon begins it nowhere again and its owner can read why.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from shiva_jupyter_broker.adapters import marathon_machines, marathon_state
from shiva_jupyter_broker.adapters.handover import Handover
from shiva_jupyter_broker.adapters.marathon_app import App, Cluster, definition, pull_definition
from shiva_jupyter_broker.adapters.marathon_client import MarathonClient
from shiva_jupyter_broker.adapters.marathon_endings import Endings
from shiva_jupyter_broker.adapters.marathon_errors import translated
from shiva_jupyter_broker.adapters.marathon_gpus import GpuAccess
from shiva_jupyter_broker.adapters.marathon_http import UnansweredError
from shiva_jupyter_broker.adapters.marathon_ids import pull_id
from shiva_jupyter_broker.adapters.marathon_json import text
from shiva_jupyter_broker.adapters.marathon_snapshot import Known, Snapshot
from shiva_jupyter_broker.adapters.marathon_state import Surroundings
from shiva_jupyter_broker.adapters.marathon_watch import Watch
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerSpec,
    ContainerState,
    ImageRef,
    LaunchId,
    Machine,
    MachineName,
    MachineState,
)
from shiva_jupyter_broker.domain.logs import Log
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, LaunchRefusedError

SILENT_SECONDS = 10.0  # after which it is only looked at, every two seconds, until it answers
FRESH_SECONDS = 1.0  # how long what was worked out from an unchanged snapshot is given out again


class MarathonLauncher:
    """See `Launcher`."""

    name = "marathon"

    def __init__(
        self,
        client: MarathonClient,
        watch: Watch,
        snapshot: Snapshot,
        *,
        cluster: Cluster,
        machines: Sequence[Machine],
        access: Mapping[MachineName, GpuAccess],
        handover: Handover,
        clock: Callable[[], datetime],
    ) -> None:
        """`access` says how the machines hand over their GPUs; those it does not name, by the NVIDIA Container Toolkit."""
        self._client = client
        self._watch = watch
        self._snapshot = snapshot
        self._cluster = cluster
        self._machines = {machine.name: machine for machine in machines}
        self._access = access
        self._handover = handover
        self._endings = Endings(client, watch, snapshot)
        self._clock = clock
        self._addresses = {str(machine.name): machine.address for machine in machines}
        self._away_since: dict[MachineName, datetime] = {}
        self._starting: set[LaunchId] = set()  # whose folder exists before their app does
        self._lock = threading.Lock()
        self._settled = (-1, clock())  # as of how many changes, and when
        self._steady: Mapping[str, tuple[Known, Container]] = {}
        self._worked_out: tuple[int, datetime, list[Container]] | None = None

    def start(self) -> None:
        """Watch Marathon from now on, so that nobody who asks has to wait for it."""
        self._watch.start()

    def close(self) -> None:
        """Watch no more."""
        self._watch.close()

    def launch(self, spec: ContainerSpec) -> None:
        """Create the app; see `Launcher.launch`."""
        self._reachable()
        same = next((known for known in self._snapshot.apps() if known.spec == spec), None)
        if same is not None and not same.unsure:
            return
        if same is None and any(_in_the_way(other, spec) for other in self.containers()):
            raise LaunchRefusedError(f"another container is called {spec.id}")
        with self._folder(spec) as folder:
            app = self._definition(spec, folder)
            with translated():
                self._create(app)

    def stop(self, launch: LaunchId, *, grace: timedelta, keep: bool = False) -> None:  # noqa: ARG002
        """Suspend the app; see `Launcher.stop`. The grace is the one that every app was created with."""
        self._reachable()
        known = next(
            (each for each in self._snapshot.apps() if each.spec is not None and each.spec.launch_id == launch), None
        )
        if known is None or known.spec is None:
            return
        seen = marathon_state.observed(known.app, known.spec, self._around())
        if seen is not None and seen.state is ContainerState.LOST:
            raise LauncherUnavailableError(f"{known.spec.machine} does not answer, so what runs there goes on.")
        with _or_unavailable(), translated():
            self._endings.end(known, keep=keep)

    def containers(self) -> Sequence[Container]:
        """Return what the snapshot shows; see `Launcher.containers`. While Marathon is away, that is what was seen last."""
        self._read()
        now, changes = self._clock(), self._snapshot.changes
        if self._worked_out is not None:
            of_changes, at, containers = self._worked_out
            if of_changes == changes and abs((now - at).total_seconds()) < FRESH_SECONDS:
                return list(containers)
        around, steady = self._around(), {}
        found = []
        for known in self._snapshot.apps():
            before, container = self._steady.get(known.id, (None, None))
            if before is not known and known.spec is not None:
                container = marathon_state.observed(known.app, known.spec, around)
            if container is not None:
                found.append(container)
                if container.state is ContainerState.BOOTING:  # which changes with its app only
                    steady[known.id] = (known, container)
        self._steady = steady
        self._worked_out = (changes, now, found)
        return list(found)

    def machines(self) -> Mapping[MachineName, MachineState]:
        """Return which machines Mesos reaches, or without it where tasks are unreachable; see `Launcher.machines`."""
        apps, mesos, now = [known.app for known in self._snapshot.apps()], self._watch.mesos, self._clock()
        self._away_since = {name: self._away_since.get(name, now) for name in marathon_machines.away(apps)}
        return marathon_machines.states(
            self._machines,
            apps,
            agents=mesos.agents if mesos is not None else None,
            silent_since=self._watch.silent_since,
            away_since=self._away_since,
        )

    def settle(self) -> None:
        """Suspend what ended by itself, delete what is over, and forget the folders of what is gone."""
        now, changes = self._clock(), self._snapshot.changes
        of_changes, at = self._settled
        if not self._snapshot.read or self._watch.silent_since is not None:
            return
        if of_changes == changes and abs((now - at).total_seconds()) < FRESH_SECONDS:
            return
        self._settled = (changes, now)
        self._endings.settle(self._around())
        with self._lock:  # a launch is among the starting ones until it is among the apps
            launches = {known.spec.launch_id for known in self._snapshot.apps() if known.spec is not None}
            self._handover.forget_all_but(launches | self._starting)

    def pull(self, reference: ImageRef, machine: MachineName) -> None:
        """Create an app that fetches the image, unless it runs there; see `Launcher.pull`. Bytes are told by nobody."""
        self._reachable()
        if reference in self.machines().get(machine, MachineState()).running:
            return
        app_id = pull_id(self._cluster.group, reference, machine)
        known = next((each for each in self._snapshot.apps() if each.id == app_id), None)
        if known is not None and not marathon_state.kept(known.app):
            return
        with _or_unavailable(), translated():
            if known is not None:
                self._endings.delete(known)
            self._create(pull_definition(reference, self._cluster, machine=machine))

    def log(self, launch: LaunchId, *, lines: int) -> Log | None:
        """Return what Mesos' agent kept of it, where there is one to ask; see `Launcher.log`."""
        self._read()
        known = next((each for each in self._snapshot.apps() if each.spec and each.spec.launch_id == launch), None)
        return Log() if known is None else self._endings.log(known, launch, lines)

    def _read(self) -> None:
        """Have seen Marathon's apps at least once."""
        if not self._snapshot.read:
            with _or_unavailable(), translated():
                self._watch.look_first()

    def _reachable(self) -> None:
        """Be about to change something: nobody waits once more for a Marathon that has been silent for a while."""
        self._read()
        since = self._watch.silent_since
        if since is not None and (self._clock() - since).total_seconds() > SILENT_SECONDS:
            raise LauncherUnavailableError(f"Marathon has not answered since {since:%H:%M:%S} UTC")

    def _around(self) -> Surroundings:
        mesos = self._watch.mesos
        return Surroundings(
            now=self._clock(),
            addresses=self._addresses,
            away=mesos.away() if mesos is not None else frozenset(),
            queue=self._watch.queue,
            endings={app: text(event, "taskStatus") for app, event in self._watch.endings.items()},
            log_tails=self._endings.log_tails,
        )

    def _definition(self, spec: ContainerSpec, folder: str) -> App:
        machine = self._machines.get(spec.machine)
        if machine is None:
            raise LaunchRefusedError(f"the inventory has no machine called {spec.machine}")
        access = self._access.get(spec.machine, GpuAccess.TOOLKIT)
        try:
            return definition(spec, self._cluster, machine=machine, access=access, handover=folder)
        except ValueError as error:
            raise LaunchRefusedError(str(error)) from error

    @contextmanager
    def _folder(self, spec: ContainerSpec) -> Iterator[str]:
        """Write the launch's folder, which is not forgotten before its app is known."""
        with self._lock:
            self._starting.add(spec.launch_id)
        try:
            yield self._handover.give(spec.launch_id, spec.token)
        finally:
            with self._lock:
                self._starting.discard(spec.launch_id)

    def _create(self, app: App) -> None:
        """Create an app, and show it from now on; also where its creation is in doubt, because its GPUs may be taken."""
        try:
            self._snapshot.wrote(self._client.create(app))
        except UnansweredError:
            self._snapshot.wrote(app, unsure=True)
            raise
        finally:
            self._watch.wants(text(app, "id"))


def _in_the_way(other: Container, spec: ContainerSpec) -> bool:
    """Return whether a container of that id lives; one on a machine that does not answer may have a twin."""
    if other.launch_id == spec.launch_id:
        return True
    return other.id == spec.id and other.holds_resources and other.state is not ContainerState.LOST


@contextmanager
def _or_unavailable() -> Iterator[None]:
    """Call a refusal unavailable, where nothing is launched."""
    try:
        yield
    except LaunchRefusedError as error:
        raise LauncherUnavailableError(str(error)) from error
