"""The options that every command has, and help in the person's language."""

import copy
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

import click

from shiva_cli.context import Shiva
from shiva_cli.words import Words

HELP = ["-h", "--help"]
F = TypeVar("F", bound=Callable[..., Any])
_DURATION = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s?)?", re.ASCII)


def _json(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    del parameter
    context.find_object(Shiva).out.json |= value  # type: ignore[union-attr] # the root has one


def _quiet(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    del parameter
    context.find_object(Shiva).out.quiet |= value  # type: ignore[union-attr] # the root has one


def output(function: F) -> F:
    """Give a command --json and -q."""
    function = click.option("--json", is_flag=True, expose_value=False, is_eager=True, callback=_json)(function)
    return click.option("-q", "--quiet", is_flag=True, expose_value=False, is_eager=True, callback=_quiet)(function)


class Duration(click.ParamType[timedelta]):
    """`90s`, `30m`, `1h30m`, `2d`; a number alone is seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return it as a time."""
        found = _DURATION.fullmatch(str(value))
        if not value or found is None:
            self.fail(f"{value!r}: 90s, 30m, 1h30m, 2d.", param, ctx)
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def spoken(tree: click.Group, words: Words) -> click.Group:
    """Return the same commands with their help in one language; the keys are `help.<command>` and `option.<name>`."""
    told = copy.deepcopy(tree)
    for path, command in walk(told):
        command.help = words("help." + ".".join(path))
        context = click.Context(command, info_name=path[-1], help_option_names=HELP)
        for option in command.get_params(context):
            if isinstance(option, click.Option):
                option.help = words("option." + named(path, option, words))
    return told


def named(path: tuple[str, ...], option: click.Option, words: Words) -> str:
    """Return the key of an option's help: its own within a command, else one for all commands."""
    name = max(option.opts, key=len).lstrip("-")
    own = ".".join((*path, name))
    return own if words.known(f"option.{own}") else name


def walk(command: click.Command, path: tuple[str, ...] = ("shiva",)) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Return every command with its words."""
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from walk(child, (*path, name))
