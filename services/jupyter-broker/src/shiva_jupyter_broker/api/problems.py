"""Each error of ours → one problem, with what happened, whose data is safe and what to do now."""

from typing import NamedTuple

from flask import Response, json
from shiva_common.problems import CONTENT_TYPE, problem

from shiva_jupyter_broker.api import wire
from shiva_jupyter_broker.domain.ports import (
    ContainerNotFoundError,
    ContainerStoppingError,
    GpuNotFoundError,
    HomeUnavailableError,
    ImageNotFoundError,
    ImageWithdrawnError,
    JupyterUnknownError,
    LauncherUnavailableError,
    LaunchRefusedError,
    MachineNotFoundError,
    NoCapacityError,
    PortError,
    SwitchNotKeptError,
)


class Kind(NamedTuple):
    """What people get for one kind of error."""

    status: int
    code: str
    title: str
    detail: str
    parameter: str  # what the error's text is called among the parameters


PROBLEMS: dict[type[PortError], Kind] = {
    LauncherUnavailableError: Kind(503, "launcher-unavailable", "The engine does not answer", "Running notebooks and homes are not touched. Try again in a few seconds.", "what"),
    LaunchRefusedError: Kind(409, "launch-refused", "The container cannot be started", "Nothing was started and the home is safe. The operator finds the cause in the broker's log.", "why"),
    HomeUnavailableError: Kind(503, "home-unavailable", "The home cannot be reached", "Nothing was started and no file was touched. Try again, or ask the operator.", "owner"),
    ImageNotFoundError: Kind(404, "image-not-found", "There is no such image", "Nothing was started. Choose one of the images on the page.", "image"),
    ImageWithdrawnError: Kind(404, "image-withdrawn", "The registry has no such image", "Nothing was started and homes are not touched. Choose another image, and tell the operator.", "image"),
    MachineNotFoundError: Kind(404, "machine-not-found", "There is no such machine", "Nothing was started. Choose one of the machines on the page.", "machine"),
    SwitchNotKeptError: Kind(503, "switch-not-kept", "It cannot be kept", "Nothing was changed: the broker's disk refuses. Make room there, then try again.", "why"),
    GpuNotFoundError: Kind(404, "gpu-not-found", "There is no such GPU", "Nothing was changed. Choose one of the GPUs on the page.", "gpu"),
    ContainerNotFoundError: Kind(404, "container-not-found", "There is no such container", "The home is safe. Start a container to go on working.", "container_id"),
    JupyterUnknownError: Kind(503, "jupyter-unknown", "Jupyter does not tell what it does", "Nothing was changed, and its work goes on. Try again in a few seconds.", "container_id"),
    ContainerStoppingError: Kind(409, "container-stopping", "It is still stopping", "The home is safe. Try again in a few seconds.", "container_id"),
    NoCapacityError: Kind(409, "no-capacity", "No machine fits now", "Nothing was started and the home is safe. Each machine says why; ask for what fits, or try again later.", "what"),
}  # fmt: skip


def answer(status: int, code: str, title: str, detail: str, **parameters: object) -> Response:
    """Return the problem as a response."""
    body = json.dumps(problem(status, code, title, detail, parameters))
    return Response(body, status=status, content_type=CONTENT_TYPE)


def of_error(error: PortError) -> Response:
    """Return the problem of one of our errors."""
    kind = PROBLEMS[type(error)]
    if isinstance(error, NoCapacityError):
        found = error.explanation
        if found.everywhere is not None:
            kind = Kind(409, found.everywhere.rule.value, found.everywhere.text, "Nothing was started.", "")
        return answer(kind.status, kind.code, kind.title, kind.detail, **wire.explanation(found))
    return answer(kind.status, kind.code, kind.title, kind.detail, **{kind.parameter: str(error)})


def bad_request(detail: str, *, code: str = "bad-request", title: str = "The request cannot be understood") -> Response:
    """Return a 400 with a sentence."""
    return answer(400, code, title, f"{detail} Nothing was changed.")
