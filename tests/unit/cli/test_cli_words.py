"""The three languages: whole, alike, and the same sentences as the page's."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
from shiva_cli.command_line import tree
from shiva_cli.safe import width
from shiva_cli.tree import named, walk
from shiva_cli.words import LANGUAGES, Words, amounts, catalogue, language, percent, spelled

from tests.fakes.scripted_http import Reply, answer
from tests.fakes.shiva_api import CATALOGUE, FakeShiva, Terminal, container, problem

PLACES = re.compile(r"\{\w*\}")
SOURCES = Path(__file__).resolve().parents[3] / "services/cli/src/shiva_cli"


def test_the_problems_are_the_managers() -> None:
    assert catalogue("problems") == CATALOGUE, "run `make words`"


def test_every_sentence_is_there_in_three_languages_with_the_same_facts() -> None:
    for key, sentences in catalogue("messages").items():
        assert tuple(sentences) == LANGUAGES, key
        assert all(text.strip() for text in sentences.values()), key
        assert len({tuple(sorted(PLACES.findall(text))) for text in sentences.values()}) == 1, key


def test_every_command_and_option_has_its_help_and_no_help_is_left_over() -> None:
    words, used = Words("en"), set[str]()
    for path, command in walk(tree):
        used.add("help." + ".".join(path))
        for option in command.get_params(click.Context(command)):
            if isinstance(option, click.Option):
                used.add("option." + named(path, option, words))
    known = {key for key in catalogue("messages") if key.startswith(("help.", "option."))}
    assert used == known


def test_every_sentence_that_the_code_names_is_there_and_is_used() -> None:
    named_keys = {
        node.value
        for path in SOURCES.glob("**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    groups = ("help.", "option.", "head.", "machine.", "container.", "scope.", "role.", "event.", "phase.", "running.")
    for key in catalogue("messages"):
        if not key.startswith((*groups, "error.", "quota.", "held.")):
            assert key in named_keys, f"nobody says {key}"
        if key.startswith("error."):
            assert key.removeprefix("error.") in named_keys, f"nothing raises {key}"


def test_every_word_of_the_contract_has_a_translation() -> None:
    from tests.fakes.shiva_api import CONTRACT

    schemas = CONTRACT.spec["components"]["schemas"]
    words: dict[str, list[str]] = {
        "machine": schemas["MachineState"]["enum"],
        "container": schemas["ContainerState"]["enum"],
        "role": schemas["Role"]["enum"],
        "scope": schemas["Scopes"]["items"]["enum"],
        "event": schemas["Events"]["properties"]["events"]["items"]["properties"]["kind"]["enum"],
    }
    assert [
        f"{group}.{word}" for group, all_ in words.items() for word in all_ if not Words("en").known(f"{group}.{word}")
    ] == []


@pytest.mark.parametrize(
    ("environ", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja"}, "ja"),
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "zh_Hans_SG"}, "zh-CN"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh-CN"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
    ],
)
def test_the_environment_chooses_the_language(environ: dict[str, str], spoken: str) -> None:
    assert language(environ) == spoken


@pytest.mark.parametrize(("lang", "spoken"), [("en_US.UTF-8", "en"), ("ja_JP.UTF-8", "ja"), ("zh_CN.UTF-8", "zh-CN")])
def test_a_problem_reads_as_on_the_page(ada: Terminal, shiva: FakeShiva, lang: str, spoken: str) -> None:
    facts: dict[str, Any] = {"kind": "gpus", "limit": 2, "held": 1, "wanted": 2}
    shiva.on("start", problem("quota-exceeded", **facts))
    ada.environ["LANG"] = lang
    assert ada("start", "--gpus", "2") == 4
    worded = CATALOGUE["quota-exceeded"][spoken]
    assert worded["title"] in ada.err
    assert worded["detail"].format(**facts) in ada.err
    assert ada.err.startswith("shiva: ")
    assert "(quota-exceeded)" in ada.err


def test_a_problem_of_a_newer_shiva_reads_in_its_own_words(ada: Terminal, shiva: FakeShiva) -> None:
    shiva.lawless = True
    body = {"type": "x", "status": 403, "code": "new-rule", "title": "New", "detail": "Of next year.", "parameters": {}}
    shiva.on("containers", answer(body, 403, **{"Content-Type": "application/problem+json"}))
    assert ada("ps") == 4
    assert ada.err == "shiva: New. Of next year. (new-rule)\n"


def test_a_problem_without_its_facts_reads_in_the_apis_english(ada: Terminal, shiva: FakeShiva) -> None:
    ada.environ["LANG"] = "ja_JP.UTF-8"
    shiva.on("start", problem("quota-exceeded"))
    assert ada("start") == 4
    assert "A fact is missing." in ada.err
    assert "{" not in ada.err


def test_what_the_api_says_beyond_the_catalogue_stands_behind_the_translation(ada: Terminal, shiva: FakeShiva) -> None:
    ada.environ["LANG"] = "ja_JP.UTF-8"
    more = problem("container-not-found", container_id="ada--x")
    body = json.loads(more.pieces[0]) | {"detail": "It ended at noon."}
    shiva.on("start", Reply(status=404, pieces=(json.dumps(body).encode(),), headers=more.headers))
    shiva.lawless = True
    assert ada("start") == 2
    assert CATALOGUE["container-not-found"]["ja"]["detail"] + " It ended at noon. (container-not-found)" in ada.err


@pytest.mark.parametrize("lang", ["en", "ja", "zh_CN"])
def test_columns_stand_straight_in_every_script(ada: Terminal, shiva: FakeShiva, lang: str) -> None:
    ada.environ["LANG"] = lang
    held = [
        container("ready"),
        container("failed", machine="計算機一号", reason="x"),
        container("lost", machine="gpu-2é", reason="x"),
    ]
    shiva.on("containers", answer({"containers": held}))
    assert ada("ps") == 0
    starts = [width(line[: line.index("shiva-jupyter")]) for line in ada.out.splitlines()[1:]]
    assert len(set(starts)) == 1


def test_numbers_read_as_on_the_page() -> None:
    words = Words("en")
    assert [words.duration(s) for s in (0, 45, 60, 3599, 3600 * 3 + 720, 3600 * 49)] == [
        "0 s",
        "45 s",
        "1 m",
        "59 m",
        "3 h 12 m",
        "2 d 1 h",
    ]
    assert words.seconds(2.31) == "2.3 s"
    assert (percent(None), percent(0.0), percent(0.314)) == ("—", "0 %", "31 %")
    assert amounts(6442450944, 8589934592) == "6.0 / 8.0 GiB"
    assert amounts(None, 1) == amounts(1, None) == "—"
    assert Words("ja").ago(12) == "12 秒前"
    assert Words("zh-CN").duration(11520) == "3 小时 12 分钟"


def test_a_name_reads_as_it_was_typed() -> None:
    assert spelled("_e5_b1_b1_e7_94_b0") == "山田"
    assert spelled("ada.lovelace") == "ada.lovelace"
    assert spelled("_ff") == "_ff"
    assert spelled("_1b_5b31m") == "\ufffd[31m"
    assert spelled(None) == "—"
