"""Images on their way to machines, with bytes."""

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from docker.errors import APIError
from docker.utils import parse_repository_tag

from shiva_jupyter_broker.adapters.docker_machine import DockerMachine
from shiva_jupyter_broker.adapters.docker_observed import refusal
from shiva_jupyter_broker.domain.containers import ImageRef, Pull
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError

log = logging.getLogger("shiva.jupyter_broker.docker_pulls")


class Pulls:
    """At most one pull of an image on a machine at a time."""

    def __init__(self) -> None:
        """Nothing is on its way."""
        self._lock = threading.Lock()
        self._known: dict[tuple[str, ImageRef], Pull] = {}
        self._running: dict[tuple[str, ImageRef], threading.Thread] = {}

    def of(self, machine: DockerMachine) -> dict[ImageRef, Pull]:
        """Return what is on its way to a machine, or has failed to get there."""
        return {ref: pull for (name, ref), pull in list(self._known.items()) if name == machine.address.machine}

    def state(self, machine: DockerMachine, reference: ImageRef) -> Pull | None:
        """Return how far it is; None where it was never begun, or is there."""
        return self._known.get((machine.address.machine, reference))

    def begin(self, machine: DockerMachine, reference: ImageRef, *, again: bool = True) -> None:
        """Fetch it in the background; what is on its way goes on, what has failed is tried `again`."""
        key = (machine.address.machine, reference)
        with self._lock:
            known = self._known.get(key)
            if key in self._running or (known is not None and known.error and not again):
                return
            self._known[key] = Pull(done_bytes=None, total_bytes=None)
            thread = threading.Thread(target=self._pull, args=(machine, reference), daemon=True)
            self._running[key] = thread
            thread.start()

    def _pull(self, machine: DockerMachine, reference: ImageRef) -> None:
        key = (machine.address.machine, reference)
        try:
            error = self._fetch(machine, reference)
            machine.learn_images()
        except APIError as refused:
            error = refusal(str(refused.explanation or refused))
        except LauncherUnavailableError:
            error = "Its machine went away while the image was fetched. Start it again."
        with self._lock:
            del self._running[key]
            if error is None:
                del self._known[key]
            else:
                log.warning("a pull failed", extra={"machine": key[0], "image": reference, "why": error})
                self._known[key] = Pull(done_bytes=None, total_bytes=None, error=error)

    def _fetch(self, machine: DockerMachine, reference: ImageRef) -> str | None:
        repository, tag = parse_repository_tag(reference)
        layers: dict[str, tuple[int, int]] = {}

        def read(lines: Iterable[Mapping[str, Any]]) -> str | None:
            for line in lines:
                if "error" in line:
                    return refusal(str(line["error"]))
                detail = line.get("progressDetail") or {}
                if line.get("status") == "Downloading" and detail.get("total"):
                    layers[str(line["id"])] = (int(detail["current"]), int(detail["total"]))
                elif line.get("status") == "Download complete" and str(line.get("id")) in layers:
                    layers[str(line["id"])] = (layers[str(line["id"])][1],) * 2
                done, total = (sum(each[i] for each in layers.values()) or None for i in (0, 1))
                self._known[machine.address.machine, reference] = Pull(done_bytes=done, total_bytes=total)
            return None

        return machine.call(lambda api: read(api.pull(repository, tag=tag or "latest", stream=True, decode=True)))
