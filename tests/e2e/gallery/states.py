"""What the manager says in each state; `USUAL` is a good day, and a state is the difference."""

from tests.e2e.gallery import records, things
from tests.e2e.gallery.answers import Answer, Answers, Silence, ok, over, problem
from tests.e2e.gallery.things import Thing, at, container, few, idle, me, overview

USUAL: Answers = {
    "GET me": ok(me()),
    "GET machines": ok(overview(few())),
    "GET machines/*/history": ok(things.machine_history()),
    "GET containers": ok({"containers": []}),
    "POST containers/explain": ok(records.explanation(fits=True)),
    "GET containers/*/history": ok(records.container_history()),
    "GET containers/*/log": ok(records.log()),
    "GET containers/*": ok(container()),
    "GET events": ok(records.events()),
    "GET images": ok(records.images()),
    "GET usage": ok(records.usage()),
    "GET tokens": ok(records.tokens()),
    "GET device/*": ok(records.device()),
}
BOSS: Answers = over(
    {
        "GET me": ok(me(role="admin")),
        "GET containers": ok(
            {"containers": [container(), container("booting", id="ken--two", owner="ken", name="two")]}
        ),
        "GET admin/people": ok(records.people()),
        "GET admin/tokens": ok(records.tokens()),
    },
    USUAL,
)
WAITS: Answers = {"GET me": ok(me()), "* *": Silence.WAITS}
AWAY: Answers = {"* *": Silence.AWAY}


def usual(changes: Answers | None = None, **read: Answer | Silence) -> Answers:
    """Return a good day but for `changes`; `read` is what `GET` of that name answers."""
    return over({**(changes or {}), **{f"GET {what}": said for what, said in read.items()}}, USUAL)


def seen(machines: list[Thing], **changes: object) -> Answers:
    """Return a good day with these machines."""
    return usual(machines=ok(overview(machines, **changes)))


def mine(state: str = "ready", **changes: object) -> Answers:
    """Return a good day with a container of the person's."""
    one = container(state, **changes)
    return usual({"GET containers/ada*default": ok(one)}, containers=ok({"containers": [one]}))


EMPTY = seen([])
TROUBLE = seen(things.trouble())
HUGE = seen(things.many())
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
    {"GET machines/*/history": problem("metrics-unavailable")},
    machines=ok(
        overview(
            [things.silent_machine(f"gpu-0{number}", "stale") for number in (1, 2, 3)],
            metrics={"state": "unavailable", "age_seconds": None},
        )
    ),
)
NO_BROKER = usual(
    machines=ok(
        overview(
            [each | {"holders_known": False, "gpus_free": None} for each in few()],
            broker={"state": "unavailable", "age_seconds": None},
        )
    ),
    containers=problem("broker-unavailable"),
    images=problem("broker-unavailable"),
)
ERROR = usual(machines=problem("metrics-unavailable"))
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
STARTING = mine("booting")
PULLING = mine("pulling")
FAILED = mine("failed", reason="Jupyter ended with exit status 1.")
LOST = mine("lost", reason="gpu-01 does not answer.")
NO_ROOM = usual(
    {
        "POST containers/explain": ok(records.explanation(fits=False)),
        "POST containers": problem(
            "no-capacity",
            reasons={"gpu-01": "0 of its 2 GPUs free; 1 wanted.", "gpu-02": "0 of its 2 GPUs free; 1 wanted."},
            offers=records.explanation(fits=False)["offers"],
        ),
    }
)
NO_NUMBERS = usual(
    {
        "GET containers/*/history": problem("metrics-unavailable"),
        "GET containers/*/log": ok(records.log() | {"lines": None, "truncated": False}),
        "GET events": problem("broker-unavailable"),
    }
)
NOT_MINE = usual({"GET containers/*": problem("not-yours")})
GONE = usual({"GET containers/*": problem("container-not-found", container_id="ada.lovelace--default")})
UNRECORDED = usual(usage=ok(records.unrecorded()))
NO_USAGE = usual(usage=problem("metrics-unavailable"))
NO_TOKENS = usual(tokens=ok({"tokens": []}))
TOKENS_ERROR = usual(tokens=problem("store-unavailable"))
NO_DEVICE = usual({"GET device/*": problem("device-not-found")})
BOSS_ERROR = over({"GET admin/*": problem("store-unavailable")}, BOSS)
