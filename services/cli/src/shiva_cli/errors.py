"""What ends a command early, and the exit codes that scripts read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class Exit(IntEnum):
    """Stable; docs/cli.md lists them."""

    OK = 0
    USAGE = 2
    NOT_LOGGED_IN = 3
    FORBIDDEN = 4
    NO_CAPACITY = 5
    START_FAILED = 6
    UNREACHABLE = 7
    TIMED_OUT = 124
    INTERRUPTED = 130


EXITS: dict[str, Exit] = {
    "device-expired": Exit.NOT_LOGGED_IN,
    "device-denied": Exit.NOT_LOGGED_IN,
    "quota": Exit.FORBIDDEN,
    "no-extension-left": Exit.FORBIDDEN,
    "too-many-tokens": Exit.FORBIDDEN,
    "no-capacity": Exit.NO_CAPACITY,
    "launch-refused": Exit.START_FAILED,
    "start-ended": Exit.START_FAILED,
    "container-stopping": Exit.START_FAILED,
    "home-unavailable": Exit.START_FAILED,
}
STATUSES: dict[int, Exit] = {401: Exit.NOT_LOGGED_IN, 403: Exit.FORBIDDEN, 429: Exit.UNREACHABLE}


@dataclass(eq=False)
class Trouble(Exception):
    """A problem of the API, or one of our own; the code chooses the sentence and the exit code."""

    code: str
    exit: Exit
    parameters: Mapping[str, object] = field(default_factory=dict)
    status: int | None = None  # None: one of our own
    title: str = ""  # the API's own English, for a code that we do not know
    detail: str = ""
    transient: bool = False  # asking again may help
    wait_seconds: float | None = None  # as long as the server asked for

    def __str__(self) -> str:
        """Return the code."""
        return self.code


def of_api(status: int, code: str, parameters: Mapping[str, object], title: str, detail: str) -> Trouble:
    """Return the trouble that a problem of the API is."""
    by_status = Exit.UNREACHABLE if status >= 500 else STATUSES.get(status, Exit.USAGE)
    return Trouble(
        code=code,
        exit=EXITS.get(code, by_status),
        parameters=parameters,
        status=status,
        title=title,
        detail=detail,
        transient=status in {429, 502, 503, 504},
    )


def own(code: str, end: Exit, *, transient: bool = False, **parameters: object) -> Trouble:
    """Return a trouble that only we know of; its sentence is in `messages.json`."""
    return Trouble(code=code, exit=end, parameters=parameters, transient=transient)
