"""`stop`, `extend`, `open`: a container that is there."""

import click

from shiva_cli.completing import names_of
from shiva_cli.context import Shiva
from shiva_cli.errors import Exit
from shiva_cli.tree import output

OWN = names_of("containers", query="?scope=own")


@click.command("stop")
@click.argument("name", shell_complete=OWN)
@output
@click.pass_obj
def stop(shiva: Shiva, name: str) -> None:
    """End a container; its home stays."""
    container_id = shiva.container(name).text("id")
    shiva.api.send("DELETE", f"containers/{container_id}")
    line = shiva.words("stop.done", name=name)
    shiva.out.answer({"id": container_id, "stopping": True}, lambda: [line], names=[])


@click.command("extend")
@click.argument("name", shell_complete=OWN)
@output
@click.pass_obj
def extend(shiva: Shiva, name: str) -> None:
    """Keep a container longer although nobody uses it."""
    container_id = shiva.container(name).text("id")
    answer = shiva.api.send("POST", f"containers/{container_id}/extend", tries=1).facts  # each one counts
    until = answer.time("keep_until")
    line = shiva.words("extend.done", name=name, when=shiva.words.when(until, shiva.world.now()))
    shiva.out.answer(answer.body, lambda: [line], names=[answer.text("keep_until")])


@click.command("open")
@click.argument("name", shell_complete=OWN)
@click.option("--no-browser", is_flag=True)
@output
@click.pass_obj
def open_(shiva: Shiva, name: str, no_browser: bool) -> Exit:
    """Open a container's notebook in a browser, and print where it is."""
    container = shiva.container(name)
    url = shiva.url(container)
    shiva.out.answer({"id": container.text("id"), "url": url}, lambda: [url], names=[url])
    if not no_browser and not shiva.world.browse(url):
        shiva.out.say("open.no-browser")
    return Exit.OK
