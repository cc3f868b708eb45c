"""JSON lines on standard output: one event a line, facts as members, nothing multi-line to forge."""

import json
import logging
import math
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from types import NoneType

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)  # set at the edge, from X-Request-Id

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
FIELD_LIMIT = 2000  # characters; a longer field is cut, so that nobody fills the disk with one request
TRACEBACK_LIMIT = 20_000


class JsonFormatter(logging.Formatter):
    """Render a record, its `extra` and the request id as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; control characters are escaped by JSON itself."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage()[:FIELD_LIMIT],
        }
        if (current := request_id.get()) is not None:
            line["request_id"] = current
        line |= {key: _short(value) for key, value in vars(record).items() if key not in line and key not in STANDARD}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)[-TRACEBACK_LIMIT:]  # its end says what broke
        return json.dumps(line, ensure_ascii=True, default=str)


def _short(value: object) -> object:
    plain = isinstance(value, int | NoneType) or (isinstance(value, float) and math.isfinite(value))
    return value if plain else str(value)[:FIELD_LIMIT]


def configure(name: str, *, level: int = logging.INFO) -> logging.Logger:
    """Send every record to standard output as JSON and return the service's logger."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.raiseExceptions = False  # a full disk or a closed pipe must not end a service
    return logging.getLogger(name)
