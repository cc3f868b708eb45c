"""ContainerBroker over HTTP: a tolerant reader, and the broker's problems passed on."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import orjson
import requests
from shiva_common import logs

from shiva_manager_api.adapters import broker_images
from shiva_manager_api.adapters.bounded_http import BoundedHttp
from shiva_manager_api.adapters.container_list import ContainerList
from shiva_manager_api.adapters.patience import ImpatientError, Patience
from shiva_manager_api.domain.attendance import Jupyter
from shiva_manager_api.domain.images import Image
from shiva_manager_api.domain.machines import DeclaredGpu, DeclaredMachine, Tenant
from shiva_manager_api.domain.ports import (
    BrokerRefusedError,
    BrokerUnavailableError,
    Container,
    Explanation,
    Log,
    StartUnansweredError,
    Wish,
)
from shiva_manager_api.domain.signals import jupyter

T = TypeVar("T")

CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0
MOST_BYTES = 64 * 2**20  # of an answer; five thousand containers have 5 MB
LAUNCH_SECONDS = 15.0
LAUNCH = ("POST", "/v1/containers")
LOG_SECONDS = 6.0  # the broker asks an engine meanwhile
PULL_SECONDS = 15.0  # each engine is asked what it has
IMAGES_SECONDS = 6.0  # a registry is asked
ACTIVITY_SECONDS = 10.0  # the broker asks Jupyter meanwhile

# Every member that we use; a container without them is no container.
MEMBERS = (
    "id", "owner", "name", "machine", "image", "gpus", "state", "reason", "url", "requested_at", "started_at",
    "ready_at", "last_access_at", "phases", "time_to_notebook_seconds", "limits", "launch_id", "history",
)  # fmt: skip

OURS = ("owner", "avoid_gpus", "exclude_gpus")  # of a wish at the broker; not people's to say


class BrokerHttp:
    """Speaks the broker's `openapi.yaml`."""

    def __init__(
        self, url: str, token: str, *, patience: Patience | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`url` without a path; `token` is the manager's own; without `patience` each call waits its time."""
        self._url = url.rstrip("/")
        # A new connection each time: one that the broker closes meanwhile would leave a start unanswered.
        self._http = BoundedHttp(headers={"Authorization": f"Bearer {token}", "Connection": "close"})
        self._patience = patience
        self._inventory: tuple[bytes, list[DeclaredMachine]] = b"", []
        self._list = ContainerList(self._listed, _tenant, clock=clock)

    def machines(self) -> Sequence[DeclaredMachine]:
        """Return the inventory with its leases."""
        _, told = self._ask("GET", "/v1/machines")
        if told != self._inventory[0]:
            self._inventory = told, _read(lambda: [_machine(raw) for raw in _json(told)["machines"]])
        return self._inventory[1]

    def tenants(self) -> Sequence[Tenant]:
        """Return every container, as everybody may see it, asked now."""
        return _read(lambda: self._list.read(anew=True)[1])

    def containers(self) -> Sequence[Container]:
        """Return every container whole, asked a moment ago, and after the caller's last change."""
        return _read(lambda: self._list.read()[0])

    def _changed(self) -> None:
        with suppress(BrokerUnavailableError, BrokerRefusedError, KeyError, TypeError, ValueError):
            self._list.changed()

    def _listed(self) -> Sequence[Container]:
        _, body = self._call("GET", "/v1/containers")
        return [_container(raw) for raw in body["containers"]]

    def container(self, container_id: str) -> Container:
        """Return one."""
        _, body = self._call("GET", f"/v1/containers/{quote(container_id, safe='')}")
        return _read(lambda: _container(body))

    def log(self, container_id: str, lines: int) -> Log:
        """Return the last lines that one wrote, read now."""
        path = f"/v1/containers/{quote(container_id, safe='')}/log?lines={lines}"
        _, body = self._call("GET", path, read_seconds=LOG_SECONDS)
        return _read(lambda: _log(body))

    def launch(
        self, owner: str, wish: Wish, avoid_gpus: Sequence[str] = (), exclude_gpus: Sequence[str] = ()
    ) -> tuple[Container, bool]:
        """Return the container and whether it was started now."""
        asked = _asked(owner, wish, avoid_gpus, exclude_gpus)
        status, body = self._call("POST", "/v1/containers", json=asked, read_seconds=LAUNCH_SECONDS)
        self._changed()
        return _read(lambda: _container(body)), status == requests.codes.created

    def explain(
        self, owner: str, wish: Wish, avoid_gpus: Sequence[str] = (), exclude_gpus: Sequence[str] = ()
    ) -> Explanation:
        """Return whether such a launch would succeed now, and why not; offers that people can ask for, as they ask."""
        _, body = self._call("POST", "/v1/explain", json=_asked(owner, wish, avoid_gpus, exclude_gpus))
        return _read(lambda: _explanation(body))

    def stop(self, container_id: str, launch_id: str | None = None) -> None:
        """Ask for its end, or with `launch_id` for that launch's alone."""
        only = "" if launch_id is None else f"?launch_id={quote(launch_id, safe='')}"
        self._call("DELETE", f"/v1/containers/{quote(container_id, safe='')}{only}")
        self._changed()

    def drain(self, machine: str, why: str | None) -> None:
        """Keep new containers off a machine, or (None) open it."""
        self._call("PUT", f"/v1/machines/{quote(machine, safe='')}/drained", json={"why": why})

    def disable(self, gpu: str, why: str | None) -> None:
        """Keep new containers off a GPU, or (None) give it back."""
        self._call("PUT", f"/v1/gpus/{quote(gpu, safe='')}/disabled", json={"why": why})

    def activity(self, container_id: str) -> Jupyter:
        """Return what the container's Jupyter tells now."""
        _, body = self._call(
            "GET", f"/v1/containers/{quote(container_id, safe='')}/activity", read_seconds=ACTIVITY_SECONDS
        )
        return _read(lambda: jupyter(body))

    def images(self) -> Sequence[Image]:
        """Return the catalogue, and where each image is."""
        _, body = self._call("GET", "/v1/images", read_seconds=IMAGES_SECONDS)
        return _read(lambda: [broker_images.image(raw) for raw in body["images"]])

    def pull(self, image: str, machines: Sequence[str] | None) -> None:
        """Have it fetched to these machines, or (None) to all that answer."""
        asked = {"machines": None if machines is None else list(machines)}
        self._call("POST", f"/v1/images/{quote(image, safe='')}/pull", json=asked, read_seconds=PULL_SECONDS)

    def _call(
        self, method: str, path: str, *, json: object = None, read_seconds: float = READ_SECONDS
    ) -> tuple[int, Any]:
        status, told = self._ask(method, path, json=json, read_seconds=read_seconds)
        return status, _read(lambda: _json(told), _unanswered(method, path))

    def _ask(
        self, method: str, path: str, *, json: object = None, read_seconds: float = READ_SECONDS
    ) -> tuple[int, bytes]:
        current = logs.request_id.get()
        headers = {"X-Request-Id": current} if current else {}
        try:
            with self._waiting(read_seconds):
                status, told = self._http.ask(
                    method, self._url + path, connect_seconds=CONNECT_SECONDS, seconds=read_seconds, most_bytes=MOST_BYTES,
                    headers=headers, json=json,
                )  # fmt: skip
        except ImpatientError as error:
            raise BrokerUnavailableError(f"{method} {path}: {error}") from error
        except (requests.RequestException, TimeoutError) as error:
            raise _unanswered(method, path)(f"{method} {path}: {error!r}") from error
        if status < requests.codes.bad_request:
            return status, told
        raise _refusal(status, _read(lambda: _json(told), _unanswered(method, path)))

    @contextmanager
    def _waiting(self, seconds: float) -> Iterator[None]:
        if self._patience is None:
            yield
            return
        with self._patience.waiting(seconds):
            try:
                yield
            except requests.Timeout as error:
                raise TimeoutError(str(error)) from error


def _refusal(status: int, body: Any) -> BrokerRefusedError | BrokerUnavailableError:
    """Return the broker's problem as ours; its 401 and 403 are our own misconfiguration, which people cannot mend."""
    usable = isinstance(body, dict) and all(isinstance(body.get(key), str) for key in ("code", "title", "detail"))
    if not usable or status in {401, 403} or (status >= 500 and status != 503):
        return BrokerUnavailableError(f"the broker answered {status}")
    parameters = body.get("parameters")
    known = parameters if isinstance(parameters, dict) else {}
    return BrokerRefusedError(status, body["code"], body["title"], body["detail"], known)


def _unanswered(method: str, path: str) -> type[BrokerUnavailableError]:
    return StartUnansweredError if (method, path) == LAUNCH else BrokerUnavailableError


def _json(told: bytes) -> Any:
    return orjson.loads(told) if told else None


def _read(reader: Callable[[], T], unreadable: type[BrokerUnavailableError] = BrokerUnavailableError) -> T:
    try:
        return reader()
    except (KeyError, TypeError, ValueError) as error:
        raise unreadable(f"the broker's answer cannot be read: {error!r}") from error


def _log(raw: Any) -> Log:
    lines = raw["lines"]
    told = {key: raw[key] for key in ("container_id", "taken_at", "truncated")}
    return told | {"lines": None if lines is None else [str(line) for line in lines]}


def _container(raw: Any) -> Container:
    return {member: raw[member] for member in MEMBERS}


WISH = {
    "name": "default",
    "image": None,
    "machine": None,
    "gpus": 0,
}  # what people ask for, and what it is where left out


def _asked(owner: str, wish: Wish, avoid_gpus: Sequence[str], exclude_gpus: Sequence[str]) -> dict[str, object]:
    own = {key: getattr(wish, key) for key in WISH}
    return {"owner": owner, **own, "avoid_gpus": list(avoid_gpus), "exclude_gpus": list(exclude_gpus)}


def _explanation(raw: Any) -> Explanation:
    told = {key: raw[key] for key in ("fits", "machine", "everywhere")}
    told["image"] = str(raw["image"])
    told["machines"] = [each | {"image": broker_images.presence(each["image"])} for each in raw["machines"]]
    return told | {"offers": [offer for each in raw["offers"] for offer in _offer(each)]}


def _offer(raw: Any) -> Iterator[dict[str, object]]:
    """Yield an offer as people would ask for it; none where it changes what they cannot."""
    beyond = [key for key, value in raw["wish"].items() if key not in WISH and key not in OURS and value]
    if not beyond:
        wish = {key: raw["wish"].get(key, default) for key, default in WISH.items()}
        yield {"text": raw["text"], "machine": raw["machine"], "wish": wish}


def _tenant(raw: Container) -> Tenant:
    since = raw["started_at"]
    return Tenant(
        id=str(raw["id"]),
        owner=str(raw["owner"]),
        name=str(raw["name"]),
        machine=str(raw["machine"]),
        state=str(raw["state"]),
        since=None if since is None else datetime.fromisoformat(since),
        gpus=len(raw["gpus"]),
        launch_id=raw["launch_id"],
    )


def _closed(raw: Any) -> str | None:
    if raw["drained"] is not None:
        return str(raw["drained"])
    if raw["reachable"]:
        return None
    since = raw["unreachable_since"]
    told = "" if since is None else f" since {datetime.fromisoformat(since).astimezone(UTC):%H:%M} UTC"
    return f"Its engine has not answered{told}. What runs there goes on."


def _machine(raw: Any) -> DeclaredMachine:
    return DeclaredMachine(
        name=str(raw["name"]),
        cpus=int(raw["cpus"]),
        memory_bytes=int(raw["memory_bytes"]),
        fits_default=bool(raw["fits_default"]),
        closed=_closed(raw),
        gpus=tuple(
            DeclaredGpu(
                uuid=str(gpu["uuid"]),
                index=int(gpu["index"]),
                model=str(gpu["model"]),
                container_id=gpu["container_id"],
                disabled=gpu["disabled"],
            )
            for gpu in raw["gpus"]
        ),
    )
