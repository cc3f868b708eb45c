"""The dashboard's files, and its one page for every other address."""

import secrets
from pathlib import Path
from urllib.parse import quote

from tornado.web import HTTPError, StaticFileHandler

from shiva_jupyter_proxy.adapters.pages import with_nonce
from shiva_jupyter_proxy.handlers.shared import SESSION_HEADER, PageHandler

NONCE = b"SHIVA-NONCE"  # stands in the built page where each answer has its own


class Files(StaticFileHandler):
    """Files that do not say what serves them."""

    def set_default_headers(self) -> None:
        """Say how they may be read."""
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")


class Assets(Files):
    """Files whose name holds their hash: kept for ever. The same for everybody, so no session is asked for."""

    def set_extra_headers(self, path: str) -> None:
        """Let the browser keep it."""
        del path
        self.set_header("Cache-Control", "public, max-age=31536000, immutable")


class OwnAssets(Files):
    """The door's own style and script: asked for anew after an hour."""

    def set_extra_headers(self, path: str) -> None:
        """Let the browser keep it a while."""
        del path
        self.set_header("Cache-Control", "public, max-age=3600")


class Index(PageHandler):
    """The dashboard's page, for those who are logged in."""

    def initialize(self, folder: Path) -> None:
        """Take the folder of the built dashboard."""
        self._folder = folder

    def get(self) -> None:
        """Show it; addresses within the dashboard are the dashboard's to read."""
        if (
            "text/html" not in self.request.headers.get("Accept", "text/html")
            and "*/*" not in self.request.headers["Accept"]
        ):
            raise HTTPError(404)
        if SESSION_HEADER not in self.request.headers:  # only the door writes this header
            self.redirect(f"/-/login?next={quote(self.request.uri or '/', safe='')}")
            return
        try:
            page = (self._folder / "index.html").read_bytes()
        except OSError:
            self.set_status(503)
            self.finish("The dashboard is not built. Run: make run\n")
            return
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        nonce = secrets.token_urlsafe(18)
        policy = dict(self.application.settings["page_headers"])["content-security-policy"]
        self.set_header("Content-Security-Policy", with_nonce(policy, nonce))
        self.finish(page.replace(NONCE, nonce.encode()))
