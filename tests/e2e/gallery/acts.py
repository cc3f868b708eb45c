"""What is done on a screen once it is there, to see what comes of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from tests.e2e.gallery.answers import Answers

if TYPE_CHECKING:
    from tests.e2e.gallery.visiting import Visit

Act = Callable[["Visit"], None]
Role = Literal["button", "link", "tab", "menuitem"]


def press(key: str, *, role: Role = "button", opens: Literal["dialog", "menu"] | None = None) -> Act:
    """Press what is called so, by its key in the words."""

    def act(visit: "Visit") -> None:
        visit.page.get_by_role(role, name=visit.words(key)).first.click()
        if opens is not None:
            visit.page.get_by_role(opens).first.wait_for()

    return act


def fill(key: str, text: str) -> Act:
    """Type `text` into the field that is called so."""
    return lambda visit: (
        visit.page.get_by_role("textbox", name=visit.words(key))
        .or_(visit.page.get_by_role("searchbox", name=visit.words(key)))
        .first.fill(text)
    )


def seen(key: str) -> Act:
    """Wait until it is there."""
    return lambda visit: visit.page.get_by_text(visit.words(key)).first.wait_for()


def then(*acts: Act) -> Act:
    """Do one after another."""

    def act(visit: "Visit") -> None:
        for each in acts:
            each(visit)

    return act


def answering(answers: Answers) -> Act:
    """Let the manager answer so from now on, while the page is open."""

    def act(visit: "Visit") -> None:
        visit.manager().answers = answers

    return act


def keys(*pressed: str, opens: Literal["dialog", "menu"] = "dialog") -> Act:
    """Press keys anywhere on the page."""

    def act(visit: "Visit") -> None:
        for each in pressed:
            visit.page.keyboard.press(each)
        visit.page.get_by_role(opens).first.wait_for()

    return act


def offline(visit: "Visit") -> None:
    """Take the browser off the network."""
    visit.page.wait_for_load_state("networkidle")  # else the page lacks parts of itself, as any page would
    visit.page.context.set_offline(True)
