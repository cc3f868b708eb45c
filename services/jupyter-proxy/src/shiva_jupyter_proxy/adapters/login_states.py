"""Logins that are on their way. The door remembers none: what it must know comes back in the answer, signed.

The browser keeps one random value (its binding) for ten minutes, shared by its tabs. Nonce and PKCE verifier follow from it,
from the login's id and from the door's key; so a state that was begun in another browser is worth nothing here.
"""

import hashlib
import re
import secrets

from shiva_jupyter_proxy.adapters.marks import Marks
from shiva_jupyter_proxy.adapters.signing import Keys, derived
from shiva_jupyter_proxy.domain.ports import LoginAttempt

LOGIN_SECONDS = 600
STATE = "shiva-login-state"  # what a state is signed as
FORM, NONCE, VERIFIER = "login-form", "login-nonce", "login-verifier"
BINDING = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class LoginStates:
    """Begins and recognizes logins."""

    def __init__(self, keys: Keys, marks: Marks) -> None:
        """`marks` tell which were used."""
        self._keys = keys
        self._marks = marks

    def binding(self, kept: str | None) -> str:
        """Return what the browser keeps, or a new one where that is none."""
        return kept if kept is not None and BINDING.fullmatch(kept) else secrets.token_urlsafe(32)

    def form_token(self, binding: str) -> str:
        """Return what the login form holds, so that no other page can send it."""
        return self._keys.token(FORM, binding)

    def is_form_token(self, binding: str | None, token: str) -> bool:
        """Whether a form was made for this browser."""
        return binding is not None and self._keys.stands_for(token, FORM, binding)

    def begin(self, binding: str, wanted: str) -> LoginAttempt:
        """Return a new login of a browser that wants to go to `wanted` afterwards."""
        state = self._keys.signed(STATE, [secrets.token_hex(16), wanted, _digest(binding)])
        attempt = self.attempt(state, binding)
        if attempt is None:
            raise AssertionError("a state that was just made is read")
        return attempt

    def attempt(self, state: str, binding: str | None) -> LoginAttempt | None:
        """Return the login that a state is of; None when it is forged, too old, or another browser's."""
        read = self._keys.read(STATE, state, seconds=LOGIN_SECONDS)
        if read is None or binding is None:
            return None
        key, (id_, wanted, digest) = read
        if digest != _digest(binding):
            return None
        return LoginAttempt(
            id=id_,
            state=state,
            wanted=wanted,
            nonce=derived(key, NONCE, id_, binding),
            verifier=derived(key, VERIFIER, id_, binding),
        )

    def take(self, attempt: LoginAttempt) -> bool:
        """Use it up; False when it was used before, by any process."""
        return self._marks.take(attempt.id)


def _digest(binding: str) -> str:
    return hashlib.sha256(binding.encode()).hexdigest()
