"""The main job in a real browser: log in, start, compute, use a terminal, stop."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import InvalidStatus

from tests.e2e.browsing import log_in, run_cell, type_in_terminal
from tests.e2e.person import Person
from tests.e2e.running import Running, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

OWNER = "kazuki.morozumi"


def test_a_person_logs_in_starts_computes_and_stops(suite: Running, page: Page, browser: Browser) -> None:
    log_in(page, suite.address, OWNER)
    page.get_by_role("button", name="Start my container").click()
    page.wait_for_url(f"**/user/{OWNER}/lab*", timeout=60_000)
    run_cell(page, "6*7", "42")

    home = suite.folder / "homes" / OWNER
    _use_a_terminal(page, home)
    _upload_and_download(page, home)
    _somebody_else_is_refused(suite, browser)

    page.goto(suite.address)
    page.get_by_role("button", name="Stop", exact=True).first.click()
    page.get_by_role("button", name="Stop container").click()
    expect(page.get_by_role("button", name="Start my container")).to_be_visible(timeout=20_000)

    answer = page.goto(f"{suite.address}user/{OWNER}/lab")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading")).to_contain_text("not running")
    assert (home / "terminal.txt").read_text(encoding="ascii") == "42\n", "the home is kept"

    page.get_by_role("button", name="Start").click()
    expect(page.locator("#jp-main-dock-panel")).to_be_visible(timeout=60_000)
    Person(suite.address, OWNER).stop(f"{OWNER}--default")


def _use_a_terminal(page: Page, home: Path) -> None:
    type_in_terminal(page, "echo $((6*7)) > terminal.txt")
    eventually((home / "terminal.txt").exists, seconds=15, what="the terminal wrote its file")


def _upload_and_download(page: Page, home: Path) -> None:
    data = bytes(range(256)) * 4096
    with page.expect_file_chooser() as chooser:
        page.locator("jp-button[title='Upload Files']").click()
    chooser.value.set_files({"name": "data.bin", "mimeType": "application/octet-stream", "buffer": data})
    uploaded = home / "data.bin"
    eventually(lambda: uploaded.exists() and uploaded.stat().st_size == len(data), seconds=15, what="the upload")
    assert uploaded.read_bytes() == data
    downloaded = page.evaluate(
        "async (url) => Array.from(new Uint8Array(await (await fetch(url)).arrayBuffer()).slice(0, 512))",
        f"/user/{OWNER}/files/data.bin?download=1",
    )
    assert bytes(downloaded) == data[:512]


def _somebody_else_is_refused(suite: Running, browser: Browser) -> None:
    context = browser.new_context()
    other = context.new_page()
    log_in(other, suite.address, "ken")
    for path in ("", "lab", "api/contents", "files/data.bin"):
        answer = other.goto(f"{suite.address}user/{OWNER}/{path}")
        assert answer is not None
        assert answer.status == 403, path
    context.close()
    ken = Person(suite.address, "ken")
    assert ken.session.post(f"{suite.address}user/{OWNER}/api/kernels", timeout=10).status_code == 403
    with pytest.raises(InvalidStatus) as refused, ken.socket(f"/user/{OWNER}/terminals/websocket/1"):
        pass
    assert refused.value.response.status_code == 403
