"""All commands, and what becomes of their troubles."""

import copy
from collections.abc import Sequence

import click
from click.exceptions import NoArgsIsHelpError

from shiva_cli import __version__
from shiva_cli.commands import admin, completion, events, keeping, look, sign_in, starting, tokens
from shiva_cli.context import Shiva
from shiva_cli.errors import Exit, Trouble
from shiva_cli.safe import clean
from shiva_cli.tree import HELP, spoken
from shiva_cli.world import World


@click.group("shiva", context_settings={"help_option_names": HELP, "max_content_width": 100})
@click.version_option(__version__, prog_name="shiva", message="%(prog)s %(version)s")
def tree() -> None:
    """GPU machines, containers and tokens."""


_ls = copy.copy(look.machines)
_ls.name, _ls.hidden = "ls", True

for each in (
    sign_in.login, sign_in.logout, sign_in.whoami, look.machines, _ls, look.ps, starting.start, starting.why, keeping.stop,
    keeping.extend, keeping.open_, look.images, events.events, tokens.token, admin.admin, completion.completion,
):  # fmt: skip
    tree.add_command(each)


def run(arguments: Sequence[str], world: World) -> int:
    """Run one command and return its exit code."""
    shiva = Shiva(world)
    try:
        ended = spoken(tree, shiva.words).main(list(arguments), prog_name="shiva", standalone_mode=False, obj=shiva)
    except Trouble as trouble:
        shiva.out.trouble(trouble)
        return trouble.exit
    except click.UsageError as error:
        _misused(shiva, error)
        return Exit.USAGE
    except click.Abort:
        return Exit.INTERRUPTED
    return int(ended or 0)


def _misused(shiva: Shiva, error: click.UsageError) -> None:
    if isinstance(error, NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return
    name = error.ctx.command_path if error.ctx else "shiva"
    shiva.out.remark(f"shiva: {clean(error.format_message())} (usage)", style="red", urgent=True)
    shiva.out.remark(shiva.words("hint.help", command=name), urgent=True)
