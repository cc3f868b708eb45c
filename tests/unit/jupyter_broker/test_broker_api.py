"""The broker's REST: every refusal a problem with its own code, each token for its own calls, no input a 500."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from shiva_jupyter_broker.adapters.shared_directory import SharedDirectory
from shiva_jupyter_broker.api.access import Tokens
from shiva_jupyter_broker.api.app import create_app
from shiva_jupyter_broker.api.problems import PROBLEMS
from shiva_jupyter_broker.domain.containers import ContainerId, UserName
from shiva_jupyter_broker.domain.ports import (
    Home,
    HomeUnavailableError,
    LauncherUnavailableError,
    LaunchRefusedError,
    PortError,
)
from werkzeug.test import TestResponse

from tests.fakes.broker_world import World

TOKENS = Tokens(manager="m" * 32, proxy="p" * 32, exporter="e" * 32, metrics="x" * 32)
ADAS = ContainerId("ada--default")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def client(world: World) -> FlaskClient:
    return create_app(world.broker(), TOKENS, CollectorRegistry()).test_client()


def call(client: FlaskClient, method: str, path: str, body: object = None, *, by: str = "manager") -> TestResponse:
    data = body if isinstance(body, str | bytes) else None if body is None else json.dumps(body)
    return client.open(path, method=method, data=data, headers={"Authorization": f"Bearer {getattr(TOKENS, by)}"})


def start(client: FlaskClient, **wish: object) -> TestResponse:
    return call(client, "POST", "/v1/containers", {"owner": "ada"} | wish)


def problem(answer: TestResponse) -> tuple[int, str]:
    """Return status and code, having checked the form."""
    assert answer.content_type == "application/problem+json"
    body = answer.get_json()
    assert body.keys() == {"type", "status", "code", "title", "detail", "parameters"}
    assert (body["status"], body["type"]) == (answer.status_code, f"urn:shiva:problem:{body['code']}")
    assert body["detail"].endswith(".")
    assert "Traceback" not in answer.text
    return answer.status_code, body["code"]


def test_every_error_of_ours_has_a_code_of_its_own() -> None:
    assert PROBLEMS.keys() == set(PortError.__subclasses__())
    assert len({kind.code for kind in PROBLEMS.values()}) == len(PROBLEMS)


def test_a_first_start_is_created_and_a_second_is_not(client: FlaskClient) -> None:
    assert start(client).status_code == 201
    again = start(client)
    assert again.status_code == 200
    assert again.get_json()["state"] == "booting"


def test_a_start_while_it_stops_says_so(client: FlaskClient) -> None:
    start(client)
    assert call(client, "DELETE", f"/v1/containers/{ADAS}").status_code == 204
    assert problem(start(client)) == (409, "container-stopping")


def test_unknown_things_are_named_by_kind(client: FlaskClient) -> None:
    assert problem(start(client, image="none")) == (404, "image-not-found")
    assert problem(start(client, machine="gpu-99")) == (404, "machine-not-found")
    assert problem(call(client, "GET", f"/v1/containers/{ADAS}")) == (404, "container-not-found")


def test_want_of_room_comes_with_its_reasons(client: FlaskClient) -> None:
    answer = start(client, gpus=3)
    assert problem(answer) == (409, "no-capacity")
    assert answer.get_json()["parameters"]["reasons"].keys() == {"gpu-01", "gpu-02"}


def test_an_engine_that_refuses_or_is_silent_says_so(client: FlaskClient, world: World) -> None:
    world.launcher.refusal = LaunchRefusedError("no")
    assert problem(start(client)) == (409, "launch-refused")
    world.launcher.failure = LauncherUnavailableError("no answer")
    assert problem(start(client)) == (503, "launcher-unavailable")
    assert problem(call(client, "GET", "/v1/routes", by="proxy")) == (503, "launcher-unavailable")
    assert client.get("/health").get_json()["status"] == "degraded"


def test_a_home_that_cannot_be_made_says_so(client: FlaskClient, world: World) -> None:
    world.homes.failure = HomeUnavailableError("ada")
    assert problem(start(client)) == (503, "home-unavailable")


def test_something_else_in_the_homes_place_is_a_problem_and_stays(tmp_path: Path) -> None:
    homes = SharedDirectory(tmp_path, uid_base=None)
    (tmp_path / "ada").write_text("a file", encoding="utf-8")
    with pytest.raises(HomeUnavailableError):
        homes.ensure(UserName("ada"))
    assert (tmp_path / "ada").read_text(encoding="utf-8") == "a file"


@pytest.mark.parametrize("text", ["many\n", "\xff"])
def test_a_damaged_book_of_uids_gives_none(tmp_path: Path, text: str) -> None:
    homes = SharedDirectory(tmp_path, uid_base=0)
    (tmp_path / ".shiva").mkdir()
    (tmp_path / ".shiva/uids").write_text(text, encoding="latin-1")
    with pytest.raises(HomeUnavailableError):
        homes.ensure(UserName("ada"))
    assert not (tmp_path / "ada").exists()


def test_a_home_is_made_once_for_its_owner_and_kept(tmp_path: Path) -> None:
    homes = SharedDirectory(tmp_path / "homes", uid_base=None)
    work = Path(homes.ensure(UserName("ada")).path) / "work"
    work.write_text("mine", encoding="utf-8")
    assert homes.ensure(UserName("ada")) == Home(path=str(work.parent), uid=work.parent.stat().st_uid)
    assert work.read_text(encoding="utf-8") == "mine"
    assert work.parent.stat().st_mode & 0o777 == 0o700


BAD_STARTS: list[object] = [
    "", "{", b"\xff\xfe", "null", "[]", '"ada"', "[" * 100_000, '{"a":' * 50_000, {}, {"owner": None}, {"owner": 7},
    {"owner": "ada", "gpus": -1}, {"owner": "ada", "gpus": 65}, {"owner": "ada", "gpus": True}, {"owner": "ada", "gpus": 1.5},
    {"owner": "ada", "gpus": "1"}, '{"owner": "ada", "gpus": 1e999}', '{"owner": "ada", "gpus": %s}' % ("9" * 5000),
    {"owner": "ada", "image": 7}, {"owner": "ada", "machine": ""}, {"owner": "ada", "machine": "x" * 256},
    {"owner": "ada", "colour": "red"}, {"owner": "ada", "\ud800": 1}, {"owner": "ada", "request_id": "x" * 129},
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_STARTS, ids=lambda body: ascii(body)[:40])
def test_a_malformed_start_is_refused_and_starts_nothing(client: FlaskClient, world: World, body: object) -> None:
    assert problem(call(client, "POST", "/v1/containers", body)) == (400, "bad-request")
    assert world.launcher.launches == 0


@pytest.mark.parametrize(
    "wish", [{"owner": "Ada"}, {"owner": "../x"}, {"owner": "\ud800"}, {"name": "lab"}, {"name": "A b"}]
)
def test_a_name_that_cannot_be_used_is_refused(client: FlaskClient, wish: dict[str, object]) -> None:
    assert problem(start(client, **wish)) == (400, "bad-name")


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    assert problem(call(client, "POST", "/v1/containers", "x" * 300_000))[0] == 413


BAD_BATCHES: list[object] = [
    "", "null", {}, {"last_access": []}, {"last_access": {"a": 7}}, {"last_access": {"a": "soon"}}, {"other": {}},
    {"last_access": {"a": "2026-11-23"}}, {"last_access": {"a": "2026-11-23T09:10:00"}},
    {"last_access": {"a": "0001-01-01T00:00:00+12:00"}}, {"last_access": {"a": "9999-12-31T23:59:59-12:00"}},
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_BATCHES, ids=str)
def test_a_malformed_batch_of_accesses_is_refused(client: FlaskClient, body: object) -> None:
    assert problem(call(client, "POST", "/v1/activity", body, by="proxy")) == (400, "bad-request")


def test_accesses_of_unknown_containers_are_ignored(client: FlaskClient) -> None:
    batch = {"last_access": {"nobody--default": "2026-11-23T09:10:00Z", "": "2026-11-23T09:10:00+09:00"}}
    assert call(client, "POST", "/v1/activity", batch, by="proxy").status_code == 204


@pytest.mark.parametrize("container", ["ada", "..", "%2e%2e", "a%00--b", "x" * 5000, "%F0%9F%90%8D"])
def test_an_id_that_cannot_be_is_gone_and_unknown(client: FlaskClient, container: str) -> None:
    assert call(client, "DELETE", f"/v1/containers/{container}").status_code == 204
    assert problem(call(client, "GET", f"/v1/containers/{container}")) == (404, "container-not-found")


CALLS: list[tuple[str, str, set[str]]] = [
    ("GET", "/v1/containers", {"manager", "exporter"}),
    ("GET", "/v1/containers/ada--default", {"manager", "exporter"}),
    ("POST", "/v1/containers", {"manager"}),
    ("DELETE", "/v1/containers/ada--default", {"manager"}),
    ("GET", "/v1/images", {"manager"}),
    ("GET", "/v1/machines", {"manager"}),
    ("GET", "/v1/routes", {"proxy"}),
    ("POST", "/v1/activity", {"proxy"}),
]


@pytest.mark.parametrize(("method", "path", "allowed"), CALLS)
def test_each_token_is_for_its_own_calls(client: FlaskClient, method: str, path: str, allowed: set[str]) -> None:
    for caller in ("manager", "proxy", "exporter"):
        answer = call(client, method, path, by=caller)
        if caller in allowed:
            assert answer.status_code not in {401, 403}
        else:
            assert problem(answer) == (403, "forbidden")
    for header in (
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer \xff"},
        {"Authorization": "Basic " + "m" * 32},
    ):
        assert problem(client.open(path, method=method, headers=header)) == (401, "unauthorized")


def test_tokens_that_protect_nothing_are_refused_without_being_shown() -> None:
    make: list[Callable[[], Tokens]] = [
        lambda: Tokens(manager="m" * 32, proxy="m" * 32, exporter="e" * 32, metrics="x" * 32),
        lambda: Tokens(manager="m" * 31, proxy="p" * 32, exporter="e" * 32, metrics="x" * 32),
    ]
    for each in make:
        with pytest.raises(ValueError, match=r"a token of its own|the token of manager must have") as refused:
            each()
        assert "mmm" not in str(refused.value)
    assert "mmm" not in repr(TOKENS)


def test_unknown_addresses_and_methods_are_problems_too(client: FlaskClient) -> None:
    assert problem(call(client, "GET", "/v2")) == (404, "not-found")
    assert problem(call(client, "GET", "/v1//containers")) == (404, "not-found")
    assert problem(call(client, "PUT", "/v1/containers")) == (405, "method-not-allowed")


def test_containers_never_carry_their_token_and_routes_do(client: FlaskClient, world: World) -> None:
    start(client)
    world.launcher.listen(ADAS)
    token = world.launcher.specs[ADAS].token
    assert token not in call(client, "GET", "/v1/containers").text
    routes = call(client, "GET", "/v1/routes", by="proxy")
    assert routes.get_json()["routes"][0]["token"] == token
    same = client.get(
        "/v1/routes", headers={"Authorization": f"Bearer {TOKENS.proxy}", "If-None-Match": routes.headers["ETag"]}
    )
    assert (same.status_code, same.data) == (304, b"")
