"""The registry that the engines fetch images from: tags become digests, and what was known stays known while it is away."""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from docker.auth import resolve_repository_name
from docker.utils import parse_repository_tag

from shiva_jupyter_broker.adapters.docker_credentials import Credentials
from shiva_jupyter_broker.adapters.files import write_atomically
from shiva_jupyter_broker.adapters.registry_client import SECONDS, RegistryClient, RegistryError, Trouble
from shiva_jupyter_broker.domain.containers import Image, ImageRef, Listing
from shiva_jupyter_broker.domain.ports import ImageWithdrawnError

log = logging.getLogger("shiva.jupyter_broker.registry")

T = TypeVar("T")
FRESH_SECONDS = 5.0  # how long an answer, or none, is good for
SENTENCES = {
    Trouble.AWAY: "The registry {host} does not answer.",
    Trouble.UNTRUSTED: "The registry {host} shows a certificate that the broker does not trust.",
    Trouble.CLOSED: "The registry {host} does not let the broker in: its name or password is missing or wrong.",
    Trouble.GARBAGE: "What answers as the registry {host} is no registry.",
    Trouble.MISSING: "The registry {host} has no such image.",
}
LAST = "The version that was last known is started, and homes are not touched. Tell the operator."
BY_TAG = "It starts only where a machine has it already, by its tag, and homes are not touched. Tell the operator."


@dataclass(frozen=True, slots=True)
class _Place:
    repository: str
    tag: str | None  # None where the reference holds a digest


@dataclass(frozen=True, slots=True)
class _Answer(Generic[T]):
    value: T | None
    trouble: Trouble | None
    at: float


class _Answers(Generic[T]):
    """Answers by what was asked, each asked for by one thread at a time and kept for a moment."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._known: dict[str, _Answer[T]] = {}
        self._locks: dict[str, threading.Lock] = {}

    def of(self, key: str, ask: Callable[[], T]) -> _Answer[T]:
        with self._locks.setdefault(key, threading.Lock()):
            known = self._known.get(key)
            if known is None or self._now() - known.at >= FRESH_SECONDS:
                self._known[key] = known = self._asked(key, ask, None if known is None else known.trouble)
            return known

    def _asked(self, key: str, ask: Callable[[], T], before: Trouble | None) -> _Answer[T]:
        try:
            return _Answer(ask(), None, self._now())
        except RegistryError as error:
            if error.trouble is not before:
                log.warning("the registry told nothing", extra={"image": key, "why": str(error)})
            return _Answer(None, error.trouble, self._now())


class LanRegistry:
    """Registry of the references that name it; all others stay as they are. Remembers digests in a file."""

    def __init__(
        self,
        url: str,
        memory: Path,
        *,
        credentials: Credentials | None = None,
        ca: Path | None = None,
        seconds: float = SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`memory` keeps the last known digests for the next broker."""
        self._host = urlsplit(url).netloc
        self._client = RegistryClient(url, login=(credentials or {}).get(self._host), ca=ca, seconds=seconds)
        self._now = now
        self._digests, self._tags = _Answers[str](now), _Answers[tuple[str, ...]](now)
        self._sizes, self._weighed = _Answers[int | None](now), dict[tuple[str, str], int | None]()
        self._away_until = now()
        self._memory = memory
        self._lock = threading.Lock()
        self._last = _remembered(memory)

    def pinned(self, image: Image) -> Image:
        """Return the image by its digest; see `Registry.pinned`."""
        reference, trouble = self._resolved(image.reference)
        if trouble is Trouble.MISSING:
            raise ImageWithdrawnError(image.name)
        if trouble is not None:
            known = "as last known" if "@" in reference else "by its tag"
            log.warning("an image goes on without its registry", extra={"image": reference, "known": known})
        return replace(image, reference=reference)

    def listing(self, image: Image) -> Listing:
        """Return what it tells; see `Registry.listing`."""
        if (place := self._place(image.reference)) is None:
            return Listing(pinned=image.reference)
        pinned, trouble = self._resolved(image.reference)
        tags = self._tags.of(place.repository, lambda: self._asked(lambda: self._client.tags(place.repository)))
        size = self._size(place.repository, pinned.partition("@")[2])
        return Listing(pinned=pinned, tags=tags.value, size_bytes=size, trouble=self._sentence(pinned, trouble))

    def _size(self, repository: str, digest: str) -> int | None:
        """Return what a digest's image weighs. That never changes, so it is asked for until it was told once."""
        if digest and (repository, digest) not in self._weighed:
            asked = self._sizes.of(
                f"{repository}@{digest}", lambda: self._asked(lambda: self._client.size(repository, digest))
            )
            if asked.trouble is None:
                self._weighed[repository, digest] = asked.value
        return self._weighed.get((repository, digest))

    def _resolved(self, reference: ImageRef) -> tuple[ImageRef, Trouble | None]:
        """Return the reference with the best digest that is known, and what kept the registry from telling it."""
        place = self._place(reference)
        if place is None or (tag := place.tag) is None:
            return reference, None
        answer = self._digests.of(reference, lambda: self._asked(lambda: self._client.digest(place.repository, tag)))
        if answer.value is not None:
            self._remember(reference, answer.value)
        digest = answer.value or (None if answer.trouble is Trouble.MISSING else self._last.get(reference))
        return ImageRef(f"{self._host}/{place.repository}@{digest}") if digest else reference, answer.trouble

    def _place(self, reference: ImageRef) -> _Place | None:
        """Return where it is in this registry; None where the reference names another, or none."""
        repository, tag = parse_repository_tag(reference)
        host, path = resolve_repository_name(repository)
        if host != self._host:
            return None
        return _Place(path, None if "@" in reference else tag or "latest")

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask, unless the registry was away a moment ago: then nobody waits for it once more."""
        if self._now() < self._away_until:
            raise RegistryError(Trouble.AWAY, "no answer a moment ago")
        try:
            return ask()
        except RegistryError as error:
            if error.trouble is Trouble.AWAY:
                self._away_until = self._now() + FRESH_SECONDS
            raise

    def _sentence(self, pinned: ImageRef, trouble: Trouble | None) -> str | None:
        if trouble is None:
            return None
        return f"{SENTENCES[trouble].format(host=self._host)} {LAST if '@' in pinned else BY_TAG}"

    def _remember(self, reference: ImageRef, digest: str) -> None:
        with self._lock:
            if self._last.get(reference) == digest:
                return
            self._last[reference] = digest
            try:
                write_atomically(self._memory, json.dumps(self._last, indent=1))
            except OSError:
                log.exception("the digests of images cannot be kept; they go on in memory")


def _remembered(memory: Path) -> dict[str, str]:
    try:
        return {str(reference): str(digest) for reference, digest in json.loads(memory.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError):
        log.exception("the digests of images are unreadable; the registry tells them anew", extra={"path": str(memory)})
        return {}
