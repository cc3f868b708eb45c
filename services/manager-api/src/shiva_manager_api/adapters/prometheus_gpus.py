"""The GPU exporters' series → readings of GPUs, their users and their health. What was not told stays None."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from shiva_manager_api.adapters.samples import Sample, whole
from shiva_manager_api.domain.health import CRITICAL_XIDS, GpuHealth
from shiva_manager_api.domain.machines import GpuReading
from shiva_manager_api.domain.usage import FOREIGN_BYTES, GpuUsage, Person, Share, Unmanaged, used_by_others

Card = tuple[str, str]  # host, UUID
Answers = Mapping[str, Sequence[Sample]]

# Read in one query, so that all shares of a card are of one moment.
VALUES = (
    "shiva_gpu_(up|utilization_ratio|memory_total_bytes|memory_used_bytes|temperature_celsius|processes"
    "|process_group_memory_used_bytes|memory_unattributed_bytes|unmanaged_process_info|unmanaged_process_memory_used_bytes)"
    "|shiva_container_gpu_(processes|memory_used_bytes)"
)
# A label that a series does not have is empty.
HEALTH = (
    '{__name__=~"shiva_gpu_(up|row_remap_pending|row_remap_failure|recovery_action|ecc_errors_total)"'
    ',job="gpu",lifetime=~"volatile|",type=~"uncorrected|"}'
)
XIDS = "|".join(map(str, CRITICAL_XIDS))
QUERIES: Mapping[str, str] = {
    "gpu_full_without_lease": (
        f'(min_over_time(shiva_gpu_memory_used_bytes{{job="gpu"}}[30s]) > bool {FOREIGN_BYTES}) unless on (uuid) max_over_time(shiva_gpu_lease{{job="broker"}}[1m])'
    ),
    "gpu_info": 'shiva_gpu_info{job="gpu"}',
    "gpu_values": f'{{__name__=~"{VALUES}",job="gpu"}}',
    "gpu_container_active_ratio": (
        'max by (host, uuid, launch_id) (rate(shiva_container_gpu_active_seconds_total{job="gpu"}[30s]))'
    ),
    # An exporter that fell silent takes nothing back for an hour, and one that began anew forgets no XID for a week.
    "gpu_health": f"{HEALTH} or on (__name__, host, uuid) last_over_time({HEALTH}[1h])",
    "gpu_xids": (
        f'max by (host, uuid, xid) (max_over_time(shiva_gpu_xid_last_timestamp_seconds{{job="gpu",xid=~"{XIDS}"}}[7d]))'
    ),
    "gpu_booted": (
        'max by (host) (node_boot_time_seconds{job="node"} or last_over_time(node_boot_time_seconds{job="node"}[7d:10m]))'
    ),
    "gpu_people": (
        'max by (launch_id, container_id, user) (last_over_time(shiva_container_info{job="broker"}[1h]))'
    ),
}  # fmt: skip


def gpus(answers: Answers) -> dict[str, list[GpuReading]]:
    """Return the cards of each host."""
    told: dict[Card, dict[str, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for sample in answers["gpu_values"]:
        told[_card(sample)][sample.labels.get("__name__", "")].append(sample)
    active = {
        (*_card(each), each.labels.get("launch_id", "")): each.value for each in answers["gpu_container_active_ratio"]
    }
    full = {_card(sample): sample.value == 1 for sample in answers["gpu_full_without_lease"]}
    people = _people(answers["gpu_people"])
    found: dict[str, list[GpuReading]] = defaultdict(list)
    for info in answers["gpu_info"]:
        card = _card(info)
        series = told.get(card, {})
        usage = _usage(card, series, active, people)
        values = {name.removeprefix("shiva_gpu_"): each[0].value for name, each in series.items()}
        index = info.labels.get("gpu", "")
        found[card[0]].append(
            GpuReading(
                uuid=card[1],
                index=int(index) if index.isdecimal() else None,
                model=info.labels.get("name", "unknown"),
                up=bool(values["up"]) if "up" in values else None,
                utilization_ratio=values.get("utilization_ratio"),
                memory_total_bytes=whole(values.get("memory_total_bytes")),
                memory_used_bytes=whole(values.get("memory_used_bytes")),
                temperature_celsius=values.get("temperature_celsius"),
                foreign_use=_foreign(usage, full.get(card)),
                usage=usage,
            )
        )
    return found  # fmt: skip


def _card(sample: Sample) -> Card:
    return sample.labels.get("host", ""), sample.labels.get("uuid", "")


def _people(infos: Iterable[Sample]) -> dict[str, Person]:
    return {
        info.labels["launch_id"]: Person(container_id=info.labels["container_id"], owner=info.labels["user"])
        for info in infos
        if all(info.labels.get(key) for key in ("launch_id", "container_id", "user"))
    }


def _foreign(usage: GpuUsage | None, full_without_lease: bool | None) -> bool | None:
    return full_without_lease if usage is None else used_by_others(usage, full_without_lease=full_without_lease)


def _usage(
    card: Card,
    series: Mapping[str, Sequence[Sample]],
    active: Mapping[tuple[str, str, str], float],
    people: Mapping[str, Person],
) -> GpuUsage | None:
    kinds = _by(series.get("shiva_gpu_processes", ()), "kind")
    if not kinds:
        return None
    held = _by(series.get("shiva_gpu_process_group_memory_used_bytes", ()), "kind")
    launches = _by(series.get("shiva_container_gpu_processes", ()), "launch_id")
    memory = _by(series.get("shiva_container_gpu_memory_used_bytes", ()), "launch_id")
    left = series.get("shiva_gpu_memory_unattributed_bytes")
    return GpuUsage(
        kinds={
            kind: Share(processes=int(number), memory_used_bytes=whole(held.get(kind))) for kind, number in kinds.items()
        },
        launches={
            launch: Share(
                processes=int(number),
                memory_used_bytes=whole(memory.get(launch)),
                active_ratio=_ratio(active.get((*card, launch))),
            )
            for launch, number in launches.items()
        },
        last_known=people,
        unmanaged=_unmanaged(series),
        unattributed_bytes=whole(left[0].value) if left else None,
    )  # fmt: skip


def _by(samples: Iterable[Sample], label: str) -> dict[str, float]:
    return {sample.labels.get(label, ""): sample.value for sample in samples}


def _ratio(rate: float | None) -> float | None:
    """A rate over a counter's reset can leave 0 to 1 by a hair."""
    return None if rate is None else min(1.0, max(0.0, rate))


def _unmanaged(series: Mapping[str, Sequence[Sample]]) -> tuple[Unmanaged, ...]:
    memory = _by(series.get("shiva_gpu_unmanaged_process_memory_used_bytes", ()), "pid")
    found = [
        Unmanaged(
            pid=int(info.labels["pid"]),
            user=info.labels.get("user") or None,
            engine_id=info.labels.get("engine_id") or None,
            memory_used_bytes=whole(memory.get(info.labels["pid"])),
        )
        for info in series.get("shiva_gpu_unmanaged_process_info", ())
        if info.labels.get("pid", "").isdecimal()
    ]
    return tuple(sorted(found, key=lambda each: (-(each.memory_used_bytes or 0), each.pid)))


def health(answers: Answers, *, asked_at: float) -> dict[str, dict[str, GpuHealth]]:
    """Return what is known of the cards of each host, of those too that say nothing now. `asked_at`: seconds since 1970.

    A card that does not even tell its UUID is lost, but nobody can say which of the inventory it is.
    """
    told: dict[Card, dict[str, float]] = defaultdict(dict)
    for sample in answers["gpu_health"]:
        told[_card(sample)][sample.labels.get("__name__", "").removeprefix("shiva_gpu_")] = sample.value
    xids: dict[Card, dict[int, float]] = defaultdict(dict)
    for sample in answers["gpu_xids"]:
        if sample.labels.get("xid", "").isdecimal():
            xids[_card(sample)][int(sample.labels["xid"])] = sample.value
    booted = {sample.labels.get("host", ""): sample.value for sample in answers["gpu_booted"]}
    found: dict[str, dict[str, GpuHealth]] = defaultdict(dict)
    for host, uuid in (card for card in told.keys() | xids.keys() if card[1]):
        values = told.get((host, uuid), {})
        found[host][uuid] = GpuHealth(
            asked_at=asked_at,
            booted_at=booted.get(host),
            up=_flag(values.get("up")),
            xids=xids.get((host, uuid), {}),
            uncorrected_errors=whole(values.get("ecc_errors_total")),
            row_remap_pending=_flag(values.get("row_remap_pending")),
            row_remap_failure=_flag(values.get("row_remap_failure")),
            recovery_action=whole(values.get("recovery_action")),
        )
    return found


def _flag(value: float | None) -> bool | None:
    return None if value is None else value != 0
