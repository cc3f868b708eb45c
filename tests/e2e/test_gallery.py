"""Every screen and state of the dashboard in Chromium: three languages, two themes, three widths; pictures in artifacts/gallery."""

import itertools
import os
import platform
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from tests.e2e.gallery import axe, screens
from tests.e2e.gallery.screens import Screen
from tests.e2e.gallery.visiting import THEMES, WIDTHS, House, Look, visit
from tests.e2e.gallery.words import LANGUAGES
from tests.e2e.running import Running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

# Nine looks hold every pair of a language, a theme and a width (a language with a width once).
PAIRS = [
    Look(language=language, theme=THEMES[(row + column) % 2], width=width)
    for row, language in enumerate(LANGUAGES)
    for column, width in enumerate(WIDTHS)
]
SAMPLE = [(screen, PAIRS[number % len(PAIRS)]) for number, screen in enumerate(screens.SAMPLE)]
EVERY = [
    Look(language=each, theme=theme, width=width) for each, theme, width in itertools.product(LANGUAGES, THEMES, WIDTHS)
]


def looks_of(number: int) -> list[Look]:
    """Return the looks that a screen is visited in: `make gallery` takes all 18, CI three with all languages, themes and widths."""
    if os.environ.get("SHIVA_GALLERY") == "every":
        return EVERY
    return [
        Look(language=language, theme=THEMES[(row + number) % 2], width=WIDTHS[(row + number) % 3])
        for row, language in enumerate(LANGUAGES)
    ]


@pytest.fixture(scope="module")
def house(demo: Running, browser: Browser) -> Iterator[House]:
    """The demo, and a browser with the sessions of its visitors."""
    house = House(address=demo.address, browser=browser)
    yield house
    house.close()


@pytest.mark.parametrize(("screen", "look"), SAMPLE, ids=lambda each: getattr(each, "name", str(each)))
def test_a_screen_is_whole_in_its_language_and_usable_by_everybody(house: House, screen: Screen, look: Look) -> None:
    with visit(house, screen, look) as seen:
        seen.picture()
        wrong = seen.complaints() + axe.grave(seen.page)
        seen.turn()
        wrong += [f"in the other theme: {each}" for each in axe.grave(seen.page, "color-contrast")]
    assert not wrong, "\n".join(wrong)


def test_the_sample_holds_every_pair() -> None:
    looks = {look for _, look in SAMPLE}
    for one, two in itertools.combinations(("language", "theme", "width"), 2):
        pairs = {(getattr(look, one), getattr(look, two)) for look in looks}
        everything = {(getattr(look, one), getattr(look, two)) for look in EVERY}
        assert pairs == everything


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("number", "screen"), list(enumerate(screens.SCREENS)), ids=lambda each: getattr(each, "name", "")
)
def test_a_screen_is_whole_in_its_looks(house: House, number: int, screen: Screen) -> None:
    wrong = []
    for look in looks_of(number):
        with visit(house, screen, look) as seen:
            seen.picture()
            wrong += [f"{look}: {each}" for each in seen.complaints() + axe.grave(seen.page)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.full
@pytest.mark.parametrize("screen", screens.REAL, ids=lambda screen: screen.name)
def test_the_real_suite_has_the_same_screens(suite: Running, browser: Browser, screen: Screen) -> None:
    real = House(address=suite.address, browser=browser)
    if screen.name in {"home-table", "wall"}:  # this machine has another name, and perhaps no GPU
        screen = replace(screen, shows=f"={platform.node()}")
    try:
        with visit(real, screen, Look(language="en", theme="light", width=1280)) as seen:
            wrong = seen.complaints() + axe.grave(seen.page)
            assert not wrong, "\n".join(wrong)
    finally:
        real.close()
