"""`make bench-manager`: a thousand machines with eight GPUs and 5,000 containers, as three machines, and many who look.

Prometheus is real and scrapes pages of a hundred machines each (`manager_world.py`); the broker is simulated there as well, and in its
list a container changes each second. The manager is the real one under gunicorn. What is measured:

* first: the very first answer, asked for as soon as the process serves; it waits for the sources, three seconds at most.
* cached: somebody looks once more while others do. Whole bodies, compressed.
* cold: nobody looked for a minute. The manager then asks its sources more seldom, and nobody waits for them.
* cold and forsaken: Prometheus and the broker stand still, and the words of the last answer have run out: the page is worked out anew,
  with its ages, before it is sent.
* dashboards: 500, each every five seconds with the ETag that it has; CPU of the manager with all that it does meanwhile.
* growth: the manager's memory after the dashboards, less that before.
* peer: the bytes that a page without a snapshot would have to fetch from Prometheus and the broker, four at a time, unread.
"""

import asyncio
import gzip
import http.client
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
import requests
from shiva_common import identity
from shiva_manager_api.adapters.prometheus import QUERIES

from tests.bench.measured import keep, table
from tests.fakes.manager_suite import ManagerSuite, eventually, manager_suite, signed

MACHINES, CONTAINERS = 1000, 5000
CACHED, COLD, FORSAKEN, PEER = 300, 3, 5, 7  # rounds
DASHBOARDS, POLL_SECONDS, POLLING_SECONDS, WARM_SECONDS = 500, 5.0, 60.0, 15.0
UNSEEN_SECONDS, WATCHED_SECONDS = 65.0, 45.0
RUN_OUT_SECONDS, PAUSE_SECONDS = 13.0, 0.05
GOALS = {
    "cached_p50_ms": 10.0,
    "cold_p50_ms": 100.0,
    "forsaken_p50_ms": 100.0,
    "dashboards_cores": 0.5,
    "growth_mb": 30.0,
}

Figures = dict[str, object]


@dataclass
class Crowd:
    """What the dashboards met."""

    took: list[float] = field(default_factory=list)  # ms
    statuses: dict[int, int] = field(default_factory=dict)
    sent: int = 0  # bytes


def timed(act: Callable[[], object], *, after: float = 0.0) -> float:
    """Return milliseconds, without those of the pause before."""
    time.sleep(after)
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def look(suite: ManagerSuite) -> bytes:
    """Ask for the machines as a browser does, and return the compressed bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", suite.ports["manager"], timeout=30)
    connection.request("GET", "/api/v1/machines", headers={identity.HEADER: signed(), "Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    body = answer.read()
    connection.close()
    return body


def first(suite: ManagerSuite) -> Figures:
    """Start the manager. `first_answer_ms` is of the first question, asked as soon as the process serves at all."""
    began = time.perf_counter()
    suite.start("manager")
    eventually(suite.serves, what="the manager serves", seconds=90)
    asked = time.perf_counter()
    body = look(suite)
    answered = time.perf_counter()
    told = json.loads(gzip.decompress(body))
    eventually(suite.known, what="the manager knows all", seconds=90)
    return {
        "process_serves_ms": (asked - began) * 1000,
        "first_answer_ms": (answered - asked) * 1000,
        "first_answer_machines": len(told["machines"]),
        "first_answer_numbers": told["metrics"]["state"],
    }


def queries(suite: ManagerSuite) -> dict[str, int]:
    """Return how many different queries the manager asked in some time, and how often the most frequent one in each of its rounds."""
    since = datetime.now(UTC)
    time.sleep(WATCHED_SECONDS)
    asked = Counter(each["params"]["query"] for each in suite.query_log() if datetime.fromisoformat(each["ts"]) > since)
    rounds = asked[QUERIES["up"]]
    return {"queries": len(asked), "asked_in_a_round": round(max(asked.values()) / rounds)}


def cold(suite: ManagerSuite) -> list[float]:
    """Look after nobody did."""
    took = []
    for _ in range(COLD):
        time.sleep(UNSEEN_SECONDS)
        took.append(timed(lambda: look(suite)))
    return took


def forsaken(suite: ManagerSuite) -> list[float]:
    """Look while nobody tells anything, each time after the words of the last answer ran out."""
    took = []
    for name in ("prometheus", "broker"):
        suite.freeze(name)
    for _ in range(FORSAKEN):
        time.sleep(RUN_OUT_SECONDS)
        took.append(timed(lambda: look(suite)))
    assert {machine["state"] for machine in suite.overview()["machines"]} == {"stale"}
    for name in ("prometheus", "broker"):
        suite.thaw(name)
    eventually(suite.known, what="the manager recovers", seconds=60)
    return took


def naive(suite: ManagerSuite) -> None:
    """Fetch what `GET /machines` is made of."""
    query = f"{suite.url('prometheus')}/api/v1/query"
    plain = {"Accept-Encoding": "identity"}
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(requests.post, query, data={"query": text}, headers=plain, timeout=60)
            for text in QUERIES.values()
        ]
        told = [
            pool.submit(requests.get, f"{suite.url('broker')}/v1/{what}", timeout=60)
            for what in ("machines", "containers")
        ]
        assert all(len(each.result().content) for each in [*asked, *told])


async def dashboard(suite: ManagerSuite, number: int, paths: list[str], crowd: Crowd, until: float) -> None:
    """Poll until a moment, as a browser does: a body that it has is not sent again."""
    tags: dict[str, str] = {}
    await asyncio.sleep(POLL_SECONDS * number / DASHBOARDS)
    while time.monotonic() < until:
        began = time.monotonic()
        for path in paths:
            started = time.perf_counter()
            status, headers, size = await exchange(suite, path, tags.get(path))
            crowd.took.append((time.perf_counter() - started) * 1000)
            crowd.statuses[status] = crowd.statuses.get(status, 0) + 1
            crowd.sent += size
            tags[path] = headers.get("etag", "")
        await asyncio.sleep(max(0.0, POLL_SECONDS - (time.monotonic() - began)))


async def exchange(suite: ManagerSuite, path: str, tag: str | None) -> tuple[int, dict[str, str], int]:
    """Ask once, on a connection of its own; return status, headers and the size of the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", suite.ports["manager"], limit=2**20)
    known = f"If-None-Match: {tag}\r\n" if tag else ""
    writer.write(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: gzip\r\n{known}{identity.HEADER}: {signed()}\r\n\r\n".encode()
    )
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    size = 0
    while piece := await reader.read(2**18):
        size += len(piece)
    writer.close()
    return int(head[0].split()[1]), headers, size


def crowded(suite: ManagerSuite, paths: list[str], seconds: float) -> Figures:
    """Let the dashboards look; the manager's share of a core includes reading its sources."""
    processes = [manager := psutil.Process(suite.processes["manager"].pid), *manager.children(recursive=True)]
    crowd = Crowd()

    def spent() -> float:
        return sum(times.user + times.system for times in (each.cpu_times() for each in processes))

    async def run() -> float:
        before, began = spent(), time.monotonic()
        until = began + seconds
        await asyncio.gather(*(dashboard(suite, number, paths, crowd, until) for number in range(DASHBOARDS)))
        return (spent() - before) / (time.monotonic() - began)

    cores = asyncio.run(run())
    return {
        "cores": cores,
        "requests_per_second": len(crowd.took) / seconds,
        "p50_ms": statistics.median(crowd.took),
        "p99_ms": statistics.quantiles(crowd.took, n=100)[98],
        "worst_ms": max(crowd.took),
        "not_modified": crowd.statuses.get(304, 0) / len(crowd.took),
        "failed": sum(number for status, number in crowd.statuses.items() if status not in {200, 304}),
        "megabytes_per_second": crowd.sent / seconds / 1e6,
    }


def resident_mb(suite: ManagerSuite) -> float:
    """Return the manager's memory."""
    manager = psutil.Process(suite.processes["manager"].pid)
    return sum(float(each.memory_info().rss) for each in (manager, *manager.children(recursive=True))) / 1e6


def few() -> dict[str, int]:
    """Return the queries of a round with three machines."""
    with tempfile.TemporaryDirectory() as folder, manager_suite(Path(folder), machines=3, containers=5) as suite:
        first(suite)
        return queries(suite)


def many() -> Figures:
    """Return the figures of a thousand machines."""
    with tempfile.TemporaryDirectory() as folder, manager_suite(
        Path(folder), machines=MACHINES, containers=CONTAINERS
    ) as suite:  # fmt: skip
        figures: Figures = {"series": suite.counted('count({__name__!=""})'), **first(suite)}
        body = look(suite)
        figures |= {"body_mb": len(gzip.decompress(body)) / 1e6, "sent_mb": len(body) / 1e6, **queries(suite)}
        peer = [timed(lambda: naive(suite)) for _ in range(PEER)]
        cached = [timed(lambda: look(suite), after=PAUSE_SECONDS) for _ in range(CACHED)]
        figures |= {
            "cached_p50_ms": statistics.median(cached),
            "cached_p99_ms": statistics.quantiles(cached, n=100)[98],
            "cold_p50_ms": statistics.median(cold(suite)),
            "forsaken_p50_ms": statistics.median(forsaken(suite)),
            "peer_p50_ms": statistics.median(peer),
        }
        figures["ratio_to_peer_cached"] = statistics.median(cached) / statistics.median(peer)
        crowded(suite, ["/api/v1/machines"], WARM_SECONDS)
        before = resident_mb(suite)
        alone = crowded(suite, ["/api/v1/machines"], POLLING_SECONDS)
        growth = resident_mb(suite) - before
        both = crowded(suite, ["/api/v1/machines", "/api/v1/containers"], POLLING_SECONDS)
        figures |= {f"dashboards_{name}": value for name, value in alone.items()}
        figures |= {f"with_containers_{name}": value for name, value in both.items()}
        return figures | {"resident_mb": resident_mb(suite), "growth_mb": growth}


def main() -> None:
    """Measure, print, keep; exit status 1 when a goal is missed."""
    figures = {f"{name}_of_three_machines": number for name, number in few().items()} | many()
    print("Prometheus scrapes every 5 s; its cores are this machine's.")
    print(table([{"what": name, "value": value, "goal": GOALS.get(name)} for name, value in figures.items()]))
    missed = [name for name, goal in GOALS.items() if float(str(figures[name])) > goal]
    missed += ["queries"] if figures["queries"] != figures["queries_of_three_machines"] else []
    print(f"missed: {', '.join(missed) or 'nothing'}")
    keep(
        "bench-manager",
        {
            "machines": MACHINES,
            "containers": CONTAINERS,
            "dashboards": DASHBOARDS,
            "goals": GOALS,
            **figures,
            "missed": missed,
        },
    )
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
