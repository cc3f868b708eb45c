"""Sessions in signed cookies: read without asking anybody."""

import json

from tornado.web import create_signed_value, decode_signed_value

from shiva_jupyter_proxy.domain.headers import SESSION_COOKIE
from shiva_jupyter_proxy.domain.ports import Person

LIFETIME_DAYS = 14
SIGNATURE_VERSION = 2  # the one that is made; version 1 is SHA-1


class SignedCookies:
    """Tornado's signed values: HMAC-SHA256 over name, time and content."""

    def __init__(self, key: str) -> None:
        """`key` is checked at the start."""
        self._key = key

    def seal(self, person: Person) -> str:
        """Return the cookie's value."""
        content = json.dumps([person.name, person.shown_name])
        return create_signed_value(self._key, SESSION_COOKIE, content, version=SIGNATURE_VERSION).decode("ascii")

    def person(self, cookie: str | None) -> Person | None:
        """Return whose cookie it is."""
        if not cookie:
            return None
        content = decode_signed_value(
            self._key, SESSION_COOKIE, cookie, max_age_days=LIFETIME_DAYS, min_version=SIGNATURE_VERSION
        )
        if content is None:
            return None
        name, shown = json.loads(content)
        return Person(name=name, shown_name=shown)
