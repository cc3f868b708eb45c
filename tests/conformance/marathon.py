"""The Marathon launcher over the simulator in memory, as a subject of the launcher suite. Its notebooks are a script's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shiva_jupyter_broker.adapters import handover
from shiva_jupyter_broker.adapters.marathon_launcher import MarathonLauncher
from shiva_jupyter_broker.domain.containers import ContainerId, ImageRef, LaunchId
from shiva_jupyter_broker.domain.ports import Home, Launcher

from tests.conformance.subjects import PLAIN
from tests.fakes.marathon_cluster import KEY, AnyCluster, eventually, marathon_cluster, shown, vanishes


@dataclass
class MarathonSubject:
    """A simulated cluster of two machines."""

    cluster: AnyCluster
    image: ImageRef = PLAIN
    launcher: MarathonLauncher = field(init=False)

    def __post_init__(self) -> None:
        """Begin with an empty cluster."""
        self.launcher = self.cluster.launcher()

    def reopened(self) -> Launcher:
        """Return a launcher that knows nothing but Marathon's address."""
        return self.cluster.idle()

    def home(self, owner: str) -> Home:
        """Return a path."""
        return Home(path=f"/home/{owner}", uid=20001)

    def token(self, launch: LaunchId) -> str:
        """Work it out, as the broker does."""
        return handover.token_of(KEY)(launch)

    def boot(self, container: ContainerId) -> None:
        """Wait for the endpoint, and for the end of the deployment."""

        def listens() -> bool:
            seen = shown(self.launcher, container)
            return seen is not None and seen.endpoint is not None

        eventually(listens, f"it is known where {container} listens")

    def kill(self, container: ContainerId) -> None:
        """End its task, as the kernel does when memory is out."""
        self.boot(container)
        [app_id] = [key for key, app in self.cluster.apps().items() if app["labels"]["shiva.id"] == container]
        self.cluster.simulator.end_task(app_id, 137, oom=True)

    def leave(self, container: ContainerId) -> None:
        """Settle until it is gone."""
        vanishes(self.launcher, container)


@contextmanager
def marathon_subject(folder: Path) -> Iterator[MarathonSubject]:
    """Serve a cluster for the suite."""
    with marathon_cluster(folder) as cluster:
        yield MarathonSubject(cluster)
