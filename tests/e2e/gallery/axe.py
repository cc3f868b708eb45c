"""axe-core on an open page."""

import functools
from typing import Any

from playwright.sync_api import Page

from tests.e2e.gallery.answers import SERVICES
from tests.require import require

SCRIPT = SERVICES / "dashboard/node_modules/axe-core/axe.min.js"
GRAVE = {"serious", "critical"}


@functools.cache
def _script() -> str:
    require("axe", present=SCRIPT.exists(), reason=f"{SCRIPT} is missing: make ready")
    return SCRIPT.read_text(encoding="utf-8")


def grave(page: Page, *rules: str) -> list[str]:
    """Return what is serious or critical, by `rules` alone or by all; evaluated from outside, so no policy of the page stops it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_script())
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
    found = page.evaluate("(options) => window.axe.run(document, options).then((told) => told.violations)", options)
    return [
        f"{each['impact']} {each['id']}: {each['help']}: {node['html'][:160]} {node['failureSummary'][:200]!r}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"][:3]
    ]
