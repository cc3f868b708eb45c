"""The dashboard's own sentences, and what of them must not stand on a page."""

import functools
import json
import re

from tests.e2e.gallery.answers import SERVICES

LANGUAGES = ("en", "ja", "zh-CN")
WORDS = SERVICES / "dashboard/src/words"
DOOR = SERVICES / "jupyter-proxy/src/shiva_jupyter_proxy/adapters/words.json"
BARE = re.compile(r"[\w .,:;!?“”…()–-]+")  # no placeholder and no plural in it


@functools.cache
def catalogue(language: str) -> dict[str, str]:
    """Return every sentence by key; those of the door's own pages begin with `door.`."""
    door = json.loads(DOOR.read_text(encoding="utf-8"))
    return {f"door.{key}": texts[language] for key, texts in door.items()} | {
        key: text
        for path in sorted((WORDS / language).glob("*.json"))
        for key, text in json.loads(path.read_text(encoding="utf-8")).items()
    }


def say(language: str, key: str) -> str:
    """Return a sentence; what starts with “=” is itself, in every language."""
    return key[1:] if key.startswith("=") else catalogue(language)[key]


def pattern(language: str, key: str) -> re.Pattern[str]:
    """Return what finds a sentence, whatever its placeholders stand for, alone or at the beginning of a text."""
    parts = re.split(r"\{\w+(?:, ?\w+)?\}", say(language, key))
    return re.compile("^" + ".+".join(re.escape(part) for part in parts), re.DOTALL)


@functools.cache
def _english_only(language: str) -> frozenset[str]:
    """Return English sentences of two words at least that the other language says otherwise."""
    other = catalogue(language)
    return frozenset(
        text
        for key, text in catalogue("en").items()
        if " " in text and BARE.fullmatch(text) and text not in other.values() and key in other
    )


@functools.cache
def _keys() -> re.Pattern[str]:
    rooms = "|".join(sorted(path.stem for path in (WORDS / "en").glob("*.json")))
    return re.compile(rf"\b(?:{rooms})\.(?!json\b|py\b)[a-z]\w+(?:\.\w+)*")


def complaints(language: str, text: str) -> list[str]:
    """Return what is wrong with the text of a page: keys, open placeholders, another language."""
    found = [f"a key: {key}" for key in _keys().findall(text)]
    found += [f"an open placeholder: {each}" for each in re.findall(r"\{\w+(?:, ?\w+)*\}", text)]
    lines = {line.strip() for line in text.splitlines()}
    return found + [f"English: {line}" for line in sorted(lines & _english_only(language)) if language != "en"]
