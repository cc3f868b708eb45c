"""Engines over the network: with TLS both sides know each other, and a machine that has gone silent is noticed."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from shiva_jupyter_broker.adapters import docker_transport
from shiva_jupyter_broker.adapters.docker_client import DockerClient
from shiva_jupyter_broker.adapters.docker_engines import EngineAddress, Tls
from shiva_jupyter_broker.domain.containers import MachineName
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError

from tests.fakes.certificates import Pair, signed
from tests.fakes.docker_api import DockerApi

HERE = ("127.0.0.1", 0)


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[DockerApi]:
    api = DockerApi(HERE, tls=tls)
    try:
        yield api
    finally:
        api.close()


def engine(api: DockerApi, tls: Tls | None = None) -> EngineAddress:
    return EngineAddress(machine=MachineName("gpu-01"), host="127.0.0.1", url=api.url, tls=tls)


def known_to(ca: Pair, pair: Pair) -> Tls:
    return Tls(ca=str(ca.ca), cert=str(pair.cert), key=str(pair.key))


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[Pair, Pair]:
    return signed(tmp_path / "ours", "shiva"), signed(tmp_path / "theirs", "stranger")


@pytest.fixture
def secure(pairs: tuple[Pair, Pair]) -> Iterator[DockerApi]:
    ours, _ = pairs
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ours.cert, ours.key)
    context.load_verify_locations(ours.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    with serving(context) as api:
        yield api


def test_an_engine_on_the_network_is_asked_whatever_proxy_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with serving() as api:
        assert DockerClient(engine(api), seconds=2).call(lambda found: found.info())["Driver"] == "btrfs"


def test_with_tls_both_sides_know_each_other(secure: DockerApi, pairs: tuple[Pair, Pair]) -> None:
    ours, _ = pairs
    client = DockerClient(engine(secure, known_to(ours, ours)), seconds=2)
    assert client.call(lambda found: found.info())["Driver"] == "btrfs"


@pytest.mark.parametrize("stranger", ["engine", "broker"])
def test_a_stranger_on_either_side_is_away(secure: DockerApi, pairs: tuple[Pair, Pair], stranger: str) -> None:
    ours, theirs = pairs
    tls = known_to(theirs, ours) if stranger == "engine" else known_to(ours, theirs)
    with pytest.raises(LauncherUnavailableError):
        DockerClient(engine(secure, tls), seconds=2).call(lambda found: found.info())
    assert secure.asked == []


def test_the_kernel_asks_after_a_machine_that_has_gone_silent() -> None:
    with serving() as api:
        found = docker_transport.connect(engine(api), seconds=2)
        options = found.get_adapter(api.url.replace("tcp", "http")).poolmanager.connection_pool_kw["socket_options"]  # type: ignore[attr-defined]
        found.close()
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in options
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in options
