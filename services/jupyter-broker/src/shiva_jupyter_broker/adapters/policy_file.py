"""Policy from a JSON file: defaults, maxima, people with maxima of their own, sharing."""

import json
import math
from pathlib import Path
from typing import Any

from shiva_jupyter_broker.domain.containers import Limits
from shiva_jupyter_broker.domain.naming import checked_owner
from shiva_jupyter_broker.domain.policy import Maxima, Policy

UNBOUNDED = Maxima(cpus=4096, memory_bytes=2**50, gpus=4096, containers=1000)


def read(path: Path | None, defaults: Limits) -> Policy:
    """Return the policy; members that the file leaves out are as without a file, unknown ones are refused.

    Raises:
        ValueError: it cannot be read or is no policy; the message names the file.
    """
    if path is None:
        return Policy(defaults=defaults, maxima=UNBOUNDED)
    try:
        raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        most = Maxima(**_over(UNBOUNDED, raw.pop("maxima", {})))
        people = {checked_owner(who): Maxima(**_over(most, own)) for who, own in raw.pop("people", {}).items()}
        limits = Limits(**_over(defaults, raw.pop("defaults", {})))
        return Policy(defaults=limits, maxima=most, people=people, **_numbers(raw))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no policy: {error}") from error


def _over(base: Limits | Maxima, members: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(base, name) for name in base.__slots__} | _numbers(members)


def _numbers(members: dict[str, Any]) -> dict[str, Any]:
    """Refuse what engines would refuse at each start, and what is no bound: NaN is neither above nor below anything."""
    for name, value in members.items():
        kind = float | int if name in {"cpus", "cpu_overcommit"} else int
        if isinstance(value, bool) or not isinstance(value, kind) or not math.isfinite(value):
            raise ValueError(f"{name} must be a {'number' if kind is not int else 'whole number'}")
    return members
