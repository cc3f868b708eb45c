"""A line for each phase on stderr; on a terminal the running one counts its seconds in place."""

import sys

import click

from shiva_cli.output import Output
from shiva_cli.safe import clean


class Progress:
    """Of one start."""

    def __init__(self, out: Output) -> None:
        """Nothing is printed with -q."""
        self._out = out
        self._running = ""  # what the last line says, if it may be written over
        self._told = ""

    def done(self, text: str, seconds: float | None, *, also: str = "") -> None:
        """Tell that a phase ended, in how many seconds, and what came of it."""
        took = "" if seconds is None else " " + self._out.words.seconds(seconds)
        self._erase()
        self._out.remark(f"✔ {text}{took}{' ' + also if also else ''}", style="green")

    def running(self, text: str, seconds: float) -> None:
        """Tell what is going on since `seconds`; where lines cannot be written over, once."""
        if self._out.quiet:
            return
        line = f"⧗ {clean(text)} …"
        if self._out.lively(sys.stderr):
            self._erase()
            self._running = f"{line} {self._out.words.duration(seconds)}"
            click.echo(self._running, err=True, nl=False)
        elif line != self._told:
            self._told = line
            click.echo(line, err=True)

    def end(self) -> None:
        """Leave no half line behind."""
        self._erase()

    def _erase(self) -> None:
        if self._running:
            click.echo("\r\x1b[K", err=True, nl=False, color=True)
            self._running = ""
