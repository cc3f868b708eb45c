"""Each code of problems.json → one problem, with what happened, whose data is safe and what to do now."""

import re
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from flask import Response, json
from shiva_common.problems import CONTENT_TYPE, problem

from shiva_manager_api.domain.ports import BrokerRefusedError, PortError

CATALOGUE: Mapping[str, Any] = json.loads(
    files("shiva_manager_api").joinpath("problems.json").read_text(encoding="utf-8")
)
PLACE = re.compile(r"\{(\w+)\}")


def answer(
    code: str, parameters: Mapping[str, object] = MappingProxyType({}), *, status: int | None = None
) -> Response:
    """Return the problem of a code as a response; `status` where it is another than the catalogue's."""
    known = CATALOGUE[code]
    title, detail = known["en"]["title"], filled(known["en"]["detail"], parameters)
    return _response(status or known["status"], code, title, detail, parameters)


def filled(sentence: str, parameters: Mapping[str, object]) -> str:
    """Return a sentence of the catalogue with its places filled, each once: a parameter holds no places."""
    return PLACE.sub(lambda place: str(parameters.get(place[1], "")), sentence).strip()


def of_error(error: PortError) -> Response:
    """Return the problem of one of our errors; a refusal of the broker keeps its own words."""
    if isinstance(error, BrokerRefusedError):
        return _response(error.status, error.code, error.title, error.detail, error.parameters)
    return answer(error.code, error.parameters)


def _response(status: int, code: str, title: str, detail: str, parameters: Mapping[str, object]) -> Response:
    body = json.dumps(problem(status, code, title, detail, parameters))
    return Response(body, status=status, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})
