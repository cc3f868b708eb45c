"""Who may come in, from a YAML file, read strictly: a word that is spelled wrong must not become “everybody” or “nobody”."""

import logging
import threading
from collections.abc import Callable, Hashable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from shiva_manager_api.domain.admission import AccessRules
from shiva_manager_api.domain.names import canonical
from shiva_manager_api.domain.people import Quota

log = logging.getLogger("shiva.manager_api.access_file")

MAX_QUOTA = 1_000_000


class AccessFileError(ValueError):
    """It cannot be read, or is no access file; the message names file, key and value."""


class AccessFile:
    """Looks at the file at each question; a bad one later leaves the last good one."""

    def __init__(self, path: Path | None) -> None:
        """Read it once; without a file nobody is admitted.

        Raises:
            AccessFileError: it cannot be used.
        """
        self._path = path
        self._reading = threading.Lock()
        self._seen = None if path is None else _mark(path)
        self._rules = AccessRules() if path is None else read(_text(path), str(path))

    def __call__(self) -> AccessRules:
        """Return the rules that hold now."""
        if self._path is not None:
            with self._reading:
                self._look(self._path)
        return self._rules

    def _look(self, path: Path) -> None:
        mark = _mark(path)
        if mark == self._seen:
            return
        self._seen = mark
        try:
            self._rules = read(_text(path), str(path))
            log.info("new rules of access hold")
        except AccessFileError as error:
            log.error("the access file is bad; the last good one holds", extra={"cause": str(error)})


def _mark(path: Path) -> Hashable:
    """Return what differs when the file was written again; None where it is not there."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise AccessFileError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise AccessFileError(f"{path} is not UTF-8 text") from error


class _Loader(yaml.SafeLoader):
    """Plain YAML in which no key stands twice: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"“{key}” stands twice")
        return super().construct_mapping(node, deep)


def read(text: str, name: str) -> AccessRules:
    """Return the rules; what the text leaves out admits nobody.

    Raises:
        AccessFileError: it is no access file; the message names `name`, the key and the value.
    """
    try:
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506  a safe loader, and stricter
        members = _mapping("it", {} if raw is None else raw)
        if unknown := sorted(map(str, members.keys() - READERS.keys())):
            raise ValueError(f"it cannot have “{unknown[0]}”, but {', '.join(sorted(READERS))}")
        return AccessRules(**{key: READERS[key](key, value) for key, value in members.items()})
    except (ValueError, TypeError, yaml.YAMLError, RecursionError) as error:
        raise AccessFileError(f"{name} is no access file: {error}") from error


def _mapping(where: str, value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} must be names with values, not {_said(value)}")
    return value


def _word(where: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{where} must be text, not {_said(value)}")
    return value.strip()


def _words(where: str, value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise ValueError(f"{where} must be a list, not {_said(value)}")
    return frozenset(_word(where, each) for each in value)


def _who(where: str, value: Any) -> frozenset[str]:
    """Read addresses and user names."""
    return frozenset(map(canonical, _words(where, value)))


def _domain(where: str, value: Any) -> str:
    domain = _word(where, value)
    if domain != domain.lower() or "@" in domain or "." not in domain.strip("."):
        raise ValueError(f"{where} must be a domain in lower case, as example.com, not {_said(value)}")
    return domain


def _domains(where: str, value: Any) -> frozenset[str]:
    return frozenset(_domain(where, each) for each in _words(where, value))


def _flag(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{where} must be true or false, not {_said(value)}")
    return value


def _guests(where: str, value: Any) -> dict[str, date]:
    return {_address(where, who): _day(f"{where}.{who}", until) for who, until in _mapping(where, value).items()}


def _address(where: str, value: Any) -> str:
    address = canonical(_word(where, value))
    if address.count("@") != 1 or not all(address.split("@")):
        raise ValueError(f"{where} must name addresses, not {_said(value)}")
    return address


def _day(where: str, value: Any) -> date:
    if isinstance(value, str):
        value = date.fromisoformat(value)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"{where} must be the last day, as 2026-12-31, not {_said(value)}")
    return value


def _denied(where: str, value: Any) -> dict[str, str]:
    told = _mapping(where, value)
    return {canonical(_word(where, who)): _word(f"{where}.{who}", why) for who, why in told.items()}


def _quota(where: str, value: Any) -> Quota:
    told = _mapping(where, value)
    if unknown := sorted(map(str, told.keys() - {"containers", "gpus"})):
        raise ValueError(f"{where} cannot have “{unknown[0]}”, but containers, gpus")
    return Quota(**{str(kind): _limit(f"{where}.{kind}", limit) for kind, limit in told.items()})


def _limit(where: str, value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_QUOTA:
        raise ValueError(f"{where} must be a whole number from 0 on, or null, not {_said(value)}")
    return value


READERS: Mapping[Any, Callable[[str, Any], Any]] = {
    "hosted_domains": _domains,
    "home_domain": _domain,
    "everybody": _flag,
    "guests": _guests,
    "denied": _denied,
    "admins": _who,
    "admin_groups": _words,
    "quota": _quota,
}


def _said(value: Any) -> str:
    return repr(value)[:80]
