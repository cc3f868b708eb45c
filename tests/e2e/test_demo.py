"""`make demo`: three simulated machines, moving values, several people, and the word DEMO on every page."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import log_in
from tests.e2e.person import Person
from tests.e2e.running import Running, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def test_three_machines_of_two_gpus_with_people_and_moving_values(demo: Running) -> None:
    person = Person(demo.address, "ada")

    def read() -> list[dict[str, object]]:
        return list(person.api("GET", "machines").json()["machines"])

    eventually(
        lambda: all(m["state"] in {"free", "partly_free", "full"} for m in read()), seconds=30, what="all report"
    )
    first = read()
    assert [m["name"] for m in first] == ["gpu-01", "gpu-02", "gpu-03"]
    assert [[g["model"] for g in m["gpus"]] for m in first] == [["NVIDIA GeForce GTX 1080"] * 2] * 3  # type: ignore[attr-defined]
    holders = {g["holder"]["owner"] for m in first for g in m["gpus"] if g["holder"]}  # type: ignore[attr-defined]
    assert holders == {"yuki", "ken", "mei"}
    assert [m["state"] for m in first] == ["partly_free", "full", "partly_free"]
    everyone = [[["yuki"], []], [["ken"], ["ken"]], [["mei"], []]]

    def users() -> list[list[list[str]]]:
        return [[[u["owner"] for u in g["users"]] for g in m["gpus"]] for m in read()]  # type: ignore[attr-defined]

    eventually(
        lambda: users() == everyone, seconds=30, what="who uses which GPU is known (from Prometheus, a scrape later)"
    )
    eventually(lambda: read()[0]["cpu_ratio"] != first[0]["cpu_ratio"], seconds=30, what="values move")


def test_a_visitor_starts_a_real_notebook_on_a_simulated_machine(demo: Running) -> None:
    person = Person(demo.address, "ada")
    container = person.start(gpus=1)
    assert container["machine"] in {"gpu-01", "gpu-03"}
    assert len(container["gpus"]) == 1
    assert person.get("user/ada/api/status").status_code == 200
    person.stop(container["id"])


def test_every_page_says_demo(demo: Running, page: Page) -> None:
    page.goto(f"{demo.address}-/login")
    expect(page.get_by_text("DEMO").first).to_be_visible()
    log_in(page, demo.address, "visitor")
    expect(page.get_by_text("DEMO").first).to_be_visible()
    page.goto(f"{demo.address}user/visitor/lab")
    expect(page.get_by_text("DEMO").first).to_be_visible()
    visitor = Person(demo.address, "visitor")
    container = visitor.start()
    page.goto(f"{demo.address}user/visitor/lab")
    expect(page.locator(".jp-LauncherCard").first).to_be_visible(timeout=60_000)
    expect(page).to_have_title(re.compile("DEMO"))
    expect(page.locator("#jp-MainMenu").get_by_text("DEMO")).to_be_visible()
    visitor.stop(container["id"])
    page.goto(f"{demo.address}no-such-page")
    expect(page.get_by_text("DEMO").first).to_be_visible()
