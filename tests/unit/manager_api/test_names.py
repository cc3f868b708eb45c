"""User names: injective, safe in addresses, and refusals that a person can read."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_manager_api.domain import names

from tests.fakes.manager_world import CONTRACT

TYPED = st.one_of(st.text(max_size=70), st.text(alphabet="aA0_.- é秀", max_size=40))


def named(typed: str) -> tuple[str, str] | None:
    """Return the shown and the user name, or None when it is refused."""
    try:
        shown = names.shown_name(typed)
        return shown, names.user_name(shown)
    except names.NameRefusedError:
        return None


@given(TYPED)
def test_every_admitted_name_fits_the_grammar_and_the_length(typed: str) -> None:
    if both := named(typed):
        assert names.is_user_name(both[1])
        assert 1 <= len(both[1]) <= names.MAX_LENGTH


@given(TYPED)
def test_a_user_name_can_be_read_back(typed: str) -> None:
    if both := named(typed):
        assert names.spelled(both[1]) == both[0]


@given(TYPED, TYPED)
def test_two_people_never_share_a_user_name(one: str, other: str) -> None:
    first, second = named(one), named(other)
    if first and second and first[0] != second[0]:
        assert first[1] != second[1]


@given(TYPED)
def test_composed_and_decomposed_spellings_are_one_person(typed: str) -> None:
    assert named(unicodedata.normalize("NFD", typed)) == named(unicodedata.normalize("NFC", typed))


@given(TYPED)
def test_no_user_name_can_be_mistaken_for_a_container_or_a_parent_folder(typed: str) -> None:
    if both := named(typed):
        assert "--" not in both[1]
        assert ".." not in both[1]
        assert "/" not in both[1]


@pytest.mark.parametrize(
    ("shown", "user"),
    [
        ("kazuki.morozumi", "kazuki.morozumi"),
        ("Ada", "_41da"),
        ("a_b", "a_5fb"),
        ("a--b", "a-_2db"),
        ("a---b", "a-_2d_2db"),
        ("..", "_2e_2e"),
        (".hidden", "_2ehidden"),
        ("a.", "a_2e"),
        ("-a-", "_2da_2d"),
        ("-", "_2d"),
        ("a.-b", "a.-b"),
        ("秀樹", "_e7_a7_80_e6_a8_b9"),
        ("a b", "a_20b"),
        ("api", "api"),
    ],
)
def test_spellings_of_the_contract(shown: str, user: str) -> None:
    assert names.user_name(shown) == user
    assert names.spelled(user) == shown


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "a" * 64, "a" * 65, "秀" * 8, "a\x00b", "a\nb", "a\u200bb", "\u202eada", "a\ud800b", "a\ue000b"],
)
def test_refusals_are_sentences_for_a_person(typed: str) -> None:
    with pytest.raises(names.NameRefusedError) as refused:
        names.user_name(names.shown_name(typed))
    message = str(refused.value)
    assert message[0].isupper()
    assert message.endswith(".")
    assert len(message.split()) >= 3


def test_the_longest_name_is_63_characters() -> None:
    assert names.user_name("a" * 63) == "a" * 63


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "-a", "a-", "a.", "a--b", "a..b", "Ada", "a/b", "a%2fb", "_4", "_4G", "_4A", "a" * 64, "é", "a\n"],
)
def test_what_is_not_spelled_like_a_user_name(text: str) -> None:
    assert not names.is_user_name(text)


LOCAL = st.text(alphabet="abAB01.-_+'!ä秀K ", min_size=0, max_size=12)
DOMAIN = st.sampled_from(["home.example", "else.example", "HOME.example", "sub.home.example", "home.example.net"])
ADDRESS = st.one_of(st.tuples(LOCAL, DOMAIN).map("@".join), st.text(max_size=20), st.text(alphabet="a@.", max_size=12))


def of(address: str) -> str | None:
    """Return the user name of an address, or None when it is refused."""
    try:
        return names.of_address(names.canonical(address), home_domain="home.example")
    except names.NameRefusedError:
        return None


@given(ADDRESS)
def test_every_name_of_an_address_fits_the_grammar(address: str) -> None:
    if name := of(address):
        assert names.is_user_name(name)


@given(ADDRESS, ADDRESS)
def test_two_addresses_never_share_a_user_name(one: str, other: str) -> None:
    first, second = of(one), of(other)
    if first is not None and first == second:
        assert names.canonical(one) == names.canonical(other)


@given(ADDRESS)
def test_an_address_can_be_read_back_from_its_name(address: str) -> None:
    if name := of(address):
        spelled = names.spelled(name)
        assert names.canonical(address) in {spelled, f"{spelled}@home.example"}


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("ada.lovelace@home.example", "ada.lovelace"),
        ("Ada.Lovelace@Home.Example", "ada.lovelace"),
        ("ada@else.example", "ada_40else.example"),
        ("ada@sub.home.example", "ada_40sub.home.example"),
        ("ada+test@home.example", "ada_2btest"),
        ("a_40else.example@home.example", "a_5f40else.example"),
        ("API@home.example", "api"),
    ],
)
def test_people_of_the_home_domain_are_named_by_their_local_part(address: str, name: str) -> None:
    assert of(address) == name


@pytest.mark.parametrize(
    "address",
    ["", "ada", "@home.example", "ada@", "a b@home.example", '"a@b"@home.example', "a@b@home.example", "ada@home.example\n",
     "a\u200b@home.example", "a" * 64 + "@home.example", "a" * 50 + "@else.example", "K@home.example".replace("K", "\u212a")],
)  # fmt: skip
def test_what_is_no_address_names_nobody(address: str) -> None:
    assert of(address) is None or of(address) == of(address.strip())


def test_the_kelvin_sign_is_no_k() -> None:
    assert names.canonical("\u212a@home.example") != names.canonical("k@home.example")
    assert of("\u212a@home.example") is None


@given(st.text(max_size=40))
def test_what_people_read_is_one_line_of_what_can_be_seen(text: str) -> None:
    seen = names.visible(text)
    assert seen == names.visible(seen)
    assert seen.isprintable() or any(unicodedata.category(each) == "Zs" for each in seen)


def test_the_contract_knows_the_same_user_names() -> None:
    parameters = CONTRACT.spec["paths"]["/internal/v1/people/{name}/logout"]["parameters"]
    schema = parameters[0]["schema"]
    pattern = re.compile(schema["pattern"])

    @given(st.text(alphabet="ab0._-", max_size=12) | st.from_regex(pattern, fullmatch=True))
    def agree(text: str) -> None:
        described = pattern.fullmatch(text) is not None and len(text) <= schema["maxLength"]
        assert names.is_user_name(text) == described

    agree()
