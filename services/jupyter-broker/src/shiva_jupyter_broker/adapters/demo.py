"""Launcher for `make demo`: the real one, plus a few simulated people who hold GPUs of simulated machines."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta

from shiva_jupyter_broker.adapters.demo_images import DemoImages
from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import (
    Container,
    ContainerSpec,
    ContainerState,
    ImageName,
    ImageRef,
    LaunchId,
    Limits,
    Machine,
    MachineName,
    MachineState,
    UserName,
)
from shiva_jupyter_broker.domain.logs import Log
from shiva_jupyter_broker.domain.ports import Clock, Launcher

# who, on the how-manieth machine, which of its GPUs, since what time of the day (UTC)
CAST = (("yuki", 0, (0,), time(9, 10)), ("ken", 1, (0, 1), time(7, 45)), ("mei", 2, (0,), time(10, 30)))


class DemoLauncher:
    """Lists simulated containers beside the real ones; they cannot be entered."""

    def __init__(
        self,
        inner: Launcher,
        machines: Sequence[Machine],
        limits: Limits,
        clock: Clock,
        images: DemoImages | None = None,
    ) -> None:
        """`machines` are those of the inventory, by name; `images` are simulated too, None: the real engine's."""
        self._images = images
        self.name = f"{inner.name} (demo)"
        self._inner = inner
        self._machines = machines
        self._limits = limits
        self._clock = clock
        self._gone = set[LaunchId]()

    def launch(self, spec: ContainerSpec) -> None:
        """Start a real one."""
        self._inner.launch(spec)
        if self._images is not None:
            self._images.started(spec.image_ref, spec.machine)

    def stop(self, launch: LaunchId, *, grace: timedelta, keep: bool = False) -> None:
        """Stop a real one; a simulated one goes until the next start."""
        self._gone.add(launch)
        self._inner.stop(launch, grace=grace, keep=keep)

    def machines(self) -> Mapping[MachineName, MachineState]:
        """Return what the real one knows, or which images are simulated to be there."""
        return self._inner.machines() if self._images is None else self._images.states()

    def settle(self) -> None:
        """Let the real one settle."""
        self._inner.settle()

    def pull(self, reference: ImageRef, machine: MachineName) -> None:
        """Let the real one fetch it, or simulate that."""
        if self._images is None:
            self._inner.pull(reference, machine)
        else:
            self._images.fetch(reference, machine)

    def log(self, launch: LaunchId, *, lines: int) -> Log | None:
        """Return a real one's; a simulated one writes nothing."""
        return self._inner.log(launch, lines=lines)

    def containers(self) -> Sequence[Container]:
        """Return the real and the simulated ones."""
        real = list(self._inner.containers())
        taken = {container.id for container in real}
        return real + [one for one in self._simulated() if one.id not in taken and one.launch_id not in self._gone]

    def _simulated(self) -> list[Container]:
        now = self._clock()
        return [
            self._one(UserName(who), self._machines[at], gpus, _latest(now, since))
            for who, at, gpus, since in CAST
            if at < len(self._machines) and max(gpus) < len(self._machines[at].gpus)
        ]

    def _one(self, who: UserName, machine: Machine, gpus: Sequence[int], since: datetime) -> Container:
        return Container(
            id=naming.container_id(who, "simulated"),
            launch_id=LaunchId(uuid.uuid5(uuid.NAMESPACE_OID, who).hex),
            owner=who,
            name="simulated",
            machine=machine.name,
            image=ImageName("shiva-jupyter"),
            image_ref=ImageRef("shiva-jupyter"),
            gpus=tuple(machine.gpus[index].uuid for index in gpus),
            limits=self._limits,
            token="",
            state=ContainerState.READY,  # nothing of it is on its way, and without an endpoint it has no route
            reason=None,
            requested_at=since,
            placed_at=since,
            started_at=since,
            endpoint=None,
        )


def _latest(now: datetime, at: time) -> datetime:
    """Return the last moment before `now` when the clock showed `at`."""
    today = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)
