"""`make bench-broker`: 5,000 containers on 1,000 machines of an engine in memory: how long a list and a placement take.

The peer is Python's own JSON of the same list: no answer of this shape can be made faster than that.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry
from shiva_jupyter_broker.adapters.catalogue import LOCAL
from shiva_jupyter_broker.api.access import Tokens
from shiva_jupyter_broker.api.app import create_app
from shiva_jupyter_broker.domain.cluster import Demand, cluster
from shiva_jupyter_broker.domain.containers import MachineName, MachineState, UserName, Wish
from shiva_jupyter_broker.domain.placement import place

from tests.bench.measured import keep, table
from tests.fakes.broker_world import broker_over, ports, settled
from tests.fakes.launcher import FakeLauncher, container, machine

MACHINES, CONTAINERS, ROUNDS = 1000, 5000, 15
LIST_GOAL_MS, PLACE_GOAL_MS = 100.0, 20.0
TOKENS = Tokens(manager="m" * 40, proxy="p" * 40, exporter="e" * 40, metrics="x" * 40)


def crowd() -> FakeLauncher:
    """Return an engine on which five notebooks run on each machine, two of them with a GPU."""
    launcher = FakeLauncher(known={MachineName(f"gpu-{n:04}"): MachineState() for n in range(MACHINES)})
    for number in range(CONTAINERS):
        where, place = divmod(number, CONTAINERS // MACHINES)
        name = f"gpu-{where:04}"
        gpus = (machine(name).gpus[place].uuid,) if place < 2 else ()
        one = container(f"u{number}", machine=MachineName(name), gpus=gpus)
        launcher.held[one.id] = one
    return launcher


def median_ms(act: Callable[[], object]) -> float:
    """Return the median of some rounds."""
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def main() -> None:
    """Measure, print, keep; exit status 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        launcher = crowd()
        for each in list(launcher.held):
            launcher.listen(each)
        inventory = [machine(f"gpu-{n:04}", gpus=3) for n in range(MACHINES)]
        broker = broker_over(ports(Path(folder), launcher, machines=inventory))
        settled(broker)
        client = create_app(broker, TOKENS, CollectorRegistry()).test_client()
        headers = {"Authorization": f"Bearer {TOKENS.manager}"}
        answer = client.get("/v1/containers", headers=headers)
        document = answer.get_json()
        wish, refused = Wish(owner=UserName("ada"), gpus=1), Wish(owner=UserName("ada"), gpus=9)
        demand = Demand(wish=wish, limits=broker.policy.limits(wish), image=LOCAL)
        rows = [
            {
                "what": "JSON of the same list, by itself (the peer)",
                "ms": median_ms(lambda: json.dumps(document)),
                "goal_ms": None,
            },
            {"what": "list of the service", "ms": median_ms(broker.containers), "goal_ms": LIST_GOAL_MS},
            {
                "what": "GET /v1/containers, JSON included",
                "ms": median_ms(lambda: client.get("/v1/containers", headers=headers)),
                "goal_ms": None,
            },
            {
                "what": "explain one that fits nowhere, every machine",
                "ms": median_ms(lambda: broker.explain(refused)),
                "goal_ms": None,
            },
            {
                "what": "place one with a GPU",
                "ms": median_ms(lambda: place(demand, cluster(inventory, launcher.containers(), broker.policy))),
                "goal_ms": PLACE_GOAL_MS,
            },
        ]
    peer = rows[0]["ms"]
    rows = [row | {"ratio_to_peer": row["ms"] / peer} for row in rows]  # type: ignore[operator]
    print(table(rows))
    met = all(row["goal_ms"] is None or row["ms"] <= row["goal_ms"] for row in rows)  # type: ignore[operator]
    keep("bench-broker", {"machines": MACHINES, "containers": CONTAINERS, "rows": rows, "goals_met": met})
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
