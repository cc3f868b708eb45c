"""Login and logout. The development identity logs in here; with a provider, `handlers/oidc.py` goes on."""

import logging
from dataclasses import dataclass

from shiva_jupyter_proxy.adapters.login_states import LOGIN_SECONDS
from shiva_jupyter_proxy.domain import access
from shiva_jupyter_proxy.domain.limits import Limiter
from shiva_jupyter_proxy.domain.ports import (
    Admission,
    Claims,
    Logins,
    ManagerUnavailableError,
    NotAdmittedError,
)
from shiva_jupyter_proxy.handlers.shared import LOGIN_HEADER, SEE_OTHER, Shared, SharingHandler

log = logging.getLogger("shiva.jupyter_proxy.login")

DEV = "dev"  # the issuer, to the manager
MAX_TYPED = 255
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
OLD_FORM = "This page was too old, or your browser keeps no cookies for it. Nothing was changed: try once more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What logins work with."""

    logins: Logins
    admission: Admission
    provider_name: str  # as people read it; empty: the development identity
    policy: str  # of the login page: its form leads to the provider
    starts: Limiter
    answers: Limiter  # of the provider


class LoginHandler(SharingHandler):
    """A page of a login."""

    def initialize(self, shared: Shared, entrance: Entrance) -> None:  # type: ignore[override]
        """Take what is shared."""
        super().initialize(shared)
        self.entrance = entrance

    @property
    def binding(self) -> str | None:
        """What this browser keeps while it logs in."""
        return self.request.headers.get(LOGIN_HEADER)

    def keep_binding(self) -> str:
        """Return it, or a new one, and let the browser keep it from now on."""
        binding = self.entrance.logins.binding(self.binding)
        self.give_cookie(self.shared.cookies.login, binding, seconds=LOGIN_SECONDS)
        return binding

    def limited(self, limiter: Limiter) -> bool:
        """Say so where this address tries too often."""
        wait = limiter.take(self.client)
        if wait:
            self.set_header("Retry-After", str(seconds := int(wait) + 1))
            self.fail(
                429,
                "There were too many logins from your address",
                f"Nothing was changed. Try again in {seconds} seconds.",
            )
        return bool(wait)

    def show(self, *, status: int = 200, error: str = "", typed: str = "") -> None:
        """Show the login page."""
        self.set_status(status)
        self.set_header("Content-Security-Policy", self.entrance.policy)
        self.finish(
            self.shared.pages.page(
                "login",
                self.language,
                next=access.safe_next(self.get_argument("next", "/")),
                csrf_token=self.entrance.logins.form_token(self.keep_binding()),
                provider=self.entrance.provider_name,
                other="1" if self.get_argument("other", "") == "1" else "",
                error=error,
                typed=typed,
            )
        )

    def fail(self, status: int, title: str, detail: str, *, wanted: str = "/", other: bool = False) -> None:
        """Say why nobody is logged in, and how to try again; with `other`, as somebody else."""
        self.set_status(status)
        facts = {"title": title, "detail": detail, "next": access.safe_next(wanted), "other": "1" if other else ""}
        self.finish(self.shared.pages.page("login-failed", self.language, **facts))

    def log_exception(self, typ: object, value: BaseException | None, tb: object) -> None:
        """Say what went wrong; what could not be kept is no mistake of ours."""
        if isinstance(value, OSError):
            log.error("the folder of marks cannot be written", extra={"cause": str(value)})
        else:
            super().log_exception(typ, value, tb)  # type: ignore[arg-type]

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Show a page for what could not be kept on disk: nobody is let in twice with one answer, or called logged out who is not."""
        error = kwargs.get("exc_info")
        if isinstance(error, tuple) and isinstance(error[1], OSError):
            self.fail(
                503,
                "Shiva cannot keep that just now",
                "You are logged in or out as before. Notebooks go on running. Tell your operator that the door's disk refuses.",
            )
        else:
            super().write_error(status_code, **kwargs)

    async def enter(self, claims: Claims, *, wanted: str) -> None:
        """Let somebody in whom the manager admits, with a new session. The one that this browser had is over.

        Raises:
            NotAdmittedError: with the reason.
        """
        try:
            person = await self.entrance.admission.admit(claims, client=self.client)
        except ManagerUnavailableError as error:
            log.warning("nobody can log in", extra={"cause": str(error)})
            self.fail(
                503,
                "Shiva's manager does not answer",
                "Nobody can log in until it does. Notebooks go on running and files are safe. Try again in a few seconds.",
                wanted=wanted,
            )
            return
        if (before := self.current()) is not None:
            self.shared.sessions.end(before)
        self.set_session(self.shared.cookies.session, self.shared.sessions.begin(person))
        self.redirect(wanted, status=SEE_OTHER)


class DevLogin(LoginHandler):
    """The development identity: whoever types a name is that person. On loopback only."""

    def get(self) -> None:
        """Show the form."""
        self.show()

    async def post(self) -> None:
        """Take the name, or say what is wrong with it."""
        if self.limited(self.entrance.starts):
            return
        typed = self.get_body_argument("name", "", strip=False)[:MAX_TYPED]
        if not self.entrance.logins.is_form_token(self.binding, self.get_body_argument(CSRF_FIELD, "")):
            self.show(status=403, error=OLD_FORM, typed=typed)
            return
        try:
            wanted = access.safe_next(self.get_argument("next", "/"))
            await self.enter(Claims(issuer=DEV, subject=typed, shown_name=typed), wanted=wanted)
        except NotAdmittedError as refused:
            self.show(status=403, error=refused.detail, typed=typed)


class Logout(LoginHandler):
    """Ends this session, on every host and in every process; with `everywhere=1`, all of the person's. Notebooks go on."""

    async def post(self) -> None:
        """End it, and forget the cookie."""
        session = self.current()
        if session is not None:
            token = self.get_body_argument(CSRF_FIELD, "") or self.request.headers.get(CSRF_HEADER, "")
            if not self.shared.sessions.is_csrf_token(session, token):
                self.fail(
                    403, "You are still logged in", "That page was too old. Go back, reload it, and log out again."
                )
                return
        everywhere = self.get_body_argument("everywhere", "") == "1"
        if session is not None:
            self.shared.sessions.end(session, everywhere=everywhere)
        self.clear_cookie(self.shared.cookies.session, path="/", secure=self.shared.origins.scheme == "https")
        if session is not None and everywhere and not await self._told(session.person.name):
            self.fail(
                503,
                "You are logged out here, but perhaps not everywhere",
                "Shiva's manager does not answer, so another door of this Shiva may still hold a session of yours. "
                "Notebooks go on running. Log in again in a few minutes, and log out everywhere once more.",
            )
            return
        self.redirect("/-/login", status=SEE_OTHER)

    async def _told(self, name: str) -> bool:
        try:
            await self.entrance.admission.log_out_everywhere(name, client=self.client)
        except ManagerUnavailableError as error:
            log.warning("a logout everywhere is not everywhere", extra={"person": name, "cause": str(error)})
            return False
        return True
