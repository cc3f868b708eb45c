"""What was worked out before, by what it was worked out of: never more than so many. Pure."""

from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


def keep(memory: dict[Key, Value], key: Key, value: Value, *, most: int) -> Value:
    """Keep a value and return it; when `most` are kept, begin anew: what is asked for again comes back by itself."""
    if len(memory) >= most:
        memory.clear()
    memory[key] = value
    return value
