"""gunicorn's own events as our JSON lines."""

import logging

from gunicorn.glogging import Logger


class JsonLog(Logger):  # type: ignore[misc]
    """Leave handlers and format to the root logger."""

    def setup(self, cfg: object) -> None:
        """Let records propagate; there is no access log."""
        del cfg
        self.error_log = logging.getLogger("shiva.manager_api.gunicorn")
        self.access_log = logging.getLogger("shiva.manager_api.access")
