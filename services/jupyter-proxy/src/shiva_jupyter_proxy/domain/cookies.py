"""The door's own cookies: their names, and that no other hand touches them. Pure."""

import re
from dataclasses import dataclass

from shiva_jupyter_proxy.domain.messages import RequestHead

SESSION = "shiva-session"  # on the dashboard's host
NOTEBOOK = "shiva-notebook"  # on a host of notebooks
STATE = "shiva-state"  # on a host of notebooks, while a session is handed over: that it is this browser who asked
LOGIN = "shiva-login"  # on the dashboard's host, while somebody logs in: that it is this browser who began
OURS = "|".join((SESSION, NOTEBOOK, STATE, LOGIN))
RESERVED = re.compile(rf"(?:__(?:host|secure|http)-|http-)*(?:{OURS})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CookieNames:
    """What they are called here: with HTTPS the browser itself keeps `__Host-` from every other host."""

    session: str
    notebook: str
    state: str
    login: str


def cookie_names(scheme: str) -> CookieNames:
    """Return the names for a public scheme."""
    prefix = "__Host-" if scheme == "https" else ""
    return CookieNames(session=prefix + SESSION, notebook=prefix + NOTEBOOK, state=prefix + STATE, login=prefix + LOGIN)


def is_reserved(name: str) -> bool:
    """Whether a cookie's name is one of ours, in any case and with any of the prefixes that browsers know."""
    return RESERVED.fullmatch(name.strip()) is not None


def own_cookie(head: RequestHead, name: str) -> str | None:
    """Return the value of a cookie of ours; two of them are a trick, and count as none."""
    pairs = [pair.partition("=") for value in head.values("cookie") for pair in value.split(";")]
    found = [value.strip() for key, _, value in pairs if key.strip() == name]
    return found[0].removeprefix('"').removesuffix('"') if len(found) == 1 else None
