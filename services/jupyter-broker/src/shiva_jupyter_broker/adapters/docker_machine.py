"""One machine's engine: what is there, as last seen, and what is asked of it. An engine that is away takes nothing with it."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, NotFound

from shiva_jupyter_broker.adapters import labels as written
from shiva_jupyter_broker.adapters.docker_engines import EngineAddress
from shiva_jupyter_broker.adapters.template import Site
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError

log = logging.getLogger("shiva.jupyter_broker.docker")

T = TypeVar("T")
TIMEOUT_SECONDS = 5
RETRY_SECONDS = 2.0  # how often an engine that is away is asked again
FACTS_SECONDS = 30.0
LOG_TAIL_LINES = 20
AWAY = (requests.RequestException, urllib3.exceptions.HTTPError, DockerException, OSError)

Inspected = Mapping[str, Any]


class DockerMachine:
    """An engine. `containers` and `volumes` are as last seen, by the launch that they belong to."""

    def __init__(self, address: EngineAddress, site: Site) -> None:
        """Ask nothing yet."""
        self.address = address
        self.site = site
        self.containers: dict[str, Inspected] = {}
        self.records: dict[str, Mapping[str, str]] = {}  # labels of volumes, for what has no container yet
        self.tails: dict[str, tuple[str, ...]] = {}
        self.away_since: datetime | None = None
        self.looked = False  # whether it ever answered
        self.images: frozenset[str] | None = None
        self.warnings: tuple[str, ...] = ()
        self.layer_limit = False
        self._api: docker.APIClient | None = None
        self._lock = threading.Lock()
        self._asked_at = self._facts_at = -1e9

    def call(self, act: Callable[[docker.APIClient], T]) -> T:
        """Do something on the engine.

        Raises:
            APIError: the engine understood and said no.
            LauncherUnavailableError: it does not answer.
        """
        try:
            api = self._api = self._api or self._client()  # another thread's look may drop it meanwhile
            return act(api)
        except APIError as error:
            if error.response is not None and error.response.status_code < 500:
                raise
            if error.explanation and error.is_server_error():
                raise
            raise LauncherUnavailableError(f"the engine of {self.address.machine}") from error
        except AWAY as error:
            raise LauncherUnavailableError(f"the engine of {self.address.machine}") from error

    def look(self, *, force: bool = False) -> None:
        """See what is there; an engine that is away is asked again only now and then, and keeps what was last seen."""
        if not self._lock.acquire(blocking=force or self.away_since is None):
            return  # one thread waits for an engine that is away, not all of them
        try:
            if force or self.away_since is None or time.monotonic() - self._asked_at >= RETRY_SECONDS:
                self._ask()
        finally:
            self._lock.release()

    def _ask(self) -> None:
        self._asked_at = time.monotonic()
        try:
            self._see()
        except (LauncherUnavailableError, APIError) as error:
            if self.away_since is None:
                log.warning("an engine is away", extra={"machine": self.address.machine, "cause": repr(error)})
            self.away_since = self.away_since or datetime.now(UTC)
            if self._api is not None:
                self._api.close()
            self._api = None
            return
        self.away_since, self.looked = None, True

    def _see(self) -> None:
        label = {"label": f"{written.DOMAIN}={self.site.domain}"}
        # Records first: one is removed only once its container is there, so that a launch is always in one of the two.
        volumes = self.call(lambda api: api.volumes(filters=label))["Volumes"] or []
        listed = self.call(lambda api: api.containers(all=True, filters=label))
        seen = {}
        for each in listed:
            if (found := self._inspected(each)) is not None:
                seen[found["Config"]["Labels"][written.LAUNCH]] = found
        for launch, before in self.containers.items():  # a list that leaves something out is not believed by itself
            if launch not in seen and (found := self._inspect(before["Id"])) is not None:
                seen[launch] = found
        self.containers = seen
        self.records = {v["Labels"][written.LAUNCH]: v["Labels"] for v in volumes if written.LAUNCH in v["Labels"]}
        self.tails = {launch: tail for launch, tail in self.tails.items() if launch in seen}
        if time.monotonic() - self._facts_at > FACTS_SECONDS:
            self._learn_facts()

    def _inspected(self, listed: Mapping[str, Any]) -> Inspected | None:
        """Return the inspection of what was listed: the last one where nothing can have changed since."""
        if written.LAUNCH not in listed["Labels"]:
            return None
        before = self.containers.get(listed["Labels"][written.LAUNCH])
        same = before is not None and before["Id"] == listed["Id"] and before["State"]["Status"] == listed["State"]
        if (
            same
            and before is not None
            and listed["State"] != "created"
            and (listed["Ports"] or listed["State"] != "running")
        ):
            return before
        return self._inspect(listed["Id"])

    def _inspect(self, container: str) -> Inspected | None:
        try:
            found: Inspected = self.call(lambda api: api.inspect_container(container))
        except NotFound:
            return None
        return found if written.LAUNCH in (found["Config"]["Labels"] or {}) else None

    def tail(self, launch: str) -> tuple[str, ...]:
        """Return the last lines of a container that has ended; read once."""
        if launch not in self.tails and self.away_since is None:
            container = self.containers[launch]["Id"]
            try:
                raw = self.call(lambda api: api.logs(container, tail=LOG_TAIL_LINES))
            except (APIError, LauncherUnavailableError):
                return ()
            self.tails[launch] = tuple(raw.decode("utf-8", "replace").splitlines()[-LOG_TAIL_LINES:])
        return self.tails.get(launch, ())

    def learn_images(self) -> None:
        """See which images are there, by every name that they have."""
        listed = self.call(lambda api: api.images())
        names = [name for each in listed for kind in ("RepoTags", "RepoDigests") for name in each[kind] or []]
        self.images = frozenset([*names, *(each["Id"] for each in listed)])

    def _learn_facts(self) -> None:
        """Learn what changes seldom: images, and what protects less than it should."""
        self.learn_images()
        info = self.call(lambda api: api.info())
        backing = dict(info.get("DriverStatus") or []).get("Backing Filesystem")
        self.layer_limit = info["Driver"] == "btrfs" or (info["Driver"] == "overlay2" and backing == "xfs")
        self.warnings = tuple(self._warnings(info))
        self._facts_at = time.monotonic()

    def _warnings(self, info: Mapping[str, Any]) -> list[str]:
        base, remapped = self.site.uid_base, "name=userns" in (info.get("SecurityOptions") or [])
        found = []
        if not remapped:
            found.append("Its engine does not remap users: root inside a container is root of the machine.")
        elif not str(info["DockerRootDir"]).endswith(f"/{base}.{base}"):
            found.append(f"Its engine remaps users to another range than the broker's uid base {base}.")
        if not info.get("LiveRestoreEnabled"):
            found.append("Its engine has no live-restore: a restart of the engine ends its notebooks.")
        if not self.layer_limit:
            found.append("Its engine's storage driver cannot limit what is written outside the home.")
        if info.get("DefaultRuntime") == "nvidia":
            found.append("Its engine's default runtime is nvidia: an image may take GPUs that it was not given.")
        try:
            network = self.call(lambda api: api.inspect_network(self.site.network))
            if network["Options"].get("com.docker.network.bridge.enable_icc") != "false":
                found.append(f"On its network {self.site.network} containers reach one another.")
        except NotFound:
            found.append(f"It has no network {self.site.network}: nothing can start there.")
        return found

    def _client(self) -> docker.APIClient:
        tls = self.address.tls
        config = None
        if tls is not None:
            config = docker.tls.TLSConfig(client_cert=(tls.cert, tls.key), ca_cert=tls.ca, verify=True)
        url = self.address.url if tls is None else self.address.url.replace("tcp://", "https://", 1)
        return docker.APIClient(base_url=url, tls=config or False, timeout=TIMEOUT_SECONDS, version="auto")
