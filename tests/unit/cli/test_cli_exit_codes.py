"""Every exit code, and what brings it about."""

from typing import Any

import pytest

from tests.fakes.scripted_http import Reply, answer, page
from tests.fakes.shiva_api import CATALOGUE, LOST, FakeShiva, Terminal, container, problem

PENDING = answer(container("booting"), 201)
EXPLAINED: dict[str, Any] = {"fits": False, "machine": None, "everywhere": None, "machines": [], "offers": []}


def test_0_is_done(ada: Terminal) -> None:
    assert ada("ps") == 0


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("start", "--nonsense"),
        ("start", "--gpus", "many"),
        ("start", "--wait=soon"),
        ("stop",),
        ("admin", "bar", "ken"),
        ("admin", "quota", "ken"),
        ("admin", "quota", "ken", "--gpus", "-1"),
        ("admin", "announce"),
        ("login", "ftp://shiva.example.com"),
        ("login", "http://shiva.example.com"),
        ("completion", "tcsh"),
        ("machines", "gpu-99"),
        ("stop", "nobody"),
    ],
)
def test_2_is_a_command_that_is_wrong(ada: Terminal, arguments: tuple[str, ...]) -> None:
    assert ada(*arguments) == 2
    assert ada.out == ""
    assert ada.err


@pytest.mark.parametrize("code", ["machine-not-found", "image-not-found", "bad-name", "key-reused"])
def test_2_is_a_wish_that_cannot_be_granted(ada: Terminal, shiva: FakeShiva, code: str) -> None:
    shiva.on("start", problem(code))
    assert ada("start") == 2


def test_3_is_not_logged_in(outside: Terminal, shiva: FakeShiva) -> None:
    assert outside("ps") == 3
    assert outside.err.splitlines()[-1] == "Run: shiva login ADDRESS"
    outside.environ["SHIVA_URL"] = shiva.url
    assert outside("ps") == 3
    assert outside.err.splitlines()[-1] == "Run: shiva login"
    assert shiva.heard == []


def test_3_is_a_token_that_is_not_good_any_more(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("containers", problem("token-refused"))
    assert ada("ps") == 3
    assert CATALOGUE["token-refused"]["en"]["title"] in ada.err


@pytest.mark.parametrize("code", ["device-denied", "device-expired"])
def test_3_is_a_login_that_came_to_nothing(outside: Terminal, shiva: FakeShiva, code: str) -> None:
    shiva.on("device_token", problem(code))
    assert outside("login", shiva.url) == 3


@pytest.mark.parametrize("code", ["quota-exceeded", "scope-missing"])
def test_4_is_what_one_may_not(ada: Terminal, shiva: FakeShiva, code: str) -> None:
    shiva.on("start", problem(code))
    assert ada("start") == 4


def test_4_is_a_limit_that_nobody_may_pass(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", problem("quota", **EXPLAINED))
    assert ada("start") == 4
    shiva.on("extend", problem("no-extension-left"))
    assert ada("extend", "default") == 4


def test_5_is_no_room_now(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", problem("no-capacity", **EXPLAINED))
    assert ada("start") == 5
    assert ada("why") == 5


@pytest.mark.parametrize("code", ["launch-refused", "start-ended", "home-unavailable", "container-stopping"])
def test_6_is_a_start_that_failed(ada: Terminal, shiva: FakeShiva, code: str) -> None:
    shiva.on("start", problem(code))
    assert ada("start") == 6


@pytest.mark.parametrize(
    "reply",
    [
        LOST,
        problem("broker-unavailable"),
        problem("manager-unavailable"),
        problem("too-many-requests", seconds=9),
        page(502),
        page(200),
        Reply(status=302, headers={"Location": "https://elsewhere.example.com/"}),
        Reply(pieces=(b"{",), headers={"Content-Type": "application/json"}),
        Reply(pieces=(b"NaN",), headers={"Content-Type": "application/json"}),
        Reply(pieces=(b"[" * 100_000,), headers={"Content-Type": "application/json"}),
    ],
)
def test_7_is_no_answer_or_one_that_is_not_shivas(ada: Terminal, shiva: FakeShiva, reply: Reply) -> None:
    shiva.lawless = True
    shiva.on("images", reply)
    assert ada("images") == 7


def test_7_is_a_place_where_nobody_listens(outside: Terminal) -> None:
    outside.environ |= {"SHIVA_URL": "http://127.0.0.1:1", "SHIVA_TOKEN": "x"}
    assert outside("ps") == 7
    assert "http://127.0.0.1:1 does not answer: Connection refused." in outside.err


def test_124_is_a_wait_that_took_too_long(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", PENDING)
    shiva.on("container", answer(container("booting")))
    assert ada("start", "--wait=2s") == 124
