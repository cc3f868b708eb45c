"""The simulated Marathon without its HTTP: all parts, wired."""

from tests.marathon_simulator.actions import Actions
from tests.marathon_simulator.agents import Agent
from tests.marathon_simulator.backoffs import Backoffs
from tests.marathon_simulator.deployments import Deployments
from tests.marathon_simulator.engine import Engine, Status
from tests.marathon_simulator.health import Health
from tests.marathon_simulator.instances import Condition, Instance
from tests.marathon_simulator.launching import Launching
from tests.marathon_simulator.options import Options
from tests.marathon_simulator.overdue import Overdue
from tests.marathon_simulator.recorder import Recorder
from tests.marathon_simulator.tasks import Tasks
from tests.marathon_simulator.unreachable import Reachability
from tests.marathon_simulator.views import Views
from tests.marathon_simulator.world import World


class Marathon:
    """Marathon and the Mesos under it."""

    def __init__(self, options: Options, engine: Engine, agents: list[Agent]) -> None:
        """Wire the parts; `open` starts them."""
        self.world = World(options, engine)
        self.recorder = Recorder()
        self.world.agents = {each.hostname: each for each in agents}
        self.backoffs = Backoffs(options.timers.second)
        self.tasks = Tasks(self.world, self.backoffs)
        self.launching = Launching(self.world, self.tasks, self.backoffs)
        self.health = Health(self.world, self.tasks)
        self.reachability = Reachability(self.world, self.tasks)
        self.deployments = Deployments(self.world, Actions(self.world, self.tasks), self.backoffs)
        self.views = Views(self.world, self.deployments)
        self.overdue = Overdue(self.world, self.tasks)
        self.tasks.wait = self.launching.wait
        self.tasks.vacant = self.launching.revive
        self.tasks.ended = self.reachability.scale_check
        self.tasks.running = self.health.watch
        self.reachability.locked = lambda app_id: bool(self.deployments.of(app_id))

    def open(self) -> None:
        """Begin."""
        self.world.agenda.start()
        self.world.engine.open(self._report)
        self.overdue.watch()

    def close(self) -> None:
        """End, with every container."""
        with self.world.change():
            self.world.closed = True
        self.world.agenda.close()
        self.health.close()
        self.world.engine.close()
        self.world.events.cut()

    def _report(self, status: Status) -> None:
        with self.world.change():
            instance = self.world.instances.task(status.task_id)
            arrives = instance is None or instance.agent is None or instance.agent.connected
            if arrives and not self.world.closed:
                self.tasks.update(status)

    def live(self, app_id: str) -> Instance:
        """Return the one instance of an app that has a task; raise LookupError without exactly one."""
        found = [each for each in self.world.instances.of(app_id) if each.condition is not Condition.SCHEDULED]
        if len(found) != 1:
            raise LookupError(f"{app_id} has {len(found)} tasks")
        return found[0]
