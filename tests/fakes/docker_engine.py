"""What an engine of `docker_api` does with requests: containers, volumes and images in memory."""

import itertools
import json
import re
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

NEVER = "0001-01-01T00:00:00Z"
PINNED = "127.0.0.1:5000/fake@sha256:" + "d" * 64


class Refused(Exception):
    """The engine says no."""

    def __init__(self, status: int, message: str) -> None:
        """Say it with an HTTP status."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back."""

    status: int = 200
    body: Any = None
    raw: bytes | None = None
    lines: list[dict[str, Any]] | None = None  # sent as they come, each a chunk

    @property
    def data(self) -> bytes:
        """Return the bytes."""
        if self.raw is not None:
            return self.raw
        return b"" if self.status == 204 else json.dumps(self.body).encode()


def now() -> str:
    """Return this moment as engines spell it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}123Z"


@dataclass
class FakeEngine:
    """An engine; tests read and change what it holds."""

    containers: dict[str, dict[str, Any]] = field(default_factory=dict)  # as inspected, by name
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)  # of the create calls, by name
    volumes: dict[str, dict[str, Any]] = field(default_factory=dict)
    images: set[str] = field(default_factory=lambda: {"shiva-jupyter", "sha256:" + "1" * 64})
    pulls: dict[str, list[dict[str, Any]]] = field(
        default_factory=dict
    )  # what a registry's pull says; then it is there
    auths: list[str | None] = field(default_factory=list)
    start_errors: list[str] = field(default_factory=list)  # of the next starts
    create_errors: list[str] = field(default_factory=list)
    starts: int = 0
    networks: dict[str, dict[str, Any]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    forgetful: bool = False  # its lists are empty, whatever there is

    def __post_init__(self) -> None:
        """Be an engine as it should be."""
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self.networks = {
            "bridge": {"Created": now()},
            "shiva": {"Options": {"com.docker.network.bridge.enable_icc": "false"}},
        }
        self.facts = {
            "Driver": "btrfs", "DriverStatus": [], "SecurityOptions": ["name=seccomp", "name=userns"],
            "DockerRootDir": "/var/lib/docker/100000.100000", "LiveRestoreEnabled": True, "DefaultRuntime": "runc",
            "MemoryLimit": True, "SwapLimit": True, "PidsLimit": True, "CpuCfsQuota": True,
        }  # fmt: skip
        self._routes: list[tuple[str, str, Callable[..., Answer]]] = [
            ("GET", r"/version", lambda: Answer(body={"ApiVersion": "1.41"})),
            ("GET", r"/info", lambda: Answer(body=self.facts)),
            ("GET", r"/networks/(.+)", self._network),
            ("GET", r"/images/json", self._list_images),
            ("GET", r"/images/(.+)/json", self._image),
            ("POST", r"/images/create", self._pull),
            ("GET", r"/volumes", self._list_volumes),
            ("POST", r"/volumes/create", self._create_volume),
            ("DELETE", r"/volumes/(.+)", self._remove_volume),
            ("GET", r"/volumes/(.+)", lambda name: Answer(body=_found(self.volumes, name))),
            ("GET", r"/containers/json", self._list),
            ("POST", r"/containers/create", self._create),
            ("GET", r"/containers/(.+)/json", lambda name: Answer(body=self.one(name))),
            ("GET", r"/containers/(.+)/logs", self._logs),
            ("POST", r"/containers/(.+)/start", self._start),
            ("POST", r"/containers/(.+)/stop", self._stop),
            ("DELETE", r"/containers/(.+)", self._remove),
        ]

    def handle(
        self, method: str, path: str, query: Mapping[str, str], body: dict[str, Any], *, auth: str | None
    ) -> Answer:
        """Answer one request; one at a time, as far as anybody can tell.

        Raises:
            Refused: no.
        """
        with self._lock:
            self._query, self._body, self._auth = query, body, auth
            for wanted, pattern, act in self._routes:
                if wanted == method and (found := re.fullmatch(pattern, path)):
                    return act(*found.groups())
        raise Refused(404, "page not found")

    def one(self, name: str) -> dict[str, Any]:
        """Return a container by name or id."""
        for known, each in self.containers.items():
            if name in {known, each["Id"]}:
                return each
        raise Refused(404, f"No such container: {name}")

    def end(self, name: str, **state: Any) -> None:
        """Let a container end, as it is told: ExitCode, OOMKilled, …"""
        each = self.one(name)
        each["State"] |= {"Status": "exited", "ExitCode": 0, "FinishedAt": now()} | state
        each["NetworkSettings"] = {"Ports": {}}

    def restart(self, *, exit_code: int | None = None) -> None:
        """Come up again; what still ran has ended meanwhile with that status, or lives on."""
        for name, each in self.containers.items():
            if each["State"]["Status"] == "running" and exit_code is not None:
                self.end(name, ExitCode=exit_code)
        if not any(each["State"]["Status"] == "running" for each in self.containers.values()):
            self.networks["bridge"] = {
                "Created": f"{datetime.now(UTC) + timedelta(milliseconds=5):%Y-%m-%dT%H:%M:%S.%f}Z"
            }

    # ---- containers ----

    def _create(self) -> Answer:
        name = self._query["name"]
        if name in self.containers:
            raise Refused(409, f'Conflict. The container name "/{name}" is already in use by container "…".')
        if self._body["Image"] not in self.images:
            raise Refused(404, f"No such image: {self._body['Image']}")
        if self.create_errors:
            raise Refused(400, self.create_errors.pop(0))
        self.bodies[name] = self._body
        number = f"{next(self._numbers):064x}"
        self.containers[name] = {
            "Id": number, "Name": f"/{name}", "Config": {"Labels": self._body["Labels"], "Tty": False},
            "State": {"Status": "created", "Error": "", "ExitCode": 0, "OOMKilled": False, "StartedAt": NEVER, "FinishedAt": NEVER},
            "NetworkSettings": {"Ports": {}},
        }  # fmt: skip
        return Answer(status=201, body={"Id": number, "Warnings": []})

    def _start(self, name: str) -> Answer:
        each = self.one(name)
        if each["State"]["Status"] == "running":
            return Answer(status=304)
        self.starts += 1
        if self.start_errors:
            each["State"] |= {"Error": self.start_errors[0], "ExitCode": 128}
            raise Refused(500, self.start_errors.pop(0))
        each["State"] |= {"Status": "running", "Error": "", "ExitCode": 0, "StartedAt": now()}
        each["NetworkSettings"] = {
            "Ports": {"8888/tcp": [{"HostIp": "10.0.0.2", "HostPort": str(30999 + self.starts)}]}
        }
        return Answer(status=204)

    def _stop(self, name: str) -> Answer:
        if self.one(name)["State"]["Status"] == "running":
            self.end(name, ExitCode=143)
        return Answer(status=204)

    def _remove(self, name: str) -> Answer:
        found = self.one(name)["Name"].lstrip("/")
        del self.containers[found]
        return Answer(status=204)

    def _list(self) -> Answer:
        rows = [
            {
                "Id": each["Id"], "Names": [each["Name"]], "Labels": each["Config"]["Labels"], "State": each["State"]["Status"],
                "Status": each["State"]["Status"].title(), "Ports": list(each["NetworkSettings"]["Ports"].values()),
            }
            for each in self._labelled(self.containers.values(), lambda each: each["Config"]["Labels"])
        ]  # fmt: skip
        return Answer(body=rows)

    def _logs(self, name: str) -> Answer:
        self.one(name)
        lines = [f"line {number}\n".encode() for number in range(1, 41)][-int(self._query["tail"]) :]
        return Answer(raw=b"".join(struct.pack(">BxxxL", 1, len(line)) + line for line in lines))

    def _labelled(self, found: Iterable[Any], labels: Callable[[Any], Mapping[str, str]]) -> list[Any]:
        wanted = json.loads(self._query["filters"])["label"]
        pairs = [each.split("=", 1) for each in wanted]
        return [] if self.forgetful else [e for e in found if all(labels(e).get(k) == v for k, v in pairs)]

    # ---- the rest ----

    def _network(self, name: str) -> Answer:
        return Answer(body=_found(self.networks, name))

    def _list_images(self) -> Answer:
        tags = sorted(each for each in self.images if not each.startswith("sha256:"))
        tags = [each if ":" in each.rpartition("/")[2] else f"{each}:latest" for each in tags]
        return Answer(body=[{"Id": "sha256:" + "1" * 64, "RepoTags": tags, "RepoDigests": None}])

    def _image(self, name: str) -> Answer:
        if name not in self.images:
            raise Refused(404, f"No such image: {name}")
        return Answer(body={"Id": "sha256:" + "1" * 64})

    def _pull(self) -> Answer:
        self.auths.append(self._auth)
        repository, tag = self._query["fromImage"], self._query["tag"]
        reference = f"{repository}@{tag}" if ":" in tag else f"{repository}:{tag}"
        if reference not in self.pulls:
            raise Refused(404, f"manifest for {reference} not found: manifest unknown: manifest unknown")
        said = self.pulls[reference]
        if not any("error" in line for line in said):
            self.images.add(reference)
        return Answer(lines=said)

    def _list_volumes(self) -> Answer:
        return Answer(
            body={"Volumes": self._labelled(self.volumes.values(), lambda each: each["Labels"]), "Warnings": None}
        )

    def _create_volume(self) -> Answer:
        name = self._body["Name"]
        self.volumes.setdefault(name, {"Name": name, "Labels": self._body["Labels"], "Driver": "local"})
        return Answer(status=201, body=self.volumes[name])

    def _remove_volume(self, name: str) -> Answer:
        _found(self.volumes, name)
        del self.volumes[name]
        return Answer(status=204)


def _found(known: Mapping[str, Any], name: str) -> Any:
    if name not in known:
        raise Refused(404, f"{name} not found")
    return known[name]
