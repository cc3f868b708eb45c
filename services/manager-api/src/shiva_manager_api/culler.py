"""`shiva-culler`: judge idle containers once, or once a minute; or report what was done, and would have been done."""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shiva_common import env, logs

from shiva_manager_api.adapters.broker_http import BrokerHttp
from shiva_manager_api.adapters.decision_file import DecisionFile
from shiva_manager_api.adapters.idle_policy_file import PolicyFile
from shiva_manager_api.adapters.lock_file import locked
from shiva_manager_api.adapters.prometheus_history import PrometheusHistory
from shiva_manager_api.adapters.store.attaching import attached
from shiva_manager_api.adapters.store.database import Database
from shiva_manager_api.adapters.store.idle_table import IdleTable
from shiva_manager_api.adapters.store.unfit import UnfitDatabaseError
from shiva_manager_api.adapters.webhook import Webhook
from shiva_manager_api.culling import Culler, World
from shiva_manager_api.domain.idle_decisions import report, table
from shiva_manager_api.domain.idle_policy import MINUTE, Policy
from shiva_manager_api.domain.idle_ports import Decision
from shiva_manager_api.domain.idle_state import PASSES
from shiva_manager_api.domain.ports import PortError
from shiva_manager_api.settings import check_database_url, check_login

log = logging.getLogger("shiva.manager_api.culler")

LOOKS = 60  # for the manager's database, a quarter of a second apart: both start at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read from SHIVA_MANAGER_CULLER_*."""

    prometheus_url: str
    broker_url: str
    broker_token: str = field(repr=False)  # the manager's
    database_url: str = field(repr=False)  # the manager's
    state_dir: Path  # of the log of decisions
    prometheus_user: str = ""  # without name and password it is asked as nobody
    prometheus_password: str = field(default="", repr=False)
    policy_file: Path | None = None
    dry_run: bool = True
    interval: timedelta = MINUTE
    gpu_step: timedelta = MINUTE  # no shorter than Prometheus' scrape interval
    webhook_url: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what would judge without a pause, a database that is none, and half of a login."""
        check_database_url(self.database_url, "SHIVA_MANAGER_CULLER_DATABASE_URL")
        check_login("SHIVA_MANAGER_CULLER", self.prometheus_user, self.prometheus_password)
        if min(self.interval, self.gpu_step) <= timedelta(0):
            raise ValueError("SHIVA_MANAGER_CULLER_INTERVAL and …_GPU_STEP must be above zero")


class Silent:
    """Decisions that nobody is told of."""

    def note(self, decision: Decision) -> None:
        """Tell nobody."""


def main() -> None:
    """Run; exit status 2 when settings or policy are wrong, 1 when a pass failed, another one runs, or there is no database."""
    parser = argparse.ArgumentParser(prog="shiva-culler", description=__doc__)
    parser.add_argument("--once", action="store_true", help="make one pass, for a timer")
    parser.add_argument("--report", action="store_true", help="print what was done, and would have been done")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    options = parser.parse_args()
    try:
        settings = env.load(Settings, os.environ, prefix="SHIVA_MANAGER_CULLER_")
        policy = PolicyFile(settings.policy_file)
        _check(settings, policy())
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (env.SettingsError, ValueError, OSError) as error:
        print(f"shiva-culler: {error}", file=sys.stderr)
        sys.exit(2)
    try:
        if options.report:
            print(_report(settings, as_json=options.json))
            return
        logs.configure("shiva.manager_api")
        with locked(settings.state_dir / "culler.lock", wait=False):
            sys.exit(_run(settings, policy, once=options.once))
    except BlockingIOError:
        print("shiva-culler: another one runs on this STATE_DIR. It goes on; this one ends.", file=sys.stderr)
    except UnfitDatabaseError as error:
        print(f"shiva-culler: {error}", file=sys.stderr)
    sys.exit(1)


def _check(settings: Settings, policy: Policy) -> None:
    shortest = min(rule.pause for rule in (policy.rule, *policy.images.values(), *policy.people.values()))
    if settings.interval > shortest:
        raise ValueError(
            f"INTERVAL is longer than `pause`, {shortest.total_seconds():g} s: no countdown would ever end"
        )


def _run(settings: Settings, policy: Callable[[], Policy], *, once: bool) -> int:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as stack:
        decisions = DecisionFile(settings.state_dir)
        people: Silent | Webhook = Silent()
        if settings.webhook_url is not None:
            people = Webhook(settings.webhook_url, failed=lambda told, cause: decisions.note(_untold(told, cause)))
            stack.callback(people.close)
        login = (settings.prometheus_user, settings.prometheus_password)
        world = World(
            broker=BrokerHttp(settings.broker_url, settings.broker_token),
            gpus=PrometheusHistory(settings.prometheus_url, step=settings.gpu_step, login=login),
            book=IdleTable(_database(settings, stack, looks=LOOKS)),
            log=decisions,
            people=people,
            policy=policy,
            clock=_now,
        )
        culler = Culler(world, dry_run=settings.dry_run, lasting=PASSES * settings.interval)
        passed = _pass(culler)
        while not once and not stopped.wait(settings.interval.total_seconds()):
            _pass(culler)
        return 0 if passed or not once else 1


def _pass(culler: Culler) -> bool:
    try:
        culler.run()
    except PortError as error:
        log.warning("nothing was judged", extra={"error": type(error).__name__, "cause": str(error)})
    except Exception:
        log.exception("a pass broke; nothing more ends in it")
    else:
        return True
    return False


def _untold(told: Decision, cause: str) -> Decision:
    """The person counts as warned: the page says it as well."""
    return {**told, "at": _now().isoformat(), "kind": "untold", "cause": cause}


def _database(settings: Settings, stack: ExitStack, *, looks: int) -> Database:
    database = attached(settings.database_url, looks=looks)
    stack.callback(database.close)
    return database


def _report(settings: Settings, *, as_json: bool) -> str:
    with ExitStack() as stack:
        book = IdleTable(_database(settings, stack, looks=1)).read()
    lines = report(DecisionFile(settings.state_dir).read(), book, _now())
    return json.dumps({name: asdict(line) for name, line in lines.items()}) if as_json else table(lines)


def _now() -> datetime:
    return datetime.now(UTC)
