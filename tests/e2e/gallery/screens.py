"""Every screen and state of the dashboard and of the door's own pages; one more is one more line here."""

from dataclasses import dataclass

from tests.e2e.gallery import states
from tests.e2e.gallery.acts import Act, answering, fill, keys, offline, press, seen, then
from tests.e2e.gallery.answers import Answers

MINE = "ada.lovelace--default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Where it is, and how one sees that it is there. Texts are keys of the words, or themselves after “=”."""

    name: str
    path: str = ""
    heading: str | None = None  # None: it has none of ours
    shows: str | None = None  # a sentence of this state, once `act` is done
    answers: Answers | None = None  # None: what the running suite says
    person: str | None = "visitor"  # None: nobody is logged in
    act: Act | None = None  # what is done once the heading is there
    loading: bool = False  # its skeletons stay
    english: bool = False  # what it tells is English by nature


HOME = "containers.mine"
ADMIN = "admin.title"

# As the running suite has it.
REAL = (
    Screen(name="login", path="-/login", heading="door.login", person=None),
    Screen(name="home", heading=HOME, shows="start.button"),
    Screen(name="home-menu", heading=HOME, act=press("frame.account", opens="menu"), shows="frame.logOut"),
    Screen(name="home-palette", heading=HOME, act=keys("Control+k"), shows="frame.group.actions"),
    Screen(name="home-keys", heading=HOME, act=keys("?"), shows="frame.keys.onHint"),
    Screen(name="home-table", heading=HOME, act=press("machines.table"), shows="=gpu-01"),
    Screen(name="start-drawer", heading=HOME, act=press("start.options", opens="dialog"), shows="start.title"),
    Screen(name="usage", path="usage", heading="usage.title", shows="usage.intro"),
    Screen(name="images", path="images", heading="images.title", shows="images.default"),
    Screen(name="wall", path="wall", shows="wall.gpu.free"),
    Screen(name="tokens", path="tokens", heading="common.tokens.title", shows="tokens.intro"),
    Screen(name="token-new", path="tokens", heading="common.tokens.title",
           act=press("tokens.create", opens="dialog"), shows="tokens.labelHint"),
    Screen(name="device", path="device", heading="device.title", shows="device.ask"),
    Screen(name="admin-people", path="admin", heading=ADMIN, person="admin"),
    Screen(name="admin-containers", path="admin/containers", heading=ADMIN, person="admin"),
    Screen(name="admin-machines", path="admin/machines", heading=ADMIN, person="admin"),
    Screen(name="admin-announcement", path="admin/announcement", heading=ADMIN, person="admin"),
    Screen(name="admin-tokens", path="admin/tokens", heading=ADMIN, person="admin"),
    Screen(name="admin-audit", path="admin/audit", heading=ADMIN, person="admin"),
    Screen(name="admin-forbidden", path="admin", heading=ADMIN, shows="admin.forbidden"),
    Screen(name="api-docs", path="api-docs", heading="=API", english=True),
    Screen(name="not-found", path="no-such-page", heading="common.notFound", shows="common.home"),
    Screen(name="not-running", path="user/visitor/lab", heading="door.gone.head"),
    Screen(name="not-yours", path="user/ken/lab", heading="door.other.head"),
)  # fmt: skip

# What is hard to reach.
STATES = (
    Screen(name="home-loading", heading=HOME, answers=states.WAITS, loading=True),
    Screen(name="home-usual", heading=HOME, answers=states.USUAL, shows="machines.unmanaged"),
    Screen(name="home-empty", heading=HOME, answers=states.EMPTY, shows="machines.none"),
    Screen(name="home-trouble", heading=HOME, answers=states.TROUBLE, shows="machines.gpu.foreign"),
    Screen(name="home-stale", heading=HOME, answers=states.STALE, shows="frame.metricsStale"),
    Screen(name="home-no-metrics", heading=HOME, answers=states.NO_METRICS, shows="frame.metricsUnavailable"),
    Screen(name="home-no-broker", heading=HOME, answers=states.NO_BROKER, shows="frame.brokerAway"),
    Screen(name="home-error", heading=HOME, answers=states.ERROR, shows="=metrics-unavailable"),
    Screen(name="home-away", heading=HOME, answers=states.AWAY, loading=True, shows="=unreachable"),
    Screen(name="home-lost", heading=HOME, answers=states.USUAL, act=answering(states.AWAY), shows="=unreachable"),
    Screen(name="home-offline", heading=HOME, answers=states.USUAL, act=offline, shows="frame.offline"),
    Screen(name="home-announced", heading=HOME, answers=states.ANNOUNCED, shows="=Tonight from 22:00"),
    Screen(name="home-huge", heading=HOME, answers=states.HUGE),
    Screen(name="home-huge-table", heading=HOME, answers=states.HUGE, act=press("machines.table")),
    Screen(name="home-no-match", heading=HOME, answers=states.USUAL, act=fill("machines.search", "nobody"),
           shows="machines.noMatch"),
    Screen(name="home-trouble-table", heading=HOME, answers=states.TROUBLE, act=press("machines.table")),
    Screen(name="mine-running", heading=HOME, answers=states.RUNNING, shows="containers.state.ready"),
    Screen(name="mine-stop", heading=HOME, answers=states.RUNNING, act=press("containers.stop", opens="dialog"),
           shows="containers.stopText"),
    Screen(name="mine-idle", heading=HOME, answers=states.IDLE, shows="containers.idle.keep"),
    Screen(name="mine-starting", heading=HOME, answers=states.STARTING, shows="start.phase.booting"),
    Screen(name="mine-pulling", heading=HOME, answers=states.PULLING, shows="containers.state.pulling"),
    Screen(name="mine-failed", heading=HOME, answers=states.FAILED, shows="containers.state.failed"),
    Screen(name="mine-lost", heading=HOME, answers=states.LOST, shows="containers.lostHint"),
    Screen(name="start-fits", heading=HOME, answers=states.USUAL, act=press("start.options", opens="dialog"),
           shows="start.fitsIn"),
    Screen(name="start-misfit", heading=HOME, answers=states.NO_ROOM, act=press("start.options", opens="dialog"),
           shows="start.misfit"),
    Screen(name="start-refused", heading=HOME, answers=states.NO_ROOM, act=press("start.button"), shows="=no-capacity"),
    Screen(name="container", path=f"containers/{MINE}", heading="containers.page", answers=states.RUNNING,
           shows="containers.timeline"),
    Screen(name="container-failed", path=f"containers/{MINE}", heading="containers.page", answers=states.FAILED),
    Screen(name="container-no-numbers", path=f"containers/{MINE}", heading="containers.page",
           answers=states.NO_NUMBERS, shows="containers.logNone"),
    Screen(name="container-not-mine", path=f"containers/{MINE}", heading="containers.page", answers=states.NOT_MINE,
           shows="=not-yours"),
    Screen(name="container-gone", path=f"containers/{MINE}", heading="containers.page", answers=states.GONE,
           shows="=container-not-found"),
    Screen(name="container-loading", path=f"containers/{MINE}", answers=states.WAITS,
           loading=True),
    Screen(name="images-some", path="images", heading="images.title", answers=states.USUAL, shows="images.needsGpu"),
    Screen(name="images-boss", path="images", heading="images.title", answers=states.BOSS, shows="images.fetchAll"),
    Screen(name="images-none", path="images", heading="images.title", answers=states.NO_IMAGES, shows="images.none"),
    Screen(name="images-error", path="images", heading="images.title", answers=states.NO_BROKER,
           shows="=broker-unavailable"),
    Screen(name="images-loading", path="images", heading="images.title", answers=states.WAITS, loading=True),
    Screen(name="usage-week", path="usage", heading="usage.title", answers=states.USUAL, shows="usage.byMachine"),
    Screen(name="usage-unrecorded", path="usage", heading="usage.title", answers=states.UNRECORDED,
           shows="usage.unrecorded"),
    Screen(name="usage-error", path="usage", heading="usage.title", answers=states.NO_USAGE,
           shows="=metrics-unavailable"),
    Screen(name="usage-loading", path="usage", heading="usage.title", answers=states.WAITS, loading=True),
    Screen(name="wall-usual", path="wall", answers=states.USUAL, shows="=ada.lovelace"),
    Screen(name="wall-trouble", path="wall", answers=states.TROUBLE, shows="wall.gpu.off"),
    Screen(name="wall-stale", path="wall", answers=states.STALE, shows="wall.oldNumbers"),
    Screen(name="wall-empty", path="wall", answers=states.EMPTY, shows="wall.empty"),
    Screen(name="wall-huge", path="wall", answers=states.HUGE, shows="wall.page"),
    Screen(name="wall-lost", path="wall", answers=states.USUAL, act=then(seen("=ada.lovelace"), answering(states.AWAY)),
           shows="wall.away"),
    Screen(name="wall-loading", path="wall", answers=states.WAITS, loading=True),
    Screen(name="tokens-some", path="tokens", heading="common.tokens.title", answers=states.USUAL,
           shows="common.tokens.expired"),
    Screen(name="tokens-none", path="tokens", heading="common.tokens.title", answers=states.NO_TOKENS,
           shows="tokens.none"),
    Screen(name="tokens-error", path="tokens", heading="common.tokens.title", answers=states.TOKENS_ERROR,
           shows="=store-unavailable"),
    Screen(name="token-made", path="tokens", heading="common.tokens.title", answers=states.NO_TOKENS,
           act=then(press("tokens.create", opens="dialog"), fill("common.tokens.label", "backup"),
                    press("tokens.createConfirm")), shows="tokens.once"),
    Screen(name="device-asks", path="device?user_code=BDGH-KLMN", heading="device.title", answers=states.USUAL,
           shows="device.warningTitle"),
    Screen(name="device-gone", path="device?user_code=BDGH-KLMN", heading="device.title", answers=states.NO_DEVICE,
           shows="=device-not-found"),
    Screen(name="people-some", path="admin", heading=ADMIN, answers=states.BOSS, shows="=Grace"),
    Screen(name="people-error", path="admin", heading=ADMIN, answers=states.BOSS_ERROR, shows="=store-unavailable"),
    Screen(name="machines-closed", path="admin/machines", heading=ADMIN, answers=states.BOSS),
)  # fmt: skip

SCREENS = REAL + STATES
OFTEN = {"home-loading", "home-trouble", "home-stale", "home-huge", "start-misfit", "mine-idle", "container"}
SAMPLE = REAL + tuple(screen for screen in STATES if screen.name in OFTEN)
