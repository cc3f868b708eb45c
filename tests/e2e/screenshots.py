"""`make screenshots`: the README's pictures, of this version, in real Chromium."""

import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.browsing import chromium, log_in, run_cell
from tests.e2e.person import Person
from tests.e2e.running import suite

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"


def dashboard(page: Page, address: str) -> None:
    """Log in, start a container with a GPU, and show the home page with it."""
    person = Person(address, "ada.lovelace")
    person.start(gpus=1)
    log_in(page, address, "ada.lovelace")
    expect(page.get_by_role("link", name="Open JupyterLab")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("gpu-03")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("—")).to_have_count(0, timeout=60_000)  # two scrapes, so that rates have values
    page.screenshot(path=PICTURES / "dashboard.png")


def main() -> None:
    """Take them against `make demo`'s suite."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        suite(Path(folder) / "demo", "--demo") as running,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page.goto(running.address)
        page.screenshot(path=PICTURES / "login.png")
        dashboard(page, running.address)
        page.goto(f"{running.address}user/ada.lovelace/lab")
        expect(page.locator("#jp-main-dock-panel")).to_be_visible(timeout=60_000)
        run_cell(page, "6*7", "42")
        page.screenshot(path=PICTURES / "jupyterlab.png")
    print(f"written: {', '.join(sorted(f'docs/pictures/{path.name}' for path in PICTURES.glob('*.png')))}")


if __name__ == "__main__":
    main()
