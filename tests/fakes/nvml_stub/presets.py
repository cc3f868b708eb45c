"""Machines as they stand in rooms: their cards idle, unless a test replaces what it wants otherwise."""

from dataclasses import replace

from tests.fakes.nvml_stub.state import Gpu, Machine, Memory, Mig, Process

GIB, MIB = 2**30, 2**20
GRAPHICS, SM, MEMORY, VIDEO = range(4)


def gtx_1080(number: int = 0) -> Gpu:
    """A consumer card of 2016: no ECC, no energy, no MIG, no serial, no performance monitor."""
    return Gpu(
        bus_id=f"00000000:{number + 1:02X}:00.0",
        uuid=f"GPU-10800000-0000-4000-8000-{number:012x}",
        name="NVIDIA GeForce GTX 1080",
        minor=number,
        memory=Memory(total=8 * GIB, reserved=90 * MIB, used=2 * MIB),
        temperature=38,
        thresholds={0: 99, 1: 96},
        power_mw=7_800,
        power_limit_mw=180_000,
        fans=[27],
        clocks={GRAPHICS: 139, SM: 139, MEMORY: 405, VIDEO: 544},
        max_clocks={GRAPHICS: 2012, SM: 2012, MEMORY: 5005, VIDEO: 1708},
        clock_reasons=1,
        performance_state=8,
    )


def h200(number: int = 0) -> Gpu:
    """A data-centre card: no fan, headroom instead of thresholds, ECC, MIG off, a performance monitor."""
    return Gpu(
        bus_id=f"00000000:{number + 0x18:02X}:00.0",
        uuid=f"GPU-20000000-0000-4000-8000-{number:012x}",
        name="NVIDIA H200",
        minor=number,
        serial=f"16549240000{number:02d}",
        pci_ids=(0x233510DE, 0x18BE10DE),
        compute_capability=(9, 0),
        memory=Memory(total=143_771 * MIB, reserved=528 * MIB, used=0),
        temperature=29,
        margin=59,
        power_mw=76_420,
        power_limit_mw=700_000,
        energy_mj=123_456_789,
        clocks={GRAPHICS: 345, SM: 345, MEMORY: 3201, VIDEO: 765},
        max_clocks={GRAPHICS: 1980, SM: 1980, MEMORY: 3201, VIDEO: 1545},
        clock_reasons=1,
        ecc_errors={(0, 0): 0, (0, 1): 3, (1, 0): 0, (1, 1): 0},
        remapped_rows=(0, 0, 0, 0),
        fields={82: (1, 36), 197: (3, 9_000_000_000), 198: (3, 4_000_000_000), 230: (1, 0)},
        gpm={2: 0, 3: 0, 5: 0, 10: 0},
        mig_mode=(0, 0),
    )


def h200_with_mig(number: int = 0) -> Gpu:
    """The same with three MIG devices: the card itself has no utilisation, and its second slot is a hole."""
    card = h200(number)
    return replace(
        card,
        utilization=None,
        encoder=None,
        decoder=None,
        remapped_rows=None,
        mig_mode=(1, 1),
        errors={"nvmlDeviceGetProcessUtilization": 3, "nvmlDeviceGetSamples": 3},
        mig=[
            _slice(number, slot=0, instance=1, slices=3, gib=70),
            _slice(number, slot=2, instance=5, slices=1, gib=17),
            _slice(number, slot=3, instance=13, slices=1, gib=17),
        ],
    )


def _slice(number: int, *, slot: int, instance: int, slices: int, gib: int) -> Mig:
    return Mig(
        uuid=f"MIG-20000000-0000-4000-8{slot:03x}-{number:012x}",
        name=f"NVIDIA H200 MIG {slices}g.{gib + 1}gb",
        slot=slot,
        gpu_instance=instance,
        compute_instance=0,
        memory=Memory(total=gib * GIB, used=44 * MIB),
        slices=slices,
        multiprocessors=16 * slices,
        gpm={2: 0},
    )


# every value other than its neighbours and than an idle card's
BUSY = replace(
    gtx_1080(),
    utilization=(76, 41),
    encoder=5,
    decoder=6,
    memory=Memory(total=8 * 2**30, reserved=100 * 2**20, used=4 * 2**30),
    pcie_kb_per_second=(120_000, 3),
    pcie_replays=2,
    fans=[55, 61],
    clock_reasons=0x44,
    ring={0: [(1_000, 70), (2_000, 82)]},
    processes=[
        Process(pid=4242, memory=2**31, kinds="CG", sm=60, memory_percent=30, encoder=4, decoder=1),
        Process(pid=4343, memory=2**30, sm=15, memory_percent=10, sampled_us=5_000_000),
        Process(pid=4444, memory=None),
        Process(pid=4545, memory=2**20, kinds="M"),
    ],
)
ONE_BUSY = Machine(gpus=[BUSY])
TWO_GTX_1080 = Machine(gpus=[gtx_1080(0), gtx_1080(1)])
ONE_H200 = Machine(gpus=[h200()])
ONE_H200_WITH_MIG = Machine(gpus=[h200_with_mig()])
MIXED = Machine(gpus=[gtx_1080(0), h200(1), h200_with_mig(2)])
PRESETS = {
    "two GTX 1080": TWO_GTX_1080,
    "H200": ONE_H200,
    "H200 with MIG": ONE_H200_WITH_MIG,
    "mixed": MIXED,
}
