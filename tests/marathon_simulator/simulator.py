"""The simulator as tests use it: agents, an engine, one or two Marathon addresses, and every fault by a method."""

import json
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.core import Marathon
from tests.marathon_simulator.engine import Engine
from tests.marathon_simulator.events import Event
from tests.marathon_simulator.faults import Fault, Faults, Proceed
from tests.marathon_simulator.memory_engine import MemoryEngine
from tests.marathon_simulator.options import Options
from tests.marathon_simulator.recorder import Recorder
from tests.marathon_simulator.rules.policy import App
from tests.marathon_simulator.web.messages import Answer, Request
from tests.marathon_simulator.web.node import Node


class MarathonSimulator:
    """A cluster. `with MarathonSimulator([Agent(hostname="gpu-01")]) as marathon: … marathon.url …`."""

    def __init__(self, agents: Sequence[Agent], engine: Engine | None = None, options: Options | None = None) -> None:
        """Build it; without an engine, tasks run in memory only."""
        self.options = options or Options()
        self.engine: Engine = engine or MemoryEngine()
        self.marathon = Marathon(self.options, self.engine, list(agents))
        self.faults = Faults()
        self._nodes = [
            Node(self.marathon, self.faults, self._leader, self._abdicate) for _ in range(self.options.nodes)
        ]
        self._leading: Node | None = self._nodes[0]

    def __enter__(self) -> Self:
        """Begin to listen."""
        self.marathon.open()
        for node in self._nodes:
            node.listener.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, with every container."""
        self.marathon.close()
        for node in self._nodes:
            node.listener.close()

    @property
    def urls(self) -> list[str]:
        """Return the base URL of every node; the first one leads at first."""
        return [node.listener.url for node in self._nodes]

    @property
    def url(self) -> str:
        """Return the first node's base URL."""
        return self.urls[0]

    @property
    def recorder(self) -> Recorder:
        """Return everything that clients sent."""
        return self.marathon.recorder

    def preload(self, definitions: Iterable[App]) -> None:
        """Create apps without HTTP, for scale; raise ValueError for one that is refused."""
        for each in definitions:
            answer = self._nodes[0].answer(Request(method="POST", target="/v2/apps", body=json.dumps(each).encode()))
            if answer.status != 201:
                raise ValueError(answer.body.decode())

    def events(self, kind: str = "") -> list[Event]:
        """Return the events so far, of one kind or all."""
        return [each for each in list(self.marathon.world.events.history) if kind in ("", each["eventType"])]

    def agent(self, hostname: str) -> Agent:
        """Return an agent."""
        return self.marathon.world.agents[hostname]

    def add_agent(self, agent: Agent) -> None:
        """Let a machine join."""
        with self.marathon.world.change():
            self.marathon.world.agents[agent.hostname] = agent
            self.marathon.launching.revive()

    def hold_offers(self) -> None:
        """Let no offers reach Marathon: everything new waits, with no offer processed."""
        with self.marathon.world.change():
            self.marathon.launching.paused = True

    def release_offers(self) -> None:
        """Let offers come again."""
        with self.marathon.world.change():
            self.marathon.launching.paused = False
            self.marathon.launching.revive()

    def set_attribute(self, hostname: str, name: str, value: str | float | None) -> None:
        """Change an agent's attribute; None removes it. What runs there is not touched."""
        with self.marathon.world.change():
            attributes = self.agent(hostname).attributes
            attributes.pop(name, None)
            if value is not None:
                attributes[name] = value
            self.marathon.launching.revive()

    def lose_agent(self, hostname: str) -> None:
        """Cut an agent off: after the master's pings its tasks are TASK_UNREACHABLE. Its containers run on."""
        with self.marathon.world.change():
            self.marathon.reachability.lose(self.agent(hostname))

    def return_agent(self, hostname: str) -> None:
        """Let a lost agent register again, with whatever runs there by now."""
        with self.marathon.world.change():
            self.marathon.reachability.regain(self.agent(hostname))

    def remove_agent(self, hostname: str) -> None:
        """Mark an agent gone for good: TASK_GONE_BY_OPERATOR."""
        with self.marathon.world.change():
            self.marathon.reachability.remove(self.agent(hostname))

    def end_task(self, app_id: str, code: int, *, oom: bool = False) -> None:
        """Let an app's only container end by itself, with an exit code or by the kernel's OOM killer."""
        with self.marathon.world.change():
            task_id = self.marathon.live(app_id).task_id
        self.engine.strike(task_id, code, oom=oom)

    def scale_check(self) -> None:
        """Run Marathon's periodic scale check, every five minutes otherwise, now."""
        with self.marathon.world.change():
            for app_id in list(self.marathon.world.root.apps):
                self.marathon.reachability.scale_check(app_id)

    def cut_events(self) -> None:
        """Close every event stream."""
        self.marathon.world.events.cut()

    def _leader(self) -> Node | None:
        return self._leading

    def fall(self) -> None:
        """End the leading process: its connections break, its address refuses, nobody leads. Containers run on."""
        fallen, self._leading = self._leading, None
        self.marathon.world.events.cut()
        if fallen is not None:
            fallen.listener.down()

    def elect(self, index: int | None = None) -> None:
        """Let a node lead, the next one unless an index is given; fallen processes come back as standbys."""
        nodes = self._nodes
        for node in nodes:
            node.listener.up()
        self._leading = nodes[(self._last + 1) % len(nodes) if index is None else index]
        self._last = nodes.index(self._leading)
        with self.marathon.world.change():
            self.marathon.launching.restart_count()
            for agent in list(self.marathon.world.agents.values()):
                if agent.connected:
                    self.marathon.reachability.reconcile(agent)

    _last = 0

    def change_leader(self) -> None:
        """Let the leader fall and the next node lead, at once."""
        self.fall()
        self.elect()

    def _abdicate(self) -> None:
        self.marathon.world.agenda.after(0.5, self.change_leader)

    def falling_leader(self, *, stored: bool, then: Callable[[], None] | None = None) -> Fault:
        """Return a fault: the leader falls in the middle of the request, its change stored or not; then `then`, or an election."""

        def fault(proceed: Proceed) -> Answer:
            if stored:
                proceed()
            self.fall()
            (then or self.elect)()
            return Answer(cut=0)

        return fault
