"""Requests, read strictly: what the contract does not describe is refused with a sentence."""

import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from typing import Any

from flask import request

from shiva_manager_api.domain.names import visible
from shiva_manager_api.domain.ports import RefusedError

MOST_NAME = 255
NUL_OR_HALF = re.compile("[\x00\ud800-\udfff]")  # no database keeps these
SEEN = re.compile(
    r"[^\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ud800-\udfff]"
)  # as `Readable` in the contract
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class MalformedError(ValueError):
    """The request is not what the contract says; the message is a sentence."""


def body(allowed: Collection[str]) -> "Members":
    """Return the members of the request's body.

    Raises:
        RefusedError: it does not say that it is JSON.
        MalformedError: it is no object, or has other members.
    """
    if request.mimetype != "application/json":
        raise RefusedError("json-needed")
    return Members(request.get_json(), allowed)


class Members:
    """A JSON object of known members. Every method raises MalformedError."""

    def __init__(self, raw: Any, allowed: Collection[str]) -> None:
        """Refuse what is none, or has others."""
        if not isinstance(raw, dict):
            raise MalformedError("The body must be a JSON object.")
        if unknown := sorted(map(str, raw.keys() - set(allowed))):
            raise MalformedError(f"There is no member “{unknown[0][:60]}”.")
        self._raw = raw

    def has(self, key: str) -> bool:
        """Whether it is there, null or not."""
        return key in self._raw

    def text(self, key: str, *, most: int = 255, least: int = 1) -> str:
        """Return a text that must be there."""
        value = self.text_or_none(key, most=most, least=least)
        if value is None:
            raise MalformedError(f"{key}: must be a text of {least} to {most} characters.")
        return value

    def text_or_none(self, key: str, *, most: int = 255, least: int = 1) -> str | None:
        """Return a text; None where it is null or left out."""
        return None if self._raw.get(key) is None else self._text(key, most, least, NUL_OR_HALF)

    def _text(self, key: str, most: int, least: int, never: re.Pattern[str] | None) -> str:
        value = self._raw.get(key)
        if not isinstance(value, str) or not least <= len(value) <= most or (never and never.search(value)):
            raise MalformedError(f"{key}: must be a text of {least} to {most} characters.")
        return value

    def secret(self, key: str, *, most: int) -> str:
        """Return a text that is compared and never kept."""
        return self._text(key, most, 0, None)

    def sentence(self, key: str, *, most: int) -> str:
        """Return a text for people to read: on one line, without what nobody can see."""
        told = self._text(key, most, 1, None)
        if not SEEN.search(told):
            raise MalformedError(f"{key}: must be a text that can be read.")
        return visible(told) or "?"

    def name(self, key: str, *, most: int, least: int = 1) -> str:
        """Return what something calls itself: as a sentence; “unnamed” where nothing of it can be seen."""
        return visible(self._text(key, most, least, None)) or "unnamed"

    def whole(self, key: str, *, least: int, most: int) -> int:
        """Return a whole number that must be there."""
        value = self._raw.get(key)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # 1.0 is a whole number in JSON
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise MalformedError(f"{key}: must be a whole number from {least} to {most}.")
        return value

    def limit(self, key: str, *, most: int) -> int | None:
        """Return a whole number from 0 on, or None: null, no limit. It must be there."""
        if key in self._raw and self._raw[key] is None:
            return None
        return self.whole(key, least=0, most=most)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._raw.get(key)
        if not isinstance(value, bool):
            raise MalformedError(f"{key}: must be true or false.")
        return value

    def texts(self, key: str, *, most: int) -> list[str]:
        """Return a list of texts."""
        value = self._raw.get(key)
        fine = isinstance(value, list) and len(value) <= most
        if not fine or not all(isinstance(each, str) and not NUL_OR_HALF.search(each) for each in value or ()):
            raise MalformedError(f"{key}: must be a list of at most {most} texts.")
        return [str(each) for each in value or ()]

    def names_or_all(self, key: str, *, most: int) -> list[str] | None:
        """Return at least one name, or None: null, all of them. It must be there."""
        if key in self._raw and self._raw[key] is None:
            return None
        names = self.texts(key, most=most)
        if not names or not all(0 < len(each) <= MOST_NAME for each in names):
            raise MalformedError(f"{key}: must be a list of 1 to {most} names, or null for all.")
        return names

    def moment(self, key: str) -> datetime | None:
        """Return a time with its zone; None where it is null or left out."""
        value = self._raw.get(key)
        if value is None:
            return None
        try:
            if not isinstance(value, str) or not MOMENT.fullmatch(value):
                raise ValueError(value)
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise MalformedError(f"{key}: must be a time of RFC 3339, such as 2026-11-24T06:00:00Z.") from error


def query(key: str, read: Callable[[str], Any]) -> Any:
    """Return a parameter of the address as `read` makes of it; None where it is left out.

    Raises:
        MalformedError: it is given twice, or `read` raises ValueError with a sentence.
    """
    values = request.args.getlist(key)
    if not values:
        return None
    if len(values) > 1:
        raise MalformedError(f"{key}: must be given once.")
    try:
        return read(values[0])
    except ValueError as error:
        raise MalformedError(f"{key}: {error}") from error


def choice(key: str, words: Iterable[str]) -> str:
    """Return a parameter that is one of these words; the first where it is left out.

    Raises:
        MalformedError: it is another one.
    """
    known = tuple(words)
    wanted: str = query(key, word()) or known[0]
    if wanted not in known:
        raise MalformedError(f"{key}: must be one of {', '.join(known)}.")
    return wanted


def number(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of whole numbers."""

    def read(text: str) -> int:
        if not re.fullmatch(r"-?\d{1,17}", text, re.ASCII) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}.")
        return int(text)

    return read


def word(most: int = 255, *, pattern: str = r"[^\x00\ud800-\udfff\ufffd]+") -> Callable[[str], str]:
    """Return a reader of short texts."""

    def read(text: str) -> str:
        if len(text) > most or not re.fullmatch(pattern, text):
            raise ValueError("cannot be understood.")
        return text

    return read
