"""Where the token is kept, to whom it goes, and to whom never."""

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_cli import config
from shiva_cli.errors import Trouble

from tests.fakes.scripted_http import Reply, answer, scripted
from tests.fakes.shiva_api import TOKEN, FakeShiva, Terminal, example

KEPT = config.Login(address="https://shiva.example.com", token=TOKEN, token_id="5d41402abc4b2a76")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


def test_what_is_kept_is_read_again(environ: dict[str, str]) -> None:
    config.save(environ, KEPT)
    assert config.load(environ) == KEPT
    assert config.path(environ) == Path(environ["HOME"]) / ".config/shiva/config.json"


def test_only_its_owner_can_read_it_whatever_the_mask(environ: dict[str, str]) -> None:
    before = os.umask(0)
    try:
        config.save(environ, KEPT)
    finally:
        os.umask(before)
    assert stat.S_IMODE(config.path(environ).stat().st_mode) == 0o600
    assert stat.S_IMODE(config.path(environ).parent.stat().st_mode) == 0o700


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(environ: dict[str, str]) -> None:
    config.save(environ, KEPT)
    with pytest.raises(UnicodeEncodeError):
        config.write(config.path(environ), "\ud800")
    assert config.load(environ) == KEPT
    assert [file.name for file in config.path(environ).parent.iterdir()] == ["config.json"]


def test_xdg_says_where(environ: dict[str, str], tmp_path: Path) -> None:
    environ["XDG_CONFIG_HOME"] = str(tmp_path / "elsewhere")
    assert config.path(environ) == tmp_path / "elsewhere/shiva/config.json"
    environ["XDG_CONFIG_HOME"] = "relative"
    assert config.path(environ) == tmp_path / ".config/shiva/config.json"


def test_the_environment_comes_first(environ: dict[str, str]) -> None:
    config.save(environ, KEPT)
    assert config.in_force(environ).token == TOKEN
    assert config.in_force(environ | {"SHIVA_TOKEN": "shiva_other_x"}).token_id == "other"
    assert config.in_force(environ | {"SHIVA_URL": "https://shiva.example.com"}).token == TOKEN


def test_a_kept_token_goes_to_no_other_address(environ: dict[str, str]) -> None:
    config.save(environ, KEPT)
    assert config.in_force(environ | {"SHIVA_URL": "https://evil.example.com"}).token is None
    assert config.in_force(environ | {"SHIVA_URL": "https://shiva.example.com:444"}).token is None


def test_a_broken_file_is_said_and_the_next_login_writes_it_anew(outside: Terminal, shiva: FakeShiva) -> None:
    file = config.path({"HOME": str(outside.home)})
    file.parent.mkdir(parents=True)
    file.write_text("{", encoding="utf-8")
    assert outside("ps") == 3
    assert f"{file} cannot be read." in outside.err
    assert outside("login", shiva.url) == 0
    assert outside("ps") == 0


def test_a_folder_that_cannot_be_written_is_said(outside: Terminal, shiva: FakeShiva) -> None:
    (outside.home / ".config").write_text("", encoding="utf-8")
    assert outside("login", shiva.url) == 2
    assert "(config-not-kept)" in outside.err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("shiva.example.com", "https://shiva.example.com"),
        ("https://Shiva.Example.com:8443/", "https://shiva.example.com:8443"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://ada.localhost:8000/", "http://ada.localhost:8000"),
    ],
)
def test_an_address_is_read_as_it_is_meant(typed: str, meant: str) -> None:
    assert config.address(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "https://",
        "ftp://x",
        "https://x/path",
        "https://x?y",
        "https://x#y",
        "https://me:secret@x",
        "https://x:99999",
        "https://x y",
        "https://[",
        "file:///etc/passwd",
        "https://x\n",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Trouble, match="bad-address"):
        config.address(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "http://shiva.example.com",
        "http://192.0.2.1:8000",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
    ],
)
def test_in_the_clear_only_the_loopback_is_spoken_to_unless_one_says_so(typed: str) -> None:
    with pytest.raises(Trouble, match="insecure-address"):
        config.address(typed)
    assert config.address(typed, insecure_http=True) == typed


@given(st.text())
def test_every_text_is_an_address_or_refused(typed: str) -> None:
    try:
        there = config.address(typed)
    except Trouble:
        return
    assert config.address(there) == there


def test_a_token_never_follows_a_redirect(ada: Terminal, shiva: FakeShiva) -> None:
    with scripted(lambda _: answer(example("containers"))) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            shiva.lawless = True
            shiva.on("containers", Reply(status=status, headers={"Location": f"{elsewhere.url}/api/v1/containers"}))
            assert ada("ps") == 7
            assert "the token was not sent there" in ada.err
        assert elsewhere.asked == []


def test_no_netrc_and_no_proxy_gets_the_token(ada: Terminal, shiva: FakeShiva, monkeypatch: pytest.MonkeyPatch) -> None:
    (ada.home / ".netrc").write_text("machine 127.0.0.1 login x password y\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(ada.home))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert ada("ps") == 0
    assert shiva.heard[0][1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_login_never_shows_its_token() -> None:
    assert TOKEN not in repr(KEPT)
    assert json.loads(json.dumps(str(KEPT))) == "Login(https://shiva.example.com)"
