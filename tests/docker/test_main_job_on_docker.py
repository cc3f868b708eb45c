"""The main job in a real browser with containers: start, compute, sudo in a terminal, stop; and nobody sees anybody else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from deploy.dev import notebooks
from tests.e2e.browsing import log_in, run_cell, type_in_terminal
from tests.e2e.conftest import browser, page
from tests.e2e.person import Person
from tests.e2e.running import Running, eventually, start, suite
from tests.fakes.engines.engine import Engine
from tests.fakes.engines.fixtures import Engines

__all__ = ["browser", "page"]
pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]  # the first one waits for the image

OWNER = "kazuki.morozumi"


@pytest.fixture(scope="module")
def machine(engines: Engines, jupyter_image: Path) -> Engine:
    made = engines.fresh()
    made.load(jupyter_image)
    return made


def options(machine: Engine) -> tuple[str, ...]:
    return ("--launcher", "docker", "--engine", machine.base_url, "--engine-address", machine.address)


@pytest.fixture(scope="module")
def running(machine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with suite(tmp_path_factory.mktemp("docker") / "run", *options(machine)) as started:
        yield started


def container_of(machine: Engine, owner: str) -> str:
    return machine.docker("ps", "--quiet", "--filter", f"label=shiva.owner={owner}")


def test_a_person_starts_computes_uses_sudo_and_stops(running: Running, machine: Engine, page: Page) -> None:
    log_in(page, running.address, OWNER)
    page.get_by_role("button", name="Start my container").click()
    page.wait_for_url(f"**/user/{OWNER}/lab*", timeout=60_000)
    run_cell(page, "6*7", "42")
    container = container_of(machine, OWNER)
    assert container, "it is a container of the engine"

    type_in_terminal(page, "sudo apt-get --version > apt.txt; sudo id -u > root.txt")
    home = running.folder / "homes" / OWNER
    eventually(
        lambda: (home / "root.txt").exists() and (home / "root.txt").read_text() == "0\n", seconds=20, what="sudo"
    )
    assert (home / "apt.txt").read_text(encoding="utf-8").startswith("apt 2")
    owner = home.stat().st_uid
    assert owner > machine.base_uid
    assert {path.stat().st_uid for path in home.iterdir()} == {owner}, "all of it is the person's"

    page.goto(running.address)
    page.get_by_role("button", name="Stop", exact=True).first.click()
    page.get_by_role("button", name="Stop container").click()
    expect(page.get_by_role("button", name="Start my container")).to_be_visible(timeout=20_000)
    assert container_of(machine, OWNER) == ""
    assert (home / "apt.txt").exists(), "the home is kept"


def test_a_second_person_sees_neither_home_nor_processes_of_the_first(running: Running, machine: Engine) -> None:
    ada, ken = Person(running.address, "ada"), Person(running.address, "ken")
    ada.start()
    ken.start()
    try:
        made = ada.api("POST", "containers", json={})
        assert made.status_code == 200, "the same container"
        diary = running.folder / "homes/ada/diary"
        diary.write_text("mine", encoding="utf-8")
        container = container_of(machine, "ken")
        seen = machine.docker("exec", container, "sh", "-c", "cat /proc/mounts /etc/passwd; ls -RA /home /run; ps -ef")
        assert "ken" in seen
        assert re.findall(r".*\bada\b.*", seen) == []
        assert machine.docker("exec", container, "find", "/", "-xdev", "-name", diary.name) == ""
        assert ken.get("user/ada/api/status").status_code == 403
    finally:
        for each in (ada, ken):
            each.stop(f"{each.name}--default")


def test_ctrl_c_keeps_containers_and_the_next_start_finds_them(machine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = start(folder, *options(machine))
    Person(first.address, "mei").start()
    container = container_of(machine, "mei")
    printed = first.interrupt()
    assert f"mei on {_host(folder)} (container {container}" in printed
    assert "make stop-notebooks" in printed
    assert container_of(machine, "mei") == container

    second = start(folder, *options(machine))
    try:
        assert Person(second.address, "mei").get("user/mei/api/status").status_code == requests.codes.ok
    finally:
        second.interrupt()
    machine.docker("kill", container)
    assert notebooks.stop_all(folder) == 0, "none was running"
    assert machine.docker("ps", "--all", "--quiet", "--filter", "label=shiva.owner=mei") == "", (
        "what has ended goes too"
    )


def _host(folder: Path) -> str:
    return str(json.loads((folder / "machines.json").read_text(encoding="utf-8"))["machines"][0]["name"])


def test_the_broken_engine_is_a_sentence(machine: Engine, tmp_path: Path) -> None:
    missing = ("--launcher", "docker", "--engine", f"unix://{tmp_path}/none.sock")
    with pytest.raises(AssertionError, match=r"No Docker engine answers at .*apt-get install docker\.io"):
        start(tmp_path / "run", *missing)
    assert machine.running
