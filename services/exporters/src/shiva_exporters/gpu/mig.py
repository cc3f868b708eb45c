"""The MIG devices of a card: where they are, and what each of them tells."""

from collections.abc import Iterator
from dataclasses import dataclass

from shiva_exporters.gpu.asking import Questions
from shiva_exporters.gpu.memory import memory
from shiva_exporters.gpu.source import MigSample

MAX_DEVICES = 64


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


def parts(card: Questions) -> Iterator[Part]:
    """Yield the card's MIG devices; raises as `Questions.ask` does."""
    for slot in range(min(card.ask("nvmlDeviceGetMaxMigDeviceCount") or 0, MAX_DEVICES)):
        handle = card.ask("nvmlDeviceGetMigDeviceHandleByIndex", slot)
        if handle is None:
            continue  # a slot may be empty
        questions = Questions(card.asking, handle)
        uuid, instance = questions.ask("nvmlDeviceGetUUID"), questions.ask("nvmlDeviceGetGpuInstanceId")
        if uuid and instance is not None:
            yield Part(questions=questions, uuid=str(uuid), instance=int(instance))
