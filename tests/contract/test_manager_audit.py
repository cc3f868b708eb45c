"""What admins do is in the audit log before it is done, with how it ended; what cannot be noted is not done."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from shiva_manager_api.domain.ports import StoreUnavailableError
from werkzeug.test import TestResponse

from tests.contract.manager_answers import token, token_of
from tests.fakes.manager_world import ADA, CONTRACT, ROOT, World, worlds


@pytest.fixture
def world() -> Iterator[World]:
    with worlds() as made:
        yield made


Act = tuple[dict[str, Any], str, str]  # the request, the action and its target
ACTS: dict[str, Act] = {
    "stop": ({"id": "ken--default"}, "container.stop", "ken--default"),
    "extend": ({"id": "ada--default"}, "container.extend", "ada--default"),
    "set_quota": ({}, "quota.set", "ken"),
    "reset_quota": ({}, "quota.reset", "ken"),
    "bar": ({}, "person.bar", "ken"),
    "end_sessions": ({}, "logout", "ken"),
    "drain": ({}, "machine.drain", "gpu-01"),
    "disable": ({}, "gpu.disable", "GPU-1"),
    "pull_image": ({}, "image.pull", "shiva-jupyter"),
    "announce": ({}, "announcement.set", "announcement"),
    "unannounce": ({}, "announcement.remove", "announcement"),
}


def act(world: World, name: str, **more: Any) -> TestResponse:
    return world.call(name, ROOT, **ACTS[name][0], **more)


def effects(world: World) -> object:
    """Return everything that an act could change."""
    store, broker = world.store.store, world.broker
    people = [(each.barred, each.ended_before) for each in store.people()]
    return (
        [*broker.stopped],
        {**broker.drained},
        {**broker.disabled},
        [*broker.pulled],
        people,
        store.quotas(),
        store.announcement(),
        world.idle.state,
    )


@pytest.mark.parametrize("name", ACTS)
def test_an_act_is_noted_before_and_after(world: World, name: str) -> None:
    _, action, target = ACTS[name]
    before = effects(world)
    assert act(world, name).status_code < 300
    assert world.acts() == [("root", action, target, "asked"), ("root", action, target, "done")]
    assert (effects(world) != before) == (name not in {"reset_quota", "unannounce"})


@pytest.mark.parametrize("name", ACTS)
def test_what_cannot_be_noted_is_not_done(world: World, name: str) -> None:
    world.store.failing["append"] = StoreUnavailableError()
    before = effects(world)
    answer = act(world, name)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "store-unavailable")
    CONTRACT.check(answer)
    assert effects(world) == before


def test_an_act_that_fails_is_noted_with_the_code(world: World) -> None:
    assert act(world.refusing(503, "switch-not-kept"), "drain").status_code == 503
    world.broker.failure = RuntimeError("a mistake of ours")
    assert act(world, "stop").status_code == 500
    lines = world.store.store.acts(limit=4)
    assert [(line.outcome, line.facts.get("code")) for line in reversed(lines)] == [
        ("asked", None), ("failed", "switch-not-kept"), ("asked", None), ("failed", "internal"),
    ]  # fmt: skip


def test_who_what_when_and_from_where_are_told_to_admins(world: World) -> None:
    world.later(timedelta(minutes=5))
    act(world, "drain", headers={"X-Request-Id": "r-1"})
    told = world.call("audit", ROOT, query_string="actor=root&target=gpu-01&limit=1").get_json()
    [line] = told["acts"]
    assert {key: line[key] for key in line if key != "id"} == {
        "at": "2026-11-23T10:05:00.000Z", "actor": "root", "client": "192.0.2.9", "token_id": None, "action": "machine.drain",
        "target": "gpu-01", "outcome": "done", "request_id": "r-1", "facts": {"reason": "A new disk is built in today."},
    }  # fmt: skip
    assert told["next_before"] == line["id"]


def test_an_act_with_a_token_tells_which(world: World) -> None:
    _, token_id = token(world, ROOT)
    who = replace(token_of(ROOT, "admin"), token_id=token_id)
    assert world.call("drain", who).status_code == 204
    assert world.store.store.acts(limit=1)[0].token_id == token_id


def test_lines_are_read_page_by_page_until_there_are_none(world: World) -> None:
    for _ in range(3):
        act(world, "drain")
    seen: list[int] = []
    before: int | None = None
    for _ in range(10):
        query = "limit=2" + (f"&before={before}" if before else "")
        told = world.call("audit", ROOT, query_string=query).get_json()
        seen += [line["id"] for line in told["acts"]]
        before = told["next_before"]
        if before is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == 3 + 6  # three logins of the start


def test_a_look_at_what_is_anothers_is_noted_once_an_hour(world: World) -> None:
    for _ in range(3):
        world.call("container", ROOT, id="ken--default")
        world.call("containers", ROOT, query_string="scope=all")
    looks = [("root", "container.see", "ken--default", "done"), ("root", "container.see", "all", "done")]
    assert world.acts() == looks
    world.later(timedelta(hours=1)).call("container", ROOT, id="ken--default")
    assert world.acts() == [*looks, looks[0]]


def test_a_look_at_anothers_log_is_a_line_of_its_own_and_ones_own_is_none(world: World) -> None:
    for _ in range(2):
        world.call("container", ROOT, id="ken--default")
        world.call("container_log", ROOT, id="ken--default")
        world.call("container_history", ROOT, id="ken--default")
        world.call("container_log", ADA)
    assert world.acts() == [("root", f"container.{what}", "ken--default", "done") for what in ("see", "log")]


def test_a_look_is_noted_although_a_clock_was_set_back(world: World) -> None:
    world.call("container", ROOT, id="ken--default")
    world.later(timedelta(hours=-2)).call("container", ROOT, id="ken--default")
    assert world.acts() == [("root", "container.see", "ken--default", "done")] * 2


def test_a_look_that_cannot_be_noted_is_refused(world: World) -> None:
    world.store.failing["append"] = StoreUnavailableError()
    assert world.call("container", ROOT, id="ken--default").status_code == 503
    assert world.call("containers", ROOT, query_string="scope=all").status_code == 503
    assert world.call("container_log", ROOT, id="ken--default").status_code == 503


def test_what_people_do_with_their_own_is_not_noted(world: World) -> None:
    world.call("stop")
    world.call("extend")
    world.call("start", json={"name": "second"})
    world.call("container", ROOT, id="root--default")
    assert world.acts() == []


def test_the_end_of_an_act_that_cannot_be_noted_is_in_the_log_of_the_service(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    class OnlyOnce:
        lines = 0

        def append(self, *given: Any) -> int:
            self.lines += 1
            if self.lines > 1:
                raise StoreUnavailableError
            return world.store.store.append(*given)

    world.store.other["append"] = OnlyOnce().append
    assert act(world, "drain").status_code == 204
    assert world.broker.drained == {"gpu-01": "A new disk is built in today."}
    assert "the end of an act is not in the audit log" in caplog.text


def test_a_machine_and_a_gpu_are_given_back(world: World) -> None:
    for name, flag in (("drain", "drained"), ("disable", "disabled")):
        act(world, name)
        assert act(world, name, json={flag: False}).status_code == 204
    assert (world.broker.drained, world.broker.disabled) == ({"gpu-01": None}, {"GPU-1": None})
    actions = [action for _, action, _, outcome in world.acts() if outcome == "done"]
    assert actions == ["machine.drain", "machine.open", "gpu.disable", "gpu.enable"]


@pytest.mark.parametrize(
    "body",
    [{}, {"drained": True}, {"drained": True, "reason": None}, {"drained": True, "reason": ""}, {"drained": "yes", "reason": "x"},
     {"drained": True, "reason": "\u200b"}, {"drained": True, "reason": "x" * 201}, {"drained": None, "reason": "x"},
     {"drained": False, "reason": 1}],
)  # fmt: skip
def test_nothing_is_switched_off_without_a_reason(world: World, body: dict[str, Any]) -> None:
    answer = act(world, "drain", json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")
    assert world.broker.drained == {}


def test_an_announcement_is_read_by_everybody_until_it_ends(world: World) -> None:
    given = {"text": "Tonight\nat ten.", "level": "warning", "ends_at": "2026-11-23T10:30:00+01:00"}
    assert act(world, "announce", json=given).status_code == 204
    assert world.call("me").get_json()["announcement"] is None  # that was half an hour ago
    act(world, "announce", json=given | {"ends_at": "2026-11-23T12:00:00+00:00"})
    told = world.call("me").get_json()["announcement"]
    assert told == {
        "text": "Tonight at ten.", "level": "warning", "by": "root", "at": "2026-11-23T10:00:00.000Z",
        "ends_at": "2026-11-23T12:00:00.000Z",
    }  # fmt: skip
    world.later(timedelta(hours=2))
    assert world.call("me").get_json()["announcement"] is None
    act(world, "announce", json=given | {"ends_at": None})
    assert world.call("me", ADA).get_json()["announcement"] is not None
    act(world, "unannounce")
    assert world.call("me", ADA).get_json()["announcement"] is None


@pytest.mark.parametrize(
    "change",
    [{"level": "loud"}, {"level": None}, {"text": ""}, {"text": " "}, {"text": "x" * 501}, {"ends_at": "tomorrow"},
     {"ends_at": "2026-11-24"}, {"ends_at": "2026-11-24T06:00:00"}, {"ends_at": "2026-02-30T06:00:00Z"}, {"ends_at": 5},
     {"ends_at": "0001-01-01T00:00:00+23:59"}],
)  # fmt: skip
def test_an_announcement_is_well_formed(world: World, change: dict[str, Any]) -> None:
    answer = act(world, "announce", json={"text": "A text.", "level": "info", **change})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad-request")


def test_people_are_listed_with_what_they_hold_and_whether_they_may_come_in(world: World) -> None:
    act(world, "bar")
    act(world, "set_quota")
    told = {each["name"]: each for each in world.call("people", ROOT).get_json()["people"]}
    assert list(told) == ["ada", "ken", "root"]
    assert (told["ken"]["barred"], told["ken"]["refused"]) == ("Left the company.", "barred")
    assert (told["ken"]["own_quota"], told["ken"]["quota"]) == (
        {"containers": 3, "gpus": 2},
        {"containers": 3, "gpus": 2},
    )
    assert (told["ada"]["refused"], told["ada"]["own_quota"]) == (None, None)
    assert told["ada"]["held"] == {"containers": 1, "gpus": 1}
    assert (told["root"]["role"], told["ada"]["role"]) == ("admin", "user")
    world.without_broker()
    assert {each["held"] for each in world.call("people", ROOT).get_json()["people"]} == {None}
