"""Names: what is refused, and that no two containers ever share an id or an address."""

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import ContainerId, UserName
from shiva_jupyter_broker.domain.naming import BadNameError

NEAR_MISSES = st.text("ab09_.-4/ A\n", max_size=8)
WORDS = st.text(["a", "b", "1"], min_size=1, max_size=2)


@st.composite
def owners(draw: st.DrawFn) -> UserName:
    """Few letters and all the rules, so that names which nearly collide are common."""
    words = st.lists(WORDS | st.sampled_from(["_2d", "_5f", "_2e"]), min_size=1, max_size=3)
    text = "".join(draw(words))
    for _ in range(draw(st.integers(0, 2))):
        text += draw(st.sampled_from([".", "-", ".-", "-."])) + "".join(draw(words))
    return naming.checked_owner(text)


OWNERS = owners()
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(lambda words: naming.checked_name("-".join(words)))


@pytest.mark.parametrize(
    "owner", ["a", "7", "ada", "ada.lovelace", "kazuki-morozumi", "_41da", "a_5fb", "a._2e", "x" * 63, "_e9_98_bf"]
)
def test_a_user_name_of_the_doors_making_is_accepted(owner: str) -> None:
    assert naming.checked_owner(owner) == owner


@pytest.mark.parametrize(
    "owner",
    ["", "Ada", "a b", "a_b", "a_4", "a_4G", "a_4A", "_", "a--b", "a..b", ".a", "-a", "a.", "a-", "..", ".", "-", "a/b",
     "a\n", "ada\x00", "ä", "á", "٣", "x" * 64, "a%2fb"],
)  # fmt: skip
def test_anything_else_is_refused_in_a_sentence(owner: str) -> None:
    with pytest.raises(BadNameError, match=r"^A user name has at most 63 .*\.$"):
        naming.checked_owner(owner)


@pytest.mark.parametrize("name", ["default", "a", "2", "my-work-2", "x" * 63])
def test_a_containers_name_has_letters_digits_and_single_dashes(name: str) -> None:
    assert naming.checked_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "a_b", "a.b", "a--b", "-a", "a-", "a b", "a/b", "..", "a\n", "ä", "x" * 64])
def test_any_other_name_is_refused_in_a_sentence(name: str) -> None:
    with pytest.raises(BadNameError, match=r"^A container's name has at most 63 .*\.$"):
        naming.checked_name(name)


@pytest.mark.parametrize("name", sorted(naming.RESERVED))
def test_jupyters_own_words_are_refused(name: str) -> None:
    with pytest.raises(BadNameError, match="is a word that Jupyter uses"):
        naming.checked_name(name)


@given(OWNERS, NAMES)
def test_an_id_can_be_taken_apart_again(owner: UserName, name: str) -> None:
    container = naming.container_id(owner, name)
    assert naming.parts(container) == (owner, name)
    assert container.count(naming.SEPARATOR) == 1


@given(st.sets(st.tuples(OWNERS, NAMES), min_size=2, max_size=6))
def test_no_two_containers_share_an_id_or_an_address(pairs: set[tuple[UserName, str]]) -> None:
    assert len({naming.container_id(*pair) for pair in pairs}) == len(pairs)
    assert len({naming.prefix(*pair) for pair in pairs}) == len(pairs)


@given(st.sets(OWNERS, min_size=2, max_size=6), NAMES)
def test_nobodys_address_begins_with_another_persons(people: set[UserName], name: str) -> None:
    for one, other in combinations(people, 2):
        assert not naming.prefix(one, name).startswith(naming.prefix(other, naming.DEFAULT))
        assert not naming.prefix(other, name).startswith(naming.prefix(one, naming.DEFAULT))


@given(OWNERS, NAMES)
def test_an_id_is_one_harmless_path_segment(owner: UserName, name: str) -> None:
    container = naming.container_id(owner, name)
    assert re.fullmatch(r"[a-z0-9_][a-z0-9._-]*", container)
    assert len(container) < 255


@given(OWNERS, NAMES)
def test_every_id_of_ours_is_known_as_one(owner: UserName, name: str) -> None:
    assert naming.is_id(naming.container_id(owner, name))


@pytest.mark.parametrize(
    "text", ["", "..", "ada", "ada--", "--default", "ada--lab", "../x--default", "a\x00--b", "A--b"]
)
def test_what_cannot_be_an_id_is_known_too(text: str) -> None:
    assert not naming.is_id(ContainerId(text))


@given(NEAR_MISSES, NEAR_MISSES)
def test_what_passes_as_an_id_is_one_that_we_make(owner: str, name: str) -> None:
    text = ContainerId(f"{owner}{naming.SEPARATOR}{name}")
    if naming.is_id(text):
        assert naming.container_id(*naming.parts(text)) == text


def test_the_default_container_has_the_short_address() -> None:
    assert naming.prefix(UserName("ada"), "default") == "/user/ada/"
    assert naming.prefix(UserName("ada"), "second") == "/user/ada/second/"
