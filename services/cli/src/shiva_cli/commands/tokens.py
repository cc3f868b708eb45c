"""`token list|create|revoke`: one's own tokens, for scripts."""

from collections.abc import Sequence
from urllib.parse import quote

import click

from shiva_cli import device
from shiva_cli.commands.sign_in import SCOPES, USUAL
from shiva_cli.context import Shiva
from shiva_cli.facts import Facts
from shiva_cli.safe import clean
from shiva_cli.tree import output
from shiva_cli.words import DASH, spelled


@click.group("token")
def token() -> None:
    """Tokens for scripts."""


@token.command("list")
@output
@click.pass_obj
def listed(shiva: Shiva) -> None:
    """Show one's own tokens."""
    show(shiva, "tokens", owners=False)


def show(shiva: Shiva, path: str, *, owners: bool) -> None:
    """Show tokens; the secrets are nowhere."""
    answer = shiva.api.get(path)
    tokens = answer.facts.each("tokens")
    heads = ("id", *(["owner"] if owners else []), "label", "scopes", "last-used", "expires")
    rows = [
        [clean(each.text("id") or DASH), *([spelled(each.text("owner"))] if owners else []), *_token(shiva, each)]
        for each in tokens
    ]
    shiva.out.answer(
        answer.body,
        lambda: shiva.out.rows(heads, rows) or [shiva.words("tokens.none")],
        names=[each.text("id") for each in tokens],
    )


def _token(shiva: Shiva, each: Facts) -> list[str]:
    now, words = shiva.world.now(), shiva.words
    used = words.when(each.time("last_used_at"), now)
    source = each.text("last_used_from")
    return [
        clean(each.text("label") or DASH),
        ", ".join(words.word("scope", scope) for scope in each.texts("scopes")),
        f"{used} {clean(source)}" if source else used,
        words.when(each.time("expires_at"), now) if each.text("state") in {None, "active"} else words("token.over"),
    ]


@token.command("create")
@click.argument("label")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), default=USUAL)
@click.option("--no-browser", is_flag=True)
@output
@click.pass_obj
def create(shiva: Shiva, label: str, scopes: Sequence[str], no_browser: bool) -> None:
    """Print a new token once; a page asks for the consent, because a token makes no tokens."""
    answer = device.token(shiva, shiva.api, scopes, client=label, browser=not no_browser)
    shiva.out.answer(answer.body, lambda: [clean(answer.text("token"))], names=[answer.text("token")])
    shiva.out.say("token.created", when=shiva.words.local(answer.time("expires_at")))


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@output
@click.pass_obj
def revoke(shiva: Shiva, token_id: str) -> None:
    """End a token."""
    end(shiva, f"tokens/{quote(token_id, safe='')}", token_id)


def end(shiva: Shiva, path: str, token_id: str) -> None:
    """End the token at that path."""
    shiva.api.send("DELETE", path)
    line = shiva.words("token.ended", id=token_id)
    shiva.out.answer({"id": token_id, "revoked": True}, lambda: [line], names=[])
