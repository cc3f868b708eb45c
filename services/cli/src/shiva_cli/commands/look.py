"""`machines`, `ps`, `images`, `events`: nothing is changed."""

import click

from shiva_cli.api import Answer
from shiva_cli.completing import names_of
from shiva_cli.context import Shiva
from shiva_cli.errors import Exit, own
from shiva_cli.facts import Facts
from shiva_cli.safe import clean
from shiva_cli.tree import output
from shiva_cli.words import DASH, amounts, percent, spelled

MACHINE_STYLES = {"free": "green", "partly_free": "green", "full": "yellow", "closed": "yellow", "unreachable": "red"}
CONTAINER_STYLES = {"ready": "green", "failed": "red", "lost": "red"}
FOLLOW_SECONDS = 2.0


@click.command("machines")
@click.argument("machine", required=False, shell_complete=names_of("machines"))
@output
@click.pass_obj
def machines(shiva: Shiva, machine: str | None) -> None:
    """Show every machine, or the GPUs of one."""
    answer = shiva.api.get("machines")
    seen = answer.facts
    listed = [each for each in seen.each("machines") if machine in {None, each.text("name")}]
    if machine and not listed:
        raise own("no-such-machine", Exit.USAGE, machine=machine)
    body = {**seen.body, "machines": [each.body for each in listed], "age_seconds": answer.age_seconds}
    shown = _gpu_rows if machine else _machine_rows
    shiva.out.answer(body, lambda: shown(shiva, listed, answer), names=[each.text("name") for each in listed])
    for each in listed:
        if why := each.text("closed"):
            shiva.out.say("machines.closed", machine=each.text("name") or DASH, why=why)
    _sources(shiva, seen)


def _sources(shiva: Shiva, seen: Facts) -> None:
    metrics, broker = seen.of("metrics"), seen.of("broker")
    if metrics.text("state") == "stale":
        shiva.out.remark(
            shiva.words("metrics.stale", age=shiva.words.duration(metrics.number("age_seconds") or 0)), style="yellow"
        )
    elif metrics.text("state") == "unavailable":
        shiva.out.remark(shiva.words("metrics.unavailable"), style="yellow")
    if broker.text("state") not in {None, "fresh"}:
        shiva.out.remark(shiva.words("broker.away"), style="yellow")


def _machine_rows(shiva: Shiva, listed: list[Facts], answer: Answer) -> list[str]:
    heads = ("machine", "state", "gpus-free", "cpu", "memory", "who", "age")
    rows = [_machine(shiva, each, answer.age_seconds or 0.0) for each in listed]
    return shiva.out.rows(heads, rows) or [shiva.words("machines.none")]


def _machine(shiva: Shiva, machine: Facts, older: float) -> list[str]:
    state = machine.text("state")
    age = machine.number("sample_age_seconds")
    cells = [
        clean(machine.text("name") or DASH),
        shiva.words.word("machine", state),
        _free(machine),
        percent(machine.number("cpu_ratio")),
        amounts(machine.number("memory_used_bytes"), machine.number("memory_total_bytes")),
        ", ".join(_tenants(shiva, machine)) or (DASH if not machine.flag("holders_known") else ""),
        shiva.words.ago(None if age is None else age + older),
    ]
    if state in {"stale", "unreachable"}:  # numbers that may be wrong by now
        cells[3:] = [click.style(cell, dim=True) for cell in cells[3:]]
    cells[1] = click.style(cells[1], fg=MACHINE_STYLES.get(state or ""))
    return cells


def _free(machine: Facts) -> str:
    total, free = machine.whole("gpus_total"), machine.whole("gpus_free")
    return DASH if total is None else f"{DASH if free is None else free} / {total}"


def _tenants(shiva: Shiva, machine: Facts) -> list[str]:
    told = []
    for each in machine.each("containers"):
        since = each.time("since")
        lasting = shiva.words.duration((shiva.world.now() - since).total_seconds()) if since else DASH
        gpus = each.whole("gpus")
        told.append(
            shiva.words("tenant", name=spelled(each.text("owner")), gpus=DASH if gpus is None else gpus, time=lasting)
        )
    if any(gpu.flag("foreign_use") for gpu in machine.each("gpus")):
        told.append(shiva.words("tenant.foreign"))
    return told


def _gpu_rows(shiva: Shiva, listed: list[Facts], answer: Answer) -> list[str]:
    heads = ("gpu", "model", "used", "memory", "celsius", "holder", "users", "uuid")
    gpus = [gpu for machine in listed for gpu in machine.each("gpus")]
    table = shiva.out.rows(heads, [_gpu(shiva, gpu) for gpu in gpus])
    return [*_machine_rows(shiva, listed, answer), "", *(table or [shiva.words("gpus.none")])]


def _gpu(shiva: Shiva, gpu: Facts) -> list[str]:
    index, celsius, holder = gpu.whole("index"), gpu.number("temperature_celsius"), gpu.of("holder")
    held = gpu.text("quarantine") or gpu.text("disabled")
    now = shiva.world.now()
    return [
        DASH if index is None else str(index),
        clean(gpu.text("model") or DASH),
        percent(gpu.number("utilization_ratio")),
        amounts(gpu.number("memory_used_bytes"), gpu.number("memory_total_bytes")),
        DASH if celsius is None else f"{celsius:.0f} °C",
        f"{spelled(holder.text('owner'))} {shiva.words.when(holder.time('since'), now)}"
        if holder
        else _held(shiva, held),
        _gpu_users(shiva, gpu),
        clean(gpu.text("uuid") or DASH),
    ]


def _held(shiva: Shiva, held: str | None) -> str:
    return shiva.words("gpu.kept-back", why=held) if held else ""


def _gpu_users(shiva: Shiva, gpu: Facts) -> str:
    if gpu.body.get("users_known") is False:
        return DASH
    people = [f"{spelled(user.text('owner'))} {percent(user.number('active_ratio'))}" for user in gpu.each("users")]
    others = [
        shiva.words("gpu.unmanaged", user=one.text("user") or DASH, pid=one.whole("pid") or DASH)
        for one in gpu.each("unmanaged")
    ]
    return ", ".join(people + others)


@click.command("ps")
@click.option("-a", "--all", "everybody", is_flag=True)
@output
@click.pass_obj
def ps(shiva: Shiva, everybody: bool) -> None:
    """Show one's own containers, or everybody's."""
    answer = shiva.api.get("containers", scope="all" if everybody else "own")
    listed = answer.facts.each("containers")
    heads = ("container", "state", "machine", "gpus", "image", "since", "note")
    key = "id" if everybody else "name"
    rows = [_container(shiva, each, key) for each in listed]
    shiva.out.answer(
        answer.body,
        lambda: shiva.out.rows(heads, rows) or [shiva.words("ps.none")],
        names=[each.text(key) for each in listed],
    )


def _container(shiva: Shiva, container: Facts, key: str) -> list[str]:
    state, gpus = container.text("state"), container.body.get("gpus")
    since = container.time("ready_at") or container.time("started_at") or container.time("requested_at")
    return [
        clean(container.text(key) or DASH),
        click.style(shiva.words.word("container", state), fg=CONTAINER_STYLES.get(state or "")),
        clean(container.text("machine") or DASH),
        str(len(gpus)) if isinstance(gpus, list) else DASH,
        clean(container.text("image") or DASH),
        shiva.words.when(since, shiva.world.now()),
        _remark(shiva, container),
    ]


def _remark(shiva: Shiva, container: Facts) -> str:
    idle = container.of("idle")
    if idle.text("state") in {"warned", "ending"} and not idle.flag("dry_run"):
        return shiva.words("ps.ends", when=shiva.words.when(idle.time("stop_at"), shiva.world.now()))
    return clean(container.text("reason") or "")


@click.command("images")
@output
@click.pass_obj
def images(shiva: Shiva) -> None:
    """Show the images on offer; the first is the default."""
    answer = shiva.api.get("images")
    listed = answer.facts.each("images")
    rows = [[clean(each.text(key) or DASH) for key in ("name", "title", "description")] for each in listed]
    shiva.out.answer(
        answer.body,
        lambda: shiva.out.rows(("image", "title", "description"), rows) or [shiva.words("images.none")],
        names=[each.text("name") for each in listed],
    )
