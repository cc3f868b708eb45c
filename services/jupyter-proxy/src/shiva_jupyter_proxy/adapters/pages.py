"""Notices and the login page, from Tornado's templates."""

from pathlib import Path

from tornado.template import Loader

TEMPLATES = Path(__file__).parents[1] / "templates"
STATIC = Path(__file__).parents[1] / "static"
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:{pictures}; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'"
)


def policy(*, forms_lead_to: str = "", pictures: bool = False) -> str:
    """Return a Content-Security-Policy.

    `forms_lead_to` are origins where a form's answer may lead on: from the login to a notebook, or to the provider.
    `pictures` of people are wherever their provider keeps them.
    """
    return f"{POLICY.format(pictures=' https:' if pictures else '')} {forms_lead_to}".rstrip()


def security_headers(*, tls: bool, policy: str) -> list[tuple[str, str]]:
    """Return those of our own pages; with `tls`, browsers are told to stay with it."""
    headers = [
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
    ]
    return headers + ([("strict-transport-security", "max-age=31536000")] if tls else [])


class Pages:
    """Everything a person reads from the door itself; values are escaped by the templates."""

    def __init__(self, *, demo: bool) -> None:
        """`demo` puts the word on every page."""
        self._loader = Loader(str(TEMPLATES), autoescape="xhtml_escape")
        self._demo = demo

    def page(self, kind: str, **facts: str) -> bytes:
        """Return the page `kind`.html."""
        return self._loader.load(f"{kind}.html").generate(demo=self._demo, **facts)
