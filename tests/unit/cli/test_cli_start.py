"""`shiva start` and `shiva why`: phases, lost answers, deadlines, refusals."""

import re

import pytest

from tests.fakes.scripted_http import answer
from tests.fakes.shiva_api import LOST, FakeShiva, Terminal, container, example, problem


def test_a_start_tells_its_phases_and_prints_only_the_address(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", answer(container("pending"), 201))
    shiva.on("container", answer(container("pulling")), answer(container("booting")), answer(container()))
    assert ada("start", "gpu-02", "--gpus", "1", "--wait") == 0
    assert ada.out == f"{shiva.url}/user/ada.lovelace/\n"
    assert ada.err.splitlines() == [
        "✔ placed 0.0 s gpu-02",
        "⧗ waiting …",
        "⧗ fetching the image …",
        "✔ created 0.2 s",
        "✔ booted 1.7 s",
        "⧗ booting …",
        f"✔ ready 2.3 s {shiva.url}/user/ada.lovelace/",
    ]
    assert shiva.asked("start")[0].body == {"name": "default", "image": None, "machine": "gpu-02", "gpus": 1}


def test_auto_and_nothing_leave_the_machine_to_shiva(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("start", "auto") == ada("start") == 0
    assert [asked.body["machine"] for asked in shiva.asked("start")] == [None, None]


@pytest.mark.parametrize("wish", [("gpu-01",), ("--image", "training"), ("--gpus", "2")])
def test_what_runs_already_and_is_something_else_is_said(
    ada: Terminal, shiva: FakeShiva, wish: tuple[str, ...]
) -> None:
    shiva.on("start", answer(container(), 200))
    assert ada("start", *wish) == 0
    assert ada.err.startswith("default runs already and was left as it is")
    shiva.on("start", answer(container(), 200))
    assert ada("start", "--gpus", "1") == 0
    assert "runs already" not in ada.err


def test_quiet_prints_a_name_and_no_progress(ada: Terminal) -> None:
    assert ada("start", "-q") == 0
    assert (ada.out, ada.err) == ("default\n", "")


def test_detached_it_does_not_wait(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", answer(container("pending"), 201))
    assert ada("start", "--detach") == 0
    assert shiva.asked("container") == []


def test_a_lost_answer_is_asked_for_again_under_the_same_key(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", LOST, problem("start-unanswered"), answer(container(), 200))
    assert ada("start") == 0
    keys = {asked.headers["Idempotency-Key"] for asked in shiva.asked("start")}
    assert len(shiva.asked("start")) == 3
    assert len(keys) == 1
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", keys.pop())


def test_each_start_has_a_key_of_its_own(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("start") == ada("start") == 0
    assert len({asked.headers["Idempotency-Key"] for asked in shiva.asked("start")}) == 2


def test_a_start_after_a_stop_waits_for_the_end_of_the_former(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", problem("container-stopping", container_id="ada.lovelace--default"), answer(container(), 201))
    assert ada("start") == 0


def test_waiting_outlives_an_outage(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", answer(container("booting"), 201))
    shiva.on("container", LOST, problem("broker-unavailable"), answer(container()))
    assert ada("start", "--wait") == 0
    assert "no answer, asking again" in ada.err


def test_a_wait_ends_at_its_deadline_and_says_that_the_start_goes_on(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", answer(container("booting"), 201))
    shiva.on("container", answer(container("booting")))
    assert ada("start", "--wait=1m30s") == 124
    assert ada.slept == pytest.approx(90)
    assert "default is not ready after 1 m. It goes on starting" in ada.err


def test_a_wait_of_no_time_looks_once(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", answer(container("booting"), 201))
    assert ada("start", "--wait=0s") == 124
    assert shiva.asked("container") == []


def test_wait_takes_no_word_behind_it(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("start", "--wait", "gpu-02") == 0
    assert shiva.asked("start")[0].body["machine"] == "gpu-02"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("failed", "default did not start: The image is broken. Your home is safe. (start-failed)"),
        ("lost", "default did not start: The image is broken. Your home is safe. (start-failed)"),
        ("stopping", "default is being stopped. Your home is safe. (start-stopping)"),
    ],
)
def test_a_start_that_fails_says_why(ada: Terminal, shiva: FakeShiva, state: str, sentence: str) -> None:
    shiva.on("start", answer(container("booting"), 201))
    shiva.on("container", answer(container(state, reason="The image is broken.")))
    assert ada("start") == 6
    assert sentence in ada.err


def test_a_container_that_goes_away_while_it_starts_has_failed(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", answer(container("booting"), 201))
    shiva.on("container", problem("container-not-found", container_id="ada.lovelace--default"))
    assert ada("start") == 6
    assert "(start-gone)" in ada.err


def test_open_opens_the_notebook(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("start", "--open") == 0
    assert ada.opened == [f"{shiva.url}/user/ada.lovelace/"]


def test_a_refusal_for_want_of_room_says_why_and_what_would_fit(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", problem("no-capacity", **example("explain")))
    assert ada("start", "--gpus", "2") == 5
    assert ada.out == ""
    assert "No machine fits now. Nothing was started and the home is safe." in ada.err
    assert "1 of its 2 GPUs free; 2 wanted." in ada.err
    assert "  shiva start gpu-02 --gpus 1" in ada.err


def test_why_says_why_not_who_holds_what_and_what_would_fit(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("why", "--gpus", "2") == 5
    assert ada.out.splitlines() == [
        "MACHINE  WHY NOT                          HELD BY",
        "gpu-02   1 of its 2 GPUs free; 2 wanted.  ken 2026-11-23 07:45 (3 h 15 m ago)",
        "With 1 GPU it fits on gpu-02.",
        "  shiva start gpu-02 --gpus 1",
    ]
    assert shiva.asked("start") == []


def test_why_and_a_dry_run_are_0_where_it_would_start_now(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("explain", answer(example("explain") | {"fits": True, "machine": "gpu-02", "machines": [], "offers": []}))
    assert ada("why") == 0
    assert ada.out == "It would start now on gpu-02.\n"
    assert ada("start", "--dry-run", "--gpus", "1") == 0
    assert shiva.asked("start") == []


@pytest.mark.parametrize("rule", ["quota", "quota-exceeded"])
def test_why_tells_a_limit_from_want_of_room(ada: Terminal, shiva: FakeShiva, rule: str) -> None:
    everywhere = {"rule": rule, "text": "Nobody may have 9 GPUs."}
    shiva.on("explain", answer(example("explain") | {"everywhere": everywhere, "machines": [], "offers": []}))
    assert ada("why", "--gpus", "9") == 4
    assert ada.out == "Nobody may have 9 GPUs.\n"


def test_json_is_the_answer_of_the_api(ada: Terminal) -> None:
    assert ada.json("start") == example("container")
    assert ada.json("why") == example("explain")


def test_json_tells_a_problem_too(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", problem("quota-exceeded", kind="gpus", limit=2, held=1, wanted=2))
    told = ada.json("start", "--gpus", "2")["problem"]
    assert (told["code"], told["status"], told["exit"]) == ("quota-exceeded", 403, 4)
    assert told["parameters"] == {"kind": "gpus", "limit": 2, "held": 1, "wanted": 2}
    assert told["message"] in ada.err
