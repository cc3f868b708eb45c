"""A browser's part of a login at the door: its cookies, and each step by itself, so that a test may leave one out or bend it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urlencode, urlsplit

from tests.fakes.lying_provider import LyingProvider
from tests.fakes.proxy_door import Answer, World
from tests.fakes.proxy_process import hidden

FORM = "application/x-www-form-urlencoded"
SESSION = "shiva-session"


@dataclass
class Visit:
    """One browser at one door."""

    world: World
    cookies: dict[str, "Morsel[str]"] = field(default_factory=dict)

    def header(self, path: str) -> str:
        """Return the Cookie header for a path."""
        return "; ".join(
            f"{name}={one.coded_value}" for name, one in self.cookies.items() if path.startswith(one["path"] or "/")
        )

    def keep(self, answer: Answer) -> Answer:
        """Take an answer's cookies."""
        for line in answer.values("set-cookie"):
            for name, one in SimpleCookie(line).items():
                self.cookies.pop(name, None)
                if one.value and one["max-age"] != "0" and not one["expires"].endswith(" 1970 00:00:00 GMT"):
                    self.cookies[name] = one
        return answer

    async def ask(self, method: str, path: str, body: bytes = b"", **more: str) -> Answer:
        """Ask the door once; a header that is empty in `more` is left out."""
        cookie = self.header(path.partition("?")[0])
        headers = self.world.headers(cookie, **{"accept": "text/html"} | more)
        client = await self.world.client()
        answer = await client.ask(method, path, {name: one for name, one in headers.items() if one}, body)
        client.writer.close()  # who asks again and again would hold more connections than one address may
        return self.keep(answer)

    async def press(self, wanted: str = "/", **more: str) -> Answer:
        """Open the login page and press its button."""
        page = await self.ask("GET", f"/-/login?{urlencode({'next': wanted})}")
        assert page.status == 200, page
        form = urlencode({"csrf_token": hidden(page.body), "next": wanted}).encode()
        return await self.ask("POST", "/-/login", form, **{"content_type": FORM} | more)

    async def begin(self, wanted: str = "/") -> str:
        """Press the button; return where it leads: to the provider."""
        answer = await self.press(wanted)
        assert answer.status == 303, answer
        return answer.value("location")

    async def come_back(self, url: str) -> Answer:
        """Follow the provider's way back, as a browser follows one from another site."""
        parts = urlsplit(url)
        return await self.ask(
            "GET", f"{parts.path}?{parts.query}", origin="", sec_fetch_site="cross-site", sec_fetch_mode="navigate",
            sec_fetch_dest="document",
        )  # fmt: skip

    async def log_in(self, liar: LyingProvider, wanted: str = "/") -> Answer:
        """Go all the way."""
        return await self.come_back(liar.authorize(await self.begin(wanted)))

    async def is_in(self) -> bool:
        """Whether the door lets this browser through to the manager."""
        return (await self.ask("GET", "/api/v1/me")).status == 200

    @property
    def session(self) -> str | None:
        """The value of the session's cookie, whatever it is called here."""
        return next((one.value for name, one in self.cookies.items() if name.endswith(SESSION)), None)


def set_cookies(answer: Answer) -> Iterator["Morsel[str]"]:
    """Return the cookies of an answer."""
    for line in answer.values("set-cookie"):
        yield from SimpleCookie(line).values()
