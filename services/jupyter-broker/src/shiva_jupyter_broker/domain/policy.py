"""What a person may have: limits of one container, and maxima of all of them together. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from shiva_jupyter_broker.domain.containers import Container, Limits, UserName, Wish
from shiva_jupyter_broker.domain.wording import counted

GIB = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Maxima:
    """The most that a person may ask for."""

    cpus: float  # of one container
    memory_bytes: int  # of one container
    gpus: int  # of all the person's containers together
    containers: int

    def __post_init__(self) -> None:
        """Refuse what allows nothing."""
        if self.cpus <= 0 or self.memory_bytes <= 0 or self.gpus < 0 or self.containers < 1:
            raise ValueError("maxima must be above zero (GPUs: zero or more)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The operator's rules. A request can ask for less than the maxima, never for a container without limits."""

    defaults: Limits
    maxima: Maxima
    people: Mapping[UserName, Maxima] = field(default_factory=dict)  # instead of `maxima`, for these
    gpu_sharing: int = 1  # how many containers that agreed to it may hold one GPU; 1: exclusive only
    cpu_overcommit: float = 4.0  # CPUs promised on a machine over those it has; notebooks idle most of the time
    memory_reserve_bytes: int = 0  # of each machine, promised to nobody

    def __post_init__(self) -> None:
        """Refuse a policy under which its own defaults could not be started."""
        if self.gpu_sharing < 1 or self.cpu_overcommit <= 0 or self.memory_reserve_bytes < 0:
            raise ValueError("gpu_sharing is at least 1, cpu_overcommit above 0, memory_reserve_bytes not below 0")
        for who, most in [("everybody", self.maxima), *self.people.items()]:
            if self.defaults.cpus > most.cpus or self.defaults.memory_bytes > most.memory_bytes:
                raise ValueError(f"the defaults are above the maxima of {who}")

    def of(self, owner: UserName) -> Maxima:
        """Return a person's maxima."""
        return self.people.get(owner, self.maxima)

    def limits(self, wish: Wish) -> Limits:
        """Return the limits of a container as wished, before they are judged."""
        return replace(
            self.defaults,
            cpus=self.defaults.cpus if wish.cpus is None else wish.cpus,
            memory_bytes=self.defaults.memory_bytes if wish.memory_bytes is None else wish.memory_bytes,
        )

    def exceeded(self, wish: Wish, limits: Limits, own: Sequence[Container]) -> str | None:
        """Return which maximum `wish` breaks, as a sentence; `own` are the person's other containers that hold resources."""
        most = self.of(wish.owner)
        held, others = sum(len(c.gpus) for c in own), len({c.name for c in own})  # a twin is no container more
        if limits.cpus > most.cpus:
            return f"{limits.cpus:g} CPUs are wanted; you may have {most.cpus:g}."
        if limits.memory_bytes > most.memory_bytes:
            return (
                f"{limits.memory_bytes / GIB:.1f} GiB of memory are wanted; you may have {most.memory_bytes / GIB:.1f}."
            )
        if held + wish.gpus > most.gpus:
            return (
                f"{counted(wish.gpus, 'GPU')} wanted, and your other containers hold {held}; you may have {most.gpus}."
            )
        if others + 1 > most.containers:
            return f"You have {counted(others, 'other container')}; you may have {most.containers}."
        return None
