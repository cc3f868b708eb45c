"""The cluster at a glance: machines, GPUs, who holds them, and what is wrong. 0 is a measurement; “no data” means that nobody told."""

from deploy.grafana.panels import Dashboard, Panel, Row

BROKER = 'max(shiva_broker_up{job="broker"} == 1)'  # 1, or nothing while nobody knows who holds what
GPU = 'job="gpu",host=~"$host"'
NODE = 'job="node",host=~"$host"'
DISK = f'{NODE},fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"'
NETWORK = f'{NODE},device!~"lo|veth.*|docker.*|br-.*|virbr.*"'
CARD = "{{host}} GPU {{gpu}}"
ANSWERS = {1: ("answers", "green"), 0: ("silent", "red")}
FULL = ((0.9, "orange"), (0.97, "red"))

NOW = Row(title="Now", panels=[
    Panel(
        kind="stat", title="Machines", width=3, height=4,
        description="Machines whose node_exporter answers, and those on the list.",
        queries={"up": f"sum(up{{{NODE}}})", "listed": f"count(up{{{NODE}}})"},
    ),
    Panel(
        kind="stat", title="GPUs free", width=3, height=4,
        description="GPUs that work and that nobody holds. No data while the broker is away: then nobody knows.",
        queries={"": f'(sum(shiva_gpu_up{{{GPU}}} unless on (uuid) shiva_gpu_lease{{job="broker"}}) or 0 * count(shiva_gpu_up{{{GPU}}})) and on () {BROKER}'},
    ),
    Panel(
        kind="stat", title="GPUs leased", width=3, height=4,
        description="GPUs that a container holds, whether it works there or not.",
        queries={"": f'count(max by (machine, uuid) (shiva_gpu_lease{{job="broker",machine=~"$host"}})) or 0 * {BROKER}'},
    ),
    Panel(
        kind="stat", title="GPUs lost", width=3, height=4, levels=((1, "red"),),
        description="GPUs that the driver lists and cannot reach.",
        queries={"": f"count(shiva_gpu_up{{{GPU}}}) - sum(shiva_gpu_up{{{GPU}}})"},
    ),
    Panel(
        kind="stat", title="GPUs held idle", width=3, height=4, levels=((1, "orange"),),
        description="GPUs with more than 256 MiB of a container that has not worked for half an hour, and on which nobody else works.",
        queries={"": 'sum(host:shiva_gpu_held_idle:count{host=~"$host"}) or 0 * count(container:shiva_gpu_active:rate30m{host=~"$host"})'},
    ),
    Panel(
        kind="stat", title="Unmanaged memory", width=3, height=4, unit="bytes", levels=((1, "orange"),),
        description="GPU memory of processes that no container of Shiva holds.",
        queries={"": 'sum(host:shiva_gpu_unmanaged_memory_bytes:sum{host=~"$host"})'},
    ),
    Panel(
        kind="stat", title="Services", width=3, height=4,
        description="Services of Shiva that answer Prometheus, and those on the list.",
        queries={"up": 'sum(up{job=~"broker|services"})', "listed": 'count(up{job=~"broker|services"})'},
    ),
    Panel(
        kind="stat", title="Broker", width=3, height=4, words={1: ("answers", "green"), 0: ("away", "red")},
        description="Whether the broker answers its exporter. While it is away, everything about containers has no data; notebooks go on.",
        queries={"": 'min(shiva_broker_up{job="broker"})'},
    ),
])  # fmt: skip

MACHINES = Row(title="Machines", panels=[
    Panel(
        kind="timeseries", title="CPU", unit="percentunit", high=1,
        description="Share of the CPUs' time in which they worked.",
        queries={"{{host}}": f'1 - avg by (host) (rate(node_cpu_seconds_total{{{NODE},mode="idle"}}[$__rate_interval]))'},
    ),
    Panel(
        kind="timeseries", title="Memory", unit="percentunit", high=1, levels=((0.95, "red"),),
        description="Share of the memory that programs cannot have any more.",
        queries={"{{host}}": f"1 - max by (host) (node_memory_MemAvailable_bytes{{{NODE}}} / (node_memory_MemTotal_bytes{{{NODE}}} > 0))"},
    ),
    Panel(
        kind="timeseries", title="Disks", unit="percentunit", high=1, levels=FULL,
        description="Share of each file system that is full.",
        queries={
            "{{host}} {{mountpoint}}": f"1 - min by (host, mountpoint) (node_filesystem_avail_bytes{{{DISK}}} / (node_filesystem_size_bytes{{{DISK}}} > 0))"
        },
    ),
    Panel(
        kind="timeseries", title="Network", unit="Bps",
        description="Bytes a second over the machine's own network devices.",
        queries={
            "{{host}} received": f"sum by (host) (rate(node_network_receive_bytes_total{{{NETWORK}}}[$__rate_interval]))",
            "{{host}} sent": f"sum by (host) (rate(node_network_transmit_bytes_total{{{NETWORK}}}[$__rate_interval]))",
        },
    ),
    Panel(
        kind="timeseries", title="Temperature", unit="celsius",
        description="The hottest sensor of each machine, GPUs apart. Virtual machines have none.",
        queries={"{{host}}": f"max by (host) (node_hwmon_temp_celsius{{{NODE}}} or node_thermal_zone_temp{{{NODE}}})"},
    ),
    Panel(
        kind="state-timeline", title="Answers", words=ANSWERS,
        description="When node_exporter and the GPU exporter of each machine answered.",
        queries={"{{host}} {{job}}": 'up{job=~"gpu|node",host=~"$host"}'},
    ),
])  # fmt: skip

GPUS = Row(title="GPUs", panels=[
    Panel(
        kind="timeseries", title="Utilisation", unit="percentunit", high=1,
        description="Share of time in which a kernel ran. A lost card and one with MIG tell none.",
        queries={CARD: f"shiva_gpu_utilization_ratio{{{GPU}}}"},
    ),
    Panel(
        kind="timeseries", title="Memory", unit="percentunit", high=1, levels=((0.97, "red"),),
        description="Share of each card's memory that is in use.",
        queries={CARD: f"shiva_gpu_memory_used_bytes{{{GPU}}} / (shiva_gpu_memory_total_bytes{{{GPU}}} > 0)"},
    ),
    Panel(
        kind="timeseries", title="Temperature", unit="celsius", levels=((90, "red"),),
        description="Temperature of each chip.",
        queries={CARD: f"shiva_gpu_temperature_celsius{{{GPU}}}"},
    ),
    Panel(
        kind="timeseries", title="Power", unit="watt", width=12,
        description="Power that each card draws.",
        queries={CARD: f"shiva_gpu_power_watts{{{GPU}}}"},
    ),
    Panel(
        kind="state-timeline", title="Slowed down", width=12, words={0: ("no", "green"), 1: ("slowed", "orange")},
        description="Cards whose clocks are held down by heat, by the power supply or by the limit of their power.",
        queries={
            "{{host}} GPU {{gpu}} {{reason}}": f'shiva_gpu_throttle_active{{{GPU},reason=~"hw_.+|sw_power_cap|sw_thermal"}}'
        },
    ),
])  # fmt: skip

PEOPLE = Row(title="People", panels=[
    Panel(
        kind="timeseries", title="GPUs held", stacked=True,
        description="GPUs that each person holds, on all machines, whether they are used or not.",
        queries={"{{user}}": "user:shiva_gpu_lease:count"},
    ),
    Panel(
        kind="timeseries", title="GPU work", stacked=True,
        description="GPUs' worth of work of each person's containers over five minutes: 2 is two cards, busy all the time.",
        queries={"{{user}} on {{host}}": 'user_host:shiva_container_gpu_active:rate5m{host=~"$host"}'},
    ),
    Panel(
        kind="timeseries", title="GPU memory", unit="bytes", stacked=True,
        description="GPU memory of each person's containers. No data where the share of one of them is unknown.",
        queries={"{{user}} on {{host}}": 'user_host:shiva_container_gpu_memory_used_bytes:sum{host=~"$host"}'},
    ),
    Panel(
        kind="table", title="Held but idle", width=12, unit="bytes",
        description="Containers with more than 256 MiB on a GPU that have not worked there for half an hour. Empty: nobody is known to.",
        queries={"Memory": 'max by (host, gpu, user, container_id) (container:shiva_gpu_held_idle_memory_bytes{host=~"$host"})'},
        columns={"host": "Machine", "gpu": "GPU", "user": "Person", "container_id": "Container"},
    ),
    Panel(
        kind="table", title="Unmanaged processes", width=12, unit="bytes",
        description="Processes on a GPU that no container of Shiva holds; the 32 with the most memory of each machine.",
        queries={
            "": f"max by (host, gpu, user, pid, engine_id) (shiva_gpu_unmanaged_process_info{{{GPU}}})",
            "Memory": f"max by (host, gpu, user, pid, engine_id) (shiva_gpu_unmanaged_process_memory_used_bytes{{{GPU}}})",
        },
        columns={"host": "Machine", "gpu": "GPU", "user": "User there", "pid": "Process", "engine_id": "Foreign container"},
    ),
])  # fmt: skip

HEALTH = Row(title="Health", panels=[
    Panel(
        kind="table", title="Alerts", width=12,
        description="What Prometheus complains about now, and what is about to be a complaint. Empty: nothing.",
        queries={"": 'max by (alertname, alertstate, severity, host, gpu, user, service) (ALERTS{host=~"$host|"})'},
        columns={
            "alertname": "Alert", "alertstate": "State", "severity": "Severity", "host": "Machine", "gpu": "GPU",
            "user": "Person", "service": "Service",
        },
    ),
    Panel(
        kind="state-timeline", title="Services", width=6, words=ANSWERS,
        description="When each service of Shiva answered.",
        queries={"{{instance}}": 'up{job=~"broker|services"}'},
    ),
    Panel(
        kind="timeseries", title="Age of the GPU readings", width=6, unit="s", levels=((60, "red"),),
        description="Time since the exporter last read the driver. It grows while the driver hangs or fails.",
        queries={"{{host}}": f"time() - shiva_gpu_last_collect_timestamp_seconds{{{GPU}}}"},
    ),
    Panel(
        kind="table", title="Errors of GPUs (XID)", width=12,
        description="Errors that the driver reported, by their number, since the exporter began. Empty: none, or this driver reports none.",
        queries={
            "Errors": f"max by (host, gpu, name, xid) (shiva_gpu_xid_errors_total{{{GPU}}})",
            "Last": f"1000 * max by (host, gpu, name, xid) (shiva_gpu_xid_last_timestamp_seconds{{{GPU}}})",
        },
        columns={"host": "Machine", "gpu": "GPU", "name": "Model", "xid": "XID"},
        units={"Last": "dateTimeAsIso"},
    ),
    Panel(
        kind="table", title="Memory and recovery of GPUs", width=12,
        description=(
            "Cards that tell it: errors that could not be corrected, rows that wait for a reset or cannot be replaced, "
            "and what the driver asks for (1 a reset, 2 a reboot, 3 and more a drain first)."
        ),
        queries={
            "Uncorrected": f'sum by (host, gpu, name) (shiva_gpu_ecc_errors_total{{{GPU},type="uncorrected",lifetime="aggregate"}})',
            "Rows waiting": f"max by (host, gpu, name) (shiva_gpu_row_remap_pending{{{GPU}}})",
            "Rows lost": f"max by (host, gpu, name) (shiva_gpu_row_remap_failure{{{GPU}}})",
            "Asks for": f"max by (host, gpu, name) (shiva_gpu_recovery_action{{{GPU}}})",
        },
        columns={"host": "Machine", "gpu": "GPU", "name": "Model"},
    ),
])  # fmt: skip

CLUSTER = Dashboard(
    uid="shiva-cluster", title="Shiva: cluster", since="now-6h",
    description="Machines, GPUs, who holds them, and what is wrong. 0 was measured; “no data” means that nobody told.",
    variable="host", values='label_values(up{job="node"}, host)', several=True,
    rows=[NOW, MACHINES, GPUS, PEOPLE, HEALTH],
)  # fmt: skip
