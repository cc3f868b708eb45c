"""Curves of machines and containers for many who look: each is asked for once in a step, and few at a time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from shiva_manager_api.domain.container_history import ContainerCurves, ContainerHistories
from shiva_manager_api.domain.machine_history import RANGES, MachineCurves, MachineHistories
from shiva_manager_api.domain.ports import Container, MetricsUnavailableError, RefusedError
from shiva_manager_api.once import Once, floored
from shiva_manager_api.truth import Truth


class Histories:
    """Names of machines are those of the overview, containers come from the broker; no other name reaches Prometheus."""

    def __init__(
        self, machines: MachineHistories, containers: ContainerHistories, truth: Truth, *, now: Callable[[], datetime]
    ) -> None:
        """`now` is aware."""
        self._machines, self._containers, self._truth, self._now = machines, containers, truth, now
        self._of_machines = Once[MachineCurves]()
        self._of_containers = Once[ContainerCurves]()

    def of(self, machine: str, wanted: str) -> MachineCurves:
        """Return a machine's curves over a range of RANGES.

        Raises:
            RefusedError: there is no such machine.
            MetricsUnavailableError: Prometheus gives no usable answer, or too many ask.
        """
        fresh, asked = self._known(machine), RANGES[wanted]
        until = floored(self._now(), asked.step)
        return self._of_machines.of(
            (machine, wanted), until, lambda: self._machines.read(machine, asked, until), fresh=fresh
        )

    def of_container(self, container: Container, wanted: str) -> ContainerCurves:
        """Return a container's curves over a range of RANGES; raises as `of`, but for the name."""
        overview, asked = self._truth.shown().overview, RANGES[wanted]
        until = floored(self._now(), asked.step)
        known = {gpu.reading.uuid: gpu.reading.index for view in overview.machines for gpu in view.gpus}
        gpus, cpus = tuple(map(str, container["gpus"])), float(container["limits"]["cpus"])

        def ask() -> ContainerCurves:
            return self._containers.read(container["id"], gpus, cpus, asked, until)

        question = container["id"], gpus, cpus, wanted
        told = self._of_containers.of(question, until, ask, fresh=overview.metrics.fresh)
        numbered = [replace(gpu, index=known.get(gpu.uuid) if gpu.index is None else gpu.index) for gpu in told.gpus]
        return replace(told, gpus=numbered)

    def _known(self, machine: str) -> bool:
        """Return whether Prometheus answers."""
        overview = self._truth.shown().overview
        if all(view.reading.name != machine for view in overview.machines):
            if overview.metrics.value is None and overview.broker.value is None:
                raise MetricsUnavailableError("nobody knows any machine")
            raise RefusedError("machine-not-found", machine=machine)
        return overview.metrics.fresh
