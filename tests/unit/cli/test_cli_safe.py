"""What a server says never moves the cursor, colors a line or ends it."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_cli.safe import as_json, clean, table, width

from tests.fakes.scripted_http import answer
from tests.fakes.shiva_api import FakeShiva, Terminal, container, example, problem

NASTY = "\x1b[31mred\x1b]0;title\x07\x9b2J\r\n\u202eevil\u2028\x7f\u0000"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def harmless(text: str) -> bool:
    """Return whether a terminal would only write it."""
    return all(
        char == "\n" or char in "\u200c\u200d" or unicodedata.category(char) not in {"Cc", "Cf", "Zl", "Zp", "Cs"}
        for char in text
    )


@given(st.text())
def test_clean_text_is_one_harmless_line(text: str) -> None:
    assert harmless(clean(text))
    assert "\n" not in clean(text)


@given(JSON)
def test_json_is_harmless_and_loses_nothing(body: object) -> None:
    written = as_json(body)
    assert harmless(written)
    assert json.loads(written) == body


@given(st.lists(st.lists(st.text(), min_size=3, max_size=3).map(lambda row: [clean(cell) for cell in row]), min_size=1))
def test_every_column_begins_at_one_place(rows: list[list[str]]) -> None:
    wide = max(width(row[0]) for row in rows)
    for row, line in zip(rows, table(rows), strict=True):
        assert (
            width((row[0] + " " * (wide - width(row[0])) + "  " + row[1]).rstrip()) <= width(line) or not row[1].strip()
        )
        assert line == line.rstrip()


@pytest.mark.parametrize(
    "arguments",
    [
        ("ps",),
        ("machines",),
        ("machines", NASTY),
        ("images",),
        ("events",),
        ("whoami",),
        ("token", "list"),
        ("why", "--gpus", "1"),
        ("admin", "people"),
        ("admin", "audit"),
        ("start",),
        ("stop", NASTY),
        ("extend", NASTY),
        ("open", NASTY),
    ],
    ids=lambda arguments: "-".join(arguments).replace(NASTY, "nasty"),
)
@pytest.mark.parametrize("form", [(), ("--json",), ("-q",)], ids=["table", "json", "quiet"])
def test_a_hostile_server_writes_nothing_but_text(
    ada: Terminal, shiva: FakeShiva, arguments: tuple[str, ...], form: tuple[str, ...]
) -> None:
    shiva.lawless = True
    for operation in (
        "containers",
        "container",
        "machines",
        "images",
        "events",
        "me",
        "tokens",
        "explain",
        "people",
        "audit",
        "extend",
    ):
        shiva.on(operation, answer(poisoned(example(operation))))
    shiva.on("start", answer(poisoned(container()) | {"state": "ready"}, 201))
    ada(*arguments, *form)
    assert harmless(ada.out)
    assert harmless(ada.err)


def test_a_hostile_problem_writes_nothing_but_text(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.on("start", problem("machine-not-found", machine=NASTY), problem("bad-request", why=NASTY))
    for _ in range(2):
        assert ada("start") == 2
        assert harmless(ada.err)


def poisoned(body: object) -> dict[str, object]:
    """Return an answer with something nasty in every text."""
    text = json.dumps(body)

    def poison(value: object) -> object:
        if isinstance(value, dict):
            return {key: poison(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [poison(inner) for inner in value]
        return value + NASTY if isinstance(value, str) and not value[:4].isdigit() else value

    found = poison(json.loads(text))
    assert isinstance(found, dict)
    return found
