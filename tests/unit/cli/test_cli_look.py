"""`machines`, `ps`, `images`, `events`: what is shown, how old it is, and what nobody reported."""

import json

from tests.fakes.scripted_http import answer
from tests.fakes.shiva_api import LOST, FakeShiva, Terminal, container, example, problem


def test_machines_are_a_table_with_the_age_of_each_number(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("machines", answer(example("machines"), Age="9"))
    assert ada("machines") == 0
    assert ada.out.splitlines() == [
        "MACHINE  STATE        GPUS FREE  CPU   MEMORY          WHO                             AGE",
        "gpu-02   partly free  1 / 2      31 %  9.0 / 32.0 GiB  ada.lovelace (1 GPU, 1 h 50 m)  12 s ago",
    ]
    assert ada.err == ""
    table = ada.out
    assert ada("ls") == 0
    assert ada.out == table


def test_one_machine_shows_its_gpus_with_holders_users_and_who_is_outside(ada: Terminal) -> None:
    assert ada("machines", "gpu-02") == 0
    first, second = ada.out.splitlines()[-2:]
    assert "ada.lovelace 2026-11-23 09:10 (1 h 50 m ago)" in first
    assert "ada.lovelace 85 %, mei outside Shiva (process 4242)" in first
    assert "not given out: The driver lost this GPU." in second
    assert " 0 " not in second


def test_why_a_machine_is_closed_is_beside_it(ada: Terminal, shiva: FakeShiva) -> None:
    body = example("machines")
    drained = body["machines"][0] | {"state": "closed", "closed": "New disk tonight."}
    shiva.on("machines", answer(body | {"machines": [drained]}))
    assert ada("machines") == 0
    assert ada.err == "gpu-02 takes no new containers: New disk tonight.\n"


def test_what_nobody_reported_is_a_dash(ada: Terminal, shiva: FakeShiva) -> None:
    body = example("machines")
    silent = dict.fromkeys(body["machines"][0]) | {
        "name": "gpu-03", "state": "unreachable", "gpu_driver": "unknown", "gpus_total": 2, "gpus": [], "containers": [], "holders_known": False,
    }  # fmt: skip
    shiva.on("machines", answer(body | {"machines": [silent], "broker": {"state": "unavailable", "age_seconds": None}}))
    assert ada("machines") == 0
    assert ada.out.splitlines()[1].split() == ["gpu-03", "unreachable", "—", "/", "2", "—", "—", "—", "—"]
    assert "Containers cannot be started or stopped now." in ada.err


def test_old_numbers_are_said_to_be_old(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("machines", answer(example("machines") | {"metrics": {"state": "stale", "age_seconds": 95.0}}))
    assert ada("machines") == 0
    assert "Numbers are 1 m old: Prometheus does not answer." in ada.err


def test_machines_as_json_are_the_answer_with_its_age(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("machines", answer(example("machines"), Age="9"))
    assert ada.json("machines") == example("machines") | {"age_seconds": 9.0}
    assert ada("machines", "-q") == 0
    assert ada.out == "gpu-02\n"


def test_ps_shows_ones_own_and_says_what_ends(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("ps") == 0
    [line] = ada.out.splitlines()[1:]
    assert line.startswith("default    running  gpu-02   1     shiva-jupyter  2026-11-23 09:10 (1 h 49 m ago)")
    assert line.endswith("idle, ends 2026-11-23 12:42 (in 1 h 42 m)")
    assert shiva.asked("containers")[0].query == {"scope": ["own"]}


def test_ps_a_shows_everybodys_by_id(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("ps", "-a", "-q") == 0
    assert ada.out == "ada.lovelace--default\n"
    assert shiva.asked("containers")[0].query == {"scope": ["all"]}
    shiva.on("containers", problem("admins-only"))
    assert ada("ps", "-a") == 4


def test_why_a_container_failed_is_beside_it(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("containers", answer({"containers": [container("failed", reason="Out of memory.", idle=None)]}))
    assert ada("ps") == 0
    assert ada.out.rstrip().endswith("Out of memory.")


def test_without_a_container_ps_says_how_to_get_one(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("containers", answer({"containers": []}))
    assert ada("ps") == 0
    assert "`shiva start` starts one" in ada.out
    assert ada("ps", "-q") == 0
    assert ada.out == ""


def test_images_are_listed(ada: Terminal) -> None:
    assert ada("images") == 0
    assert "shiva-jupyter  JupyterLab" in ada.out
    assert ada.json("images") == example("images")


def test_events_are_lines_with_time_and_place(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("events", "-n", "2") == 0
    assert ada.out.splitlines() == [
        "2026-11-23 09:10:02  ready  ada.lovelace--default  gpu-02  2.3 s",
        "2026-11-23 09:12:00  machine  gpu-01  unreachable",
    ]
    assert ada("events", "default") == 0
    assert shiva.asked("events")[1].query == {"container": ["ada.lovelace--default"], "limit": ["50"]}


def test_followed_events_go_on_after_an_outage(ada: Terminal, shiva: FakeShiva) -> None:
    page = example("events")
    more = page | {
        "events": [page["events"][1] | {"id": "019aaf5d1c00-0000000009"}],
        "last_id": "019aaf5d1c00-0000000009",
    }
    shiva.on("events", answer(page), LOST, LOST, LOST, answer(more), problem("token-refused"))
    assert ada("events", "-f", "--json") == 3
    told = [json.loads(line) for line in ada.out.splitlines()[:3]]
    assert told == [*page["events"], *more["events"]]
    assert ada.err.count("does not answer") == 1
    after = [asked.query.get("after") for asked in shiva.asked("events")]
    assert after == [None, *[["019aaf5d1c00-0000000008"]] * 4, ["019aaf5d1c00-0000000009"]]


def test_a_thousand_machines_are_one_question(ada: Terminal, shiva: FakeShiva) -> None:
    body = example("machines")
    many = [body["machines"][0] | {"name": f"gpu-{number:04}"} for number in range(1000)]
    shiva.lawless = True  # judging a megabyte takes longer than the test may
    shiva.on("machines", answer(body | {"machines": many}))
    assert ada("machines") == 0
    assert len(ada.out.splitlines()) == 1001
    assert len(shiva.heard) == 1


def test_lies_about_kinds_are_read_as_nothing(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.lawless = True
    odd: list[object] = [
        None,
        1,
        "x",
        [],
        {},
        [1],
        {"machines": 1},
        {"machines": [1, None, {"gpus": {}, "name": 7, "containers": [3]}]},
    ]
    for body in odd:
        shiva.on("machines", answer(body))
        assert ada("machines") == 0, body
        shiva.on("containers", answer({"containers": [body]}))
        assert ada("ps") == 0, body
