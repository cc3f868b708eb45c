"""What goes over the wire: verified TLS, retries where they are safe, and answers that never end."""

import gzip
import ssl
from pathlib import Path

from shiva_cli.api import MAX_BYTES

from tests.fakes.certificates import signed
from tests.fakes.scripted_http import Reply, answer, scripted
from tests.fakes.shiva_api import LOST, TOKEN, FakeShiva, Terminal, example, problem


def test_a_certificate_is_always_verified(outside: Terminal, tmp_path: Path) -> None:
    pair = signed(tmp_path, "shiva")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    with scripted(lambda _: answer(example("images")), tls=context) as server:
        outside.environ |= {"SHIVA_URL": server.url, "SHIVA_TOKEN": TOKEN}
        assert outside("images") == 7
        assert "cannot be trusted" in outside.err
        assert "(tls-failed)" in outside.err
        assert server.asked == []
        outside.environ["SHIVA_CA_FILE"] = str(pair.ca)
        assert outside("images") == 0


def test_a_bundle_that_is_not_there_is_said(outside: Terminal) -> None:
    outside.environ |= {"SHIVA_URL": "https://127.0.0.1:1", "SHIVA_TOKEN": TOKEN, "SHIVA_CA_FILE": "/nowhere.pem"}
    assert outside("images") == 7
    assert "/nowhere.pem" in outside.err
    assert outside.slept == 0


def test_a_question_is_repeated_a_few_times_with_growing_pauses(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("images", LOST, problem("broker-unavailable"), answer(example("images")))
    assert ada("images") == 0
    assert 0.4 < ada.slept < 5
    shiva.on("images", LOST)
    assert ada("images") == 7
    assert len(shiva.asked("images")) == 6


def test_who_asks_too_often_waits_as_long_as_asked(ada: Terminal, shiva: FakeShiva) -> None:
    busy = problem("too-many-requests", seconds=7)
    busy.headers["Retry-After"] = "7"
    shiva.on("images", busy, answer(example("images")))
    assert ada("images") == 0
    assert ada.slept == 7


def test_a_refusal_is_not_repeated(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("people", problem("admins-only"))
    assert ada("admin", "people") == 4
    assert len(shiva.asked("people")) == 1


def test_an_answer_without_an_end_is_given_up(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.lawless = True
    bomb = gzip.compress(b" " * (MAX_BYTES + (1 << 20)), 1)
    shiva.on("images", Reply(pieces=(bomb,), headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}))
    assert ada("images") == 7
    assert "(not-shiva)" in ada.err


def test_it_says_who_it_is(ada: Terminal, shiva: FakeShiva) -> None:
    assert ada("images") == 0
    headers = shiva.asked("images")[0].headers
    assert headers["User-Agent"].startswith("shiva-cli/")
    assert headers["X-Shiva-Client"] == "1"
    assert headers["Authorization"] == f"Bearer {TOKEN}"
