"""Images on their way to machines, with bytes."""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.utils import parse_repository_tag

from shiva_jupyter_broker.adapters import docker_credentials
from shiva_jupyter_broker.adapters.docker_credentials import Credentials
from shiva_jupyter_broker.adapters.docker_machine import DockerMachine
from shiva_jupyter_broker.adapters.docker_sentences import no_image
from shiva_jupyter_broker.domain.containers import ImageRef, Pull
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError

log = logging.getLogger("shiva.jupyter_broker.docker_pulls")

Key = tuple[str, ImageRef]


class Progress:
    """The bytes of the layers that are new here; what an engine says of a layer is never less than it said before."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._layers: dict[str, tuple[int, int]] = {}

    def hear(self, line: Mapping[str, Any]) -> Pull:
        """Take in one line of the engine's stream."""
        detail, layer = line.get("progressDetail") or {}, str(line.get("id"))
        if line.get("status") == "Downloading" and detail.get("total"):
            self._layers[layer] = (int(detail["current"]), int(detail["total"]))
        elif line.get("status") == "Download complete" and layer in self._layers:
            self._layers[layer] = (self._layers[layer][1],) * 2
        done, total = (sum(each[i] for each in self._layers.values()) for i in (0, 1))
        return Pull(done_bytes=done, total_bytes=total) if total else Pull(done_bytes=None, total_bytes=None)


class Pulls:
    """At most one pull of an image on a machine at a time."""

    def __init__(self, credentials: Credentials) -> None:
        """Nothing is on its way."""
        self._credentials = credentials
        self._lock = threading.Lock()
        self._known: dict[Key, Pull] = {}
        self._running = set[Key]()

    def of(self, machine: DockerMachine) -> dict[ImageRef, Pull]:
        """Return what is on its way to a machine, or has failed to get there."""
        return {ref: pull for (name, ref), pull in list(self._known.items()) if name == machine.address.machine}

    def state(self, machine: DockerMachine, reference: ImageRef) -> Pull | None:
        """Return how far it is; None where it was never begun, or is there."""
        return self._known.get((machine.address.machine, reference))

    def runs(self, machine: DockerMachine, reference: ImageRef) -> bool:
        """Tell whether it is on its way."""
        return (machine.address.machine, reference) in self._running

    def begin(self, machine: DockerMachine, reference: ImageRef, *, again: bool = True) -> None:
        """Fetch it in the background; what is on its way goes on, what has failed is tried `again`."""
        key = (machine.address.machine, reference)
        with self._lock:
            known = self._known.get(key)
            if key in self._running or (known is not None and known.error and not again):
                return
            self._known[key] = Pull(done_bytes=None, total_bytes=None)
            self._running.add(key)
        threading.Thread(target=self._pull, args=(machine, reference), daemon=True).start()

    def _pull(self, machine: DockerMachine, reference: ImageRef) -> None:
        key = (machine.address.machine, reference)
        try:
            error = machine.call(lambda api: self._fetch(api, key))
            machine.learn_images()
        except APIError as refused:
            error = no_image(str(refused.explanation or refused))
        except LauncherUnavailableError:
            error = "Its machine went away while the image was fetched. Start it again."
        if error is not None:
            log.warning("a pull failed", extra={"machine": key[0], "image": reference, "why": error})
        with self._lock:
            self._running.discard(key)
            if error is None:
                del self._known[key]
            else:
                self._known[key] = Pull(done_bytes=None, total_bytes=None, error=error)

    def _fetch(self, api: docker.APIClient, key: Key) -> str | None:
        """Pull, and return what went wrong."""
        reference = key[1]
        repository, tag = parse_repository_tag(reference)
        auth = docker_credentials.of(reference, self._credentials)
        if error := self._listen(
            key, api.pull(repository, tag=tag or "latest", stream=True, decode=True, auth_config=auth)
        ):
            return no_image(error)
        try:
            api.inspect_image(reference)  # type: ignore[no-untyped-call]
        except NotFound:
            return no_image("no such image")
        return None

    def _listen(self, key: Key, lines: Iterable[Mapping[str, Any]]) -> str | None:
        progress = Progress()
        for line in lines:
            if "error" in line:
                return str(line["error"])
            self._known[key] = progress.hear(line)
        return None
