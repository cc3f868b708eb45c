"""Every screen and state of the dashboard and of the door's own pages; one more is one more line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.e2e.gallery import states
from tests.e2e.gallery.answers import Answers

if TYPE_CHECKING:
    from tests.e2e.gallery.visiting import Visit

Act = Callable[["Visit"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Where it is, and how one sees that it is there."""

    name: str
    path: str = ""
    heading: str  # a key of the words, or the text itself after “=”
    answers: Answers | None = None  # None: what the running suite says
    person: str | None = "visitor"  # None: nobody is logged in
    act: Act | None = None  # what is done once the heading is there
    loading: bool = False  # its skeletons stay
    english: bool = False  # what it tells is English by nature


HOME = "=My container"


def options(visit: "Visit") -> None:
    """Open the options of a start."""
    visit.page.get_by_role("button", name=visit.say("=Options")).click()
    visit.page.get_by_role("dialog").wait_for()


def start(visit: "Visit") -> None:
    """Ask for a container."""
    visit.page.get_by_role("button", name=visit.say("=Start my container")).click()
    visit.page.get_by_role("alert").first.wait_for()


def stop(visit: "Visit") -> None:
    """Ask to stop, and be asked back."""
    visit.page.get_by_role("button", name=visit.say("=Stop"), exact=True).first.click()
    visit.page.get_by_role("dialog").wait_for()


def lose(visit: "Visit") -> None:
    """Let Shiva stop answering while the page is open."""
    visit.manager().answers = states.AWAY
    visit.page.get_by_role("alert").first.wait_for()


def menu(visit: "Visit") -> None:
    """Open the person's menu."""
    visit.page.get_by_role("banner").get_by_role("button").last.click()
    visit.page.get_by_role("menu").wait_for()


def new_token(visit: "Visit") -> None:
    """Open the form for a new token."""
    visit.page.get_by_role("button", name=visit.say("=New token")).click()
    visit.page.get_by_role("dialog").wait_for()


# As the running suite has it.
REAL = (
    Screen(name="login", path="-/login", heading="=Log in", person=None),
    Screen(name="home", heading=HOME),
    Screen(name="home-menu", heading=HOME, act=menu),
    Screen(name="start-drawer", heading=HOME, act=options),
    Screen(name="tokens", path="tokens", heading="=API tokens"),
    Screen(name="token-new", path="tokens", heading="=API tokens", act=new_token),
    Screen(name="device", path="device", heading="=Log a program in"),
    Screen(name="admin-people", path="admin", heading="=Administration", person="admin"),
    Screen(name="admin-containers", path="admin/containers", heading="=Administration", person="admin"),
    Screen(name="admin-machines", path="admin/machines", heading="=Administration", person="admin"),
    Screen(name="admin-announcement", path="admin/announcement", heading="=Administration", person="admin"),
    Screen(name="admin-tokens", path="admin/tokens", heading="=Administration", person="admin"),
    Screen(name="admin-audit", path="admin/audit", heading="=Administration", person="admin"),
    Screen(name="admin-forbidden", path="admin", heading="=This page is for admins"),
    Screen(name="api-docs", path="api-docs", heading="=API", english=True),
    Screen(name="not-found", path="no-such-page", heading="=There is no such page"),
    Screen(name="not-running", path="user/visitor/lab", heading="=Your container is not running"),
    Screen(name="not-yours", path="user/ken/lab", heading="=That container is not yours"),
)

# What is hard to reach.
STATES = (
    Screen(name="home-loading", heading=HOME, answers=states.LOADING, loading=True),
    Screen(name="home-empty", heading=HOME, answers=states.EMPTY),
    Screen(name="home-trouble", heading=HOME, answers=states.TROUBLE),
    Screen(name="home-stale", heading=HOME, answers=states.STALE),
    Screen(name="home-no-metrics", heading=HOME, answers=states.NO_METRICS),
    Screen(name="home-no-broker", heading=HOME, answers=states.NO_BROKER),
    Screen(name="home-error", heading=HOME, answers=states.ERROR),
    Screen(name="home-away", heading=HOME, answers=states.AWAY, loading=True),
    Screen(name="home-lost", heading=HOME, answers=states.USUAL, act=lose),
    Screen(name="home-announced", heading=HOME, answers=states.ANNOUNCED),
    Screen(name="home-huge", heading=HOME, answers=states.HUGE),
    Screen(name="mine-running", heading=HOME, answers=states.RUNNING),
    Screen(name="mine-stop", heading=HOME, answers=states.RUNNING, act=stop),
    Screen(name="mine-idle", heading=HOME, answers=states.IDLE),
    Screen(name="mine-starting", heading=HOME, answers=states.STARTING),
    Screen(name="mine-pulling", heading=HOME, answers=states.PULLING),
    Screen(name="mine-failed", heading=HOME, answers=states.FAILED),
    Screen(name="mine-lost", heading=HOME, answers=states.LOST),
    Screen(name="start-refused", heading=HOME, answers=states.NO_ROOM, act=start),
    Screen(name="tokens-error", path="tokens", heading="=API tokens", answers=states.TOKENS_ERROR),
    Screen(name="admin-refused", path="admin", heading="=Administration", answers=states.ADMIN),
)

SCREENS = REAL + STATES
