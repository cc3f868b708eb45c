"""Login at a provider: there with a state, back with a code."""

import logging
import re

from shiva_jupyter_proxy.domain import access
from shiva_jupyter_proxy.domain.ports import (
    IdentityProvider,
    LoginAttempt,
    LoginRefusedError,
    NotAdmittedError,
    ProviderUnavailableError,
)
from shiva_jupyter_proxy.handlers.login import CSRF_FIELD, OLD_FORM, Entrance, LoginHandler
from shiva_jupyter_proxy.handlers.shared import SEE_OTHER, Shared

log = logging.getLogger("shiva.jupyter_proxy.login")

LOGIN = "/-/login"
CALLBACK = "/-/login/callback"
ERROR = re.compile(r"[a-z_]{1,40}", re.ASCII)
AGAIN = "Nobody was logged in, and nothing was changed. Log in again."


class ProviderHandler(LoginHandler):
    """A page on the way to the provider, or back."""

    def initialize(self, shared: Shared, entrance: Entrance, provider: IdentityProvider) -> None:  # type: ignore[override]
        """Take what is shared."""
        super().initialize(shared, entrance)
        self.provider = provider

    def unavailable(self, error: ProviderUnavailableError, wanted: str) -> None:
        """Say it: who is logged in already notices nothing."""
        self.fail(
            503,
            f"{self.entrance.provider_name} cannot log you in just now",
            f"{error} Notebooks go on running and files are safe. Try again in a few seconds.",
            wanted=wanted,
        )


class OidcLogin(ProviderHandler):
    """A button, and the way to the provider. It comes back to the first of our names, so it begins there too."""

    def get(self) -> None:
        """Show the button."""
        if access.host_name(self.request.headers.get("X-Forwarded-Host", "")) == self.shared.origins.hosts[0]:
            self.show()
        else:
            self.redirect(f"{self.shared.origins.app}{self.request.uri}")

    async def post(self) -> None:
        """Go."""
        if self.limited(self.entrance.starts):
            return
        if not self.entrance.logins.is_form_token(self.binding, self.get_body_argument(CSRF_FIELD, "")):
            self.show(status=403, error=OLD_FORM)
            return
        wanted = access.safe_next(self.get_argument("next", "/"))
        attempt = self.entrance.logins.begin(self.keep_binding(), wanted)
        try:
            url = await self.provider.login_url(attempt, other_account=self.get_argument("other", "") == "1")
        except ProviderUnavailableError as error:
            self.unavailable(error, wanted)
            return
        self.redirect(url, status=SEE_OTHER)


class Callback(ProviderHandler):
    """The provider's answer."""

    def set_default_headers(self) -> None:
        """Keep its address to ourselves: a code stands in it. On a page with a form, browsers would keep its origin too."""
        super().set_default_headers()
        self.set_header("Referrer-Policy", "no-referrer")

    async def get(self) -> None:
        """Begin a session for whom it proves, once; or say why not."""
        if self.limited(self.entrance.answers):
            return
        attempt = self.entrance.logins.attempt(self._only("state") or "", self.binding)
        if attempt is None or not self.entrance.logins.take(attempt):
            self.fail(
                403,
                "This login is over",
                "It was used already, is older than ten minutes, or began in another browser. " + AGAIN,
            )
            return
        try:
            await self._redeem(attempt)
        except LoginRefusedError as refused:
            log.warning("a login proved nobody", extra={"cause": str(refused), "client": self.client})
            self.fail(403, "You could not be logged in", f"{refused} {AGAIN}", wanted=attempt.wanted)
        except ProviderUnavailableError as error:
            self.unavailable(error, attempt.wanted)
        except NotAdmittedError as refused:
            log.info("not admitted", extra={"code": refused.code, "client": self.client})
            self.fail(403, refused.title, refused.detail, wanted=attempt.wanted, other=True)

    async def _redeem(self, attempt: LoginAttempt) -> None:
        code, error = self._only("code"), self._only("error")
        if error is not None or not code:
            said = f" It says: {error}." if error is not None and ERROR.fullmatch(error) else ""
            raise LoginRefusedError(f"{self.entrance.provider_name} did not let you through.{said}")
        claims = await self.provider.redeem(attempt, code=code, issuer=self._only("iss"))
        await self.enter(claims, wanted=attempt.wanted)

    def _only(self, name: str) -> str | None:
        """Return the value of an argument; None when there is none, empty when there are two: that is a trick."""
        values = self.get_query_arguments(name, strip=False)
        return None if not values else values[0] if len(values) == 1 else ""
