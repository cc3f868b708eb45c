"""`make bench-dashboard`: the dashboard in Chromium with 3 and with 1,000 machines of 8 GPUs, against a plain page that
writes the same list as one string of HTML; and what its JavaScript weighs, part by part."""

import statistics
import sys
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from tests.bench.bundle import BUDGET_BYTES, initial_bytes, later_bytes
from tests.bench.dashboard_world import Serving
from tests.bench.measured import keep, table
from tests.e2e.browsing import chromium

SIZES = (3, 1000)
ROUNDS = 5
REFRESHES = 5
SCROLL_SECONDS = 3.0
FRAME_GOAL_MS = 50.0  # the 95th percentile while scrolling: no worse looks like a stop
FIRST_CARD = """
window.firstCard = null;
const look = () => {
  if (document.querySelector("article[aria-label^='gpu-'], [data-machine], [role=row] [data-field=name], tbody tr")) {
    window.firstCard = performance.now();
  } else requestAnimationFrame(look);
};
look();
"""
SCROLL = """
(seconds) => new Promise((done) => {
  const frames = [], began = performance.now();
  let last = began, step = 40;
  const go = (now) => {
    frames.push(now - last);
    last = now;
    const before = scrollY;
    scrollBy(0, step);
    if (scrollY === before) step = -step;
    if (now - began < seconds * 1000) requestAnimationFrame(go); else done(frames.slice(1));
  };
  requestAnimationFrame(go);
})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One page with so many machines."""

    first_card_ms: float  # from the navigation's start; the median of some
    script_ms: float  # of each refresh
    work_ms: float  # of each refresh: scripts, styles, layout
    elements: int
    frames_per_second: float  # while scrolling
    frame_p95_ms: float


def first_card(browser: Browser, address: str) -> float:
    """Return the milliseconds from navigation to the first machine, in a browser that has nothing yet."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.add_init_script(FIRST_CARD)
        page.goto(address)
        return float(page.wait_for_function("window.firstCard", timeout=60_000).json_value())


def work(page: Page, serving: Serving) -> tuple[float, float]:
    """Return the milliseconds of scripts and of all work of each refresh."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")

    def spent() -> dict[str, float]:
        return {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}

    def wait(answers: int) -> None:
        goal = serving.world.asked["/api/v1/machines"] + answers
        while serving.world.asked["/api/v1/machines"] < goal:
            page.wait_for_timeout(20)
        page.wait_for_timeout(500)  # what an answer sets off is over before the next one

    wait(1)
    before, asked = spent(), serving.world.asked["/api/v1/machines"]
    wait(REFRESHES)
    after, answers = spent(), serving.world.asked["/api/v1/machines"] - asked
    script, every = (1000 * (after[name] - before[name]) / answers for name in ("ScriptDuration", "TaskDuration"))
    return script, every


def measured(browser: Browser, serving: Serving, path: str) -> Figures:
    """Look at one page."""
    address = serving.address + path
    cards = [first_card(browser, address) for _ in range(ROUNDS)]
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.add_init_script(FIRST_CARD)
        page.goto(address)
        page.wait_for_function("window.firstCard", timeout=60_000)
        script, every = work(page, serving)
        elements = int(page.evaluate("document.querySelectorAll('*').length"))
        frames = [float(each) for each in page.evaluate(SCROLL, SCROLL_SECONDS)]
    return Figures(
        first_card_ms=statistics.median(cards),
        script_ms=script,
        work_ms=every,
        elements=elements,
        frames_per_second=len(frames) / SCROLL_SECONDS,
        frame_p95_ms=sorted(frames)[len(frames) * 95 // 100] if frames else SCROLL_SECONDS * 1000,
    )


def main() -> None:
    """Measure, print, keep; exit status 1 when a goal is missed."""
    rows: list[dict[str, object]] = []
    found: dict[tuple[int, str], Figures] = {}
    with chromium() as browser:
        for machines in SIZES:
            serving = Serving(machines)
            try:
                for name, path in (("peer", "/peer"), ("shiva", "/")):
                    figures = found[machines, name] = measured(browser, serving, path)
                    rows.append(
                        {"machines": machines, "page": name} | {k: getattr(figures, k) for k in figures.__slots__}
                    )
            finally:
                serving.end()
    print(table(rows))
    many, peer = found[SIZES[-1], "shiva"], found[SIZES[-1], "peer"]
    ratios = {
        "first_card": many.first_card_ms / peer.first_card_ms,
        "work": many.work_ms / peer.work_ms,
        "frames_per_second": many.frames_per_second / peer.frames_per_second,
        "elements": many.elements / peer.elements,
    }
    print(
        f"with {SIZES[-1]} machines, Shiva / peer: " + ", ".join(f"{key} {value:.2f}" for key, value in ratios.items())
    )
    initial, later = initial_bytes(), later_bytes()
    print(
        table([{"part": "initial", "gzip_bytes": initial}, *({"part": k, "gzip_bytes": v} for k, v in later.items())])
    )
    goals = {
        f"initial JavaScript of at most {BUDGET_BYTES} bytes": initial <= BUDGET_BYTES,
        f"95 of 100 frames within {FRAME_GOAL_MS:.0f} ms while scrolling": many.frame_p95_ms <= FRAME_GOAL_MS,
        "a refresh costs less work than the plain page's": ratios["work"] < 1,
    }
    print("\n".join(f"{'met' if met else 'MISSED'}: {goal}" for goal, met in goals.items()))
    bundle = {"initial_gzip_bytes": initial, "later_gzip_bytes": later, "budget_bytes": BUDGET_BYTES}
    keep("bench-dashboard", {"pages": rows, "ratios": ratios, "bundle": bundle, "goals": goals})
    sys.exit(0 if all(goals.values()) else 1)


if __name__ == "__main__":
    main()
