"""Images of `make demo`: a catalogue, a registry and machines to fetch from it, all simulated. What starts is this machine's Python."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shiva_jupyter_broker.adapters.catalogue import LOCAL
from shiva_jupyter_broker.domain.containers import (
    Image,
    ImageName,
    ImageRef,
    Listing,
    MachineName,
    MachineState,
    Pull,
)
from shiva_jupyter_broker.domain.ports import Clock

SIMULATED = "Simulated: what starts is this machine's own Python."
CATALOGUE = (
    replace(LOCAL, reference=ImageRef("registry.demo/shiva-jupyter:2026.11")),
    Image(
        name=ImageName("pytorch"),
        title="PyTorch",
        description=f"PyTorch with CUDA 12.4. {SIMULATED}",
        reference=ImageRef("registry.demo/pytorch:2.9-cuda12.4"),
        needs_gpu=True,
        cuda="12.4",
    ),
    Image(
        name=ImageName("nlp-ja"),
        title="Japanese text",
        description=f"MeCab, NEologd and CaboCha. {SIMULATED}",
        reference=ImageRef("registry.demo/nlp-ja:2026.10"),
    ),
)
SIZES = {CATALOGUE[0].name: 1_900_000_000, CATALOGUE[1].name: 9_200_000_000, CATALOGUE[2].name: 3_400_000_000}
FAST, SLOW = 80e6, 7e6  # bytes per second
BEGUN = timedelta(minutes=3)  # before the demo
NO_ROOM = "Its image could not be fetched: its machine has no room on its disk. Tell the operator."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetch:
    began: datetime
    rate: float  # bytes per second
    error: str | None = None


class DemoImages:
    """Registry of the demo, and what each machine has of it: one has all, one lacks some, to one something is on its way."""

    def __init__(self, machines: Sequence[MachineName], clock: Clock) -> None:
        """`machines` are by name."""
        self._clock = clock
        self._lock = threading.Lock()
        self._sizes = {_pinned(each): SIZES[each.name] for each in CATALOGUE}
        first, torch, text = self._sizes
        self._there: dict[MachineName, set[ImageRef]] = {each: {first} for each in machines}
        self._fetches: dict[tuple[MachineName, ImageRef], _Fetch] = {}
        begun = clock() - BEGUN
        for at, name in enumerate(machines):
            match at % 3:
                case 0:
                    self._there[name] |= {torch, text}
                case 1:
                    self._fetches[name, torch] = _Fetch(began=begun, rate=SLOW)
                case _:
                    self._there[name].add(torch)
                    self._fetches[name, text] = _Fetch(began=begun, rate=FAST, error=NO_ROOM)

    def pinned(self, image: Image) -> Image:
        """Return the image by its digest."""
        return replace(image, reference=_pinned(image))

    def listing(self, image: Image) -> Listing:
        """Return its digest, its tag and its size."""
        tag = image.reference.rpartition(":")[2]
        return Listing(pinned=_pinned(image), tags=(tag,), size_bytes=self._sizes.get(_pinned(image)))

    def fetch(self, reference: ImageRef, machine: MachineName) -> None:
        """Begin to fetch it there; what is there, or on its way, is left alone."""
        with self._lock:
            known = self._fetches.get((machine, reference))
            if reference not in self._there.get(machine, set()) and (known is None or known.error):
                self._fetches[machine, reference] = _Fetch(began=self._clock(), rate=FAST)

    def started(self, reference: ImageRef, machine: MachineName) -> None:
        """Note that it runs there, and so is there."""
        with self._lock:
            self._there.setdefault(machine, set()).add(reference)
            self._fetches.pop((machine, reference), None)

    def states(self) -> Mapping[MachineName, MachineState]:
        """Return what each machine has now, and how far it is with the rest."""
        with self._lock:
            pulls = {key: self._pull(key[1], each) for key, each in self._fetches.items()}
            for (machine, reference), pull in pulls.items():
                if pull.done_bytes == pull.total_bytes and pull.error is None:
                    self._there[machine].add(reference)
                    del self._fetches[machine, reference]
            return {
                name: MachineState(
                    images=frozenset(there),
                    pulls={ref: pull for (at, ref), pull in pulls.items() if at == name and ref not in there},
                )
                for name, there in self._there.items()
            }

    def _pull(self, reference: ImageRef, fetch: _Fetch) -> Pull:
        if fetch.error:
            return Pull(done_bytes=None, total_bytes=None, error=fetch.error)
        total = self._sizes.get(reference, 0)
        done = int((self._clock() - fetch.began).total_seconds() * fetch.rate)
        return Pull(done_bytes=min(max(done, 0), total), total_bytes=total)


def _pinned(image: Image) -> ImageRef:
    repository = image.reference.rpartition(":")[0]
    return ImageRef(f"{repository}@sha256:{hashlib.sha256(image.reference.encode()).hexdigest()}")
