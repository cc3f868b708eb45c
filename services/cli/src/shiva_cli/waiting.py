"""From an accepted start to a notebook that answers: phase by phase, through outages, until a deadline."""

import sys
from datetime import timedelta

import click

from shiva_cli.context import Shiva
from shiva_cli.errors import Exit, Trouble, own
from shiva_cli.facts import Facts
from shiva_cli.progress import Progress
from shiva_cli.safe import clean

PHASES = ("placed", "created", "booting", "ready")
GONE = "container-not-found"


def wait(shiva: Shiva, container: Facts, *, limit: timedelta) -> Facts:
    """Return the container once its notebook answers.

    Raises:
        Trouble: it failed, or it did not answer within `limit`.
        KeyboardInterrupt: the person does not want to wait.
    """
    progress, clock = Progress(shiva.out), shiva.world.monotonic
    begun, told = clock(), set[str]()
    name = container.text("name") or ""
    try:
        while True:
            _tell(shiva, progress, container, told, clock() - begun)
            if _is_ready(container, name):
                return container
            waited = clock() - begun
            if waited >= limit.total_seconds():
                raise own("wait-timed-out", Exit.TIMED_OUT, name=name, time=shiva.words.duration(waited))
            shiva.world.sleep(min(_pause(waited), limit.total_seconds() - waited))
            container = _looked(shiva, container, progress, clock() - begun)
    finally:
        progress.end()


def _pause(waited: float) -> float:
    """Return how long to wait until the next look: a start of seconds is followed closely, one of minutes is not."""
    return 0.3 if waited < 10 else 1.0 if waited < 60 else 3.0


def _looked(shiva: Shiva, container: Facts, progress: Progress, waited: float) -> Facts:
    try:
        return shiva.api.get(f"containers/{container.text('id')}", tries=1).facts
    except Trouble as trouble:
        if trouble.code == GONE:
            raise own("start-gone", Exit.START_FAILED, name=container.text("name")) from trouble
        if not trouble.transient:
            raise
        progress.running(shiva.words("wait.away"), waited)
        return container


def _is_ready(container: Facts, name: str) -> bool:
    match container.text("state"):
        case "ready":
            return True
        case "failed" | "lost":
            raise own("start-failed", Exit.START_FAILED, name=name, why=container.text("reason") or "—")
        case "stopping":
            raise own("start-stopping", Exit.START_FAILED, name=name)
        case _:
            return False


def _tell(shiva: Shiva, progress: Progress, container: Facts, told: set[str], waited: float) -> None:
    phases, state = container.of("phases"), container.text("state")
    for phase in PHASES[:-1]:
        seconds = phases.number(f"{phase}_seconds")
        if seconds is not None and phase not in told:
            told.add(phase)
            where = clean(container.text("machine") or "") if phase == "placed" else ""
            progress.done(shiva.words(f"phase.{phase}"), seconds, also=where)
    if state == "ready":
        progress.done(
            shiva.words("phase.ready"), container.number("time_to_notebook_seconds"), also=shiva.url(container)
        )
    elif state in {"pending", "pulling", "booting"}:
        progress.running(shiva.words(f"running.{state}"), waited)


def interrupted(shiva: Shiva, container: Facts, *, asks: bool) -> Exit:
    """Tell that the start goes on, or end it if the person at the terminal says so."""
    name = container.text("name") or ""
    if asks and sys.stdin.isatty() and sys.stderr.isatty() and _stop_it(shiva, name):
        shiva.api.send("DELETE", f"containers/{container.text('id')}")
        shiva.out.remark(shiva.words("stop.done", name=name), urgent=True)
    else:
        shiva.out.remark(shiva.words("wait.goes-on", name=name), urgent=True)
    return Exit.INTERRUPTED


def _stop_it(shiva: Shiva, name: str) -> bool:
    click.echo(err=True)
    try:
        answer: str = click.prompt(
            shiva.words("wait.stop?", name=name), default="n", show_default=False, prompt_suffix=" ", err=True
        )
    except click.Abort:
        return False
    return answer.strip().lower() in {"y", "yes", "はい", "是"}
