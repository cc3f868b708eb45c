"""Sessions in signed cookies: whoever holds the key alone can make one, and none lasts for ever."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_proxy.adapters.marks import Marks
from shiva_jupyter_proxy.adapters.sessions import CODE, CODE_SECONDS, SignedCookies
from shiva_jupyter_proxy.adapters.signing import Keys
from shiva_jupyter_proxy.domain.cookies import NOTEBOOK, SESSION
from shiva_jupyter_proxy.domain.ports import Person, Session
from tornado.web import create_signed_value

KEY = "k" * 32
NOW = 1_800_000_000.0
DAY = 86400
LIFETIME = timedelta(days=14)
CONTENT = f'["ada", "Ada", "5e55", {NOW}, ""]'
ADA = Person(name="ada", shown_name="Ada")


class Made:
    """Sessions of a door with a clock that a test moves."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.folder = folder
        self.cookies = self.door()

    def door(self, key: str = KEY, *, previous: str = "") -> SignedCookies:
        """Return another process's, or one with other keys."""
        clock = lambda: self.now  # noqa: E731
        marks = Marks(self.folder, lifetime=LIFETIME, idle=LIFETIME, on_over=lambda _: None, clock=clock)
        return SignedCookies(Keys(key, previous, clock=clock), marks, lifetime=LIFETIME)

    def signed(self, name: str = SESSION, content: str = CONTENT, *, version: int = 2) -> str:
        """Return a value signed with our key."""
        return create_signed_value(KEY, name, content, version=version, clock=lambda: self.now).decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("marks")


@pytest.fixture(scope="module")
def fixed(folder: Path) -> Made:
    """One for properties: its clock stands."""
    return Made(folder)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


@given(name=st.text(min_size=1, max_size=20), shown=st.text(min_size=1, max_size=20))
def test_a_cookie_tells_whose_it_is(fixed: Made, name: str, shown: str) -> None:
    session = fixed.cookies.begin(Person(name=name, shown_name=shown))
    assert fixed.cookies.session(fixed.cookies.seal(session)) == session


def test_the_session_is_new_at_each_login(made: Made) -> None:
    ids = {made.cookies.begin(ADA).id for _ in range(100)}
    assert len(ids) == 100
    assert all(len(id_) == 32 for id_ in ids)


def test_a_cookie_needs_no_quoting_in_a_header(made: Made) -> None:
    sealed = made.cookies.seal(made.cookies.begin(Person(name="_e7_a7_80", shown_name='秀"; Path=/')))
    assert sealed.isascii()
    assert sealed.isprintable()
    assert not set(sealed) & set(' ";,\\')


@pytest.mark.parametrize("cookie", [None, "", "ada", "2|1:0|", "1|2|3", "|||||", "é", "a" * 10_000, "2|1:0|10:1"])
def test_what_is_no_cookie_is_nobodys(made: Made, cookie: str | None) -> None:
    assert made.cookies.session(cookie) is None
    assert made.cookies.entry(cookie or "") is None


@given(data=st.data())
def test_a_cookie_with_one_character_changed_is_nobodys(fixed: Made, data: st.DataObject) -> None:
    sealed = fixed.cookies.seal(Session(person=ADA, id="5e55", issued_at=NOW))  # the same in every example
    position = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.sampled_from("0aZ|:=").filter(lambda character: character != sealed[position]))
    assert fixed.cookies.session(sealed[:position] + other + sealed[position + 1 :]) is None


def test_a_cookie_cut_short_or_made_longer_is_nobodys(made: Made) -> None:
    sealed = made.cookies.seal(made.cookies.begin(ADA))
    assert all(made.cookies.session(sealed[:length]) is None for length in range(len(sealed)))
    assert made.cookies.session(sealed + "0") is None


def test_a_cookie_of_another_key_is_nobodys_unless_it_is_the_previous_one(made: Made) -> None:
    session = made.cookies.begin(ADA)
    sealed = made.cookies.seal(session)
    assert made.door("j" * 32).session(sealed) is None
    rotated = made.door("j" * 32, previous=KEY)
    assert rotated.session(sealed) == session
    assert made.cookies.session(rotated.seal(session)) is None


@pytest.mark.parametrize("name", ["_xsrf", NOTEBOOK, CODE])
def test_a_value_signed_for_another_name_is_nobodys(made: Made, name: str) -> None:
    assert made.cookies.session(made.signed()) is not None
    assert made.cookies.session(made.signed(name)) is None


def test_an_older_signature_scheme_is_not_taken(made: Made) -> None:
    assert made.cookies.session(made.signed(version=1)) is None


def test_a_cookie_of_an_earlier_version_of_ours_is_nobodys(made: Made) -> None:
    assert made.cookies.session(made.signed(content='["ada", "Ada"]')) is None


def test_a_cookie_lasts_as_long_as_a_session_and_no_longer(made: Made) -> None:
    sealed = made.cookies.seal(made.cookies.begin(ADA))
    made.now += 13.9 * DAY
    assert made.cookies.session(sealed) is not None
    assert made.door().session(sealed) is not None
    made.now += 0.2 * DAY
    assert made.cookies.session(sealed) is None
    assert made.door().session(sealed) is None


def test_a_cookie_of_notebooks_holds_on_its_host_alone_and_ends_with_the_login(made: Made) -> None:
    login = made.cookies.begin(ADA)
    sealed = made.cookies.seal(replace(login, host="ada.nb"))
    found = made.cookies.session(sealed, host="ada.nb")
    assert found is not None
    assert (found.id, found.issued_at, found.person) == (login.id, login.issued_at, ADA)
    assert made.cookies.session(sealed, host="ken.nb") is None
    assert made.cookies.session(sealed) is None
    assert made.cookies.session(made.cookies.seal(login), host="ada.nb") is None
    made.cookies.end(login)
    assert made.cookies.session(sealed, host="ada.nb") is None
    assert made.door().session(sealed, host="ada.nb") is None


def test_a_code_hands_a_session_over_once_in_any_process(made: Made) -> None:
    login = made.cookies.begin(ADA)
    code = made.cookies.hand_over(login, host="nb", state="st")
    entry = made.door().entry(code)
    assert entry is not None
    assert (entry.session, entry.state) == (replace(login, host="nb"), "st")
    assert made.door().enter(entry)
    assert not made.cookies.enter(entry)


def test_a_code_is_good_for_half_a_minute_and_while_its_session_is(made: Made) -> None:
    login = made.cookies.begin(ADA)
    code = made.cookies.hand_over(login, host="nb", state="st")
    made.now += CODE_SECONDS - 2
    assert made.cookies.entry(code) is not None
    made.now += 4
    assert made.cookies.entry(code) is None
    later = made.cookies.hand_over(login, host="nb", state="st")
    made.cookies.end(login)
    assert made.cookies.entry(later) is None


def test_a_cookie_is_no_code(made: Made) -> None:
    assert made.cookies.entry(made.cookies.seal(made.cookies.begin(ADA))) is None
    assert made.cookies.entry(made.signed(SESSION)) is None
