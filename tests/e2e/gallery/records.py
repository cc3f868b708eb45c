"""What is kept of containers, images and people, as the contract writes it."""

from tests.e2e.gallery.things import GIB, LONG, LONG_PERSON, Thing, at, wave


def container_history(points: int = 241) -> Thing:
    """Return what the container on gpu-01 used in the last hour."""
    return {
        "container_id": "ada.lovelace--default",
        "from": at(-3600),
        "to": at(),
        "step_seconds": 15,
        "series": {
            "memory_used_bytes": wave(points, low=GIB // 2, high=3 * GIB),
            "cpu_ratio": wave(points, low=0.05, high=0.9),
        },
        "gpus": [
            {"uuid": "GPU-1-0", "index": 0, "machine_utilization_ratio": wave(points, low=0.2, high=1),
             "memory_used_bytes": wave(points, low=GIB, high=6 * GIB)}
        ],
    }  # fmt: skip


def log(count: int = 30) -> Thing:
    """Return the end of a container's log, with a line that is long and text that looks like HTML."""
    lines = [f"[I 2026-11-23 09:10:{each:02} ServerApp] line {each} of what Jupyter says" for each in range(count)]
    lines += ["x" * 300, "<script>alert('only text')</script>"]
    return {"container_id": "ada.lovelace--default", "taken_at": at(), "lines": lines, "truncated": True}


def events() -> Thing:
    """Return the life of the container until now."""
    life = [
        ("container.requested", -3600, {}),
        ("container.placed", -3599.9, {}),
        ("container.started", -3599, {}),
        ("container.ready", -3597, {"seconds": 2.31}),
        ("container.idle-warned", -600, {"step": 1}),
    ]
    told = [
        {"id": f"019aaf5d1c00-{number:010}", "at": at(when), "kind": kind, "container_id": "ada.lovelace--default",
         "owner": "ada.lovelace", "machine": "gpu-01", "facts": facts}
        for number, (kind, when, facts) in enumerate(life)
    ]  # fmt: skip
    return {"events": told, "last_id": told[-1]["id"]}


def on(machine: str, state: str, pulled: int | None = None, error: str | None = None) -> Thing:
    """Return what a machine has of an image."""
    total = 9_200_000_000 if pulled is not None else None
    return {"machine": machine, "state": state, "pulled_bytes": pulled, "total_bytes": total, "error": error}


def image(name: str, title: str, machines: list[Thing], **changes: object) -> Thing:
    """Return an image of the catalogue."""
    return {
        "name": name,
        "title": title,
        "description": f"{title} with this project's Python.",
        "reference": f"registry.example.com/{name}:2026.1",
        "digest": "sha256:" + "5f2b7c1d" * 8,
        "size_bytes": 9_200_000_000,
        "needs_gpu": False,
        "cuda": None,
        "trouble": None,
        "machines": machines,
    } | changes


def images() -> Thing:
    """Return a catalogue with every state that a machine may have of an image, and one in trouble."""
    everywhere = [on(f"gpu-0{number}", "present") for number in (1, 2, 3)]
    mixed = [
        on("gpu-01", "pulling", 3_100_000_000),
        on("gpu-02", "absent", error="No space is left on the machine's disk."),
        on("gpu-03", "unknown"),
        on(LONG, "absent"),
    ]
    return {
        "images": [
            image("shiva-jupyter", "JupyterLab", everywhere),
            image("pytorch", "PyTorch", mixed, needs_gpu=True, cuda="12.4"),
            image(
                "lost",
                "Gone",
                [on("gpu-01", "unknown")],
                digest=None,
                size_bytes=None,
                trouble="The registry has it no more.",
            ),
        ]
    }


def usage() -> Thing:
    """Return a week with a long name, somebody whose use is unknown, and a machine that did nothing."""
    people = [("ada.lovelace", 86_400.0, 43_210.0), (LONG_PERSON, 50_000.0, 49_000.0), ("ken", 3_600.0, None)]
    machines = [("gpu-02", 90_000.0, 43_210.0), (LONG, 50_000.0, 49_000.0), ("gpu-01", 0.0, 0.0)]
    return {
        "from": at(-7 * 86_400),
        "to": at(),
        "recorded_from": at(-3 * 86_400),
        "people": [{"owner": name, "gpu_seconds_held": held, "gpu_seconds_used": used} for name, held, used in people],
        "machines": [
            {"machine": name, "gpus": 2, "gpu_seconds_held": held, "gpu_seconds_used": used}
            for name, held, used in machines
        ],
    }


def unrecorded() -> Thing:
    """Return the usage of an installation that has just begun."""
    return usage() | {"recorded_from": None, "people": [], "machines": []}


def explanation(*, fits: bool) -> Thing:
    """Return where a wish for one GPU would go, or why nowhere, and without a GPU where."""
    taken = {"rule": "gpus-taken", "text": "0 of its 2 GPUs free; 1 wanted."}
    holder = {
        "container_id": "ken--default",
        "owner": "ken",
        "gpus": ["GPU-2-0"],
        "memory_bytes": 4 * GIB,
        "since": at(-7200),
    }
    names = ("gpu-01", "gpu-02", "gpu-03")
    offer = {"text": "Without a GPU it fits on gpu-01.", "machine": "gpu-01",
             "wish": {"name": "default", "image": None, "machine": None, "gpus": 0}}  # fmt: skip
    return {
        "fits": fits,
        "machine": "gpu-01" if fits else None,
        "everywhere": None,
        "predicted_seconds": 4.2 if fits else None,
        "machines": [
            {"name": name, "image": "present" if name == "gpu-01" else "absent",
             "predicted_seconds": 4.2 if name == "gpu-01" else 61.0, "misfit": None if fits else taken,
             "holders": [] if fits else [holder]}
            for name in names
        ],
        "offers": [] if fits else [offer],
    }  # fmt: skip


def token(label: str, **changes: object) -> Thing:
    """Return a token of a month."""
    return {
        "id": f"k3j2{len(label)}",
        "owner": "ada.lovelace",
        "label": label,
        "scopes": ["read", "containers"],
        "state": "active",
        "created_at": at(-86_400),
        "expires_at": at(29 * 86_400),
        "last_used_at": at(-3600),
        "last_used_from": "192.0.2.7",
        "revoked_at": None,
    } | changes


def tokens() -> Thing:
    """Return one of each kind."""
    return {
        "tokens": [
            token("backup"),
            token("a label as long as anybody would ever write one"),
            token("old", state="expired", expires_at=at(-60), last_used_at=None, last_used_from=None),
            token("leaked", state="revoked", revoked_at=at(-600)),
        ]
    }


def device(state: str = "pending") -> Thing:
    """Return a program that waits for its person."""
    return {
        "user_code": "BDGH-KLMN",
        "client": "shiva on build-7",
        "asked_from": "192.0.2.7",
        "scopes": ["read", "containers"],
        "created_at": at(-30),
        "expires_at": at(570),
        "state": state,
    }


def person(name: str, **changes: object) -> Thing:
    """Return somebody who logged in."""
    return {
        "name": name,
        "shown_name": name.title(),
        "email": f"{name}@example.com",
        "picture": None,
        "role": "user",
        "groups": ["vision"],
        "first_login_at": at(-60 * 86_400),
        "last_login_at": at(-3600),
        "barred": None,
        "refused": None,
        "own_quota": None,
        "quota": {"containers": 2, "gpus": None},
        "held": {"containers": 1, "gpus": 1},
    } | changes


def people() -> Thing:
    """Return an admin, a long name, somebody barred, and somebody of whom the broker tells nothing."""
    return {
        "people": [
            person("grace", role="admin"),
            person(LONG_PERSON, own_quota={"containers": 1, "gpus": 1}, quota={"containers": 1, "gpus": 1}),
            person("mallory", barred="Left the company.", refused="barred"),
            person("ken", held=None),
        ]
    }
