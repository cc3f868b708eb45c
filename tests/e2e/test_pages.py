"""The pages about people, against `make run`: tokens, a program's login, administration, the API to read."""

from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.browsing import log_in
from tests.e2e.running import Running, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def as_program(suite: Running, token: str) -> requests.Response:
    """Ask who the token's person is."""
    return requests.get(f"{suite.address}api/v1/me", headers={"Authorization": f"Bearer {token}"}, timeout=10)


def new_token(page: Page, label: str) -> str:
    """Make a token on its page and return its secret."""
    page.get_by_role("button", name="New token").click()
    page.get_by_role("textbox", name="Label").fill(label)
    page.get_by_role("button", name="Create token").click()
    secret = page.get_by_role("textbox", name="Token").input_value()
    page.get_by_role("button", name="I have kept it").click()
    return secret


def test_a_token_is_made_used_and_revoked(suite: Running, page: Page) -> None:
    log_in(page, suite.address, "ada")
    page.get_by_role("button", name="ada").click()
    page.get_by_role("menuitem", name="API tokens").click()
    answer = as_program(suite, new_token(page, "backup"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["name"] == "ada"
    unused = new_token(page, "never used")
    page.reload()
    expect(page.get_by_role("row", name="backup")).to_contain_text("from 127.0.0.1")

    page.get_by_role("button", name="Revoke never used").click()
    page.get_by_role("button", name="Revoke token").click()
    expect(page.get_by_role("row", name="never used")).to_contain_text("Revoked")
    assert as_program(suite, unused).json()["code"] == "token-refused"


def test_a_program_is_let_in_after_a_login_that_its_address_led_to(suite: Running, page: Page) -> None:
    asked: dict[str, Any] = requests.post(
        f"{suite.address}api/v1/device/code", json={"client": "script on build-7", "scopes": ["read"]}, timeout=10
    ).json()
    page.goto(suite.address + asked["verification_uri_complete"].lstrip("/"))
    page.get_by_label("name").fill("ada")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text(asked["user_code"])).to_be_visible()
    expect(page.get_by_text("“script on build-7” asks to act for you")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("is logged in")).to_be_visible()
    given = requests.post(
        f"{suite.address}api/v1/device/token", json={"device_code": asked["device_code"]}, timeout=10
    ).json()
    assert as_program(suite, given["token"]).json()["user"]["name"] == "ada"


def test_an_admin_drains_a_machine_and_opens_it_again(suite: Running, page: Page) -> None:
    def machine() -> dict[str, Any]:
        return dict(page.request.get(f"{suite.address}api/v1/machines").json()["machines"][0])

    log_in(page, suite.address, "admin")
    page.goto(f"{suite.address}admin/machines")
    name = machine()["name"]
    page.get_by_role("button", name=f"Drain: {name}", exact=True).click()
    page.get_by_label("Reason").fill("A new disk.")
    page.get_by_role("dialog").get_by_role("button", name="Drain").click()
    expect(page.get_by_role("row", name=name).first).to_contain_text("A new disk.")
    eventually(lambda: machine()["state"] == "closed", seconds=10, what="it is closed")
    page.get_by_role("button", name=f"Undrain: {name}").click()
    expect(page.get_by_role("button", name=f"Drain: {name}", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Audit log").click()
    expect(page.get_by_role("row").filter(has_text="A new disk.").first).to_contain_text("admin")


def test_an_announcement_is_read_by_others_and_only_admins_make_it(suite: Running, page: Page) -> None:
    log_in(page, suite.address, "admin")
    page.goto(f"{suite.address}admin/announcement")
    page.get_by_role("textbox", name="Text").fill("A new disk tonight.")
    page.get_by_role("button", name="Announce").click()
    expect(page.get_by_role("status").get_by_text("A new disk tonight.")).to_be_visible()
    context = page.context.browser
    assert context is not None
    other = context.new_page()
    log_in(other, suite.address, "ada")
    expect(other.get_by_text("A new disk tonight.")).to_be_visible()
    other.goto(f"{suite.address}admin")
    expect(other.get_by_text("This page is for admins")).to_be_visible()
    other.context.close()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status").get_by_text("A new disk tonight.")).to_be_hidden()


def test_the_api_is_read_without_breaking_our_own_policy(suite: Running, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on(
        "request",
        lambda asked: None if asked.url.startswith((suite.address, "data:")) else complaints.append(asked.url),
    )
    log_in(page, suite.address, "ada")
    page.goto(f"{suite.address}api-docs")
    expect(page.locator("[data-path='/api/v1/me']")).to_be_visible()
    page.locator("[data-path='/api/v1/containers/explain']").click()
    expect(page.get_by_text("Responses").first).to_be_visible()
    assert complaints == []
