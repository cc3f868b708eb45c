"""`completion bash|zsh|fish`: the script that a shell reads."""

import click
from click.shell_completion import get_completion_class

from shiva_cli.context import Shiva


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script for a shell."""
    root = context.find_root()
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has all three
    context.ensure_object(Shiva).out.line(kind(root.command, {}, "shiva", "_SHIVA_COMPLETE").source())
