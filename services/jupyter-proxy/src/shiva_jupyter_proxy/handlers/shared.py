"""What the door's own pages have in common."""

from dataclasses import dataclass
from datetime import timedelta

from tornado.web import RequestHandler

from shiva_jupyter_proxy.adapters.pages import Pages
from shiva_jupyter_proxy.domain.cookies import CookieNames
from shiva_jupyter_proxy.domain.language import language_of
from shiva_jupyter_proxy.domain.messages import Headers
from shiva_jupyter_proxy.domain.origins import Origins
from shiva_jupyter_proxy.domain.ports import Session, Sessions
from shiva_jupyter_proxy.domain.routes import RouteTable

SEE_OTHER = 303
SESSION_HEADER = "X-Shiva-Session"  # the session's cookie; on the private socket only the door writes such headers
STATE_HEADER = "X-Shiva-State"
LOGIN_HEADER = "X-Shiva-Login"
LANGUAGE_HEADER = "X-Shiva-Language"
CLIENT_HEADER = "X-Forwarded-For"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What they work with."""

    pages: Pages
    page_headers: Headers
    sessions: Sessions
    cookies: CookieNames
    origins: Origins
    table: RouteTable
    lifetime: timedelta  # of a session


class PageHandler(RequestHandler):
    """What every page of the door has."""

    shared: Shared

    def set_default_headers(self) -> None:
        """Say what the browser may do with it."""
        self.clear_header("Server")
        for name, value in self.application.settings["page_headers"]:
            self.set_header(name, value)
        self.set_header("Cache-Control", "no-store")


class SharingHandler(PageHandler):
    """A page about sessions."""

    def initialize(self, shared: Shared) -> None:
        """Take what is shared."""
        self.shared = shared

    @property
    def language(self) -> str:
        """The language of who asks."""
        told = self.request.headers
        return language_of(told.get(LANGUAGE_HEADER), told.get("Accept-Language"))

    @property
    def client(self) -> str:
        """The address that asks."""
        return self.request.headers.get(CLIENT_HEADER, "")

    def current(self) -> Session | None:
        """Return who is asking; the door has checked it, and it is checked again."""
        return self.shared.sessions.session(self.request.headers.get(SESSION_HEADER))

    def set_session(self, name: str, session: Session) -> None:
        """Give the browser its cookie, for this host alone."""
        self.give_cookie(name, self.shared.sessions.seal(session), seconds=int(self.shared.lifetime.total_seconds()))

    def give_cookie(self, name: str, value: str, *, seconds: int) -> None:
        """Give the browser a cookie that no script reads and no other host gets."""
        secure = self.shared.origins.scheme == "https"
        self.set_cookie(name, value, path="/", httponly=True, samesite="Lax", secure=secure, max_age=seconds)
