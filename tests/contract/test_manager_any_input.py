"""Whatever is sent to the manager, it never fails by it: the answer is a documented one, and no 500."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.manager_answers import user_of
from tests.fakes.manager_world import CONTRACT, PATHS, World, worlds

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
TEXT = st.text(max_size=20) | st.sampled_from(["\x00", "\ud800", "..", "%00", "a" * 300, "\u202e", "1", "-1", "9" * 30])
WITH_BODY = sorted(name for name, (_, _, operation) in CONTRACT.operations.items() if "requestBody" in operation)
WITH_PLACE = sorted(name for name, (_, path, _) in CONTRACT.operations.items() if "{" in path)
WITH_QUERY = {
    name: [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    for name, (_, _, operation) in CONTRACT.operations.items()
    if any(each["in"] == "query" for each in operation.get("parameters", ()))
}
FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with worlds() as made:
        yield made


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = CONTRACT.operations[name][2]["requestBody"]["content"]["application/json"]["example"]
    return found


@pytest.mark.parametrize("name", WITH_BODY)
@FEW
@given(data=st.data())
def test_no_body_breaks_it(world: World, name: str, data: st.DataObject) -> None:
    members = example(name)
    one = st.sampled_from(sorted(members)).flatmap(lambda key: (JSON | TEXT).map(lambda value: members | {key: value}))
    less = st.sampled_from(sorted(members)).map(lambda key: {k: v for k, v in members.items() if k != key})
    body = data.draw(JSON | one | less)
    answer = world.call(name, user_of(name), data=json.dumps(body), content_type="application/json")
    assert answer.status_code < 500, answer.text
    CONTRACT.check(answer)


BROKEN = [
    "",
    "{",
    "[1",
    "\x00",
    '{"gpus": 1e999}',
    '{"gpus": NaN}',
    "[" * 50_000,
    "9" * 10_000,
    '"\\ud800"',
    b"\xff\xfe",
    b'{"a": "\xff"}',
]


@pytest.mark.parametrize("name", WITH_BODY)
def test_text_that_is_no_json_is_refused(world: World, name: str) -> None:
    for body in BROKEN:
        answer = world.call(name, user_of(name), data=body, content_type="application/json")
        assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request"), body[:20]
        CONTRACT.check(answer)


@pytest.mark.parametrize("name", WITH_PLACE)
@FEW
@given(place=TEXT.filter(lambda text: text not in {"", ".", ".."} and "/" not in text))
def test_no_place_in_a_path_breaks_it(world: World, name: str, place: str) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in place.encode("utf-8", "surrogatepass"))
    answer = world.call(name, user_of(name), id=encoded, path=dict.fromkeys(PATHS, encoded))
    assert answer.status_code < 500, answer.text
    unknown = answer.status_code == 404 and answer.get_json()["code"] == "not-found"
    assert unknown or (name, answer.status_code) in CONTRACT.cases()


@pytest.mark.parametrize("name", sorted(WITH_QUERY))
@FEW
@given(data=st.data())
def test_no_query_breaks_it(world: World, name: str, data: st.DataObject) -> None:
    key, value = data.draw(st.sampled_from(WITH_QUERY[name])), data.draw(TEXT)
    given_value = value.encode("utf-8", "surrogatepass")
    query = f"{key}=" + "".join(f"%{byte:02X}" for byte in given_value)
    answer = world.call(name, user_of(name), query_string=query)
    assert answer.status_code in {200, 400, 403}, answer.text
    twice = world.call(name, user_of(name), query_string=f"{query}&{query}")
    assert twice.status_code == 400
    CONTRACT.check(answer)


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 129, "ä", "a/b", "a,b"])
def test_a_key_that_is_none_is_refused(world: World, key: str) -> None:
    answer = world.call("start", headers={"Idempotency-Key": key.encode("utf-8").decode("latin-1")})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")
