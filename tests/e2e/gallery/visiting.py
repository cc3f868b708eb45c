"""One visit of one screen in Chromium: what must hold on every page, and a picture of it."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from tests.e2e.gallery import words
from tests.e2e.gallery.answers import Manager
from tests.e2e.gallery.screens import Screen
from tests.e2e.person import Person

PICTURES = Path(__file__).resolve().parents[3] / "artifacts" / "gallery"
LOCALES = {"en": "en-US", "ja": "ja-JP", "zh-CN": "zh-CN"}
THEMES = ("light", "dark")
HEIGHTS = {360: 740, 1280: 900, 1920: 1080}
WIDTHS = tuple(HEIGHTS)
TALLEST = 5_000  # pixels; of a longer page its beginning is kept

OVERFLOW = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return null;
  const wide = [...document.querySelectorAll("body *")].filter((each) => {
    const box = each.getBoundingClientRect();
    return box.width > 0 && box.right > root.clientWidth + 1;
  });
  return `${root.scrollWidth} > ${root.clientWidth}: ` + wide.slice(0, 5)
    .map((each) => `<${each.tagName.toLowerCase()} class="${each.className}"> ${each.textContent.slice(0, 40)}`).join(" | ");
}"""

AT_REST = """async () => {
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  for (const each of document.getAnimations()) {
    if (each.effect?.getComputedTiming().endTime !== Infinity) each.finish();
  }
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a screen is looked at."""

    language: str
    theme: str
    width: int

    def __str__(self) -> str:
        """Name it, as a file."""
        return f"{self.language}-{self.theme}-{self.width}"


@dataclass(kw_only=True)
class House:
    """A running suite and a browser; a browser's context is kept by language and person, with what it has fetched."""

    address: str  # with a slash at its end
    browser: Browser
    _contexts: dict[tuple[str, str | None], BrowserContext] = field(default_factory=dict)

    def context(self, language: str, person: str | None) -> BrowserContext:
        """Return a context with the person's session; None: nobody's."""
        known = self._contexts.get((language, person))
        if known is None:
            known = self.browser.new_context(locale=LOCALES[language], reduced_motion="reduce")
            known.set_default_timeout(15_000)
            known.add_init_script("window.localStorage.clear()")
            if person is not None:
                cookies = Person(self.address, person).session.cookies
                known.add_cookies(
                    [{"name": each.name, "value": str(each.value), "url": self.address} for each in cookies]
                )
            self._contexts[language, person] = known
        return known

    def close(self) -> None:
        """Forget everything."""
        for context in self._contexts.values():
            context.close()


@dataclass(kw_only=True)
class Visit:
    """An open screen."""

    screen: Screen
    look: Look
    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)

    def words(self, key: str) -> re.Pattern[str]:
        """Return what finds a sentence in the visit's language."""
        return words.pattern(self.look.language, key)

    @cached_property
    def _manager(self) -> Manager:
        return Manager(answers=self.screen.answers or {})

    def manager(self) -> Manager:
        """Return who answers instead of the suite."""
        return self._manager

    def arrive(self) -> None:
        """Open the screen and wait until it is all there."""
        self.page.on("console", self._read)
        self.page.on("pageerror", lambda error: self.wrong.append(f"an exception: {error}"))
        self.page.on("request", self._asked)
        self.page.emulate_media(color_scheme="dark" if self.look.theme == "dark" else "light")
        self.page.set_viewport_size({"width": self.look.width, "height": HEIGHTS[self.look.width]})
        if self.screen.answers is not None:
            self._manager.serve(self.page)
        self.page.goto(self.address + self.screen.path)
        if self.screen.heading is not None:
            expect(self.page.get_by_role("heading", name=self.words(self.screen.heading)).first).to_be_visible()
        self.settle()
        if self.screen.act is not None:
            self.screen.act(self)
        if self.screen.shows is not None:
            shown = self.page.get_by_text(self.words(self.screen.shows)).filter(visible=True)
            expect(shown.first).to_be_visible(timeout=10_000)
        self.settle()

    def settle(self) -> None:
        """Wait until what loads has come, where it ever does."""
        if not self.screen.loading:
            expect(self.page.locator(".MuiSkeleton-root")).to_have_count(0)
        self.page.evaluate(AT_REST)

    def turn(self) -> None:
        """Show the other theme."""
        self.page.emulate_media(color_scheme="light" if self.look.theme == "dark" else "dark")
        self.page.evaluate(AT_REST)

    def complaints(self) -> list[str]:
        """Return what is wrong with the page as it stands."""
        found = [*self.wrong, *(f"nobody describes {line}" for line in self._manager.unknown)]
        shown = self.page.evaluate("document.documentElement.lang")
        if shown != self.look.language:
            found.append(f"the page says that its language is {shown!r}")
        overflow = self.page.evaluate(OVERFLOW)
        if overflow:
            found.append(f"the page scrolls sideways: {overflow}")
        if not self.screen.english:
            found += words.complaints(self.look.language, self.page.inner_text("body"))
        return found

    def picture(self) -> Path:
        """Keep how it looks."""
        path = PICTURES / self.screen.name / f"{self.look}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        height = int(self.page.evaluate("document.documentElement.scrollHeight"))
        self.page.screenshot(path=path, animations="disabled", caret="hide", full_page=height <= TALLEST)
        return path

    def _read(self, message: ConsoleMessage) -> None:
        expected = message.location.get("url", "") in self._manager.refused or self._refused(message)
        expected = expected or "ERR_INTERNET_DISCONNECTED" in message.text  # only an act takes it off the network
        if message.type == "error" and not expected:
            self.wrong.append(f"the console: {message.text} ({message.location.get('url')})")

    def _refused(self, message: ConsoleMessage) -> bool:
        """Whether it only says that the screen's own address is refused, as it has to be."""
        return self.screen.person is not None and message.location.get("url") == self.address + self.screen.path

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.wrong.append(f"another origin: {request.url}")


@contextlib.contextmanager
def visit(house: House, screen: Screen, look: Look) -> Iterator[Visit]:
    """Open a screen, and close it afterwards."""
    page = house.context(look.language, screen.person).new_page()
    try:
        visited = Visit(screen=screen, look=look, page=page, address=house.address)
        visited.arrive()
        yield visited
    finally:
        page.context.set_offline(False)
        page.unroute_all(behavior="ignoreErrors")
        page.close()
