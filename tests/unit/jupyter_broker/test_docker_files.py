"""The files that tell of engines and registries: good ones are read, bad ones end the start in sentences, with all problems."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from shiva_jupyter_broker.adapters import docker_credentials, docker_engines
from shiva_jupyter_broker.adapters.docker_engines import EngineAddress, Tls
from shiva_jupyter_broker.domain.containers import ImageRef, MachineName

MACHINE = {"name": "gpu-01", "address": "10.0.0.1", "cpus": 8, "memory_bytes": 2**36, "gpus": []}
SECRET = "hunter2-of-the-registry"


def written(folder: Path, *machines: dict[str, Any]) -> Path:
    path = folder / "machines.json"
    path.write_text(json.dumps({"machines": machines}), encoding="utf-8")
    return path


def test_a_machine_that_says_nothing_has_its_engine_here(tmp_path: Path) -> None:
    [only] = docker_engines.read(written(tmp_path, MACHINE))
    assert only == EngineAddress(
        machine=MachineName("gpu-01"), host="10.0.0.1", url="unix:///var/run/docker.sock", plugin="http://10.0.0.1:3476"
    )


def test_engines_are_reached_as_the_file_says(tmp_path: Path) -> None:
    files = {name: str(tmp_path / name) for name in ("ca", "cert", "key")}
    for each in files.values():
        Path(each).write_text("x", encoding="ascii")
    secure = MACHINE | {"engine": {"url": "tcp://10.0.0.1:2376", "tls": files}, "gpu_runtime": "cdi"}
    old = MACHINE | {"name": "old", "address": "::1", "engine": {"url": "unix:///e.sock"}, "gpu_runtime": "nvidia-docker",
        "nvidia_docker": "http://old:1"}  # fmt: skip
    first, second = docker_engines.read(written(tmp_path, secure, old))
    assert (first.url, first.tls, first.gpu_runtime) == ("tcp://10.0.0.1:2376", Tls(**files), "cdi")
    assert (second.host, second.url, second.plugin) == ("::1", "unix:///e.sock", "http://old:1")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"engine": {"url": "ssh://x"}}, "the engine's url must begin with unix:// or tcp://"),
        ({"engine": {"url": "unix:///x", "tls": {"ca": "/", "cert": "/", "key": "/"}}}, "tls is for tcp:// alone"),
        ({"engine": {"url": "tcp://x:1", "tls": {"ca": "/"}}}, "tls needs ca, cert and key"),
        ({"engine": {"url": "tcp://x:1", "tls": {"ca": "/no", "cert": "/", "key": "/"}}}, "/no cannot be read"),
        ({"gpu_runtime": "cuda"}, "gpu_runtime must be one of toolkit, cdi, nvidia-docker"),
        ({"address": "gpu-01.lan"}, "its address must be a number, for ports are bound to it"),
    ],
)
def test_every_problem_is_named_with_its_machine(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    path = written(
        tmp_path, MACHINE | change, MACHINE | {"name": "gpu-02", "gpu_runtime": "?", "engine": {"url": "unix:///2"}}
    )
    with pytest.raises(ValueError, match="gpu-02: gpu_runtime") as caught:
        docker_engines.read(path)
    assert f"{path}: gpu-01: {sentence}" in str(caught.value).splitlines()


def test_one_engine_is_one_machine(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two machines name the engine unix:"):
        docker_engines.read(written(tmp_path, MACHINE, MACHINE | {"name": "gpu-02"}))


@pytest.mark.parametrize("text", ["", "[]", '{"machines": [{}]}', '{"machines": [{"name": "x", "engine": 3}]}'])
def test_what_is_no_list_of_machines_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "machines.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="does not say where the engines are"):
        docker_engines.read(path)


def test_credentials_are_read_as_docker_writes_them_and_as_people_do(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    pair = base64.b64encode(f"ken:{SECRET}".encode()).decode()
    entries = {"https://one.lan:5000/v1/": {"auth": pair}, "two.lan": {"username": "mei", "password": SECRET}}
    path.write_text(json.dumps({"auths": entries}), encoding="utf-8")
    known = docker_credentials.read(path)
    assert docker_credentials.of(ImageRef("one.lan:5000/a/b:1"), known) == {"username": "ken", "password": SECRET}
    assert docker_credentials.of(ImageRef("two.lan/a@sha256:" + "0" * 64), known) == {
        "username": "mei",
        "password": SECRET,
    }
    assert docker_credentials.of(ImageRef("shiva-jupyter:1"), known) == {}


@pytest.mark.parametrize(
    "entries", [{"auths": {"x": {}}}, {"auths": {"x": {"auth": "§"}}}, {"auths": {"x": {"auth": "eA=="}}}, {}, []]
)
def test_credentials_that_are_none_are_said_and_not_shown(tmp_path: Path, entries: Any) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(ValueError, match="must hold") as caught:
        docker_credentials.read(path)
    assert SECRET not in str(caught.value)


def test_a_file_of_credentials_that_is_missing_is_said(tmp_path: Path) -> None:
    assert docker_credentials.read(None) == {}
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        docker_credentials.read(tmp_path / "none")
