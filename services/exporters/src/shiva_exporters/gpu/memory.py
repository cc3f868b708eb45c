"""The memory of a card or of one of its MIG devices."""

from dataclasses import dataclass

from shiva_exporters.gpu.asking import Questions, within

MAX_CARD_BYTES = 1 << 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes; None where nobody tells."""

    total: int | None = None
    used: int | None = None  # without what the driver reserves for itself
    reserved: int | None = None
    free: int | None = None

    @property
    def most(self) -> int:
        """What a process can hold at most."""
        return self.total or MAX_CARD_BYTES


def memory(card: Questions) -> Memory:
    """Ask for it: version 2 leaves the driver's own share out of `used`, older drivers lack it; raises as `Questions.ask` does."""
    second = card.ask("nvmlDeviceGetMemoryInfo", version=card.asking.nvml.nvmlMemory_v2)
    told = second if second is not None else card.ask("nvmlDeviceGetMemoryInfo")
    if told is None:
        return Memory()
    total = within(int(told.total), 1, MAX_CARD_BYTES)
    most = total or MAX_CARD_BYTES
    return Memory(
        total=total,
        used=within(int(told.used), 0, most),
        reserved=None if second is None else within(int(second.reserved), 0, most),
        free=within(int(told.free), 0, most),
    )
