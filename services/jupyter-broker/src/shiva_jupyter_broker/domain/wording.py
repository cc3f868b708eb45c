"""Words that count, for sentences that people read."""


def counted(count: int, noun: str) -> str:
    """Return "1 GPU" or "2 GPUs"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
