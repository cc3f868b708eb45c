"""What the manager says in each state; `USUAL` is a good day, and a state is the difference."""

from tests.e2e.gallery import things
from tests.e2e.gallery.answers import Answer, Answers, Silence, ok, over, problem
from tests.e2e.gallery.things import at, container, few, idle, me, overview

USUAL: Answers = {
    "GET me": ok(me()),
    "GET machines": ok(overview(few())),
    "GET machines/*/history": ok(things.machine_history()),
    "GET containers": ok({"containers": []}),
    "GET tokens": ok({"tokens": []}),
}
ADMIN: Answers = over({"GET me": ok(me(role="admin"))}, USUAL)


def usual(**changes: Answer | Silence) -> Answers:
    """Return a good day but for `changes` of what is read: `me`, `machines`, `containers`, `images`, `tokens`."""
    return over({f"GET {what.replace('__', '/')}": said for what, said in changes.items()}, USUAL)


def mine(**changes: object) -> Answers:
    """Return a good day with a container of the person's."""
    return usual(containers=ok({"containers": [container(**changes)]}))  # type: ignore[arg-type]


LOADING: Answers = {"GET me": ok(me()), "GET *": Silence.WAITS}
AWAY: Answers = {"* *": Silence.AWAY}
EMPTY = usual(machines=ok(overview([])))
TROUBLE = usual(machines=ok(overview(things.trouble())))
STALE = usual(
    machines=ok(
        overview(
            [each | {"state": "stale", "sample_age_seconds": 75.0} for each in few()],
            metrics={"state": "stale", "age_seconds": 75.0},
        ),
        Age="30",
    )
)
NO_METRICS = usual(
    machines=ok(
        overview(
            [things.silent_machine(f"gpu-0{number}", "stale") for number in (1, 2, 3)],
            metrics={"state": "unavailable", "age_seconds": None},
        )
    )
)
NO_BROKER = usual(
    machines=ok(
        overview(
            [each | {"holders_known": False, "gpus_free": None} for each in few()],
            broker={"state": "unavailable", "age_seconds": None},
        )
    ),
    containers=problem("broker-unavailable"),
)
ERROR = usual(machines=problem("metrics-unavailable"))
HUGE = usual(machines=ok(overview(things.many())))
ANNOUNCED = usual(
    me=ok(
        me(
            demo=True,
            announcement={"text": "Tonight from 22:00 gpu-02 gets a new disk.", "level": "warning", "by": "grace",
                          "at": at(-3600), "ends_at": at(7200)},
        )
    )
)  # fmt: skip
RUNNING = mine()
IDLE = mine(idle=idle())
STARTING = mine(state="booting")
PULLING = mine(state="pulling")
FAILED = mine(state="failed", reason="Jupyter ended with exit status 1.")
LOST = mine(state="lost", reason="gpu-01 does not answer.")
NO_ROOM = over(
    {
        "POST containers": problem(
            "no-capacity",
            reasons={"gpu-01": "0 of its 2 GPUs free; 1 wanted.", "gpu-02": "0 of its 2 GPUs free; 1 wanted."},
            offers=[{"text": "Without a GPU it fits on gpu-01.", "machine": "gpu-01", "wish": {"gpus": 0}}],
        )
    },
    USUAL,
)
FORBIDDEN = over({"GET admin/*": problem("admins-only")}, USUAL)
TOKENS_ERROR = usual(tokens=problem("store-unavailable"))
