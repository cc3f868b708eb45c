"""Notices and the login page, from Tornado's templates."""

import json
from functools import partial
from pathlib import Path

from tornado.template import Loader

from shiva_jupyter_proxy.domain.language import ENGLISH

TEMPLATES = Path(__file__).parents[1] / "templates"
STATIC = Path(__file__).parents[1] / "static"
STYLES = "style-src 'self'"
POLICY = (
    f"default-src 'self'; script-src 'self'; {STYLES}; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'"
)


def policy(*, forms_lead_to: str = "") -> str:
    """Return a Content-Security-Policy: nothing inline, nothing evaluated, nothing from elsewhere.

    `forms_lead_to` are origins where a form's answer may lead on: from the login to a notebook, or to the provider.
    """
    return f"{POLICY} {forms_lead_to}".rstrip()


def with_nonce(policy: str, nonce: str) -> str:
    """Return a policy that lets in styles which bring `nonce`: the dashboard's are made while it runs."""
    return policy.replace(STYLES, f"{STYLES} 'nonce-{nonce}'")


def security_headers(*, tls: bool, policy: str) -> list[tuple[str, str]]:
    """Return those of our own pages; with `tls`, browsers are told to stay with it."""
    headers = [
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ]
    return headers + ([("strict-transport-security", "max-age=31536000")] if tls else [])


WORDS: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))


def said(language: str, key: str, **facts: str) -> str:
    """Return a sentence in a language, with its facts in."""
    return WORDS[key][language].format(**facts)


class Pages:
    """Everything a person reads from the door itself; values are escaped by the templates."""

    def __init__(self, *, demo: bool) -> None:
        """`demo` puts the word on every page."""
        self._loader = Loader(str(TEMPLATES), autoescape="xhtml_escape")
        self._demo = demo

    def page(self, kind: str, language: str = ENGLISH, **facts: str) -> bytes:
        """Return the page `kind`.html."""
        words = {"language": language, "t": partial(said, language)}
        return self._loader.load(f"{kind}.html").generate(demo=self._demo, **words, **facts)
