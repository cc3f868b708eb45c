"""The probe: what answers it may be hostile, and nobody else hears the token."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from shiva_jupyter_broker.adapters.jupyter_probe import JupyterProbe
from shiva_jupyter_broker.domain.containers import Container, Endpoint
from shiva_jupyter_broker.domain.ports import Reach

from tests.fakes.launcher import container
from tests.fakes.scripted_http import CUT, Reply, answer, scripted


def at(url: str) -> Container:
    return container(endpoint=Endpoint(host="127.0.0.1", port=urlsplit(url).port or 0))


@pytest.mark.parametrize(
    ("reply", "reach"),
    [
        (answer({}), Reach.ANSWERING),
        (answer({}, 403), Reach.LISTENING),
        (Reply(pieces=(b"x",), length=2**40, pause_seconds=3600), Reach.ANSWERING),  # a body that never ends
        (Reply(status=302, headers={"Location": "http://["}), Reach.LISTENING),
        (Reply(headers={"Content-Encoding": "gzip"}, pieces=(b"none",)), Reach.ANSWERING),
        (Reply(headers={f"X-{number}": "" for number in range(200)}), Reach.NOTHING),
        (CUT, Reach.NOTHING),
    ],
)
def test_whatever_answers_is_judged_by_its_head_alone(reply: Reply, reach: Reach) -> None:
    with scripted(lambda _: reply) as server:
        assert JupyterProbe().reach(at(server.url)) is reach


def test_neither_a_proxy_nor_a_netrc_of_the_broker_comes_in_between(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with scripted(lambda _: answer({})) as proxy, scripted(lambda _: answer({})) as jupyter:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert JupyterProbe().reach(at(jupyter.url)) is Reach.ANSWERING
    assert proxy.asked == []
    [asked] = jupyter.asked
    assert asked.headers["Authorization"] == f"token {'t' * 64}"
