"""Names for the shell's Tab key: kept for seconds, and silent when nobody answers."""

import hashlib
import json
import re
from collections.abc import Callable

import click
from click.shell_completion import CompletionItem

from shiva_cli import config
from shiva_cli.api import Api
from shiva_cli.context import Shiva
from shiva_cli.errors import Trouble
from shiva_cli.facts import Facts

FRESH_SECONDS = 15
TIMEOUT = (1.0, 2.0)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,254}", re.ASCII)  # nothing that a shell would take for more

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]


def names_of(what: str, *, more: tuple[str, ...] = (), member: str = "name", query: str = "") -> Completer:
    """Return what completes the names in the list `what` of the path of that name."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem[str]]:
        del parameter
        shiva = context.find_object(Shiva)
        found = [*more, *(_kept(shiva, what, member, query) if shiva else [])]
        return [CompletionItem(name) for name in dict.fromkeys(found) if name.startswith(begun)]

    return complete


def _kept(shiva: Shiva, what: str, member: str, query: str) -> list[str]:
    try:
        login = shiva.login
    except Trouble:
        return []
    whose = hashlib.sha256(f"{login.address} {login.token_id} {what}{query}".encode()).hexdigest()[:16]
    file = config.cache_folder(shiva.world.environ) / f"names-{whose}.json"
    now = shiva.world.now().timestamp()
    try:
        kept = Facts(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        kept = Facts(None)
    if 0 <= now - (kept.number("at") or 0.0) < FRESH_SECONDS:
        return kept.texts("names")
    try:
        api = Api(login.address or "", login.token, shiva.world, timeout=TIMEOUT)
        answer = api.get(f"{what}{query}", tries=1).facts.each(what)
    except Trouble:
        return kept.texts("names")
    names = [name for each in answer if _NAME.fullmatch(name := each.text(member) or "")]
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        config.write(file, json.dumps({"at": now, "names": names}))
    except OSError:
        pass  # the next Tab asks again
    return names
