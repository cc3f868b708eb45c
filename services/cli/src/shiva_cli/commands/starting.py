"""`start` and `why`: the same options, one starts and one tells whether it would."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from shiva_cli.completing import names_of
from shiva_cli.context import Shiva
from shiva_cli.errors import Exit, Trouble, own
from shiva_cli.facts import Facts
from shiva_cli.safe import clean
from shiva_cli.tree import Duration, output
from shiva_cli.waiting import interrupted, wait
from shiva_cli.words import DASH, spelled

F = TypeVar("F", bound=Callable[..., Any])
LONGEST = timedelta(minutes=30)
START_TRIES = 6


def _options(function: F) -> F:
    for given in (
        click.option("--gpus", type=click.IntRange(0, 64), default=0, metavar="N"),
        click.option("--image", metavar="IMAGE", shell_complete=names_of("images")),
        click.option("--name", default="default", metavar="NAME"),
        click.argument("machine", required=False, shell_complete=names_of("machines", more=("auto",))),
    ):
        function = given(function)
    return function


def _wish(machine: str | None, name: str, image: str | None, gpus: int) -> dict[str, object]:
    return {"name": name, "image": image, "machine": None if machine in {None, "auto"} else machine, "gpus": gpus}


class _Start(click.Command):
    """`--wait` alone has a value, so that it never takes the word behind it for one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(
            ctx, [f"--wait={LONGEST.total_seconds():.0f}s" if each == "--wait" else each for each in args]
        )


@click.command("start", cls=_Start)
@_options
@click.option("--wait", "limit", type=Duration(), metavar="[=TIME]")
@click.option("--detach", is_flag=True)
@click.option("--open", "opens", is_flag=True)
@click.option("--dry-run", is_flag=True)
@output
@click.pass_obj
def start(
    shiva: Shiva,
    machine: str | None,
    name: str,
    image: str | None,
    gpus: int,
    limit: timedelta | None,
    detach: bool,
    opens: bool,
    dry_run: bool,
) -> Exit:
    """Start a container, wait for its notebook, and print where it is."""
    wish = _wish(machine, name, image, gpus)
    if dry_run:
        return _explained(shiva, wish)
    container = _asked(shiva, wish)
    if _other(container, wish):
        shiva.out.say("start.other", name=name)
    if limit is not None or not detach:
        try:
            container = wait(shiva, container, limit=LONGEST if limit is None else limit)
        except KeyboardInterrupt:
            return interrupted(shiva, container, asks=not detach)
    url = shiva.url(container)
    shiva.out.answer(container.body, lambda: [url], names=[container.text("name")])
    if opens and not shiva.world.browse(url):
        shiva.out.say("open.no-browser")
    return Exit.OK


def _other(container: Facts, wish: dict[str, object]) -> bool:
    """Return whether what runs under that name already is not what was asked for."""
    held = container.body.get("gpus")
    told = {"machine": container.text("machine"), "image": container.text("image")}
    fewer = isinstance(held, list) and len(held) < int(str(wish["gpus"]))
    return fewer or any(wish[key] and value and wish[key] != value for key, value in told.items())


def _asked(shiva: Shiva, wish: dict[str, object]) -> Facts:
    """Ask under one key: an answer that is lost is asked for again, and nothing starts twice."""
    key = uuid.uuid4().hex
    try:
        answer = shiva.api.send(
            "POST",
            "containers",
            wish,
            headers={"Idempotency-Key": key},
            tries=START_TRIES,
            passing={"container-stopping"},
        )
    except KeyboardInterrupt:
        raise own("start-unknown", Exit.INTERRUPTED, name=wish["name"]) from None
    except Trouble as trouble:
        explanation = Facts(trouble.parameters)
        if not shiva.out.json and explanation.each("machines"):
            for line in _explanation(shiva, explanation, wish):
                shiva.out.remark(line)
        raise
    if not answer.facts.text("id"):
        raise own("not-shiva", Exit.UNREACHABLE, address=shiva.api.address, status=200)
    return answer.facts


@click.command("why")
@_options
@output
@click.pass_obj
def why(shiva: Shiva, machine: str | None, name: str, image: str | None, gpus: int) -> Exit:
    """Tell whether a start would come about now, why not, and what would."""
    return _explained(shiva, _wish(machine, name, image, gpus))


def _explained(shiva: Shiva, wish: dict[str, object]) -> Exit:
    found = shiva.api.send("POST", "containers/explain", wish).facts
    shiva.out.answer(found.body, lambda: _explanation(shiva, found, wish), names=[found.text("machine") or ""])
    if found.flag("fits"):
        return Exit.OK
    return Exit.FORBIDDEN if found.of("everywhere").text("rule") in {"quota", "quota-exceeded"} else Exit.NO_CAPACITY


def _explanation(shiva: Shiva, found: Facts, wish: dict[str, object]) -> list[str]:
    words = shiva.words
    if found.flag("fits"):
        return [click.style(words("why.fits", machine=found.text("machine") or DASH), fg="green")]
    lines = [clean(text)] if (text := found.of("everywhere").text("text")) else []
    rows = [_reason(shiva, each) for each in found.each("machines")]
    lines += shiva.out.rows(("machine", "why", "held-by"), rows)
    for offer in found.each("offers"):
        lines += [clean(offer.text("text") or ""), f"  {_command(offer, wish)}"]
    return lines


def _reason(shiva: Shiva, machine: Facts) -> list[str]:
    holders = [
        f"{spelled(each.text('owner'))} {shiva.words.when(each.time('since'), shiva.world.now())}"
        for each in machine.each("holders")
    ]
    text = machine.of("misfit").text("text") or shiva.words("why.would-fit")
    return [clean(machine.text("name") or DASH), clean(text), ", ".join(holders)]


def _command(offer: Facts, wish: dict[str, object]) -> str:
    """Return the command that takes an offer."""
    offered = offer.of("wish")
    parts = ["shiva start", offer.text("machine") or "auto"]
    if (name := wish["name"]) != "default":
        parts += ["--name", str(name)]
    if image := offered.text("image") or wish["image"]:
        parts += ["--image", str(image)]
    if gpus := offered.whole("gpus"):
        parts += ["--gpus", str(gpus)]
    return clean(" ".join(parts))
