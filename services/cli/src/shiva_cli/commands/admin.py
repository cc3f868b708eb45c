"""`admin …`: for admins, with a token of the scope `admin`; every act is in the audit log."""

import math
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import click

from shiva_cli.commands import tokens as own_tokens
from shiva_cli.completing import names_of
from shiva_cli.context import Shiva
from shiva_cli.errors import Exit, own
from shiva_cli.facts import Facts
from shiva_cli.safe import clean
from shiva_cli.tree import Duration, output
from shiva_cli.words import DASH

MACHINES = names_of("machines")


class Most(click.ParamType[float]):
    """A whole number, or `none` for no limit."""

    name = "limit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return it; infinite: no limit."""
        text = str(value)
        if text == "none":
            return math.inf
        if not (text.isascii() and text.isdigit() and len(text) < 7):
            self.fail(f"{text!r}: 0, 1, 2, …, none.", param, ctx)
        return int(text)


@click.group("admin")
def admin() -> None:
    """For admins."""


def _act(shiva: Shiva, method: str, path: str, body: object, key: str, **facts: object) -> None:
    """Do it, and say so; doing it twice is doing it once."""
    shiva.api.send(method, f"admin/{path}", body)
    line = shiva.words(key, **facts)
    shiva.out.answer({"done": True, **facts}, lambda: [line], names=[])


def _part(name: str) -> str:
    return quote(name, safe="")


@admin.command("people")
@output
@click.pass_obj
def people(shiva: Shiva) -> None:
    """Show everybody who logged in at least once."""
    answer = shiva.api.get("admin/people")
    listed = answer.facts.each("people")
    heads = ("name", "shown-name", "role", "email", "held", "last-login", "note")
    rows = [_person(shiva, each) for each in listed]
    shiva.out.answer(answer.body, lambda: shiva.out.rows(heads, rows), names=[each.text("name") for each in listed])


def _person(shiva: Shiva, person: Facts) -> list[str]:
    return [
        clean(person.text("name") or DASH),
        clean(person.text("shown_name") or DASH),
        shiva.words.word("role", person.text("role")),
        clean(person.text("email") or DASH),
        _held(shiva, person),
        shiva.words.when(person.time("last_login_at"), shiva.world.now()),
        _shut_out(shiva, person),
    ]


def _held(shiva: Shiva, person: Facts) -> str:
    """Return what is held of what may be, containers and GPUs."""
    held, most = person.of("held"), person.of("quota")
    shares = [
        shiva.words(f"held.{kind}", held=DASH if (n := held.whole(kind)) is None else n, most=_most(most.whole(kind)))
        for kind in ("containers", "gpus")
    ]
    return ", ".join(shares)


def _most(limit: int | None) -> str:
    return "∞" if limit is None else str(limit)


def _shut_out(shiva: Shiva, person: Facts) -> str:
    if why := person.text("barred"):
        return shiva.words("person.barred", why=why)
    return clean(person.text("refused") or "")


@admin.command("quota")
@click.argument("name")
@click.option("--containers", type=Most(), metavar="N|none")
@click.option("--gpus", type=Most(), metavar="N|none")
@click.option("--clear", is_flag=True)
@output
@click.pass_obj
def quota(shiva: Shiva, name: str, containers: float | None, gpus: float | None, clear: bool) -> None:
    """Set how much a person may hold at once; what is not named stays."""
    path = f"people/{_part(name)}/quota"
    if clear:
        _act(shiva, "DELETE", path, None, "quota.cleared", name=name)
    elif containers is None and gpus is None:
        raise own("quota-which", Exit.USAGE)
    else:
        people = shiva.api.get("admin/people").facts.each("people")
        now = next((each.of("quota") for each in people if each.text("name") == name), Facts(None))
        named = {"containers": containers, "gpus": gpus}
        body = {kind: now.whole(kind) if most is None else _limit(most) for kind, most in named.items()}
        _act(shiva, "PUT", path, body, "quota.set", name=name)


def _limit(most: float) -> int | None:
    return None if math.isinf(most) else int(most)


@admin.command("bar")
@click.argument("name")
@click.option("--reason", default="", metavar="TEXT")
@click.option("--undo", is_flag=True)
@output
@click.pass_obj
def bar(shiva: Shiva, name: str, reason: str, undo: bool) -> None:
    """Shut a person out at once, sessions and tokens included; containers go on."""
    if not undo and not reason:
        raise own("reason-needed", Exit.USAGE)
    body = {"barred": False} if undo else {"barred": True, "reason": reason}
    _act(shiva, "PUT", f"people/{_part(name)}/barred", body, "bar.undone" if undo else "bar.done", name=name)


@admin.command("logout")
@click.argument("name")
@output
@click.pass_obj
def logout(shiva: Shiva, name: str) -> None:
    """End every session of a person."""
    _act(shiva, "POST", f"people/{_part(name)}/logout", None, "admin.logout.done", name=name)


@admin.command("drain")
@click.argument("machine", shell_complete=MACHINES)
@click.argument("reason")
@output
@click.pass_obj
def drain(shiva: Shiva, machine: str, reason: str) -> None:
    """Keep new containers off a machine, with a sentence for people."""
    body = {"drained": True, "reason": reason}
    _act(shiva, "PUT", f"machines/{_part(machine)}/drained", body, "drain.done", machine=machine)


@admin.command("undrain")
@click.argument("machine", shell_complete=MACHINES)
@output
@click.pass_obj
def undrain(shiva: Shiva, machine: str) -> None:
    """Open a machine again."""
    body = {"drained": False}
    _act(shiva, "PUT", f"machines/{_part(machine)}/drained", body, "undrain.done", machine=machine)


@admin.command("gpu-off")
@click.argument("gpu", metavar="UUID|MACHINE:INDEX")
@click.argument("reason")
@output
@click.pass_obj
def gpu_off(shiva: Shiva, gpu: str, reason: str) -> None:
    """Keep new containers off a GPU, with a sentence for people."""
    uuid = _uuid(shiva, gpu)
    _act(shiva, "PUT", f"gpus/{_part(uuid)}/disabled", {"disabled": True, "reason": reason}, "gpu-off.done", gpu=uuid)


@admin.command("gpu-on")
@click.argument("gpu", metavar="UUID|MACHINE:INDEX")
@output
@click.pass_obj
def gpu_on(shiva: Shiva, gpu: str) -> None:
    """Give a GPU out again."""
    uuid = _uuid(shiva, gpu)
    _act(shiva, "PUT", f"gpus/{_part(uuid)}/disabled", {"disabled": False}, "gpu-on.done", gpu=uuid)


def _uuid(shiva: Shiva, gpu: str) -> str:
    """Return the UUID of `gpu-02:0`; a UUID is one already."""
    machine, colon, index = gpu.rpartition(":")
    if not colon:
        return gpu
    for each in shiva.api.get("machines").facts.each("machines"):
        for card in each.each("gpus"):
            if each.text("name") == machine and str(card.whole("index")) == index:
                return card.text("uuid") or ""
    raise own("no-such-gpu", Exit.USAGE, gpu=gpu)


@admin.command("announce")
@click.argument("text", required=False)
@click.option("--level", type=click.Choice(["info", "warning"]), default="info")
@click.option("--for", "lasting", type=Duration(), metavar="TIME")
@click.option("--clear", is_flag=True)
@output
@click.pass_obj
def announce(shiva: Shiva, text: str | None, level: str, lasting: timedelta | None, clear: bool) -> None:
    """Show a sentence above every page, or take it away."""
    if clear:
        _act(shiva, "DELETE", "announcement", None, "announce.cleared")
        return
    if not text:
        raise own("announce-what", Exit.USAGE)
    ends = None if lasting is None else (shiva.world.now() + lasting).isoformat(timespec="seconds")
    _act(shiva, "PUT", "announcement", {"text": text, "level": level, "ends_at": ends}, "announce.done")


@admin.command("audit")
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=50)
@click.option("--before", type=int, metavar="ID")
@click.option("--actor", metavar="NAME")
@click.option("--target", metavar="NAME")
@output
@click.pass_obj
def audit(shiva: Shiva, limit: int, before: int | None, actor: str | None, target: str | None) -> None:
    """Show who did what to what, when and from where, the last first."""
    answer = shiva.api.get("admin/audit", limit=limit, before=before, actor=actor, target=target)
    acts = answer.facts.each("acts")
    heads = ("id", "at", "actor", "from", "action", "target", "outcome", "facts")
    rows = [_act_row(shiva, each) for each in acts]
    shiva.out.answer(answer.body, lambda: shiva.out.rows(heads, rows), names=[each.whole("id") for each in acts])


def _act_row(shiva: Shiva, act: Facts) -> list[str]:
    texts = [clean(act.text(key) or DASH) for key in ("actor", "client", "action", "target", "outcome")]
    facts = ", ".join(f"{key}: {value}" for key, value in act.of("facts").body.items() if value is not None)
    return [str(act.whole("id")), shiva.words.clock(act.time("at")), *texts, clean(facts)]


@admin.command("stop")
@click.argument("container_id", metavar="ID", shell_complete=names_of("containers", member="id", query="?scope=all"))
@output
@click.pass_obj
def stop(shiva: Shiva, container_id: str) -> None:
    """End anybody's container; its home stays."""
    shiva.api.send("DELETE", f"containers/{_part(container_id)}")
    line = shiva.words("stop.done", name=container_id)
    shiva.out.answer({"id": container_id, "stopping": True}, lambda: [line], names=[])


@admin.command("tokens")
@click.option("--revoke", metavar="ID")
@output
@click.pass_obj
def tokens(shiva: Shiva, revoke: str | None) -> None:
    """Show everybody's tokens, or end one."""
    if revoke is None:
        own_tokens.show(shiva, "admin/tokens", owners=True)
    else:
        own_tokens.end(shiva, f"admin/tokens/{_part(revoke)}", revoke)
