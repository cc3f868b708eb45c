"""What only the door can make: values that it signed, and values that follow from its key."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable

from tornado.web import create_signed_value, decode_signed_value

DAY_SECONDS = 86400.0
SIGNATURE_VERSION = 2  # the one that is made: HMAC-SHA256 over name, time and content; version 1 is SHA-1

Content = list[str | float]


class Keys:
    """The session key, and the one before it: what that one made is still read."""

    def __init__(self, key: str, previous: str = "", *, clock: Callable[[], float] = time.time) -> None:
        """The keys are checked at the start."""
        self._keys = [key, *([previous] if previous else [])]
        self.clock = clock

    def signed(self, name: str, content: Content) -> str:
        """Return content as text that nobody else can make."""
        value = json.dumps(content)
        return create_signed_value(self._keys[0], name, value, version=SIGNATURE_VERSION, clock=self.clock).decode(
            "ascii"
        )

    def read(self, name: str, value: str, *, seconds: float) -> tuple[str, list[str]] | None:
        """Return the key that signed it and the content; None when it is forged, or older than `seconds`."""
        for key in self._keys:
            content = decode_signed_value(
                key, name, value, max_age_days=seconds / DAY_SECONDS, min_version=SIGNATURE_VERSION, clock=self.clock
            )
            if content is not None:
                return key, json.loads(content)
        return None

    def token(self, purpose: str, *facts: str) -> str:
        """Return what stands for facts, for one purpose."""
        return derived(self._keys[0], purpose, *facts)

    def stands_for(self, token: str, purpose: str, *facts: str) -> bool:
        """Whether `token` stands for these facts; one that the previous key made does too."""
        made = [derived(key, purpose, *facts).encode() for key in self._keys]
        return any([hmac.compare_digest(each, token.encode("utf-8", "replace")) for each in made])


def derived(key: str, purpose: str, *facts: str) -> str:
    """Return 43 letters of base64url that follow from a key, a purpose and facts, none of which holds a null byte."""
    digest = hmac.new(key.encode(), "\0".join((purpose, *facts)).encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
