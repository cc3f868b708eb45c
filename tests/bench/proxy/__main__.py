"""`make bench-proxy`: the door against HAProxy, nginx and configurable-http-proxy, one core each, in one run."""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.bench.measured import keep, table
from tests.bench.proxy.goals import GOALS, Round, median
from tests.bench.proxy.load import PERSON, Figures, Load, VoidError, check_rules, compiled
from tests.bench.proxy.standing import OTHER_CORE, PROXIES, Proxy, standing, what_is_missing
from tests.fakes.proxy_broker import FakeBroker, route, with_broker
from tests.fakes.proxy_process import login

ROUNDS = 5
HOST = "localhost:8000"
PARTS: dict[str, tuple[str, Callable[[Load, Proxy], Figures]]] = {
    "http": ("1 KB answers at 64 connections", Load.http),
    "ws": ("WebSocket echo at 50 connections", Load.sockets),
    "download": ("200 MB download, MB/s", Load.download),
    "new": ("new connections, one request each", Load.new),
    "memory": ("9,000 idle WebSockets", Load.memory),
}


def figures_of(load: Load, part: str, proxy: Proxy) -> Figures | None:
    """Measure once; None when it is void."""
    try:
        return PARTS[part][1](load, proxy)
    except VoidError as error:
        print(f"void: {part} of {proxy.name}: {error}", file=sys.stderr)
        return None


def measured(broker: FakeBroker, parts: list[str], rounds: int) -> dict[str, list[Round]]:
    """Return the rounds of every part; within a round the proxies take turns."""
    results: dict[str, list[Round]] = {}
    with tempfile.TemporaryDirectory() as name, compiled(Path(name)) as (program, target):
        broker.routes = [route(PERSON, f"http://{target}")]
        folder = Path(name)
        with ExitStack() as stack:
            proxies = [stack.enter_context(standing(each, folder, target, broker)) for each in PROXIES]
            load = Load(program=program, cookie=login(proxies[0].port, HOST, PERSON), host=HOST)
            check_rules(proxies[0], load, broker)
            for part in (part for part in parts if part != "memory"):
                results[part] = [{each.name: figures_of(load, part, each) for each in proxies} for _ in range(rounds)]
        if "memory" in parts:  # of processes that did nothing else
            grown: dict[str, Figures | None] = {}
            for each in PROXIES:
                with standing(each, folder, target, broker) as proxy:
                    grown[each] = figures_of(load, "memory", proxy)
            results["memory"] = [grown]
    return results


def report(results: dict[str, list[Round]]) -> bool:
    """Print, keep, and return whether every goal was met."""
    medians: dict[str, object] = {}
    for part, rounds in results.items():
        figures = list(next((each for one in rounds for each in one.values() if each), {}))
        figures = [figure for figure in figures if figure not in {"done", "errors", "bytes"}]
        rows = [{"proxy": name, **{figure: median(rounds, name, figure) for figure in figures}} for name in PROXIES]
        print(f"\n{PARTS[part][0]}; median of {len(rounds)}\n{table(rows)}")
        medians[part] = {row["proxy"]: row for row in rows}
    verdicts = [goal.verdict(results[goal.part]) for goal in GOALS if goal.part in results]
    print(f"\nGoals\n{table(verdicts)}")
    machine = {"cores": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
    keep("bench-proxy", {"machine": machine, "medians": medians, "goals": verdicts, "rounds": results})
    return all(verdict["met"] for verdict in verdicts)


def main() -> None:
    """Measure what is asked for; exit status 1 when a goal is missed, 2 when something is not installed."""
    parser = argparse.ArgumentParser(prog="bench-proxy")
    parser.add_argument("--parts", default="", help=f"some of {','.join(PARTS)}; all by default")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    parts = [part for part in asked.parts.split(",") if part] or list(PARTS)
    if unknown := set(parts) - PARTS.keys():
        parser.error(f"unknown parts: {', '.join(sorted(unknown))}")
    os.environ["PATH"] += ":/usr/sbin"  # where Debian has haproxy and nginx
    if missing := what_is_missing():
        print(missing, file=sys.stderr)
        sys.exit(2)
    os.sched_setaffinity(0, {OTHER_CORE})  # of everything that is started here, but the proxies
    results: dict[str, list[Round]] = {}

    async def measure(broker: FakeBroker) -> None:
        results.update(await asyncio.to_thread(measured, broker, parts, asked.rounds))

    with_broker(measure)
    sys.exit(0 if report(results) else 1)


if __name__ == "__main__":
    main()
