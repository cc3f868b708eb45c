"""`events`: what happened, and with -f what happens."""

import click

from shiva_cli.completing import names_of
from shiva_cli.context import Shiva
from shiva_cli.errors import Trouble
from shiva_cli.facts import Facts
from shiva_cli.safe import as_json, clean
from shiva_cli.tree import output
from shiva_cli.words import spelled

FOLLOW_SECONDS = 2.0
SENTENCES = ("reason", "sentence")


@click.command("events")
@click.argument("name", required=False, shell_complete=names_of("containers", query="?scope=own"))
@click.option("-f", "--follow", is_flag=True)
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=50)
@output
@click.pass_obj
def events(shiva: Shiva, name: str | None, follow: bool, limit: int) -> None:
    """Show the last events, of all of one's containers or of one."""
    container = None if name is None else shiva.container(name).text("id")
    answer = shiva.api.get("events", container=container, limit=limit)
    if not follow:
        shown = answer.facts.each("events")
        shiva.out.answer(
            answer.body,
            lambda: [_line(shiva, event) for event in shown] or [shiva.words("events.none")],
            names=[event.text("kind") for event in shown],
        )
        return
    _follow(shiva, answer.facts, container)


def _follow(shiva: Shiva, page: Facts, container: str | None) -> None:
    """Go on until Ctrl-C; an outage is told once."""
    after, away = page.body.get("last_id"), False
    while True:
        for event in page.each("events"):
            shiva.out.line(as_json(event.body, indent=None) if shiva.out.json else _line(shiva, event))
        shiva.world.sleep(FOLLOW_SECONDS)
        try:
            page = shiva.api.get("events", after=after, container=container).facts
        except Trouble as trouble:
            if not trouble.transient:
                raise
            if not away:
                shiva.out.remark(shiva.words.problem(trouble), style="yellow")
            page, away = Facts(None), True
            continue
        after, away = page.body.get("last_id", after), False


def _line(shiva: Shiva, event: Facts) -> str:
    facts = event.of("facts")
    told = [clean(text) for key in SENTENCES if (text := facts.text(key))]
    if state := facts.text("state"):
        told.append(shiva.words.word("machine", state))
    if (seconds := facts.number("seconds")) is not None:
        told.append(shiva.words.seconds(seconds))
    where = [clean(event.text(key)) for key in ("container_id", "machine") if event.text(key)]
    who = [spelled(event.text("owner"))] if event.text("owner") and not event.text("container_id") else []
    parts = [shiva.words.clock(event.time("at")), shiva.words.word("event", event.text("kind")), *where, *who, *told]
    return "  ".join(parts)
