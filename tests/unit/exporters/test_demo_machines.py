"""Simulated machines: values that move, in range, under node_exporter's own names."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric
from shiva_exporters.demo.machines import DRIVER_BYTES, SimulatedGpu, SimulatedMachine, gpus, node, wave, wave_sum
from shiva_exporters.gpu.facts import possible

CARDS = [
    SimulatedGpu(uuid=f"GPU-{index}", index=index, model="GTX 1080", memory_bytes=8 * 2**30, launch_id=launch)
    for index, launch in enumerate(("a" * 32, None))
]
MACHINE = SimulatedMachine(name="gpu-01", cpus=2, memory_bytes=32 * 2**30, gpus=CARDS)
NOW = 1.795e9
MOMENTS = st.floats(min_value=1.6e9, max_value=2.2e9)


def values(at: float) -> dict[str, float]:
    families: list[Metric] = list(node(MACHINE, at))
    return {f"{s.name}{sorted(s.labels.items())}": s.value for family in families for s in family.samples}


@given(MOMENTS)
def test_values_are_in_range_at_any_moment(at: float) -> None:
    for gpu in gpus(MACHINE, at).gpus:
        assert gpu.utilization_ratio is not None
        assert gpu.memory_used_bytes is not None
        assert gpu.memory_total_bytes is not None
        assert gpu.temperature_celsius is not None
        assert 0 <= gpu.utilization_ratio <= 1
        assert 0 <= gpu.memory_used_bytes <= gpu.memory_total_bytes
        assert 20 <= gpu.temperature_celsius <= 90
        assert possible(gpu.facts.items()) == gpu.facts
        assert gpu.facts["shiva_gpu_power_watts",] <= gpu.facts["shiva_gpu_power_limit_watts",]
    told = values(at)
    assert told["node_memory_MemAvailable_bytes[]"] <= told["node_memory_MemTotal_bytes[]"]


@given(MOMENTS, st.floats(min_value=1, max_value=3600))
def test_values_move_and_counters_never_go_back_but_at_a_boot(at: float, later: float) -> None:
    before, after = values(at), values(at + later)
    rebooted = after["node_boot_time_seconds[]"] > before["node_boot_time_seconds[]"] + 1
    for name in before:
        if name.split("[")[0].endswith("_total") and not rebooted:
            assert after[name] >= before[name], name


def test_a_busy_card_is_busier_than_an_idle_one_and_both_are_alive() -> None:
    readings = [gpus(MACHINE, NOW + second).gpus for second in range(0, 120, 10)]
    busy, idle = ([reading[index].utilization_ratio or 0.0 for reading in readings] for index in (0, 1))
    assert min(busy) > max(idle)
    assert len(set(busy)) > 5


def test_the_memory_of_a_busy_card_is_its_launchs_but_for_the_drivers_share() -> None:
    reading = gpus(MACHINE, NOW)
    busy, idle = reading.gpus
    assert busy.processes is not None
    (process,) = busy.processes
    assert reading.owners[process.pid].launch_id == "a" * 32
    assert (process.memory_used_bytes, process.active_ratio) == (
        (busy.memory_used_bytes or 0) - DRIVER_BYTES, busy.utilization_ratio,
    )  # fmt: skip
    assert idle.processes == []


def test_the_names_are_node_exporters() -> None:
    names = {family.name for family in node(MACHINE, NOW)}
    assert all(name.startswith("node_") for name in names)
    assert {
        "node_cpu_seconds",
        "node_memory_MemTotal_bytes",
        "node_filesystem_size_bytes",
        "node_time_seconds",
    } <= names


@given(st.floats(min_value=0, max_value=1e6), st.floats(min_value=10, max_value=500))
def test_a_counters_rate_is_the_wave_itself(at: float, period: float) -> None:
    step = 0.01
    rate = (
        wave_sum("x", at + step, period=period, low=1, high=3) - wave_sum("x", at, period=period, low=1, high=3)
    ) / step
    assert abs(rate - wave("x", at + step / 2, period=period, low=1, high=3)) < 0.01
