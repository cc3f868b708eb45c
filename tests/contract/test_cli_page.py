"""docs/cli.md names every command, every exit code and every variable."""

import re
from pathlib import Path

import click
from shiva_cli.command_line import tree
from shiva_cli.errors import Exit
from shiva_cli.tree import walk

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/cli.md").read_text(encoding="utf-8")


def test_every_command_and_every_option_is_there() -> None:
    for path, command in walk(tree):
        if isinstance(command, click.Group):
            continue
        assert f"`{' '.join(path)}" in PAGE, path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert any(name in PAGE for name in parameter.opts), (path, parameter.opts)


def test_every_exit_code_is_there() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert listed == {int(code) for code in Exit}


def test_every_schema_is_one_of_the_contract() -> None:
    spec = (ROOT / "services/manager-api/openapi.yaml").read_text(encoding="utf-8")
    rows = [line.split("|")[-2] for line in PAGE.splitlines() if line.startswith("| `shiva ")]
    schemas = {name for row in rows for name in re.findall(r"`([A-Z]\w+)`", row)}
    assert len(schemas) > 8
    assert [name for name in schemas if not re.search(rf"^    {name}:$", spec, re.MULTILINE)] == []
