"""Every answer that the manager's `openapi.yaml` documents comes about, and is as it says."""

import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import yaml
from shiva_manager_api.api.access import check_declared, need_of
from shiva_manager_api.api.problems import CATALOGUE, filled

from tests.contract.described import PROBLEM, Case
from tests.contract.manager_answers import CASES, access
from tests.fakes.manager_world import CONTRACT, World, worlds

REFUSALS = {400, 401, 403, 413, 415}


def test_every_documented_answer_has_a_case() -> None:
    assert CASES.keys() == CONTRACT.cases()


@pytest.fixture(scope="module")
def calm() -> Iterator[World]:
    """A world for refusals, which leave it as it is."""
    with worlds() as world:
        yield world


@pytest.mark.parametrize("case", sorted(CASES), ids=lambda case: f"{case[0]} {case[1]}")
def test_the_answer_is_the_documented_one(case: Case, calm: World) -> None:
    with nullcontext(calm) if case[1] in REFUSALS else worlds() as world:
        answer = CASES[case](world)
        assert answer.status_code == case[1], answer.text
        CONTRACT.check(answer)
        if answer.status_code >= 400:
            assert answer.get_json()["code"] in CONTRACT.codes(*case)


@pytest.mark.parametrize("name", CONTRACT.operations)
def test_examples_in_the_contract_are_what_it_describes(name: str) -> None:
    CONTRACT.check_examples(name)


def test_every_documented_answer_with_a_body_has_an_example() -> None:
    without = [
        case
        for case in CONTRACT.cases()
        for kind, media in CONTRACT.answer(*case).get("content", {}).items()
        if "example" not in media and kind != "text/plain"
    ]
    assert without == []


def test_problems_in_the_contract_are_worded_as_the_catalogue_has_them() -> None:
    examples = [
        CONTRACT.answer(*case)["content"][PROBLEM]["example"]
        for case in CONTRACT.cases()
        if PROBLEM in CONTRACT.answer(*case).get("content", {})
    ]
    for told in examples:
        known = CATALOGUE[told["code"]]
        assert (told["title"], told["status"]) == (known["en"]["title"], known["status"])
        assert told["detail"] == filled(known["en"]["detail"], told["parameters"])
        assert set(told["parameters"]) == set(known["parameters"])


@pytest.fixture(scope="module")
def views() -> dict[str, tuple[str, str]]:
    """Return what the code says of each path and method: endpoint and access."""
    with worlds() as world:
        found = {}
        for rule in world.app.url_map.iter_rules():
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                found[f"{method} {path}"] = (rule.endpoint, need_of(world.app, rule.endpoint).access.value)
        return found


def test_code_and_contract_know_the_same_operations_with_the_same_access(views: dict[str, tuple[str, str]]) -> None:
    described = {f"{method.upper()} {path}": access(name) for name, (method, path, _) in CONTRACT.operations.items()}
    assert {key: told for key, (_, told) in views.items()} == described


def test_the_contract_is_served_as_it_was_written() -> None:
    with worlds() as world:
        as_json: Any = json.loads(world.call("openapi_json").text)
        assert as_json == yaml.safe_load(world.call("openapi_yaml").text) == CONTRACT.spec
        assert as_json["openapi"].startswith("3.1")


def test_a_view_that_does_not_say_what_it_needs_fails_at_start() -> None:
    with worlds() as world:
        check_declared(world.app)
        world.app.view_functions["new"] = lambda: "open to all"
        with pytest.raises(LookupError, match="new does not say"):
            check_declared(world.app)
