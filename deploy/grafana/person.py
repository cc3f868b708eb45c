"""What one person holds and uses. Hours are those of the dashboard's range, as far as Prometheus keeps them."""

from deploy.grafana.cluster import BROKER
from deploy.grafana.panels import Dashboard, Panel, Row

MINE = 'job="broker",user="$user"'
OF_MINE = f"and on (container_id) shiva_container_info{{{MINE}}}"
PLACES = f"max by (container_id, machine, image) (shiva_container_info{{{MINE}}})"
CARD = "{{host}} GPU {{gpu}}, {{container_id}}"
UNKNOWN = 'on (user) (user_host:shiva_container_gpu_processes:sum{user="$user"} unless on (user, host) '
MEMORY = 'user_host:shiva_container_gpu_memory_used_bytes:sum{user="$user"}'
WORK = 'user_host:shiva_container_gpu_active:rate5m{user="$user"}'
SECONDS = {
    name: f'sum(increase(container:shiva_gpu_{name}_seconds_total{{user="$user"}}[%s])) / 3600'
    for name in ("held", "active")
}


def hours(window: str) -> dict[str, str]:
    """Return the queries of the hours of GPUs within a window, such as 1d."""
    return {"held": SECONDS["held"] % window, "used": SECONDS["active"] % window}


NOW = Row(title="Now", panels=[
    Panel(
        kind="stat", title="Containers", width=4, height=4,
        description="The person's containers. No data while the broker is away.",
        queries={"": f"count(max by (container_id) (shiva_container_info{{{MINE}}})) or 0 * {BROKER}"},
    ),
    Panel(
        kind="stat", title="GPUs held", width=4, height=4,
        description="GPUs that these containers hold, whether they are used or not.",
        queries={"": f'sum(user:shiva_gpu_lease:count{{user="$user"}}) or 0 * {BROKER}'},
    ),
    Panel(
        kind="stat", title="GPU memory", width=4, height=4, unit="bytes",
        description="GPU memory of these containers. No data where they use no GPU, or where the share of one is unknown.",
        queries={"": f"sum by (user) ({MEMORY}) unless {UNKNOWN}{MEMORY})"},
    ),
    Panel(
        kind="stat", title="GPU work", width=4, height=4,
        description="GPUs' worth of work over five minutes: 2 is two cards, busy all the time.",
        queries={"": f"sum by (user) ({WORK}) unless {UNKNOWN}{WORK})"},
    ),
    Panel(
        kind="stat", title="Held but idle", width=4, height=4, unit="bytes", levels=((1, "orange"),),
        description="Memory on GPUs on which the container has not worked for half an hour. Restart its kernel to free it.",
        queries={"": 'sum(container:shiva_gpu_held_idle_memory_bytes{user="$user"}) or 0 * count(container:shiva_gpu_active:rate30m{user="$user"})'},
    ),
    Panel(
        kind="stat", title="Last access", width=4, height=4, unit="s",
        description="Time since the person last used one of the containers.",
        queries={"": f'time() - max(shiva_container_last_access_timestamp_seconds{{job="broker"}} {OF_MINE})'},
    ),
])  # fmt: skip

CONTAINERS = Row(title="Containers and GPUs", panels=[
    Panel(
        kind="table", title="Containers", width=12, unit="dateTimeAsIso",
        description="The person's containers, and when each was started and last used.",
        queries={
            "": f'max by (container_id, state) (shiva_container_state{{job="broker"}}) * on (container_id) group_left (machine, image) {PLACES}',
            "GPUs": f'max by (container_id) (shiva_container_gpus{{job="broker"}} {OF_MINE})',
            "Started": f'1000 * max by (container_id) (shiva_container_started_timestamp_seconds{{job="broker"}} {OF_MINE})',
            "Last access": f'1000 * max by (container_id) (shiva_container_last_access_timestamp_seconds{{job="broker"}} {OF_MINE})',
        },
        columns={"container_id": "Container", "state": "State", "machine": "Machine", "image": "Image"},
        units={"GPUs": "none"},
    ),
    Panel(
        kind="table", title="GPUs", width=12, unit="percentunit",
        description="The cards that the person holds, with what the container itself has and does there.",
        queries={
            "": f'max by (container_id, machine, uuid) (shiva_gpu_lease{{{MINE}}}) * on (uuid) group_left (gpu, name) max by (uuid, gpu, name) (shiva_gpu_info{{job="gpu"}})',
            "Memory": 'max by (container_id, uuid) (container:shiva_gpu_memory_used_bytes{user="$user"})',
            "Work": 'max by (container_id, uuid) (rate(container:shiva_gpu_active_seconds_total{user="$user"}[5m]) and container:shiva_gpu_active_seconds_total)',
        },
        columns={"container_id": "Container", "machine": "Machine", "gpu": "GPU", "name": "Model", "uuid": "UUID"},
        units={"Memory": "bytes"},
    ),
    Panel(
        kind="timeseries", title="Memory by GPU", width=12, unit="bytes",
        description="GPU memory of each container on each card.",
        queries={CARD: 'container:shiva_gpu_memory_used_bytes{user="$user"}'},
    ),
    Panel(
        kind="timeseries", title="Work by GPU", width=12, unit="percentunit",
        description="Share of the last five minutes in which a kernel of the container ran on the card.",
        queries={CARD: 'rate(container:shiva_gpu_active_seconds_total{user="$user"}[5m]) and container:shiva_gpu_active_seconds_total'},
    ),
])  # fmt: skip

HISTORY = Row(title="Held and used", panels=[
    Panel(
        kind="timeseries", title="Held against used", width=12,
        description="GPUs that are held, and GPUs' worth of work on them. What lies between was held for nothing.",
        queries={
            "held": 'sum by (user) (user:shiva_gpu_lease:count{user="$user"})',
            "used": f"sum by (user) ({WORK}) unless {UNKNOWN}{WORK})",
        },
    ),
    Panel(
        kind="timeseries", title="GPU hours by day", width=8, unit="h", bars="1d",
        description="Hours of GPUs that were held and used in the day before each bar.",
        queries=hours("1d"),
    ),
    Panel(
        kind="stat", title="GPU hours", width=4, unit="h",
        description="Hours of GPUs that were held and used within the range at the top. Work that no driver tells is missing.",
        queries=hours("$__range"),
    ),
])  # fmt: skip

PERSON = Dashboard(
    uid="shiva-person", title="Shiva: person", since="now-7d",
    description="What one person holds and uses. 0 was measured; “no data” means that nobody told.",
    variable="user", values='label_values(shiva_container_info{job="broker"}, user)', several=False,
    rows=[NOW, CONTAINERS, HISTORY],
)  # fmt: skip
