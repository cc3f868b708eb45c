"""Policy from a JSON file: defaults, maxima, people with maxima of their own, sharing."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from shiva_jupyter_broker.domain.containers import Limits
from shiva_jupyter_broker.domain.naming import checked_owner
from shiva_jupyter_broker.domain.policy import Maxima, Policy

MOST = 2**60  # no number of ours is larger; it stops NaN and infinity too
UNBOUNDED = Maxima(cpus=4096, memory_bytes=2**50, gpus=4096, containers=1000)


def read(path: Path | None, defaults: Limits) -> Policy:
    """Return the policy; members that the file leaves out are as without a file, unknown ones are refused.

    Raises:
        ValueError: it cannot be read or is no policy; the message names the file.
    """
    if path is None:
        return Policy(defaults=defaults, maxima=UNBOUNDED)
    try:
        raw = _object("it", json.loads(path.read_text(encoding="utf-8")))
        most = Maxima(**_over(UNBOUNDED, "maxima", raw.pop("maxima", {})))
        own = _object("people", raw.pop("people", {}))
        people = {checked_owner(who): Maxima(**_over(most, who, members)) for who, members in own.items()}
        limits = Limits(**_over(defaults, "defaults", raw.pop("defaults", {})))
        plain = Policy(defaults=limits, maxima=most, people=people)
        return replace(plain, **_numbers(plain, "it", raw))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path} is no policy: {error}") from error


def _over(base: Limits | Maxima, where: str, members: Any) -> dict[str, Any]:
    return {name: getattr(base, name) for name in base.__slots__} | _numbers(base, where, members)


def _numbers(base: Limits | Maxima | Policy, where: str, members: Any) -> dict[str, Any]:
    """Return the members of an object, all of which `base` has as numbers of that kind."""
    kinds = {each.name: each.type for each in fields(base) if each.type in {int, float}}
    for name, value in _object(where, members).items():
        if name not in kinds:
            raise ValueError(f"{where} cannot have “{name}”")
        whole = kinds[name] is int
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not abs(value) < MOST:
            raise ValueError(f"“{name}” in {where} must be a {'whole ' if whole else ''}number")
    return dict(members)


def _object(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be an object, with braces")
    return value
