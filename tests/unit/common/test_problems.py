"""Problem bodies: the five members that RFC 9457 and our contracts promise."""

import json

from shiva_common.problems import CONTENT_TYPE, problem


def test_a_problem_has_every_member_of_the_contract() -> None:
    assert problem(409, "no-capacity", "No machine fits", "Nothing was started.", {"machine": "gpu-01"}) == {
        "type": "urn:shiva:problem:no-capacity",
        "status": 409,
        "code": "no-capacity",
        "title": "No machine fits",
        "detail": "Nothing was started.",
        "parameters": {"machine": "gpu-01"},
    }


def test_without_facts_the_parameters_are_empty_and_not_missing() -> None:
    assert problem(400, "bad-request", "What?", "Nothing was changed.")["parameters"] == {}


def test_the_body_keeps_no_hold_on_the_callers_mapping() -> None:
    facts = {"machine": "gpu-01"}
    body = problem(404, "machine-not-found", "No", "None.", facts)
    facts["machine"] = "gpu-02"
    assert body["parameters"] == {"machine": "gpu-01"}


def test_it_is_json_of_the_registered_type() -> None:
    assert CONTENT_TYPE == "application/problem+json"
    json.dumps(problem(500, "internal", "T", "D"))
