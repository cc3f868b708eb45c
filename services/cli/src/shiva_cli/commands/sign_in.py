"""`login`, `logout`, `whoami`."""

from collections.abc import Iterator
from dataclasses import replace

import click

from shiva_cli import config, device
from shiva_cli.api import Api
from shiva_cli.context import Shiva
from shiva_cli.errors import Exit, Trouble, own
from shiva_cli.facts import Facts
from shiva_cli.safe import clean, table
from shiva_cli.tree import output
from shiva_cli.words import DASH

SCOPES = ("read", "containers", "admin")
USUAL = ("read", "containers")


@click.command("login")
@click.argument("address", required=False)
@click.option("--no-browser", is_flag=True)
@click.option("--admin", "admin", is_flag=True)
@click.option("--insecure-http", is_flag=True)
@output
@click.pass_obj
def login(shiva: Shiva, address: str | None, no_browser: bool, admin: bool, insecure_http: bool) -> None:
    """Get a token for this machine and keep it."""
    environ = shiva.world.environ
    try:
        before = config.load(environ)
    except Trouble:  # what is broken is written anew
        before = config.Login()
    given = address or environ.get("SHIVA_URL") or before.address
    if not given:
        raise own("login-where", Exit.USAGE)
    insecure_http |= before.insecure_http and given == before.address
    there = config.address(given, insecure_http=insecure_http)
    scopes = SCOPES if admin else USUAL
    answer = device.token(shiva, Api(there, None, shiva.world), scopes, client=None, browser=not no_browser)
    token = answer.text("token") or ""
    kept = config.Login(
        address=there,
        token=token,
        token_id=answer.text("token_id") or config.token_id(token),
        expires_at=answer.text("expires_at"),
        insecure_http=insecure_http,
    )
    config.save(environ, kept)
    _end_quietly(shiva, before)
    told = {key: value for key, value in answer.body.items() if key != "token"} | {"address": there}
    who = Facts(answer.body.get("user")).text("name") or answer.text("user") or DASH
    line = shiva.words("login.done", name=who, address=there, when=shiva.words.local(kept.ends_at()))
    shiva.out.answer(told, lambda: [line], names=[who])
    if environ.get("SHIVA_TOKEN"):
        shiva.out.say("login.overridden")


def _end_quietly(shiva: Shiva, old: config.Login) -> None:
    """End the token that the new one replaces; where that fails it expires by itself."""
    if not (old.address and old.token and old.token_id):
        return
    try:
        address = config.address(old.address, insecure_http=old.insecure_http)
        Api(address, old.token, shiva.world).send("DELETE", f"tokens/{old.token_id}", tries=1)
    except Trouble:
        shiva.out.say("login.old-kept", id=old.token_id)


@click.command("logout")
@output
@click.pass_obj
def logout(shiva: Shiva) -> None:
    """End this machine's token and forget it."""
    used = shiva.login
    try:
        token_id = used.token_id or shiva.api.get("me").facts.of("token").text("id")
        if token_id:
            shiva.api.send("DELETE", f"tokens/{token_id}")
    except Trouble as trouble:
        if trouble.status != 401:  # which says that it is over already
            raise
    if not shiva.world.environ.get("SHIVA_TOKEN"):
        kept = config.load(shiva.world.environ)
        config.save(shiva.world.environ, replace(kept, token=None, token_id=None, expires_at=None))
    line = shiva.words("logout.done", address=used.address)
    shiva.out.answer({"address": used.address, "revoked": True}, lambda: [line], names=[])


@click.command("whoami")
@output
@click.pass_obj
def whoami(shiva: Shiva) -> None:
    """Tell who is logged in, where, and with what."""
    me = shiva.api.get("me").facts
    user = me.of("user")
    shiva.out.answer(me.body, lambda: table(list(_whoami(shiva, me, user))), names=[user.text("name")])
    if text := me.of("announcement").text("text"):
        style = "yellow" if me.of("announcement").text("level") == "warning" else None
        shiva.out.remark(clean(text), style=style)


def _whoami(shiva: Shiva, me: Facts, user: Facts) -> Iterator[tuple[str, str]]:
    words, token, quota = shiva.words, me.of("token"), me.of("quota")
    yield words("whoami.name"), clean(f"{user.text('name')} ({user.text('shown_name')})")
    yield words("whoami.role"), words.word("role", user.text("role"))
    if email := user.text("email"):
        yield words("whoami.email"), clean(email)
    yield words("whoami.address"), clean(shiva.login.address)
    if token:
        scopes = ", ".join(words.word("scope", scope) for scope in token.texts("scopes"))
        yield words("whoami.token"), clean(f"{token.text('label')} [{token.text('id')}]: {scopes}")
        yield words("whoami.expires"), words.when(token.time("expires_at"), shiva.world.now())
    yield words("whoami.quota"), _quotas(shiva, quota)


def _quotas(shiva: Shiva, quota: Facts) -> str:
    held = ((key, quota.whole(key)) for key in ("containers", "gpus"))
    return ", ".join(
        shiva.words(f"quota.{key}.none") if most is None else shiva.words(f"quota.{key}", most=most)
        for key, most in held
    )
