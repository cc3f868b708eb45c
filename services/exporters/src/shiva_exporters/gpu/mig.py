"""The MIG devices of a card: where they are, and what each of them tells."""

from dataclasses import dataclass

from shiva_exporters.gpu.asking import Questions, within
from shiva_exporters.gpu.memory import memory
from shiva_exporters.gpu.source import MigSample

MAX_DEVICES = 64
MAX_INSTANCE = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One MIG device."""

    questions: Questions
    uuid: str
    instance: int

    def sample(self) -> MigSample:
        """Return what it tells now; raises as `Questions.ask` does."""
        told = memory(self.questions)
        return MigSample(
            uuid=self.uuid, instance=self.instance, memory_total_bytes=told.total, memory_used_bytes=told.used
        )


def parts(card: Questions) -> list[Part]:
    """Return the card's MIG devices, each once; raises as `Questions.ask` does."""
    found: dict[str, Part] = {}
    for slot in range(min(card.ask("nvmlDeviceGetMaxMigDeviceCount") or 0, MAX_DEVICES)):
        handle = card.ask("nvmlDeviceGetMigDeviceHandleByIndex", slot)
        if handle is None:
            continue  # a slot may be empty
        questions = Questions(card.asking, handle)
        uuid = questions.ask("nvmlDeviceGetUUID")
        instance = within(questions.ask("nvmlDeviceGetGpuInstanceId"), 0, MAX_INSTANCE)
        if uuid and instance is not None:
            found.setdefault(str(uuid), Part(questions=questions, uuid=str(uuid), instance=instance))
    return list(found.values())
