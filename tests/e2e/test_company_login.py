"""Logins at a certified OpenID provider through the whole suite: who gets a session, who does not, and what is remembered."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.company import HOME, REFUSED, WELCOME, Colleague, Company, account, company_standing
from tests.e2e.running import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

ENDS_WITHIN = 5.0  # seconds
NAMES = {
    "ada": ("ada", "user"), "ken": ("ken", "user"), "capitals": ("grace.hopper", "user"), "boss": ("boss", "admin"),
    "grouped": ("grouped", "admin"), "guest": ("guest_40partner.example", "user"),
    "lab-guest": ("kim_40lab.example", "user"),
}  # fmt: skip


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """One for all: it takes seconds to start."""
    with company_standing(tmp_path_factory.mktemp("company")) as standing:
        yield standing


@pytest.fixture(scope="module")
def boss(company: Company) -> Colleague:
    """An admin, logged in."""
    admin = company.colleague()
    admin.log_in("boss")
    return admin


def is_refused(answer: requests.Response, colleague: Colleague) -> bool:
    """Whether there is a page with a reason, and no session."""
    page = answer.headers["Content-Type"].startswith("text/html") and 'role="alert"' in answer.text
    cookies = [cookie.name for cookie in colleague.session.cookies]
    return answer.status_code == 403 and page and "shiva-session" not in cookies and not colleague.is_in()


def bent(url: str, **changes: str) -> str:
    """Return a URL with other values in its query."""
    parts = urlsplit(url)
    return parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | changes)).geturl()


def code_of(url: str) -> str:
    """Return the code that a provider gave."""
    return parse_qs(urlsplit(url).query)["code"][0]


@pytest.mark.parametrize("subject", WELCOME)
def test_who_belongs_here_gets_a_session(company: Company, subject: str) -> None:
    colleague = company.colleague()
    assert colleague.log_in(subject).status_code == 303
    told = colleague.me()["user"]
    assert (told["name"], told["role"]) == NAMES[subject]
    assert told["shown_name"] == WELCOME[subject]["name"]


@pytest.mark.parametrize("subject", REFUSED)
def test_who_does_not_gets_a_page_and_a_line_in_the_audit_log(company: Company, boss: Colleague, subject: str) -> None:
    colleague = company.colleague()
    assert is_refused(colleague.log_in(subject), colleague)
    told, code = REFUSED[subject]
    lines = boss.api("GET", "admin/audit", params={"limit": 5}).json()["acts"]
    (line,) = [one for one in lines if one["facts"].get("subject") == subject]
    assert (line["action"], line["outcome"], line["facts"]["code"]) == ("login.refused", "failed", code)
    assert (line["client"], line["target"]) == ("127.0.0.1", told.get("email", subject))


def test_an_address_that_was_given_again_does_not_open_its_first_owners_account(company: Company) -> None:
    company.colleague().log_in("ada")
    company.hires(account("second-ada", "ada@example.com", HOME))
    heir = company.colleague()
    assert is_refused(heir.log_in("second-ada"), heir)


def test_who_gets_a_new_address_keeps_the_name(company: Company) -> None:
    company.hires(account("married", "miss@example.com", HOME))
    company.colleague().log_in("married")
    company.hires(account("married", "mrs@example.com", HOME))
    colleague = company.colleague()
    colleague.log_in("married")
    told = colleague.me()["user"]
    assert (told["name"], told["email"]) == ("miss", "mrs@example.com")


LOOK_ALIKES = [
    "alan", "Alan ", "\u0430lan", "al\u00e1n", "ala\u0301n", "alan.", ".alan", "al..an", "alan+a", "alan-a", "alan--a", "alan_2e", "_61lan",
    "\uff41lan", "alan\u200b", "\u202enala", "..", "admin", "hub", "api", "a" * 64, "alan/../ken", "alan%2fken", "alan\x00",
]  # fmt: skip


def test_people_whose_addresses_look_alike_never_share_a_name(company: Company) -> None:
    people = [account(f"person {n}", f"{local}@example.com", HOME) for n, local in enumerate(LOOK_ALIKES)]
    company.hires(*people)
    names: list[str] = []
    for person in people:
        colleague = company.colleague()
        answer = colleague.log_in(person["sub"])
        assert answer.status_code == 303 or is_refused(answer, colleague)
        names += [colleague.name] if answer.status_code == 303 else []
    assert len(set(names)) == len(names) > len(people) // 2
    assert all(re.fullmatch(r"[a-z0-9_][a-z0-9._-]{0,62}", name) and ".." not in name for name in names), names


def test_who_cancels_at_the_provider_is_not_in(company: Company) -> None:
    colleague = company.colleague()
    assert is_refused(colleague.log_in(None), colleague)


def test_codes_that_belong_elsewhere_are_refused_by_the_provider_itself(company: Company) -> None:
    colleague, attacker = company.colleague(), company.colleague()
    used = attacker.visitor.choose(attacker.begin(), "ken")
    attacker.come_back(used)
    unproven = attacker.visitor.choose(bent(attacker.begin(), code_challenge="x" * 43), "ken")
    of_another_client = attacker.visitor.choose(
        bent(attacker.begin(), client_id="other", redirect_uri="http://localhost:1/"), "ken"
    )
    for stolen in (used, unproven, of_another_client):
        own = colleague.visitor.choose(colleague.begin(), "ada")
        assert is_refused(colleague.come_back(bent(own, code=code_of(stolen))), colleague)


def test_ways_back_that_this_browser_did_not_begin_are_refused(company: Company) -> None:
    victim, attacker = company.colleague(), company.colleague()
    back = attacker.visitor.choose(attacker.begin(), "ken")
    assert is_refused(victim.come_back(back), victim)
    victim.begin()
    assert is_refused(victim.come_back(back), victim)
    assert is_refused(victim.come_back(bent(back, state="made-up")), victim)
    own = victim.visitor.choose(victim.begin(), "ada")
    assert is_refused(victim.come_back(bent(own, iss="https://evil.example")), victim)
    assert attacker.come_back(back).status_code == 303
    assert attacker.come_back(back).status_code == 403


def test_a_provider_that_changed_its_key_a_moment_ago_is_believed(company: Company) -> None:
    company.provider.rotate()
    colleague = company.colleague()
    assert colleague.log_in("ken").status_code == 303
    assert colleague.is_in()


def test_who_is_barred_is_out_in_seconds_and_stays_out_until_let_in(company: Company, boss: Colleague) -> None:
    colleague = company.colleague()
    colleague.log_in("ken")
    barred = {"barred": True, "reason": "A test."}
    assert boss.api("PUT", "admin/people/ken/barred", json=barred).ok
    eventually(lambda: not colleague.is_in(), seconds=ENDS_WITHIN, what="the session is over")
    again = company.colleague()
    assert is_refused(again.log_in("ken"), again)
    assert boss.api("PUT", "admin/people/ken/barred", json={"barred": False, "reason": "It is over."}).ok
    assert not colleague.is_in(), "the old session does not come back"
    assert again.log_in("ken").status_code == 303


def test_an_admin_logs_somebody_out_everywhere(company: Company, boss: Colleague) -> None:
    browsers = [company.colleague(), company.colleague()]
    for colleague in browsers:
        colleague.log_in("ada")
    assert boss.api("POST", "admin/people/ada/logout").ok
    eventually(lambda: not any(one.is_in() for one in browsers), seconds=ENDS_WITHIN, what="all sessions are over")
    assert browsers[0].log_in("ada").status_code == 303
    assert boss.is_in()


def test_logout_ends_the_session_for_every_copy_of_its_cookie(company: Company) -> None:
    colleague, thief = company.colleague(), company.colleague()
    colleague.log_in("ada")
    thief.session.cookies.update(colleague.session.cookies)
    form = {"csrf_token": colleague.me()["csrf_token"]}
    assert (
        colleague.session.post(f"{company.suite.address}-/logout", data=form, allow_redirects=False).status_code == 303
    )
    assert not thief.is_in()
    assert not colleague.is_in()


def log_in(page: Page, company: Company, who: str) -> None:
    """Log in as a person does, from Shiva's page to the provider's and back."""
    page.get_by_role("button", name="Log in with Example").click()
    page.wait_for_url(f"{company.provider.issuer}/**")
    page.get_by_role("button", name=re.compile(f"^{who}")).click()


def test_in_a_browser_from_the_button_to_the_dashboard_and_out_again(company: Company, page: Page) -> None:
    address = company.suite.address
    page.goto(address)
    log_in(page, company, "Ada Lovelace")
    expect(page.get_by_role("heading", name="Machines")).to_be_visible()
    expect(page.get_by_text("Ada Lovelace")).to_be_visible()
    second = page.context.new_page()
    second.goto(address)
    expect(second.get_by_role("heading", name="Machines")).to_be_visible()

    page.get_by_role("button", name="Ada Lovelace").click()
    page.get_by_role("menuitem", name="Log out", exact=True).click()
    expect(page.get_by_role("button", name="Log in with Example")).to_be_visible()
    second.reload()
    expect(second.get_by_role("button", name="Log in with Example")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Log in with Example")).to_be_visible()
    assert not [cookie for cookie in page.context.cookies() if cookie.get("name") == "shiva-session"]


def test_in_a_browser_a_link_into_a_notebook_survives_the_login(company: Company, page: Page) -> None:
    page.goto(f"{company.suite.address}user/ada/lab")
    log_in(page, company, "Ada Lovelace")
    page.wait_for_url("**/user/ada/lab")
    expect(page.get_by_role("heading")).to_contain_text("not running")


def test_in_a_browser_the_wrong_account_is_told_why_and_can_be_changed(company: Company, page: Page) -> None:
    page.goto(company.suite.address)
    log_in(page, company, "Evil-Hd")
    expect(page.get_by_role("alert")).to_contain_text("Log in with your account of example.com")
    page.get_by_role("link", name="Log in as somebody else").click()
    log_in(page, company, "Ken")
    expect(page.get_by_role("heading", name="Machines")).to_be_visible()


def test_in_a_browser_a_guest_whose_time_is_over_reads_when_it_ended(company: Company, page: Page) -> None:
    page.goto(company.suite.address)
    log_in(page, company, "Old-Guest")
    expect(page.get_by_role("heading", name="Your time as a guest is over")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("your home is kept")
