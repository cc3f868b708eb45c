"""`login`, `logout`, `whoami`: a page lets this machine in, and its token ends with it."""

import pytest
from shiva_cli import config

from tests.fakes.scripted_http import answer
from tests.fakes.shiva_api import LOST, TOKEN, FakeShiva, Terminal, example, problem

PENDING = problem("authorization-pending", interval=2)


def kept(person: Terminal) -> config.Login:
    """Return what the person's machine remembers."""
    return config.load({"HOME": str(person.home)})


def test_a_login_opens_the_page_waits_for_the_person_and_keeps_the_token(outside: Terminal, shiva: FakeShiva) -> None:
    shiva.on("device_token", PENDING, PENDING, answer(example("device_token")))
    assert outside("login", shiva.url) == 0
    assert outside.opened == [f"{shiva.url}/device?user_code=BDGH-KLMN"]
    assert "BDGH-KLMN" in outside.err
    assert outside.out == f"Logged in as ada.lovelace at {shiva.url}, until 2027-02-21 09:00.\n"
    assert kept(outside).token == example("device_token")["token"]
    assert outside.slept == pytest.approx(6)
    assert shiva.asked("device_code")[0].body["scopes"] == ["read", "containers"]
    assert "Authorization" not in shiva.asked("device_token")[0].headers
    assert outside("ps") == 0


def test_without_a_browser_it_prints_where_to_go_and_what_to_type(outside: Terminal, shiva: FakeShiva) -> None:
    assert outside("login", shiva.url, "--no-browser") == 0
    assert outside.opened == []
    assert f"Open {shiva.url}/device in a browser and type the code BDGH-KLMN." in outside.err
    outside.has_browser = False
    assert outside("login", "-q") == 0
    assert "type the code" in outside.err


def test_the_token_is_never_printed(outside: Terminal, shiva: FakeShiva) -> None:
    told = outside.json("login", shiva.url)
    assert told == {key: value for key, value in example("device_token").items() if key != "token"} | {
        "address": shiva.url
    }
    assert example("device_token")["token"] not in outside.out + outside.err


def test_an_admin_asks_for_an_admins_token(outside: Terminal, shiva: FakeShiva) -> None:
    assert outside("login", shiva.url, "--admin") == 0
    assert shiva.asked("device_code")[0].body["scopes"] == ["read", "containers", "admin"]


def test_who_is_told_to_slow_down_slows_down(outside: Terminal, shiva: FakeShiva) -> None:
    shiva.on("device_token", problem("slow-down", interval=7), answer(example("device_token")))
    assert outside("login", shiva.url) == 0
    assert outside.slept == pytest.approx(2 + 7)


def test_a_login_outlives_an_outage_and_ends_with_its_code(outside: Terminal, shiva: FakeShiva) -> None:
    shiva.on("device_token", LOST, problem("store-unavailable"), answer(example("device_token")))
    assert outside("login", shiva.url) == 0
    shiva.on("device_token", LOST)
    assert outside("login", shiva.url) == 7
    shiva.on("device_token", PENDING)
    assert outside("login", shiva.url) == 3
    assert outside.slept < 3 * 700


def test_a_code_is_typed_at_no_other_server(outside: Terminal, shiva: FakeShiva) -> None:
    elsewhere = {
        "verification_uri": "https://evil.example.com/device",
        "verification_uri_complete": "//evil.example.com/",
    }
    shiva.on("device_code", answer(example("device_code") | elsewhere))
    assert outside("login", shiva.url) == 0
    assert outside.opened == []
    assert f"Open {shiva.url}/device in a browser" in outside.err


def test_a_new_login_ends_the_former_token(outside: Terminal, shiva: FakeShiva) -> None:
    assert outside("login", shiva.url) == outside("login") == 0
    assert [asked.path for asked in shiva.asked("revoke_token")] == ["/api/v1/tokens/5d41402abc4b2a76"]


def test_who_names_no_address_is_asked_for_it(outside: Terminal) -> None:
    assert outside("login") == 2
    assert "shiva login ADDRESS" in outside.err


def test_http_that_was_meant_once_is_remembered(outside: Terminal) -> None:
    there = config.Login(address="http://192.0.2.1", token=TOKEN, insecure_http=True)
    config.save({"HOME": str(outside.home)}, there)
    assert config.in_force({"HOME": str(outside.home)}) == there
    assert config.in_force({"HOME": str(outside.home), "SHIVA_URL": "http://192.0.2.1"}).token == TOKEN


def test_a_logout_ends_the_token_and_forgets_it(outside: Terminal, shiva: FakeShiva) -> None:
    assert outside("login", shiva.url) == 0
    assert outside("logout") == 0
    assert shiva.asked("revoke_token")[0].path == "/api/v1/tokens/5d41402abc4b2a76"
    assert kept(outside) == config.Login(address=shiva.url)
    assert outside("ps") == 3


def test_a_logout_that_nobody_heard_keeps_the_token_so_that_it_can_be_ended(
    outside: Terminal, shiva: FakeShiva
) -> None:
    assert outside("login", shiva.url) == 0
    shiva.on("revoke_token", LOST)
    assert outside("logout") == 7
    assert kept(outside).token
    shiva.on("revoke_token", problem("token-refused"))
    assert outside("logout") == 0
    assert kept(outside).token is None


def test_whoami_tells_person_token_quota_and_the_announcement(ada: Terminal, shiva: FakeShiva) -> None:
    token = {"id": "5d41402abc4b2a76", "label": "shiva", "scopes": ["read"], "expires_at": "2027-02-21T09:00:00.000Z"}
    shiva.on("me", answer(example("me") | {"csrf_token": None, "token": token}))
    assert ada("whoami") == 0
    for said in (
        "ada.lovelace (Ada Lovelace)",
        "shiva [5d41402abc4b2a76]: read",
        "3 containers, any number of GPUs",
        "2027-02-21 09:00 (in 89 d 22 h)",
    ):
        assert said in ada.out
    assert ada.err == "Tonight from 22:00 gpu-02 gets a new disk.\n"
    assert ada("whoami", "-q") == 0
    assert (ada.out, ada.err) == ("ada.lovelace\n", "")


def test_a_token_that_ends_soon_is_announced(outside: Terminal, shiva: FakeShiva) -> None:
    soon = example("device_token") | {"expires_at": "2026-11-24T11:00:00.000Z"}
    shiva.on("device_token", answer(soon))
    assert outside("login", shiva.url) == 0
    assert outside("ps") == 0
    assert "Your login ends 2026-11-24 11:00" in outside.err
    assert "`shiva login` renews it" in outside.err
    assert outside("ps", "-q") == 0
    assert outside.err == ""


def test_a_variable_that_hides_the_login_is_mentioned(outside: Terminal, shiva: FakeShiva) -> None:
    outside.environ["SHIVA_TOKEN"] = TOKEN
    assert outside("login", shiva.url) == 0
    assert "SHIVA_TOKEN is set" in outside.err
