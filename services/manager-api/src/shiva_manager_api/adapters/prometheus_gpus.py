"""The GPU exporters' series → readings of GPUs, their users and their health. What was not told stays None."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from shiva_manager_api.adapters.samples import Sample, whole
from shiva_manager_api.domain.health import CRITICAL_XIDS, GpuHealth
from shiva_manager_api.domain.machines import GpuReading
from shiva_manager_api.domain.usage import FOREIGN_BYTES, GpuUsage, Person, Share, Unmanaged, used_by_others

Card = tuple[str, str]  # host, UUID
Answers = Mapping[str, Sequence[Sample]]

MOST_DIGITS = 10  # of an index or a process

# All shares of a card are read in one query, so that they are of one moment. Of the kinds of processes that are in no container of
# ours most have none: a kind without processes is not told, and the kind `container` says that processes are told at all.
SHARES = (
    "shiva_gpu_(memory_used_bytes|memory_unattributed_bytes|unmanaged_process_info|unmanaged_process_memory_used_bytes)"
    "|shiva_container_gpu_(processes|memory_used_bytes)"
)
OTHERS = '(shiva_gpu_processes{job="gpu",kind!="container"} > 0)'
# A label that a series does not have is empty.
SICK = (
    '{__name__=~"shiva_gpu_(row_remap_pending|row_remap_failure|recovery_action|ecc_errors_total)"'
    ',job="gpu",lifetime=~"volatile|",type=~"uncorrected|"}'
)
XIDS = f'shiva_gpu_xid_last_timestamp_seconds{{job="gpu",xid=~"{"|".join(map(str, CRITICAL_XIDS))}"}}'
BOOTED = 'node_boot_time_seconds{job="node"}'
QUERIES: Mapping[str, str] = {
    "gpu_shares": (
        "max by (__name__, host, uuid, kind, launch_id, pid, user, engine_id) ("
        f'{{__name__=~"{SHARES}",job="gpu"}} or shiva_gpu_processes{{job="gpu",kind="container"}} or {OTHERS}'
        f' or on (__name__, host, uuid, kind) (shiva_gpu_process_group_memory_used_bytes{{job="gpu",kind!="container"}} and on (host, uuid, kind) {OTHERS}))'
    ),
    "gpu_info": 'max by (host, uuid, gpu, name) (shiva_gpu_info{job="gpu"})',
    "gpu_up": 'max by (host, uuid) (shiva_gpu_up{job="gpu"})',
    "gpu_utilization_ratio": 'max by (host, uuid) (shiva_gpu_utilization_ratio{job="gpu"})',
    "gpu_memory_total_bytes": 'max by (host, uuid) (shiva_gpu_memory_total_bytes{job="gpu"})',
    "gpu_temperature_celsius": 'max by (host, uuid) (shiva_gpu_temperature_celsius{job="gpu"})',
    "gpu_full_without_lease": (
        f'max by (host, uuid) ((min_over_time(shiva_gpu_memory_used_bytes{{job="gpu"}}[30s]) > bool {FOREIGN_BYTES}) unless on (uuid) max_over_time(shiva_gpu_lease{{job="broker"}}[1m]))'
    ),
    "gpu_container_active_ratio": (
        'max by (host, uuid, launch_id) (rate(shiva_container_gpu_active_seconds_total{job="gpu"}[30s]))'
    ),
    "gpu_xids": f"max by (host, uuid, xid) ({XIDS})",
    "gpu_booted": f"max by (host) ({BOOTED})",
}  # fmt: skip
# An exporter that fell silent takes nothing back for an hour, and one that began anew forgets no XID for a week. Only what is wrong is
# told: no word of health is no cause either. Exporters ask for it once a minute, but for `up`, which each round tells.
REMEMBERED: Mapping[str, str] = {
    "gpu_sick": (
        f"max by (__name__, host, uuid) ({SICK} > 0 or on (__name__, host, uuid) (last_over_time({SICK}[1h]) > 0 unless on (__name__, host, uuid) {SICK}))"
    ),
    "gpu_lost": (
        'max by (host, uuid) (last_over_time(shiva_gpu_up{job="gpu"}[1h]) == 0 unless on (host, uuid) shiva_gpu_up{job="gpu"})'
    ),
    "gpu_xids_of_the_week": f"max by (host, uuid, xid) (max_over_time({XIDS}[7d]))",
    "gpu_booted_in_the_week": f"max by (host) (last_over_time({BOOTED}[7d:10m]))",
    "gpu_people": 'max by (launch_id, container_id, user) (last_over_time(shiva_container_info{job="broker"}[1h]))',
}  # fmt: skip


def remembered(kept: Mapping[str, Sequence[Sample]], answers: Answers) -> dict[str, Sequence[Sample]]:
    """Return the memory with what is seen now: a card that is lost may be silent a moment later, and is lost no more once it is up."""
    lost = {_card(sample): sample for sample in kept["gpu_lost"]}
    for sample in answers["gpu_up"]:
        if sample.value == 0:
            lost[_card(sample)] = sample
        else:
            lost.pop(_card(sample), None)
    return {**kept, "gpu_lost": list(lost.values())}


def gpus(answers: Answers) -> dict[str, list[GpuReading]]:
    """Return the cards of each host."""
    told: dict[Card, dict[str, list[Sample]]] = defaultdict(lambda: defaultdict(list))
    for sample in answers["gpu_shares"]:
        told[_card(sample)][sample.labels.get("__name__", "")].append(sample)
    active = {
        (*_card(each), each.labels.get("launch_id", "")): each.value for each in answers["gpu_container_active_ratio"]
    }
    up, utilization, total, temperature, full = (
        {_card(sample): sample.value for sample in answers[f"gpu_{name}"]}
        for name in ("up", "utilization_ratio", "memory_total_bytes", "temperature_celsius", "full_without_lease")
    )
    people = _people(answers["gpu_people"])
    found: dict[str, list[GpuReading]] = defaultdict(list)
    for info in answers["gpu_info"]:
        card = _card(info)
        series = told.get(card, {})
        usage = _usage(card, series, active, people)
        used = series.get("shiva_gpu_memory_used_bytes")
        found[card[0]].append(
            GpuReading(
                uuid=card[1],
                index=_digits(info.labels.get("gpu", "")),
                model=info.labels.get("name", "unknown"),
                up=bool(up[card]) if card in up else None,
                utilization_ratio=utilization.get(card),
                memory_total_bytes=whole(total.get(card)),
                memory_used_bytes=whole(used[0].value) if used else None,
                temperature_celsius=temperature.get(card),
                foreign_use=_foreign(usage, full[card] == 1 if card in full else None),
                usage=usage,
            )
        )
    return found  # fmt: skip


def _card(sample: Sample) -> Card:
    return sample.labels.get("host", ""), sample.labels.get("uuid", "")


def _digits(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


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
            kind: Share(processes=whole(number) or 0, memory_used_bytes=whole(held.get(kind)))
            for kind, number in kinds.items()
        },
        launches={
            launch: Share(
                processes=whole(number) or 0,
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
            pid=pid,
            user=info.labels.get("user") or None,
            engine_id=info.labels.get("engine_id") or None,
            memory_used_bytes=whole(memory.get(info.labels["pid"])),
        )
        for info in series.get("shiva_gpu_unmanaged_process_info", ())
        if (pid := _digits(info.labels.get("pid", ""))) is not None
    ]
    return tuple(sorted(found, key=lambda each: (-(each.memory_used_bytes or 0), each.pid)))


def health(answers: Answers, *, asked_at: float) -> dict[str, dict[str, GpuHealth]]:
    """Return what is wrong with cards of each host, of those too that say nothing now. `asked_at`: seconds since 1970.

    A card that does not even tell its UUID is lost, but nobody can say which of the inventory it is.
    """
    told: dict[Card, dict[str, float]] = defaultdict(dict)
    for sample in answers["gpu_sick"]:
        told[_card(sample)][sample.labels.get("__name__", "").removeprefix("shiva_gpu_")] = sample.value
    for sample in answers["gpu_lost"]:
        told[_card(sample)]["up"] = sample.value
    xids: dict[Card, dict[int, float]] = defaultdict(dict)
    for sample in (*answers["gpu_xids_of_the_week"], *answers["gpu_xids"]):
        xid = _digits(sample.labels.get("xid", ""))
        if xid is not None:
            xids[_card(sample)][xid] = max(sample.value, xids[_card(sample)].get(xid, sample.value))
    booted = {
        sample.labels.get("host", ""): sample.value
        for sample in (*answers["gpu_booted_in_the_week"], *answers["gpu_booted"])
    }
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
