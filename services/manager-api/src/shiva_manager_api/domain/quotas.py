"""How much one person may hold at once. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from shiva_manager_api.domain.people import Quota
from shiva_manager_api.domain.ports import Container, Wish

ENDED = frozenset({"failed"})  # holds nothing any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a person holds."""

    containers: int
    gpus: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """One kind of which a wish is too much."""

    kind: str  # "containers" or "gpus"
    limit: int
    held: int
    wanted: int


def held(containers: Sequence[Container], owner: str) -> Held:
    """Return what `owner` holds. What is stopping holds until it is gone, and what is lost may come back."""
    own = [each for each in containers if each["owner"] == owner and each["state"] not in ENDED]
    return Held(containers=len(own), gpus=sum(len(each["gpus"]) for each in own))


def runs_already(containers: Sequence[Container], owner: str, name: str) -> bool:
    """Whether a wish would return what is there, and take nothing."""
    return any(each["owner"] == owner and each["name"] == name and each["state"] not in ENDED for each in containers)


def excess(quota: Quota, wish: Wish, now_held: Held) -> Excess | None:
    """Return of what a new container would be too much, or None."""
    if quota.containers is not None and now_held.containers + 1 > quota.containers:
        return Excess(kind="containers", limit=quota.containers, held=now_held.containers, wanted=1)
    if quota.gpus is not None and wish.gpus and now_held.gpus + wish.gpus > quota.gpus:
        return Excess(kind="gpus", limit=quota.gpus, held=now_held.gpus, wanted=wish.gpus)
    return None
