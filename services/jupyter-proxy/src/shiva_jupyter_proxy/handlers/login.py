"""Login and logout, and the cookie between them."""

from typing import Any

from tornado.web import RequestHandler

from shiva_jupyter_proxy.adapters.pages import SECURITY_HEADERS, Pages
from shiva_jupyter_proxy.adapters.sessions import LIFETIME_DAYS
from shiva_jupyter_proxy.domain import access, names
from shiva_jupyter_proxy.domain.headers import SESSION_COOKIE
from shiva_jupyter_proxy.domain.ports import Person, Sessions

SEE_OTHER = 303


class PageHandler(RequestHandler):
    """What every page of the door has."""

    def set_default_headers(self) -> None:
        """Say what the browser may do with it."""
        self.clear_header("Server")
        for name, value in SECURITY_HEADERS:
            self.set_header(name, value)
        self.set_header("Cache-Control", "no-store")


class Login(PageHandler):
    """The development identity: whoever types a name is that person. On loopback only."""

    def initialize(self, pages: Pages, sessions: Sessions) -> None:
        """Take what the application holds."""
        self._pages = pages
        self._sessions = sessions

    def get(self) -> None:
        """Show the form."""
        self._show(error="", typed="")

    def post(self) -> None:
        """Take the name, or say what is wrong with it."""
        typed = self.get_body_argument("name", "", strip=False)
        try:
            shown = names.shown_name(typed)
            person = Person(name=names.user_name(shown), shown_name=shown)
        except names.NameRefusedError as error:
            self.set_status(400)
            self._show(error=str(error), typed=typed[: names.MAX_SHOWN])
            return
        self._set_cookie(self._sessions.seal(person))
        self.redirect(access.safe_next(self.get_argument("next", "/")), status=SEE_OTHER)

    def _set_cookie(self, value: str) -> None:
        self.set_cookie(SESSION_COOKIE, value, path="/", httponly=True, samesite="Lax", max_age=LIFETIME_DAYS * 86400)

    def _show(self, *, error: str, typed: str) -> None:
        wanted = access.safe_next(self.get_argument("next", "/"))
        self.finish(self._pages.page("login", next=wanted, error=error, typed=typed))


class Logout(PageHandler):
    """Ends the session of this browser; notebooks go on."""

    def post(self) -> None:
        """Forget the cookie."""
        self.clear_cookie(SESSION_COOKIE, path="/")
        self.redirect("/-/login", status=SEE_OTHER)


def options(pages: Pages, sessions: Sessions) -> dict[str, Any]:
    """Return what `Login` is initialised with."""
    return {"pages": pages, "sessions": sessions}
