"""Notices and the login page, from Tornado's templates."""

from pathlib import Path

from tornado.template import Loader

TEMPLATES = Path(__file__).parents[1] / "templates"
STATIC = Path(__file__).parents[1] / "static"
SECURITY_HEADERS = [
    (
        "content-security-policy",
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
]


def security_headers(*, tls: bool) -> list[tuple[str, str]]:
    """Return them for pages of the public port; with `tls`, browsers are told to stay with it."""
    return SECURITY_HEADERS + ([("strict-transport-security", "max-age=31536000")] if tls else [])


class Pages:
    """Everything a person reads from the door itself; values are escaped by the templates."""

    def __init__(self, *, demo: bool) -> None:
        """`demo` puts the word on every page."""
        self._loader = Loader(str(TEMPLATES), autoescape="xhtml_escape")
        self._demo = demo

    def page(self, kind: str, **facts: str) -> bytes:
        """Return the page `kind`.html."""
        return self._loader.load(f"{kind}.html").generate(demo=self._demo, **facts)
