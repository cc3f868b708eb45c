"""The catalogue of problems words what the door and the broker say too: same code, same status, same facts."""

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from shiva_jupyter_broker.api.problems import PROBLEMS
from shiva_jupyter_broker.domain.ports import JupyterUnknownError

SERVICES = Path(__file__).resolve().parents[2] / "services"
CATALOGUE: dict[str, Any] = json.loads(
    (SERVICES / "manager-api/src/shiva_manager_api/problems.json").read_text(encoding="utf-8")
)
FOR_THE_CULLER = {JupyterUnknownError}  # no person asks for it


def said_by_the_door() -> Iterator[Mapping[str, object]]:
    """Yield status, code, title and detail of each problem in the door's source, as far as they are constants."""
    for path in (SERVICES / "jupyter-proxy/src").rglob("*.py"):
        if path.parent.name == "standalone":  # JupyterHub's words, not ours
            continue
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"refusal", "Notice"}:
                given = dict(zip(("status", "code", "title", "detail"), call.args, strict=False))
                given |= {word.arg: word.value for word in call.keywords if word.arg}
                found = {name: value.value for name, value in given.items() if isinstance(value, ast.Constant)}
                if "code" in found:
                    yield found


@pytest.mark.parametrize("said", [pytest.param(each, id=str(each["code"])) for each in said_by_the_door()])
def test_the_door_says_what_the_catalogue_says(said: Mapping[str, object]) -> None:
    known = CATALOGUE[str(said["code"])]
    assert said["status"] == known["status"]
    assert said["title"] == known["en"]["title"]
    assert said.get("detail", known["en"]["detail"]) == known["en"]["detail"]


@pytest.mark.parametrize("kind", [kind for error, kind in PROBLEMS.items() if error not in FOR_THE_CULLER])
def test_the_broker_gives_the_facts_that_the_catalogue_words(kind: Any) -> None:
    known = CATALOGUE[kind.code]
    assert known["status"] == kind.status
    assert set(known["parameters"]) <= {kind.parameter, "reasons"}  # the latter: of an explanation
