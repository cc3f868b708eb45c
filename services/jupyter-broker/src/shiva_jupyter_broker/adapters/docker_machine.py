"""One machine's engine: what is there, as last seen. An engine that is away, or forgets, takes nothing with it."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import docker
from docker.errors import APIError, NotFound

from shiva_jupyter_broker.adapters import docker_facts
from shiva_jupyter_broker.adapters import labels as written
from shiva_jupyter_broker.adapters.docker_client import GARBAGE, DockerClient
from shiva_jupyter_broker.adapters.docker_engines import EngineAddress
from shiva_jupyter_broker.adapters.docker_facts import Facts
from shiva_jupyter_broker.adapters.docker_memory import Remembered
from shiva_jupyter_broker.adapters.docker_observed import ENDED, moment
from shiva_jupyter_broker.adapters.template import Site
from shiva_jupyter_broker.domain import logs
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError

log = logging.getLogger("shiva.jupyter_broker.docker")

T = TypeVar("T")
Inspected = Mapping[str, Any]
LOOK_SECONDS = 2  # for each answer of a look: it lets others wait
ACT_SECONDS = 10  # for an answer to what changes something: engines are slow under load
RETRY_SECONDS = 1.0  # how often an engine that is away is asked again
FACTS_SECONDS = 30.0
GONE_SECONDS = 3.0  # how long something must be missing until it is believed to be gone
LOG_TAIL_LINES = 20
UNKNOWN_EXIT = 255  # of what was gone when its engine came up


class DockerMachine:
    """An engine; `containers` and `records` are by the launch that they belong to."""

    def __init__(self, address: EngineAddress, site: Site, remembered: Remembered) -> None:
        """Ask nothing yet. `remembered` is what an earlier broker saw here."""
        self.address = address
        self.site = site
        self.containers: dict[str, Inspected] = {}
        self.records: dict[str, Mapping[str, Any]] = {}  # volumes, for what has no container yet
        self.unseen = {each[written.LAUNCH]: each for each in remembered.containers}  # labels; not found again yet
        self.fallen = frozenset[str]()  # ran when their engine ended, and did not survive that
        self.facts: Facts | None = None
        self.away_since: datetime | None = None
        self.looked = False  # whether it ever answered
        self._seeing = DockerClient(address, seconds=LOOK_SECONDS)
        self._acting = DockerClient(address, seconds=ACT_SECONDS)
        self._lock = threading.Lock()
        self._begun_at = self._facts_at = -1e9
        self._alive = remembered.alive
        self._rows: dict[str, tuple[Any, Inspected]] = {}  # by the engine's id: as listed, and as inspected then
        self._missing: dict[str, float] = {}  # launches that a list left out, since when
        self._ended = set[str]()  # launches whose end was our own doing
        self._tails: dict[tuple[str, str], tuple[str, ...]] = {}

    @property
    def alive(self) -> frozenset[str]:
        """Return the launches that run, or ran until their engine ended; before the first look those of an earlier broker."""
        if not self.looked:
            return self._alive
        ended = {launch for launch, found in self.containers.items() if found["State"]["Status"] in ENDED}
        return frozenset(self.containers) - (ended - self.fallen) | (self._alive & self.unseen.keys())

    def call(self, act: Callable[[docker.APIClient], T]) -> T:
        """Change something on the engine; raises as `DockerClient.call`."""
        return self._acting.call(act)

    def ended(self, launch: str) -> None:
        """Note that we removed whatever stood for a launch, so that its absence is no surprise."""
        self._ended.add(launch)

    def look(self, *, force: bool = False) -> None:
        """See what is there now. One that is away is asked only now and then, by one thread, and keeps what was last seen."""
        asked_at = time.monotonic()
        if not self._lock.acquire(blocking=force or self.away_since is None):
            return
        try:
            waits = self.away_since is not None and not force and asked_at - self._begun_at < RETRY_SECONDS
            if self._begun_at < asked_at and not waits:
                self._begun_at = time.monotonic()
                self._ask()
        finally:
            self._lock.release()

    def learn_images(self) -> None:
        """See again which images are there."""
        found = self._acting.call(docker_facts.images)
        if self.facts is not None:
            self.facts = replace(self.facts, images=found)

    def forget_layer_limit(self) -> None:
        """Note that the storage driver cannot do what it was thought to be able to."""
        if self.facts is not None:
            self.facts = replace(self.facts, layer_limit=False)

    def tail(self, launch: str) -> tuple[str, ...]:
        """Return the last lines of a container that has ended; read once."""
        found = self.containers[launch]
        key = (found["Id"], str(found["State"].get("FinishedAt")))
        if key not in self._tails and self.away_since is None:
            try:
                raw = self._seeing.call(lambda api: api.logs(found["Id"], tail=LOG_TAIL_LINES))
            except (APIError, LauncherUnavailableError):
                return ()
            self._tails[key] = logs.last(raw, LOG_TAIL_LINES).lines
        return self._tails.get(key, ())

    def log(self, launch: str, lines: int) -> logs.Log:
        """Return the last lines of what has a container, read now; raises as `DockerClient.call`."""
        found = self.containers.get(launch)
        if found is None:
            return logs.Log()
        try:
            return logs.last(self._seeing.call(lambda api: api.logs(found["Id"], tail=lines + 1)), lines)
        except NotFound:
            return logs.Log()

    def _ask(self) -> None:
        try:
            self._see()
            if self.away_since is not None or time.monotonic() - self._facts_at > FACTS_SECONDS:
                self.facts = self._seeing.call(lambda api: docker_facts.facts(api, self.site))
                self._facts_at = time.monotonic()
        except (LauncherUnavailableError, APIError, *GARBAGE) as error:
            if self.away_since is None:
                log.warning("an engine is away", extra={"machine": self.address.machine, "cause": repr(error)})
                self.away_since = datetime.now(UTC)
            return
        if self.away_since is not None:
            log.info("an engine answers again", extra={"machine": self.address.machine})
        self.away_since, self.looked = None, True

    def _see(self) -> None:
        label = {"label": f"{written.DOMAIN}={self.site.domain}"}
        # Records first: one is removed only once its container is there, so that a launch is always in one of the two.
        volumes = self._seeing.call(lambda api: api.volumes(filters=label))["Volumes"] or []
        listed = self._seeing.call(lambda api: api.containers(all=True, filters=label))
        if not isinstance(listed, list):
            raise TypeError("no list")
        ran, ended = self.alive, set(self._ended)
        marked = [each for each in volumes if written.LAUNCH in each["Labels"]]
        # A launch may have two for a moment; the one that says more, that it failed, is the later one.
        records = {
            str(each["Labels"][written.LAUNCH]): each for each in sorted(marked, key=lambda each: len(each["Labels"]))
        }
        containers = self._inspected(listed)
        there = containers.keys() | records.keys()
        left_out = (self.containers.keys() | self.records.keys() | self.unseen.keys()) - there
        self._missing = {each: since for each, since in self._missing.items() if each in left_out}
        for launch in left_out - ended - self.unseen.keys():
            self._doubt(launch, containers, records)
        self._recall(containers, records)
        self._ended -= ended - there
        self.fallen = self._fell(containers, ran)
        self.containers, self.records = containers, records
        kept = {found["Id"] for found in containers.values()}
        self._rows = {key: row for key, row in self._rows.items() if key in kept}
        self._tails = {key: tail for key, tail in self._tails.items() if key[0] in kept}

    def _inspected(self, listed: Sequence[Mapping[str, Any]]) -> dict[str, Inspected]:
        """Return each container's inspection: the last one where its row shows that nothing happened since."""
        found = {}
        for row in listed:
            if written.LAUNCH not in row["Labels"]:
                continue
            key = (row["State"], row["Status"], sorted(map(str, row["Ports"])))
            known = self._rows.get(row["Id"])
            launch = str(row["Labels"][written.LAUNCH])
            starts = row["State"] == "created" or launch in self.fallen  # no row tells that a start was refused
            inspected = self._inspect(row["Id"]) if known is None or known[0] != key or starts else known[1]
            if inspected is not None:
                self._rows[row["Id"]] = (key, inspected)
                found[launch] = inspected
        return found

    def _inspect(self, container: str) -> Inspected | None:
        try:
            found: Inspected = self._seeing.call(lambda api: api.inspect_container(container))
        except NotFound:
            return None
        return found if found["Config"]["Labels"][written.LAUNCH] and found["State"]["Status"] else None

    def _doubt(self, launch: str, containers: dict[str, Inspected], records: dict[str, Mapping[str, Any]]) -> None:
        """Keep what a list left out while it is there when asked for by name, and for some seconds after."""
        container, record = self.containers.get(launch), self.records.get(launch)
        found = container and self._inspect(container["Id"])
        recorded = container is None and record is not None and self._volume(record["Name"]) is not None
        if found is None and not recorded and self._is_gone(launch):
            return
        if container is not None:
            containers[launch] = found or container
        elif record is not None:
            records[launch] = record

    def _recall(self, containers: dict[str, Inspected], records: dict[str, Mapping[str, Any]]) -> None:
        """Ask by name for what an earlier broker saw and no list shows; not there either, it stays unseen for some seconds."""
        for launch in self.unseen.keys() - containers.keys() - records.keys():
            name = self.site.called(self.unseen[launch][written.ID])
            container, record = self._inspect(name), self._volume(name)
            if container is not None and container["Config"]["Labels"][written.LAUNCH] == launch:
                containers[launch] = container
            elif record is not None and (record["Labels"] or {}).get(written.LAUNCH) == launch:
                records[launch] = record
        found = containers.keys() | records.keys()
        self.unseen = {key: each for key, each in self.unseen.items() if key not in found and not self._is_gone(key)}

    def _is_gone(self, launch: str) -> bool:
        """Tell whether what cannot be found, not even by name, has been missing for long enough."""
        since = self._missing.setdefault(launch, time.monotonic())
        return time.monotonic() - since >= GONE_SECONDS

    def _volume(self, name: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self._seeing.call(lambda api: api.inspect_volume(name))
        except NotFound:
            return None
        return found

    def _fell(self, containers: Mapping[str, Inspected], ran: frozenset[str]) -> frozenset[str]:
        """Return what ran when it was last seen, and ended with its engine or machine, not by itself.

        An engine that comes up without a living container makes its bridge anew; so what began before its bridge did not live
        through that. With live-restore only the loss of the machine ends anything, and then nobody knows the exit status.
        """
        down = {each for each in ran & containers.keys() if _is_down(containers[each]["State"])}
        if down <= self.fallen:
            return frozenset(down)
        try:
            began = moment(self._seeing.call(lambda api: api.inspect_network("bridge"))["Created"])
        except NotFound:  # an engine may be told to have none
            return self.fallen & down
        restores = bool(self._seeing.call(lambda api: api.info()).get("LiveRestoreEnabled"))
        fell = set()
        for launch in down:
            state = containers[launch]["State"]
            started = moment(state.get("StartedAt"))
            before = began is not None and started is not None and started < began
            if before and (not restores or state["ExitCode"] == UNKNOWN_EXIT):
                fell.add(launch)
        return frozenset(fell)


def _is_down(state: Mapping[str, Any]) -> bool:
    """Tell what ended from what was never started, or cannot be started again."""
    return state["Status"] in ENDED and not state.get("Error")
