"""The launch queue: instances that wait, the rounds of offers, and the reasons why nothing fits."""

import time
from collections.abc import Iterator
from typing import Any

from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.backoffs import Backoffs
from tests.marathon_simulator.docker_run import host_ports_wanted
from tests.marathon_simulator.instances import LAUNCHED, Condition, Goal, Instance
from tests.marathon_simulator.matching import offers, pinned, reasons
from tests.marathon_simulator.queue_items import Item
from tests.marathon_simulator.rules.policy import App
from tests.marathon_simulator.tasks import Tasks
from tests.marathon_simulator.world import World


class Launching:
    """Matches waiting instances with agents, in rounds no closer than the revive interval."""

    def __init__(self, world: World, tasks: Tasks, backoffs: Backoffs) -> None:
        """Begin with nobody waiting."""
        self._world, self._tasks, self._backoffs = world, tasks, backoffs
        self._items: dict[str, Item] = {}
        self._last = float("-inf")
        self._planned = False
        self.paused = False  # a test holds all offers back

    def revive(self) -> None:
        """Ask for offers: now, or when the revive interval allows."""
        if not self._planned:
            self._planned = True
            wait = self._last + self._world.options.timers.revive - time.monotonic()
            self._world.later(max(0.0, wait), self._round)

    def wait(self, app_id: str) -> None:
        """Let an app wait for offers from now on."""
        self._items.setdefault(app_id, Item())
        self.revive()

    def restart_count(self) -> None:
        """Forget what was seen, as a new leader does; what waits goes on waiting."""
        self._items = {app_id: Item() for app_id in self._items}
        self._backoffs.clear()
        self.revive()

    def _round(self) -> None:
        self._planned = False
        if self.paused:
            return
        self._last = time.monotonic()
        left = [app_id for app_id in list(self._items) if self._serve(app_id)]
        if left:
            self._world.later(self._world.options.timers.decline, self.revive)

    def _serve(self, app_id: str) -> bool:
        waiting = self.scheduled(app_id)
        if not waiting:
            self._items.pop(app_id, None)
            return False
        delay = self._backoffs.left(app_id)
        if delay:
            self._world.later(delay, self.revive)
            return False
        launched = [instance for instance in waiting if self._place(instance)]
        if len(launched) == len(waiting):
            self._items.pop(app_id, None)
        return len(launched) < len(waiting)

    def scheduled(self, app_id: str) -> list[Instance]:
        """Return the instances of an app that wait for an offer."""
        return [
            each
            for each in self._world.instances.of(app_id)
            if each.condition is Condition.SCHEDULED and each.goal is Goal.RUNNING
        ]

    def _place(self, instance: Instance) -> bool:
        app, item = instance.app, self._items[instance.app_id]
        placed = [
            each.agent for each in self._world.instances.of(app["id"]) if each.condition in LAUNCHED and each.agent
        ]
        for agent in self._candidates(app):
            why = reasons(app, agent, placed, restricted=self._restricted(app))
            ports = None if why else agent.pick_ports(host_ports_wanted(app))
            item.saw(agent, why if why or ports is not None else ["InsufficientPorts"])
            if ports is not None:
                self._tasks.launch(instance, agent, ports)
                return True
        return False

    def _candidates(self, app: App) -> Iterator[Agent]:
        gpus = "gpu_resources" in self._world.options.policy.features
        first = self._world.agents.get(pinned(app) or "")
        if first is not None and offers(first, gpu_resources=gpus):
            yield first
        for agent in self._world.agents.values():
            if agent is not first and offers(agent, gpu_resources=gpus):
                yield agent

    def _restricted(self, app: App) -> bool:
        behaviour = app["labels"].get("GPU_SCHEDULING_BEHAVIOR", self._world.options.gpu_scheduling)
        return "gpu_resources" in self._world.options.policy.features and behaviour == "restricted"

    def delay_reset(self, app_id: str) -> bool:
        """Forget an app's delay; False when it does not wait."""
        if app_id not in self._items:
            return False
        self._backoffs.reset(app_id)
        self.revive()
        return True

    def queue(self, *, offers_too: bool) -> list[dict[str, Any]]:
        """Return the launch queue as /v2/queue shows it."""
        return [
            self._shown(app_id, item, scheduled, offers_too=offers_too)
            for app_id, item in self._items.items()
            if (scheduled := self.scheduled(app_id))
        ]

    def _shown(self, app_id: str, item: Item, scheduled: list[Instance], *, offers_too: bool) -> dict[str, Any]:
        left = self._backoffs.left(app_id)
        shown = {
            "count": len(scheduled), "role": scheduled[0].app["role"], "since": item.since, "app": scheduled[0].app,
            "delay": {"timeLeftSeconds": int(left), "overdue": left == 0}, "processedOffersSummary": item.summary(),
        }  # fmt: skip
        return shown | ({"lastUnusedOffers": list(item.offers.values())} if offers_too else {})
