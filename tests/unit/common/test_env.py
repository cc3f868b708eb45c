"""Settings: from variables or the files they name, refused all at once and in sentences."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shiva_common import env

PREFIX = "SHIVA_TEST_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One field of every kind."""

    token: str = field(repr=False)
    port: int = 80
    ratio: float = 0.5
    demo: bool = False
    interval: timedelta = timedelta(seconds=2)
    folder: Path | None = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.port == 13:
            raise ValueError("SHIVA_TEST_PORT must not be 13")


def load(**variables: str) -> Settings:
    return env.load(Settings, {PREFIX + key: value for key, value in variables.items()}, prefix=PREFIX)


def refusals(**variables: str) -> list[str]:
    with pytest.raises(env.SettingsError) as refused:
        load(**variables)
    return str(refused.value).splitlines()


def test_every_kind_of_value_is_read() -> None:
    read = load(TOKEN="t", PORT="8081", RATIO="0.25", DEMO="yes", INTERVAL="1.5", FOLDER="/srv/x", NAMES="a, b,,c ")
    assert read == Settings(
        token="t", port=8081, ratio=0.25, demo=True, interval=timedelta(seconds=1.5), folder=Path("/srv/x"),
        names=("a", "b", "c"),
    )  # fmt: skip


def test_what_is_not_set_keeps_its_default() -> None:
    assert load(TOKEN="t") == Settings(token="t")


@pytest.mark.parametrize(("text", "meant"), [("1", True), ("TRUE", True), ("0", False), ("No", False)])
def test_flags_mean_what_they_say(text: str, *, meant: bool) -> None:
    assert load(TOKEN="t", DEMO=text).demo is meant


def test_other_variables_are_left_alone() -> None:
    assert env.load(Settings, {"PATH": "/bin", "SHIVA_TEST_TOKEN": "t"}, prefix=PREFIX).token == "t"


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush\n", encoding="utf-8")
    assert load(TOKEN_FILE=str(secret)).token == "hush"


def test_both_a_value_and_its_file_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush", encoding="utf-8")
    assert refusals(TOKEN="t", TOKEN_FILE=str(secret)) == [
        "SHIVA_TEST_TOKEN: set either SHIVA_TEST_TOKEN or SHIVA_TEST_TOKEN_FILE, not both"
    ]


def test_a_file_that_cannot_be_read_is_refused_with_its_reason(tmp_path: Path) -> None:
    [missing] = refusals(TOKEN_FILE=str(tmp_path / "none"))
    assert missing == "SHIVA_TEST_TOKEN: cannot read the file of SHIVA_TEST_TOKEN_FILE: No such file or directory"
    [folder] = refusals(TOKEN_FILE=str(tmp_path))
    assert "Is a directory" in folder


def test_a_file_that_is_no_text_is_refused_without_showing_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"hush\xff")
    assert refusals(TOKEN_FILE=str(secret)) == ["SHIVA_TEST_TOKEN: the file of SHIVA_TEST_TOKEN_FILE is not UTF-8 text"]


@pytest.mark.parametrize(
    ("key", "text", "sentence"),
    [
        ("PORT", "many", "must be a whole number"),
        ("PORT", "", "must be a whole number"),
        ("PORT", "1.5", "must be a whole number"),
        ("RATIO", "half", "must be a number"),
        ("RATIO", "nan", "must be a number"),
        ("RATIO", "inf", "must be a number"),
        ("DEMO", "perhaps", "must be 1/true/yes or 0/false/no"),
        ("INTERVAL", "soon", "must be a number of seconds"),
        ("INTERVAL", "nan", "must be a number of seconds"),
        ("INTERVAL", "inf", "must be a number of seconds"),
        ("INTERVAL", "1e300", "must be a number of seconds"),
        ("INTERVAL", "-1", "must not be negative"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_in_a_sentence(key: str, text: str, sentence: str) -> None:
    assert refusals(TOKEN="t", **{key: text}) == [f"SHIVA_TEST_{key}: {sentence}"]


def test_a_variable_that_nobody_knows_is_refused() -> None:
    assert refusals(TOKEN="t", PROT="80") == ["SHIVA_TEST_PROT is not a setting"]


def test_all_problems_are_told_at_once() -> None:
    assert refusals(PORT="x", DEMO="x", PROT="80") == [
        "SHIVA_TEST_TOKEN is required",
        "SHIVA_TEST_PORT: must be a whole number",
        "SHIVA_TEST_DEMO: must be 1/true/yes or 0/false/no",
        "SHIVA_TEST_PROT is not a setting",
    ]


def test_what_the_settings_themselves_refuse_is_a_problem_too() -> None:
    assert refusals(TOKEN="t", PORT="13") == ["SHIVA_TEST_PORT must not be 13"]


@given(st.sampled_from(["PORT", "RATIO", "DEMO", "INTERVAL", "NAMES", "FOLDER"]), st.text())
def test_no_text_ends_in_anything_but_settings_or_a_refusal(key: str, text: str) -> None:
    try:
        load(TOKEN="t", **{key: text})
    except env.SettingsError as refused:
        problem = str(refused)
    else:
        return
    assert problem.startswith(f"SHIVA_TEST_{key}: must ")
