"""The policy for idle containers from a JSON file, read strictly: a wrong word must not become a default."""

import json
import logging
import re
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from shiva_manager_api.domain.idle_policy import Ladder, Policy, Rule

log = logging.getLogger("shiva.manager_api.idle_policy_file")

SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(s|m|h|d)")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LADDERS = ("with_gpu", "without_gpu")
SPANS = ("grace", "busy_cap", "fresh", "pause", "extension")
RATIOS = ("gpu_busy_ratio", "gpu_coverage")


class PolicyFile:
    """Looks at the file at each question; a bad one later leaves the last good one."""

    def __init__(self, path: Path | None) -> None:
        """Read it once; None is the default policy.

        Raises:
            ValueError: it cannot be read or is no policy; the message names file, key and value.
        """
        self._path = path
        self._text = None if path is None else _text(path)
        self._policy = Policy() if self._text is None else read(self._text, str(path))

    def __call__(self) -> Policy:
        """Return the policy that holds now."""
        if self._path is not None:
            try:
                text = _text(self._path)
                if text != self._text:
                    self._text = text
                    self._policy = read(text, str(self._path))
                    log.info("a new policy for idle containers holds")
            except ValueError as error:
                log.error("the policy for idle containers is bad; the last good one holds", extra={"cause": str(error)})
        return self._policy


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text") from error


def read(text: str, name: str) -> Policy:
    """Return the policy; what the text leaves out is as without a file, in `images` and `people` as in `rule`.

    Raises:
        ValueError: it is none; the message names `name`, the key and the value.
    """
    try:
        raw = _members("it", json.loads(text), {"rule", "images", "people", "stops_an_hour"})
        rule = _rule(Rule(), "rule", raw.get("rule", {}))
        most = raw.get("stops_an_hour", Policy().stops_an_hour)
        return Policy(
            rule=rule,
            images=_rules(rule, "images", raw.get("images", {})),
            people=_rules(rule, "people", raw.get("people", {})),
            stops_an_hour=_whole("stops_an_hour", most),
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is no policy for idle containers: {error}") from error


def _rules(base: Rule, where: str, raw: Any) -> dict[str, Rule]:
    return {name: _rule(base, f"{where}.{name}", own) for name, own in _members(where, raw, None).items()}


def _rule(base: Rule, where: str, raw: Any) -> Rule:
    members = _members(where, raw, {each.name for each in fields(Rule)})
    try:
        return replace(base, **{key: _value(base, key, f"{where}.{key}", value) for key, value in members.items()})
    except ValueError as error:
        message = str(error)
        raise ValueError(message if message.startswith(where) else f"{where}: {message}, not {_said(raw)}") from error


def _value(base: Rule, key: str, where: str, value: Any) -> Any:
    if key in LADDERS:
        return _ladder(getattr(base, key), where, value)
    if key == "busy_cap" and value is None:
        return None
    if key in SPANS:
        return _span(where, value)
    if key in RATIOS:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{where} must be a number, not {_said(value)}")
        return float(value)
    if key == "exempt":
        if not isinstance(value, bool):
            raise ValueError(f"{where} must be true or false, not {_said(value)}")
        return value
    return _whole(where, value)


def _ladder(base: Ladder, where: str, raw: Any) -> Ladder:
    members = _members(where, raw, {each.name for each in fields(Ladder)})
    try:
        return replace(base, **{key: _span(f"{where}.{key}", value) for key, value in members.items()})
    except ValueError as error:
        message = str(error)
        raise ValueError(message if message.startswith(where) else f"{where}: {message}, not {_said(raw)}") from error


def _span(where: str, value: Any) -> timedelta:
    found = SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'{where} must be a time as "90s", "60m", "24h" or "7d", not {_said(value)}')
    return timedelta(**{UNITS[found[2]]: float(found[1])})


def _whole(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1_000_000:
        raise ValueError(f"{where} must be a whole number from 0 on, not {_said(value)}")
    return value


def _members(where: str, value: Any, known: set[str] | None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be an object, with braces, not {_said(value)}")
    for key in value:
        if known is not None and key not in known:
            raise ValueError(f"{where} cannot have “{key}”, but {', '.join(sorted(known))}")
    return value


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]
