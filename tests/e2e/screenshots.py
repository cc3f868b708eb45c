"""`make screenshots`: the README's pictures, of this version, in real Chromium."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import chromium, log_in, run_cell
from tests.e2e.gallery.words import pattern
from tests.e2e.person import Person
from tests.e2e.running import eventually, suite

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
OWNER = "ada.lovelace"
POINTS = 8  # of a curve: fewer show nothing
LAPTOP = {"width": 1280, "height": 860}
SCREEN = {"width": 1280, "height": 720}


def take(page: Page, name: str) -> None:
    """Keep how the page looks, at rest."""
    expect(page.locator(".MuiSkeleton-root")).to_have_count(0, timeout=20_000)
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled", caret="hide")


def drawer(page: Page) -> None:
    """Show the options of a start, with what fits."""
    page.get_by_role("button", name=pattern("en", "start.options")).click()
    expect(page.get_by_role("dialog").get_by_text(pattern("en", "start.fits"))).to_be_visible(timeout=20_000)
    take(page, "start")
    page.keyboard.press("Escape")


def work(page: Page, address: str) -> None:
    """Show a notebook at work."""
    page.goto(f"{address}user/{OWNER}/lab")
    expect(page.locator("#jp-main-dock-panel")).to_be_visible(timeout=60_000)
    run_cell(page, "6*7", "42")
    page.screenshot(path=PICTURES / "jupyterlab.png")


def curves(person: Person, container: str) -> None:
    """Wait until there is something to draw, of a machine and of the container."""

    def told(path: str) -> int:
        answer = person.api("GET", path)
        assert answer.ok, answer.text
        return min(sum(each is not None for each in curve) for curve in answer.json()["series"].values())

    for path in ("machines/gpu-01/history", f"containers/{container}/history"):
        eventually(lambda path=path: told(path) >= POINTS, seconds=300, what=f"{path} has {POINTS} points")  # type: ignore[misc]


def dark(browser: Browser, person: Person, language: str) -> Page:
    """Return a page in the dark and in another language, with the person's session."""
    context = browser.new_context(viewport=SCREEN, color_scheme="dark", locale=language)  # type: ignore[arg-type]
    cookies = person.session.cookies
    context.add_cookies([{"name": each.name, "value": str(each.value), "url": person.address} for each in cookies])
    return context.new_page()


def main() -> None:
    """Take them against `make demo`'s suite."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        suite(Path(folder) / "demo", "--demo") as running,
        chromium() as browser,
    ):
        page = browser.new_page(viewport=LAPTOP, color_scheme="light")  # type: ignore[arg-type]
        page.goto(running.address)
        take(page, "login")
        log_in(page, running.address, OWNER)
        drawer(page)
        person = Person(running.address, OWNER)
        container = person.start(gpus=1)
        work(page, running.address)
        curves(person, container["id"])
        page.goto(running.address)
        expect(page.get_by_role("link", name=pattern("en", "containers.open"))).to_be_visible(timeout=20_000)
        take(page, "dashboard")
        page.goto(f"{running.address}containers/{container['id']}")
        expect(page.get_by_role("heading", name=pattern("en", "containers.timeline"))).to_be_visible(timeout=20_000)
        take(page, "container")
        other = dark(browser, person, "ja-JP")
        other.goto(f"{running.address}wall")
        expect(other.get_by_role("article").first).to_be_visible(timeout=20_000)
        take(other, "wall")
    print(f"written: {', '.join(sorted(f'docs/pictures/{path.name}' for path in PICTURES.glob('*.png')))}")


if __name__ == "__main__":
    main()
