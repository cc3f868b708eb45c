"""Login and logout, and the cookie between them."""

from shiva_jupyter_proxy.domain import access, names
from shiva_jupyter_proxy.domain.ports import Person
from shiva_jupyter_proxy.handlers.shared import SEE_OTHER, SharingHandler


class Login(SharingHandler):
    """The development identity: whoever types a name is that person. On loopback only."""

    def get(self) -> None:
        """Show the form."""
        self._show(error="", typed="")

    def post(self) -> None:
        """Take the name, or say what is wrong with it. A session that this browser had before is over."""
        typed = self.get_body_argument("name", "", strip=False)
        try:
            shown = names.shown_name(typed)
            person = Person(name=names.user_name(shown), shown_name=shown)
        except names.NameRefusedError as error:
            self.set_status(400)
            self._show(error=str(error), typed=typed[: names.MAX_SHOWN])
            return
        if (before := self.current()) is not None:
            self.shared.sessions.end(before)
        self.set_session(self.shared.cookies.session, self.shared.sessions.begin(person))
        self.redirect(access.safe_next(self.get_argument("next", "/")), status=SEE_OTHER)

    def _show(self, *, error: str, typed: str) -> None:
        wanted = access.safe_next(self.get_argument("next", "/"))
        self.finish(self.shared.pages.page("login", next=wanted, error=error, typed=typed))


class Logout(SharingHandler):
    """Ends this session, on every host and in every process; with `everywhere=1`, all of the person's. Notebooks go on."""

    def post(self) -> None:
        """End it, and forget the cookie."""
        if (session := self.current()) is not None:
            self.shared.sessions.end(session, everywhere=self.get_body_argument("everywhere", "") == "1")
        self.clear_cookie(self.shared.cookies.session, path="/", secure=self.shared.origins.scheme == "https")
        self.redirect("/-/login", status=SEE_OTHER)
