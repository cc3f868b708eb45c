"""How much JavaScript the built dashboard is, as browsers fetch it: compressed, what the first page needs and what each route adds."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

DIST = Path(__file__).resolve().parents[2] / "services" / "dashboard" / "dist"
ENTRY = "index.html"
WORDS = "src/words/en.ts"  # one language comes with the first page
BUDGET_BYTES = 250 * 1024


@cache
def manifest() -> dict[str, dict[str, Any]]:
    """Return Vite's list of chunks."""
    told: dict[str, dict[str, Any]] = json.loads((DIST / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    return told


@cache
def compressed_bytes(file: str) -> int:
    """Return what a file of `dist` weighs on the wire."""
    return len(gzip.compress((DIST / file).read_bytes(), 9, mtime=0))


def needed(*chunks: str) -> set[str]:
    """Return the JavaScript files of chunks and of all that these import at once."""
    seen: set[str] = set()
    waiting = list(chunks)
    while waiting:
        if (chunk := waiting.pop()) not in seen:
            seen.add(chunk)
            waiting += manifest()[chunk].get("imports", [])
    return {manifest()[chunk]["file"] for chunk in seen if manifest()[chunk]["file"].endswith(".js")}


def initial_bytes() -> int:
    """Return the compressed JavaScript that the first page waits for."""
    return sum(map(compressed_bytes, needed(ENTRY, WORDS)))


def later_bytes() -> dict[str, int]:
    """Return what each part that is fetched later adds, by its source."""
    first = needed(ENTRY, WORDS)
    later = [key for key, chunk in manifest().items() if chunk.get("isDynamicEntry") and key != WORDS]
    return {key: sum(map(compressed_bytes, needed(key) - first)) for key in sorted(later)}
