"""The login of a program whose person is at another screen (RFC 8628). Pure."""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta

from shiva_manager_api.domain.people import DeviceLogin, DeviceState

LIFETIME = timedelta(minutes=10)
INTERVAL = timedelta(seconds=2)
EARLY = timedelta(seconds=0.5)  # a poll may be so much early: networks and clocks are not even
DEFAULT_DAYS = 90
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: no words; nothing that is read for another
LENGTH = 8
CODE = re.compile(f"[{LETTERS}]{{{LENGTH}}}", re.ASCII)


def user_code(below: Callable[[int], int]) -> str:
    """Return a new one; `below(n)` is a random number of 0 to n - 1. 2.5 × 10¹⁰ are possible."""
    return "".join(LETTERS[below(len(LETTERS))] for _ in range(LENGTH))


def shown(code: str) -> str:
    """Return a code as a person reads it."""
    return f"{code[:4]}-{code[4:]}"


def typed(text: str) -> str | None:
    """Return the code that a person typed, however; None: it is none."""
    plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()
    return plain if CODE.fullmatch(plain) else None


def refusal(login: DeviceLogin | None, *, now: datetime) -> str | None:
    """Return the code of why a program gets no token now, or None: it may take it."""
    if login is None or now >= login.expires_at or login.state is DeviceState.TAKEN:
        return "device-expired"
    if login.state is DeviceState.DENIED:
        return "device-denied"
    if login.polled_at is not None and now - login.polled_at < INTERVAL - EARLY:
        return "slow-down"
    return "authorization-pending" if login.state is DeviceState.PENDING else None
