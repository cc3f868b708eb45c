"""The door speaks the language that was chosen on the dashboard, else the browser's."""

import pytest
from shiva_jupyter_proxy.adapters.pages import WORDS, Pages
from shiva_jupyter_proxy.domain.language import LANGUAGES, language_of

FACTS = {
    "wanted": "/user/ada/", "shown_name": "Ada", "owner": "ada", "name": "default", "csrf_token": "t", "start": "yes",
    "machine": "gpu-02", "since": "2026-11-23T05:02:00Z", "reason": "", "next": "/", "provider": "", "other": "",
    "error": "", "typed": "", "title": "T", "detail": "D",
}  # fmt: skip
KINDS = (
    "container-starting", "login", "login-failed", "machine-unreachable", "not-answering", "not-entered", "not-running",
    "not-yours", "routes-unknown",
)  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        ("ja", "en", "ja"),
        (None, "zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"),
        (None, "fr, en;q=0.5, ja;q=0.8", "ja"),
        ("fr", "de", "en"),
        (None, None, "en"),
        (None, "ja;q=loud", "ja"),
    ],
)
def test_what_was_chosen_counts_then_what_the_browser_asks(
    chosen: str | None, accepted: str | None, language: str
) -> None:
    assert language_of(chosen, accepted) == language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_page_is_in_each_language_with_its_facts_escaped(kind: str, language: str) -> None:
    page = Pages(demo=False).page(kind, language, **FACTS | {"shown_name": "<Ada>", "machine": "<gpu>"}).decode()
    assert f'<html lang="{language}">' in page
    assert "{" not in page.split("<main>")[1]
    assert "<Ada>" not in page
    assert "<gpu>" not in page


def test_every_sentence_is_there_in_every_language_with_the_same_facts() -> None:
    for key, texts in WORDS.items():
        assert set(texts) == set(LANGUAGES), key
        assert len({tuple(sorted(part.split("}")[0] for part in text.split("{")[1:])) for text in texts.values()}) == 1
        assert texts["ja"] != texts["en"] != texts["zh-CN"]
