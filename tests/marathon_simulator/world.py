"""The state of the simulated cluster, and the one lock around it: Marathon changes its root one change at a time."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.marathon_simulator.agenda import Agenda
from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.engine import Engine
from tests.marathon_simulator.events import Events
from tests.marathon_simulator.instances import Instance, Instances
from tests.marathon_simulator.options import Options
from tests.marathon_simulator.root import Root
from tests.marathon_simulator.stamps import Versions, new_id


class World:
    """Shared by all parts of the simulator; read and written inside `change` only."""

    def __init__(self, options: Options, engine: Engine) -> None:
        """Begin with an empty cluster."""
        self.options, self.engine = options, engine
        self.agenda = Agenda()
        self.events = Events(options.max_outstanding_events)
        self.root = Root()
        self.instances = Instances()
        self.agents: dict[str, Agent] = {}
        self.versions = Versions()
        self.framework = f"{new_id()}-0000"
        self.settle: Callable[[str], None] = lambda _: None  # looks after deployments of an app that changed
        self.closed = False
        self._lock = threading.RLock()
        self._depth = 0
        self._dirty: dict[str, None] = {}
        self.changes: Counter[str] = Counter()  # by app id: so that what was rendered once need not be again

    @contextmanager
    def change(self) -> Iterator[None]:
        """Hold the lock; on the way out let deployments see what changed."""
        with self._lock:
            self._depth += 1
            try:
                yield
                while self._depth == 1 and self._dirty:
                    self.settle(self._dirty.popitem()[0])
            finally:
                self._depth -= 1

    def touched(self, instance: Instance) -> None:
        """Tell of an instance whose condition, goal or health changed."""
        self.dirty(instance.app_id)

    def dirty(self, app_id: str) -> None:
        """Tell of an app that changed, or its deployments: they look again."""
        self._dirty[app_id] = None
        self.changes[app_id] += 1

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call inside a change, so many seconds from now; never after the end."""

        def due() -> None:
            with self.change():
                if not self.closed:
                    call()

        self.agenda.after(seconds, due)
