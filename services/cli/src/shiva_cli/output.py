"""Data on stdout, all else on stderr; color only where a person looks, and only if NO_COLOR is not set."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TextIO

import click

from shiva_cli.errors import Exit, Trouble
from shiva_cli.safe import as_json, clean, table
from shiva_cli.words import Words


class Output:
    """How one command speaks."""

    def __init__(self, words: Words, environ: Mapping[str, str]) -> None:
        """A table and every remark, until --json or -q say otherwise."""
        self.words = words
        self.json = False
        self.quiet = False
        self._environ = environ

    def lively(self, stream: TextIO) -> bool:
        """Return whether a stream is a terminal on which lines may be written anew."""
        return stream.isatty() and self._environ.get("TERM", "dumb") != "dumb"

    def _colored(self, stream: TextIO) -> bool:
        return self.lively(stream) and not self._environ.get("NO_COLOR")

    def line(self, text: str) -> None:
        """Print a line of data; what came from the server is clean already."""
        click.echo(text, color=self._colored(sys.stdout))

    def remark(self, text: str, *, style: str | None = None, urgent: bool = False) -> None:
        """Print a line beside the data; with -q only what is urgent."""
        if urgent or not self.quiet:
            click.echo(click.style(text, fg=style) if style else text, err=True, color=self._colored(sys.stderr))

    def say(self, key: str, **facts: object) -> None:
        """Print one of our sentences beside the data."""
        self.remark(self.words(key, **facts))

    def answer(
        self, body: object, shown: Callable[[], Iterable[str]], *, names: Sequence[object] | None = None
    ) -> None:
        """Print what was asked for: `body` with --json, `names` with -q, else what `shown` returns."""
        if self.json:
            self.document(body)
        elif self.quiet and names is not None:
            for name in names:
                self.line(clean(name))
        else:
            for line in shown():
                self.line(line)

    def document(self, body: object) -> None:
        """Print a JSON document."""
        self.line(as_json(body))

    def rows(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
        """Return a table with our words as its heads; without a row nothing."""
        return table([[self.words(f"head.{head}") for head in heads], *rows]) if rows else []

    def trouble(self, trouble: Trouble) -> None:
        """Tell what went wrong; with --json on stdout too."""
        if self.json:
            facts = {
                "code": trouble.code,
                "status": trouble.status,
                "exit": int(trouble.exit),
                "message": self.words.problem(trouble),
            }
            self.document({"problem": facts | {"parameters": _plain(trouble.parameters)}})
        self.remark(f"shiva: {self.words.problem(trouble)}", style="red", urgent=True)
        if trouble.exit is Exit.NOT_LOGGED_IN:
            self.remark(self.words("hint.where" if trouble.code == "no-address" else "hint.login"), urgent=True)
        elif trouble.code == "scope-missing" and trouble.parameters.get("scope") == "admin":
            self.remark(self.words("hint.admin"), urgent=True)


def _plain(parameters: Mapping[str, object]) -> dict[str, object]:
    kinds = (str, int, float, bool, list, dict, type(None))
    return {key: value if isinstance(value, kinds) else str(value) for key, value in parameters.items()}
