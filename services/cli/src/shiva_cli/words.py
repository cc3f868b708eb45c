"""What people read: the API's problems and our own sentences, in English, Japanese and Chinese."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any

from shiva_cli.errors import Trouble
from shiva_cli.safe import clean

LANGUAGES = ("en", "ja", "zh-CN")
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
DASH = "—"
_PLACE = re.compile(r"\{(\w+)\}")


def language(environ: Mapping[str, str]) -> str:
    """Return the language that the environment asks for, English where it asks for another."""
    asked = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return {"ja": "ja", "zh": "zh-CN"}.get(re.split(r"[_.@-]", asked)[0].lower(), "en")


@cache
def catalogue(name: str) -> Mapping[str, Any]:
    """Return `messages` (key → language → sentence), or the manager's `problems` (code → language → title and detail)."""
    found: Mapping[str, Any] = json.loads((files("shiva_cli") / f"{name}.json").read_text(encoding="utf-8"))
    return found


def filled(sentence: str, parameters: Mapping[str, object]) -> str | None:
    """Return the sentence with its places filled, without control characters; None where a fact is missing."""
    if any(parameters.get(name) is None for name in _PLACE.findall(sentence)):
        return None
    return _PLACE.sub(lambda place: clean(parameters[place[1]]), sentence)


def _worded(words: Mapping[str, str] | None, parameters: Mapping[str, object]) -> tuple[str, str] | None:
    """Return title and detail; None where one of their facts is missing."""
    if words is None:
        return None
    title, detail = filled(words["title"], parameters), filled(words["detail"], parameters)
    return None if title is None or detail is None else (title, detail.strip())


class Words:
    """One language."""

    def __init__(self, spoken: str, zone: tzinfo | None = None) -> None:
        """`spoken` is one of LANGUAGES; `zone` None: the system's."""
        self.language = spoken
        self._zone = zone

    def __call__(self, key: str, /, **facts: object) -> str:
        """Return one of our sentences."""
        sentence: str = catalogue("messages")[key][self.language]
        return filled(sentence, facts) or sentence

    def known(self, key: str) -> bool:
        """Return whether there is such a sentence."""
        return key in catalogue("messages")

    def word(self, group: str, value: str | None) -> str:
        """Return our word for one of the API's; one that is newer than we are stands as it is."""
        if value is None:
            return DASH
        return self(f"{group}.{value}") if self.known(f"{group}.{value}") else clean(value)

    def problem(self, trouble: Trouble) -> str:
        """Return the sentence of a problem with its code.

        As the page words it: the API's own English, or the catalogue's translation and what the API said beyond it.
        """
        return f"{self._sentence(trouble)} ({clean(trouble.code)})"

    def _sentence(self, trouble: Trouble) -> str:
        if trouble.status is None:
            return self(f"error.{trouble.code}", **trouble.parameters)
        own, entry = (clean(trouble.title), clean(trouble.detail)), catalogue("problems").get(trouble.code, {})
        told = None if self.language == "en" else _worded(entry.get(self.language), trouble.parameters)
        title, detail = told or own
        sentence = self("problem", title=title, detail=detail).strip()
        english = _worded(entry.get("en"), trouble.parameters)
        says_more = told is not None and english is not None and english[1] != own[1]
        return f"{sentence} {own[1]}" if says_more else sentence

    def seconds(self, value: float) -> str:
        """Return "2.3 s" below a minute, then as `duration`."""
        return self("time.s", s=f"{value:.1f}") if value < 60 else self.duration(value)

    def duration(self, value: float) -> str:
        """Return "3 h 12 m", "45 s"."""
        whole = max(0, round(value))
        minutes, hours, days = whole // 60, whole // 3600, whole // 86400
        if whole < 60:
            return self("time.s", s=whole)
        if minutes < 60:
            return self("time.m", m=minutes)
        if hours < 48:
            return self("time.hm", h=hours, m=minutes % 60)
        return self("time.dh", d=days, h=hours % 24)

    def ago(self, seconds: float | None) -> str:
        """Return "12 s ago"; None: not known."""
        return DASH if seconds is None else self("time.ago", time=self.duration(seconds))

    def local(self, at: datetime | None) -> str:
        """Return date and time of a moment where the person is."""
        return DASH if at is None else at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M")

    def clock(self, at: datetime | None) -> str:
        """Return date and time to the second."""
        return DASH if at is None else at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")

    def when(self, at: datetime | None, now: datetime) -> str:
        """Return a moment, and how long it is from now."""
        if at is None:
            return DASH
        apart = (at - now).total_seconds()
        near = self("time.in", time=self.duration(apart)) if apart > 0 else self.ago(-apart)
        return f"{self.local(at)} ({near})"


def percent(ratio: float | None) -> str:
    """Return "31 %"; None: not reported."""
    return DASH if ratio is None else f"{round(ratio * 100)} %"


def amounts(part: float | None, whole: float | None) -> str:
    """Return "6.5 / 8.0 GiB", in the unit of the whole; "—" where either is not reported."""
    if part is None or whole is None:
        return DASH
    unit = 0
    while whole / 1024**unit >= 1024 and unit < len(UNITS) - 1:
        unit += 1
    return f"{_digits(part, unit)} / {_digits(whole, unit)} {UNITS[unit]}"


def _digits(value: float, unit: int) -> str:
    scaled = value / 1024**unit
    return str(round(scaled)) if scaled >= 100 or unit == 0 else f"{scaled:.1f}"


def spelled(user: str | None) -> str:
    """Return a user name as people read it: `_hh` stands for a byte of UTF-8."""
    if not user:
        return DASH
    raw = re.sub(rb"_([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), user.encode("utf-8", "replace"))
    try:
        return clean(raw.decode())
    except UnicodeDecodeError:
        return clean(user)
