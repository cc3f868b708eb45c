"""Each error of ours → one problem, with what happened, whose data is safe and what to do now."""

from typing import NamedTuple

from flask import Response, json
from shiva_common.problems import CONTENT_TYPE, problem

from shiva_manager_api.domain.ports import (
    BrokerRefusedError,
    BrokerUnavailableError,
    ContainerEndingError,
    IdleUnavailableError,
    MetricsUnavailableError,
    NameTakenError,
    NoExtensionLeftError,
    NotYoursError,
    PortError,
    StartUnansweredError,
    StoreUnavailableError,
    TooManyWaitingError,
)


class Kind(NamedTuple):
    """What people get for one kind of error."""

    status: int
    code: str
    title: str
    detail: str


PROBLEMS: dict[type[PortError], Kind] = {
    MetricsUnavailableError: Kind(503, "metrics-unavailable", "There are no numbers now", "Running notebooks and homes are not touched. Try again in a few seconds."),
    BrokerUnavailableError: Kind(503, "broker-unavailable", "Containers cannot be started or stopped now", "Running notebooks and homes are not touched. Try again in a few seconds."),
    StartUnansweredError: Kind(503, "broker-unavailable", "The start was not confirmed", "It may still start: look again in a moment before you try again. Your home is safe."),
    NotYoursError: Kind(403, "not-yours", "That container is not yours", "Nothing was changed."),
    NoExtensionLeftError: Kind(409, "no-extension-left", "You have kept it as often as you may today", "Your container goes on for now, and your files are safe. To keep it, use it."),
    ContainerEndingError: Kind(409, "container-stopping", "It is stopping already", "Your home is safe. Start it again in a few seconds."),
    IdleUnavailableError: Kind(503, "idle-unavailable", "Your wish cannot be noted now", "Nothing was changed, and your files are safe. To keep your container, use it, or try again in a minute."),
    StoreUnavailableError: Kind(503, "store-unavailable", "What is known of people cannot be read or kept now", "Nothing was changed; running notebooks and files are safe. Try again in a few seconds."),
    NameTakenError: Kind(403, "name-taken", "That name belongs to another account", "Nothing was changed. Your operator can tell which account has it."),
    TooManyWaitingError: Kind(503, "too-many-waiting", "Too many programs wait for their login", "Nothing was changed. Try again in a few minutes."),
    BrokerRefusedError: Kind(409, "refused", "The broker refused", "Nothing was changed."),
}  # fmt: skip


def answer(status: int, code: str, title: str, detail: str, **parameters: object) -> Response:
    """Return the problem as a response."""
    body = json.dumps(problem(status, code, title, detail, parameters))
    return Response(body, status=status, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def of_error(error: PortError) -> Response:
    """Return the problem of one of our errors; a refusal of the broker keeps its own words."""
    if isinstance(error, BrokerRefusedError):
        return answer(error.status, error.code, error.title, error.detail, **error.parameters)
    kind = PROBLEMS[type(error)]
    return answer(kind.status, kind.code, kind.title, kind.detail)


def not_logged_in() -> Response:
    """Return the 401."""
    return answer(
        401, "not-logged-in", "You are not logged in", "Your notebooks go on running. Log in again at /-/login."
    )


def bad_request(detail: str) -> Response:
    """Return a 400 with a sentence."""
    return answer(400, "bad-request", "The request cannot be understood", f"{detail} Nothing was changed.")
