"""The client against servers that answer as Marathon and its standbys do on bad days."""

import base64
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from shiva_jupyter_broker.adapters.marathon_client import MarathonClient
from shiva_jupyter_broker.adapters.marathon_http import Addresses, Patience, RefusedError, TimedSession, UnansweredError

from tests.fakes import marathon_apps
from tests.fakes.certificates import signed
from tests.fakes.scripted_http import CUT, Asked, Reply, Script, Scripted, answer, page, scripted

APP = marathon_apps.app()
ID = APP["id"]
IMPATIENT = Patience(total_seconds=0.8, attempt_seconds=0.25)
DONE = answer({"version": "2026-11-23T09:10:01.000Z", "deploymentId": "d-2"})
EXISTS = answer({"message": f"An app with id [{ID}] already exists."}, 409)
LOCKED = answer({"message": "App is locked by one or more deployments.", "deployments": [{"id": "d-1"}]}, 409)
MISSING = answer({"message": f"App '{ID}' does not exist"}, 404)


def deployment(*apps: str) -> dict[str, Any]:
    return {
        "id": "d-1",
        "version": "2026-11-23T09:10:00.000Z",
        "affectedApps": list(apps),
        "affectedPods": [],
        "steps": [{"actions": [{"action": "StartApplication", "app": apps[0]}]}],
        "currentActions": [{"action": "StartApplication", "app": apps[0], "readinessCheckResults": []}],
        "currentStep": 1,
        "totalSteps": 1,
    }


Serve = Callable[[Script], Scripted]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(scripted(script))


def in_turn(*replies: Reply) -> Script:
    """Answer one after the other, and the last one for ever."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def by_method(**replies: Reply) -> Script:
    return lambda asked: replies[asked.method]


def client(*servers: Scripted, patience: Patience = IMPATIENT, **session: Any) -> MarathonClient:
    return MarathonClient(Addresses([each.url for each in servers], TimedSession(**session)), patience=patience)


def methods(server: Scripted) -> list[str]:
    return [each.method for each in server.asked]


# ---- addresses ----

NO_ANSWERS = {
    "a standby without a leader": page(502),
    "a leader that is just beginning": answer({"message": "loading"}, 503),
    "garbage": page(200, "<html>Welcome to nginx</html>"),
    "half of it": Reply(pieces=(b'{"app": {',), length=5000),
    "the wrong type": answer({"app": ["x"]}),
    "a list": answer([1, 2]),
    "nothing": Reply(),
    "a closed connection": CUT,
    "a redirect": Reply(status=307, headers={"Location": "http://192.0.2.1:1/"}),
    "somebody else's 404": page(404),
    "a drip": Reply(pieces=tuple(b"x" for _ in range(100)), pause_seconds=0.05),
    "silence": Reply(pieces=(b"", b"x"), length=10, pause_seconds=2.0),
    "another app": answer({"app": {**APP, "id": "/shiva/other"}}),
}


@pytest.mark.parametrize("bad", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
def test_what_is_no_answer_sends_on_to_the_next_address_which_is_remembered(serve: Serve, bad: Reply) -> None:
    standby, leader = serve(lambda _: bad), serve(lambda _: answer({"app": APP}))
    one = client(standby, leader)
    assert one.app(ID) == APP
    asked_before = len(standby.asked)
    assert one.app(ID) == APP
    assert len(standby.asked) == asked_before


@pytest.mark.parametrize("bad", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
def test_nobody_is_waited_for_beyond_the_patience(serve: Serve, bad: Reply) -> None:
    servers = [serve(lambda _: bad), serve(lambda _: bad)]
    began = time.monotonic()
    with pytest.raises(UnansweredError):
        client(*servers).app(ID)
    assert time.monotonic() - began < IMPATIENT.total_seconds + 2
    assert all(len(each.asked) <= 6 for each in servers)  # no storm: the pauses grow


def test_the_error_names_each_address_and_what_came(serve: Serve) -> None:
    first, second = serve(lambda _: page(502)), serve(lambda _: CUT)
    with pytest.raises(UnansweredError) as caught:
        client(first, second).app(ID)
    assert f"{first.url}: HTTP 502" in str(caught.value)
    assert f"{second.url}: no connection" in str(caught.value)


def test_a_leader_that_comes_back_within_the_patience_is_waited_for(serve: Serve) -> None:
    assert client(serve(in_turn(page(502), page(502), answer({"app": APP})))).app(ID) == APP


def test_who_asks_to_be_left_alone_for_longer_than_there_is_patience_is_not_asked_again(serve: Serve) -> None:
    busy = serve(lambda _: answer({}, 503, **{"Retry-After": "30"}))
    with pytest.raises(UnansweredError):
        client(busy).app(ID)
    assert len(busy.asked) == 1


def test_a_missing_app_is_none_and_not_an_error(serve: Serve) -> None:
    assert client(serve(lambda _: MISSING)).app(ID) is None


# ---- lists ----


@pytest.mark.parametrize(
    "bad", [answer({}), answer({"apps": None}), answer({"apps": [1]}), answer({"apps": [{"id": 7}]}), page(200)]
)
def test_a_list_that_is_none_is_an_error_and_never_an_empty_list(serve: Serve, bad: Reply) -> None:
    with pytest.raises(UnansweredError):
        client(serve(lambda _: bad)).apps(label="shiva.domain==shiva")


def test_a_list_asks_each_address_once(serve: Serve) -> None:
    servers = [serve(lambda _: page(502)), serve(lambda _: page(502))]
    with pytest.raises(UnansweredError):
        client(*servers).apps(label="shiva.domain==shiva")
    assert [len(each.asked) for each in servers] == [1, 1]


def test_apps_come_with_tasks_and_deployments_in_one_request(serve: Serve) -> None:
    server = serve(lambda _: answer({"apps": [APP]}))
    assert client(server).apps(label="shiva.domain==shiva") == [APP]
    [asked] = server.asked
    assert (asked.path, asked.query["label"]) == ("/v2/apps", ["shiva.domain==shiva"])
    assert {"apps.tasks", "apps.deployments", "apps.lastTaskFailure"} <= set(asked.query["embed"])


def test_the_queue_comes_with_offers_where_they_are_asked_for(serve: Serve) -> None:
    server = serve(lambda _: answer({"queue": [marathon_apps.waiting()]}))
    assert len(client(server).queue(offers=True)) == 1
    client(server).queue(offers=False)
    assert [each.query for each in server.asked] == [{"embed": ["lastUnusedOffers"]}, {}]


# ---- creation ----


def test_a_creation_returns_what_marathon_stored(serve: Serve) -> None:
    server = serve(lambda _: answer(APP, 201, Location="http://192.0.2.1:1/shiva"))
    assert client(server).create(APP) == APP
    assert methods(server) == ["POST"]
    assert "force" not in server.asked[0].query


@pytest.mark.parametrize(
    "lost", [CUT, page(502), Reply(status=201, pieces=(b"{",), length=900), answer({"message": "x"}, 503)]
)
def test_a_lost_answer_is_looked_for_before_it_is_asked_again(serve: Serve, lost: Reply) -> None:
    dying = serve(by_method(POST=lost, GET=CUT))
    leader = serve(by_method(GET=answer({"app": APP}), POST=EXISTS))
    assert client(dying, leader).create(APP) == APP
    assert "POST" not in methods(leader)
    assert methods(dying).count("POST") == 1


def test_a_post_that_was_not_stored_is_sent_to_the_next_leader_once(serve: Serve) -> None:
    dying = serve(lambda _: CUT)
    leader = serve(by_method(GET=MISSING, POST=answer(APP, 201)))
    assert client(dying, leader).create(APP) == APP
    assert methods(leader) == ["GET", "POST"]


def test_one_that_exists_already_is_the_same_because_ids_are_fresh(serve: Serve) -> None:
    assert client(serve(by_method(POST=EXISTS, GET=answer({"app": APP})))).create(APP) == APP


def test_one_that_is_said_to_exist_and_does_not_is_refused(serve: Serve) -> None:
    with pytest.raises(RefusedError, match="already exists"):
        client(serve(by_method(POST=EXISTS, GET=MISSING))).create(APP)


def test_a_creation_waits_for_a_lock_and_never_breaks_it(serve: Serve) -> None:
    server = serve(in_turn(LOCKED, LOCKED, answer(APP, 201)))
    assert client(server).create(APP) == APP
    assert methods(server) == ["POST", "POST", "POST"]
    assert not any("force" in each.query for each in server.asked)


def test_a_lock_that_stays_is_told_after_a_few_tries(serve: Serve) -> None:
    server = serve(lambda _: LOCKED)
    with pytest.raises(RefusedError) as caught:
        client(server).create(APP)
    assert caught.value.busy
    assert 2 <= len(server.asked) <= 6


def test_too_many_deployments_are_waited_for_too(serve: Serve) -> None:
    full = answer({"message": "Max concurrent deployment count (100) has been reached."}, 403)
    assert client(serve(in_turn(full, answer(APP, 201)))).create(APP) == APP


def test_an_outcome_that_stays_unknown_is_an_error(serve: Serve) -> None:
    with pytest.raises(UnansweredError):
        client(serve(lambda _: CUT)).create(APP)


def test_a_refusal_says_what_is_wrong_where(serve: Serve) -> None:
    wrong = {"message": "Object is not valid", "details": [{"path": "/id", "errors": ["error.pattern"]}]}
    server = serve(lambda _: answer(wrong, 422))
    with pytest.raises(RefusedError, match=r"Object is not valid\. /id: error\.pattern"):
        client(server).create(APP)
    assert len(server.asked) == 1


# ---- changes ----


def test_an_update_is_not_forced(serve: Serve) -> None:
    server = serve(lambda _: DONE)
    assert client(server).update(ID, {"instances": 0})["deploymentId"] == "d-2"
    [asked] = server.asked
    assert (asked.method, asked.path, asked.body, asked.query) == (
        "PATCH", f"/v2/apps{ID}", {"instances": 0}, {"force": ["false"]},
    )  # fmt: skip


def locked_by(*apps: str) -> Script:
    """A change is locked out by a deployment of `apps`, unless it is forced."""

    def script(asked: Asked) -> Reply:
        if asked.method == "GET":
            return answer([deployment(*apps)])
        return DONE if asked.query["force"] == ["true"] else LOCKED

    return script


def test_the_lock_of_its_own_start_is_broken(serve: Serve) -> None:
    server = serve(locked_by(ID))
    client(server).update(ID, {"instances": 0})
    assert [(each.method, each.path) for each in server.asked] == [
        ("PATCH", f"/v2/apps{ID}"), ("GET", "/v2/deployments"), ("PATCH", f"/v2/apps{ID}"),
    ]  # fmt: skip


def test_the_lock_of_a_deployment_that_changes_others_too_is_not(serve: Serve) -> None:
    server = serve(locked_by(ID, "/shiva/another"))
    with pytest.raises(RefusedError) as caught:
        client(server).update(ID, {"instances": 0})
    assert caught.value.busy
    assert not any(each.query.get("force") == ["true"] for each in server.asked)


def test_deleting_is_not_forced_either_and_what_is_missing_is_deleted(serve: Serve) -> None:
    gone, there = serve(lambda _: MISSING), serve(lambda _: DONE)
    client(gone).delete(ID)
    client(there).delete(ID)
    assert [(each.method, each.path, each.query) for each in there.asked] == [
        ("DELETE", f"/v2/apps/{ID.removeprefix('/')}", {"force": ["false"]})
    ]


@pytest.mark.parametrize("bad", [page(200), answer({"x": 1}), answer([{"id": "d-1", "unheardOf": 1}]), page(502), CUT])
def test_what_the_package_cannot_read_is_no_answer(serve: Serve, bad: Reply) -> None:
    server = serve(lambda asked: LOCKED if asked.method == "DELETE" else bad)
    with pytest.raises(UnansweredError):
        client(server).delete(ID)


# ---- who may ask ----


def test_user_and_password_go_to_the_addresses_of_the_settings_and_nowhere_else(serve: Serve) -> None:
    elsewhere = serve(lambda _: answer({"app": APP}))
    standby = serve(lambda _: Reply(status=302, headers={"Location": f"{elsewhere.url}/v2/apps{ID}"}))
    leader = serve(lambda _: answer({"app": APP}))
    client(standby, leader, user="shiva", password="secret").app(ID)
    expected = "Basic " + base64.b64encode(b"shiva:secret").decode()
    assert standby.asked[0].headers["Authorization"] == leader.asked[0].headers["Authorization"] == expected
    assert elsewhere.asked == []


def test_the_environment_adds_no_proxy_and_no_password(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("default login somebody password else\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server = serve(lambda _: answer({"app": APP}))
    assert client(server).app(ID) == APP
    assert "Authorization" not in server.asked[0].headers


def test_https_is_trusted_by_the_authority_of_the_settings_alone(tmp_path: Path) -> None:
    pair = signed(tmp_path, "marathon")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    with scripted(lambda _: answer({"app": APP}), tls=context) as server:
        assert client(server, ca=pair.ca).app(ID) == APP
        with pytest.raises(UnansweredError, match="its certificate is not trusted"):
            client(server).app(ID)


def test_who_speaks_without_tls_is_not_called_untrusted(serve: Serve) -> None:
    server = serve(lambda _: answer({"app": APP}))
    server = replace(server, url=server.url.replace("http://", "https://"))
    with pytest.raises(UnansweredError, match="it does not speak TLS"):
        client(server).app(ID)


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_password_is_a_refusal_at_once(serve: Serve, status: int) -> None:
    server = serve(lambda _: page(status))
    with pytest.raises(RefusedError) as caught:
        client(server).app(ID)
    assert caught.value.status == status
    assert len(server.asked) == 1
